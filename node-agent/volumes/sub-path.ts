/**
 * A folder or file inside a volume, mounted by itself. Containers that share the volume may swap links in it at any time, so the
 * path is opened once, the open file is seen to lie in the volume, and that open file is what gets mounted (CVE-2017-1002101).
 */
import { constants } from 'node:fs';
import { mkdir, open, readlink, realpath, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bindMount, mountsBelow, unmountBelow } from './mounts.ts';

const O_PATH = 0o10000000;

export function checkSubPath(subPath: string): void {
  if (path.isAbsolute(subPath) || subPath.split('/').includes('..')) throw new Error(`subPath ${JSON.stringify(subPath)} must be relative and without ".."`);
}

const inside = (root: string, file: string): boolean => file === root || file.startsWith(root === '/' ? '/' : `${root}/`);

/** Makes what is missing below the deepest part that is there, which must be in the volume. */
async function makeMissing(root: string, subPath: string): Promise<void> {
  const parts = subPath.split('/').filter((part) => part !== '' && part !== '.');
  let at = root;
  const { mode } = await stat(root);
  for (const part of parts) {
    const next = path.join(at, part);
    const real = await realpath(next).catch(() => undefined);
    if (real === undefined) await mkdir(next, { mode: mode & 0o7777 });
    else if (!inside(root, real)) throw new Error(`subPath ${JSON.stringify(subPath)} leaves its volume`);
    at = real ?? next;
  }
}

/** Mounts the sub-path at `target` and answers it; idempotent for each start of a container, which gets what is there now. */
export async function mountSubPath(volumeRoot: string, subPath: string, target: string): Promise<string> {
  checkSubPath(subPath);
  const root = await realpath(volumeRoot);
  await makeMissing(root, subPath);
  const handle = await open(path.join(root, subPath), O_PATH | (constants.O_NONBLOCK ?? 0));
  try {
    const real = await readlink(`/proc/self/fd/${handle.fd}`);
    if (!inside(root, real)) throw new Error(`subPath ${JSON.stringify(subPath)} leaves its volume`);
    if ((await mountsBelow(target)).length > 0) await unmountBelow(target);
    await mkdir(path.dirname(target), { recursive: true, mode: 0o750 });
    if ((await handle.stat()).isDirectory()) await mkdir(target, { recursive: true, mode: 0o750 });
    else await writeFile(target, '', { flag: 'a', mode: 0o640 });
    await bindMount(`/proc/${process.pid}/fd/${handle.fd}`, target);
    return target;
  } finally {
    await handle.close();
  }
}
