/**
 * A server that speaks SQS on the wire (MiniStack, from PyPI) for tests, in a Python environment of its own under `.cache`. Its time can be
 * frozen and moved by the test, so that delays and visibility timeouts are tested without waiting and without races.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '#infra/tools/tools.ts';
import { sharedProgram, START_LIMIT } from './shared-program.ts';

export { START_LIMIT };

/** It releases several times a week: another version is another server. */
const VERSION = '1.5.33';
/** Milliseconds for pip to fetch 90 MB. */
const INSTALL_LIMIT = 300_000;
const folder = join(repositoryRoot, '.cache', `ministack-${VERSION}`);

/** Python reads this before anything else: `time.time` is what a file says, where the file is there. */
const FROZEN_TIME = `import os, time
_path = os.environ.get('TEST_TIME_FILE')
if _path:
    _real = time.time
    def _now():
        try:
            with open(_path) as file:
                return float(file.read())
        except (OSError, ValueError):
            return _real()
    time.time = _now
`;

function install(): string | undefined {
  if (existsSync(join(folder, 'bin', 'ministack'))) return undefined;
  if (spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 10))']).status !== 0) return 'Python 3.10 or later is not installed';
  const part = `${folder}.${process.pid}`;
  const made = spawnSync('python3', ['-m', 'venv', part], { encoding: 'utf8', timeout: INSTALL_LIMIT });
  const loaded =
    made.status === 0 ? spawnSync(join(part, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', `ministack==${VERSION}`], { encoding: 'utf8', timeout: INSTALL_LIMIT }) : made;
  if (loaded.status !== 0) {
    rmSync(part, { recursive: true, force: true });
    return `ministack ${VERSION} could not be installed from PyPI: ${(loaded.stderr || loaded.error?.message) ?? ''}`.slice(0, 500);
  }
  try {
    renameSync(part, folder);
  } catch (error) {
    rmSync(part, { recursive: true, force: true });
    // another test was faster
    if (!existsSync(join(folder, 'bin', 'ministack'))) throw error;
  }
  return undefined;
}

let missing: string | undefined | false = false;

/** For `describe.skipIf`: says on the console what is skipped and why. Installs the server where it is not there yet. */
export function skipWithoutSqsServer(what: string): boolean {
  if (missing === false) missing = install();
  if (missing !== undefined) console.warn(`skipped: ${what}. ${missing}`);
  return missing !== undefined;
}

export interface SqsServer {
  /** `http://127.0.0.1:PORT`. Any credentials will do; an access key of 12 digits is the account. */
  readonly endpoint: string;
  /** Sets the time of a frozen server, milliseconds since the epoch. */
  setTime(ms: number): void;
}

/** `frozen`: its time stands until it is set; the name keeps such servers of different test files apart. */
export async function sqsServer({ frozen }: { readonly frozen?: string } = {}): Promise<SqsServer> {
  if (skipWithoutSqsServer('a test that needs SQS')) throw new Error(String(missing));
  const site = join(tmpdir(), `paperplane-frozen-${process.pid}`);
  const clockFile = join(site, `${frozen ?? 'real'}.time`);
  const setTime = (ms: number): void => {
    // renamed into place: a reader never sees half a number
    writeFileSync(`${clockFile}.part`, String(ms / 1000));
    renameSync(`${clockFile}.part`, clockFile);
  };
  if (frozen !== undefined) {
    mkdirSync(site, { recursive: true });
    writeFileSync(join(site, 'sitecustomize.py'), FROZEN_TIME);
    setTime(Date.now());
  }
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_')));
  const env = { ...inherited, BIND_HOST: '127.0.0.1', IOT_MTLS_ENABLED: '0', ...(frozen !== undefined && { PYTHONPATH: site, TEST_TIME_FILE: clockFile }) };
  const port = await sharedProgram({
    name: frozen === undefined ? 'ministack' : `ministack-${frozen}`,
    // by its interpreter: the script itself names the folder that it was installed in, before that was renamed
    command: (free) => ['/usr/bin/env', `GATEWAY_PORT=${free}`, join(folder, 'bin', 'python'), join(folder, 'bin', 'ministack')],
    env,
    ready: async (at) => (await fetch(`http://127.0.0.1:${at}/_ministack/health`, { signal: AbortSignal.timeout(2_000) })).ok,
  });
  return { endpoint: `http://127.0.0.1:${port}`, setTime };
}
