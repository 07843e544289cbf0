/** fsGroup: everything in the volume belongs to the group, which may read and write, and new files inherit it. */
import { chmod, lchown, lstat, readdir } from 'node:fs/promises';
import path from 'node:path';

const GROUP_RW = 0o060;
const GROUP_X = 0o010;
const SETGID = 0o2000;

async function own(file: string, group: number): Promise<void> {
  const found = await lstat(file);
  await lchown(file, found.uid, group);
  if (found.isSymbolicLink()) return;
  await chmod(file, (found.mode & 0o7777) | GROUP_RW | (found.isDirectory() ? GROUP_X | SETGID : 0));
}

export async function giveToGroup(directory: string, group: number, policy: 'Always' | 'OnRootMismatch'): Promise<void> {
  const root = await lstat(directory);
  const matches = root.gid === group && (root.mode & SETGID) !== 0 && (root.mode & GROUP_RW) === GROUP_RW;
  if (policy === 'OnRootMismatch' && matches) return;
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) await own(path.join(entry.parentPath, entry.name), group);
  // The root last: it says that all below is done.
  await own(directory, group);
}
