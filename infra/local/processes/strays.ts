/** Processes that work below a folder: children of a program that was killed before it could end them, also those that stand still (SIGSTOP). */
import { existsSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

const POLL_MS = 10;
/** The kernel takes milliseconds; one that hangs in it for longer ends when it comes out. */
const END_LIMIT_MS = 5_000;
/** What the kernel puts behind the name of a folder that is gone. */
const DELETED = ' (deleted)';

/** A process that has ended has no folder any more, reaped or not. */
function folderOf(pid: number): string | undefined {
  try {
    const folder = readlinkSync(`/proc/${pid}/cwd`);
    return folder.endsWith(DELETED) ? folder.slice(0, -DELETED.length) : folder;
  } catch {
    return undefined;
  }
}

function workingBelow(folder: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && folderOf(pid)?.startsWith(`${folder}/`) === true);
}

/** Kills them all, and comes back when they are gone. The folder is absolute and belongs to one cluster; what works in itself stays. @throws Error with the pids that do not end */
export async function endBelow(named: string): Promise<void> {
  // /proc knows no links
  const folder = existsSync(named) ? realpathSync(named) : named;
  for (let waited = 0; ; waited += POLL_MS) {
    const pids = workingBelow(folder);
    if (pids.length === 0) return;
    if (waited > END_LIMIT_MS) throw new Error(`processes of ${folder} do not end: ${pids.join(', ')}`);
    for (const pid of pids) {
      try {
        // a process that stands still is killed as well as one that runs
        process.kill(pid, 'SIGKILL');
      } catch {
        // gone already
      }
    }
    await wait(POLL_MS);
  }
}
