/** moto (PyPI), which plays EC2, Auto Scaling and Elastic Load Balancing, in a virtual environment of the checkout's cache: one server for a test run. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { repositoryRoot } from '#infra/tools/tools.ts';
import { sharedProgram } from '#test/helpers/shared-program.ts';

const VERSION = '5.2.5';
const folder = join(repositoryRoot, '.cache', 'python', `moto-${VERSION}`);
const python = join(folder, 'bin', 'python');
const INSTALL_LIMIT_MS = 300_000;
const LOOK_LIMIT_MS = 2_000;

let missing: string | undefined | false = false;

/** Why moto cannot run here; undefined where it can. Installs it once. */
export function motoMissing(): string | undefined {
  if (missing !== false) return missing;
  const done = join(folder, 'installed');
  missing = undefined;
  if (existsSync(done)) return missing;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [file, args] of [
    ['python3', ['-m', 'venv', folder]],
    [python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `moto==${VERSION}`, 'flask', 'flask-cors', 'docker']],
  ] as const) {
    const { status, stderr, error } = spawnSync(file, args, { encoding: 'utf8', timeout: INSTALL_LIMIT_MS });
    if (status !== 0) return (missing = `moto needs Python 3 with venv and a registry: ${error?.message ?? stderr.trim().split('\n').at(-1)}`);
  }
  writeFileSync(done, VERSION);
  return missing;
}

export function skipWithoutMoto(what: string): boolean {
  const why = motoMissing();
  if (why !== undefined) console.warn(`skipped: ${what}. ${why}`);
  return why !== undefined;
}

/** `http://127.0.0.1:PORT`. Any credentials will do. */
export async function moto(): Promise<string> {
  const port = await sharedProgram({
    name: 'moto',
    command: (free) => [python, '-m', 'moto.server', '-H', '127.0.0.1', '-p', String(free)],
    env: { ...process.env, AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x' },
    ready: async (at) => (await fetch(`http://127.0.0.1:${at}/moto-api/`, { signal: AbortSignal.timeout(LOOK_LIMIT_MS) })).status > 0,
  });
  return `http://127.0.0.1:${port}`;
}
