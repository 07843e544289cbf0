/**
 * Keeps the control plane small. What costs memory for nothing is settled before its process starts: stripping types at run time (25 MiB; a filled
 * compile cache does without), and a heap arena for every thread. A process that had to fill the cache replaces itself, once; its pid stays.
 */
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';

const REPLACED = 'PAPERPLANE_REPLACED';
const CACHE = join(import.meta.dirname, '..', '..', '.cache', 'node');

/**
 * Of `node`. A young generation that holds what 64 clients have under way: with 4 MiB it is collected while they are, and a write costs a fifth more; quiet moments
 * give it back (`tidy.ts`). The old generation is collected when it has grown by half, not by up to three times as V8 likes it: 100 MiB less after a burst.
 */
export const CONTROL_PLANE_FLAGS: readonly string[] = ['--max-semi-space-size=16', '--heap-growing-percent=50'];

export const controlPlaneEnvironment = (): NodeJS.ProcessEnv => ({ ...process.env, NODE_COMPILE_CACHE: CACHE, MALLOC_ARENA_MAX: '2' });

/** The part of Node.js that strips types, with a WebAssembly module behind it. */
const stripped = (): boolean => (process as { readonly moduleLoadList?: readonly string[] }).moduleLoadList?.some((name) => name.includes('deps/amaro')) === true;

/** Loads modules; comes back in a process that did not have to strip types for them, where that is possible. */
export async function loadSmall<T>(load: () => Promise<T>): Promise<T> {
  const loaded = await load();
  if (!stripped() || process.env[REPLACED] !== undefined || process.env['NODE_COMPILE_CACHE'] === undefined || process.execve === undefined) return loaded;
  flushCompileCache();
  try {
    process.execve(process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)], { ...process.env, [REPLACED]: 'yes' });
  } catch {
    // no such system call here: larger, but it works
  }
  return loaded;
}
