/**
 * Keeps the agent small. Three things cost it half its memory, and all are settled before a process starts: stripping types at run time
 * (20 MiB, gone with a filled compile cache), V8's top tier compiler (6 MiB; the tiers below do for an agent), and one heap arena per thread.
 * So the process replaces itself, once, and once more if the cache was empty. Its pid, files and namespaces stay.
 */
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { enableCompileCache, flushCompileCache, getCompileCacheDir } from 'node:module';
import path from 'node:path';

const STAGE = 'PAPERPLANE_AGENT_STAGE';
const FLAGS = ['--max-semi-space-size=1', '--no-opt'];
/** Shared by all agents of this copy of the program. */
const SHARED_CACHE = path.join(import.meta.dirname, '..', '.cache', 'compile');

function replaceSelf(stage: string, cache: string): void {
  if (process.execve === undefined) return;
  process.execve(process.execPath, [process.execPath, ...FLAGS, ...process.argv.slice(1)], { ...process.env, NODE_COMPILE_CACHE: cache, MALLOC_ARENA_MAX: '1', [STAGE]: stage });
}

/** Milliseconds since the epoch of the newest entry: a changed source file gets a new one under its old name. */
function newest(directory: string): number {
  try {
    return Math.max(0, ...readdirSync(directory).map((name) => statSync(path.join(directory, name)).mtimeMs));
  } catch {
    return 0;
  }
}

/** First thing in the process; comes back only in the one that is to stay, or where replacing is not possible. */
export function beSmall(): void {
  if (process.env[STAGE] !== undefined) return;
  try {
    mkdirSync(SHARED_CACHE, { recursive: true });
    replaceSelf('started', SHARED_CACHE);
  } catch (error) {
    // A read-only copy of the program, or a system without execve: larger, but it works.
    console.warn(`starting without a compile cache: ${error instanceof Error ? error.message : String(error)}`);
    enableCompileCache();
  }
}

/** Once everything is loaded: if that was what filled the cache, once more from the start. */
export async function staySmall(load: () => Promise<unknown>): Promise<void> {
  const directory = getCompileCacheDir();
  await load();
  if (process.env[STAGE] !== 'started' || directory === undefined) return;
  const before = newest(directory);
  flushCompileCache();
  if (newest(directory) > before) replaceSelf('warm', SHARED_CACHE);
}
