/** hostPath volumes: what must be there, and what may be made. */
import { mkdir, open, stat } from 'node:fs/promises';
import path from 'node:path';

type Stats = Awaited<ReturnType<typeof stat>>;

const CHECKS: Readonly<Record<string, readonly [string, (stats: Stats) => boolean]>> = {
  Directory: ['is not a directory', (stats) => stats.isDirectory()],
  DirectoryOrCreate: ['is not a directory', (stats) => stats.isDirectory()],
  File: ['is not a file', (stats) => stats.isFile()],
  FileOrCreate: ['is not a file', (stats) => stats.isFile()],
  Socket: ['is not a socket file', (stats) => stats.isSocket()],
  CharDevice: ['is not a character device', (stats) => stats.isCharacterDevice()],
  BlockDevice: ['is not a block device', (stats) => stats.isBlockDevice()],
};

export async function ensureHostPath(file: string, type: string): Promise<void> {
  if (!path.isAbsolute(file) || file.split('/').includes('..')) throw new Error(`hostPath ${JSON.stringify(file)} must be absolute and without ".."`);
  let found = await stat(file).catch(() => undefined);
  if (found === undefined) {
    // Without a type nothing is checked; Docker needs something to mount, and makes a folder as it always did.
    if (type === 'DirectoryOrCreate' || type === '') await mkdir(file, { recursive: true, mode: 0o755 });
    else if (type === 'FileOrCreate') await (await open(file, 'a', 0o644)).close();
    else throw new Error(`hostPath type check failed: ${file} ${CHECKS[type]?.[0] ?? 'does not exist'}`);
    found = await stat(file);
  }
  const check = CHECKS[type];
  if (check !== undefined && !check[1](found)) throw new Error(`hostPath type check failed: ${file} ${check[0]}`);
}
