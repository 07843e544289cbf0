/** mount(8) and umount(8), and what is mounted. The agent works in the host's mount namespace, which containers and Docker share. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, statfs } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** NFS servers that do not answer keep mount(8) busy for minutes. */
const MOUNT_LIMIT_MS = 120_000;
const TMPFS_MAGIC = 0x01021994;

async function call(program: 'mount' | 'umount', args: readonly string[]): Promise<void> {
  try {
    await run(program, args, { timeout: MOUNT_LIMIT_MS });
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim();
    throw new Error(`${program} ${args.join(' ')}: ${said === undefined || said === '' ? (error as Error).message : said}`, { cause: error });
  }
}

/** Everything mounted at or below a path, the deepest first. */
export async function mountsBelow(directory: string): Promise<readonly string[]> {
  const text = await readFile('/proc/self/mountinfo', 'utf8');
  const points = text.split('\n').map((line) => (line.split(' ')[4] ?? '').replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))));
  return points.filter((point) => point === directory || point.startsWith(`${directory}/`)).sort((a, b) => b.length - a.length);
}

export async function isTmpfs(directory: string): Promise<boolean> {
  try {
    return (await statfs(directory)).type === TMPFS_MAGIC;
  } catch {
    return false;
  }
}

const isMounted = async (directory: string): Promise<boolean> => (await mountsBelow(directory)).includes(directory);

/** Idempotent. */
export async function mountTmpfs(directory: string, options: readonly string[]): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o755 });
  if ((await isTmpfs(directory)) && (await isMounted(directory))) return;
  await call('mount', ['-t', 'tmpfs', '-o', ['nosuid', 'nodev', ...options].join(','), 'tmpfs', directory]);
}

export async function mountNfs(server: string, remote: string, directory: string, readOnly: boolean): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o750 });
  if (await isMounted(directory)) return;
  await call('mount', ['-t', 'nfs', '-o', readOnly ? 'ro' : 'rw', `${server}:${remote}`, directory]);
}

/** `source` may be a link of /proc to an open file: it is not looked at, so that nobody can change what it points to meanwhile. */
export const bindMount = (source: string, target: string): Promise<void> => call('mount', ['--no-canonicalize', '--bind', source, target]);

/** Takes off everything at or below; what is busy is taken off as soon as it no longer is. */
export async function unmountBelow(directory: string): Promise<void> {
  for (const point of await mountsBelow(directory)) {
    try {
      await call('umount', [point]);
    } catch {
      await call('umount', ['--lazy', point]);
    }
  }
}
