/**
 * Files that change all at once: they lie in a folder of their own, `..data` points to it, and what a container opens points through
 * `..data`. An update is a new folder and one rename, so that nobody ever sees half of it (as the kubelet's AtomicWriter).
 */
import { chmod, chown, lstat, mkdir, mkdtemp, readFile, readdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';

export interface PayloadFile {
  readonly content: Uint8Array;
  readonly mode: number;
  /** The owner; absent: root. */
  readonly uid?: number;
}

/** By path below the volume. */
export type Payload = ReadonlyMap<string, PayloadFile>;

const DATA = '..data';
const NEXT = '..data_tmp';

export class BadPath extends Error {
  readonly code = 'BadPath';
}

export function checkPath(file: string): void {
  const parts = file.split('/');
  if (file === '' || path.isAbsolute(file) || parts.includes('..') || parts[0]?.startsWith('..') === true || file.length > 4096)
    throw new BadPath(`invalid path ${JSON.stringify(file)}`);
}

const currentFolder = (directory: string): Promise<string | undefined> => readlink(path.join(directory, DATA)).catch(() => undefined);

async function holds(folder: string, payload: Payload): Promise<boolean> {
  const found = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  if (found.length !== payload.size) return false;
  for (const [name, { content, mode, uid }] of payload) {
    const file = path.join(folder, name);
    try {
      const { mode: has, uid: owner } = await lstat(file);
      if ((has & 0o777 & mode) !== mode || (uid !== undefined && owner !== uid) || !(await readFile(file)).equals(content)) return false;
    } catch {
      return false;
    }
  }
  return true;
}

/** Writes with the group that may read, where there is one. True where something changed. */
export async function writeAtomically(directory: string, payload: Payload, fsGroup: number | undefined): Promise<boolean> {
  for (const name of payload.keys()) checkPath(name);
  await mkdir(directory, { recursive: true });
  await chmod(directory, 0o777);
  const before = await currentFolder(directory);
  if (before !== undefined && (await holds(path.join(directory, before), payload).catch(() => false))) return false;

  const folder = await mkdtemp(path.join(directory, `..${new Date().toISOString().slice(0, 19).replaceAll(/[-T:]/g, '_')}.`));
  // Readers of the group see what anyone may not: bits for it are added, as for every volume with an fsGroup.
  const own = async (target: string, mode: number, uid: number | undefined): Promise<void> => {
    await chmod(target, mode);
    if (uid !== undefined || fsGroup !== undefined) await chown(target, uid ?? 0, fsGroup ?? 0);
    // chown clears the set-group bit.
    if (fsGroup !== undefined && mode > 0o777) await chmod(target, mode);
  };
  const folderMode = fsGroup === undefined ? 0o755 : 0o2775;
  await own(folder, folderMode, undefined);
  for (const [name, { content, mode, uid }] of payload) {
    const file = path.join(folder, name);
    for (
      let parent = folder,
        parts = path
          .dirname(name)
          .split('/')
          .filter((part) => part !== '.');
      parts.length > 0;
      parts = parts.slice(1)
    ) {
      parent = path.join(parent, parts[0]!);
      await mkdir(parent).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
      await own(parent, folderMode, undefined);
    }
    await writeFile(file, content, { mode: 0o600 });
    await own(file, mode | (fsGroup === undefined ? 0 : 0o440), uid);
  }

  const next = path.join(directory, NEXT);
  await rm(next, { force: true });
  await symlink(path.basename(folder), next);
  await rename(next, path.join(directory, DATA));

  const tops = new Set([...payload.keys()].map((name) => name.split('/')[0]!));
  for (const top of tops) {
    await symlink(path.join(DATA, top), path.join(directory, top)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
  for (const name of await readdir(directory)) {
    const isOurs = name === DATA || name === path.basename(folder);
    if (!isOurs && !tops.has(name)) await rm(path.join(directory, name), { recursive: true, force: true });
  }
  return true;
}
