/** The Python client of Kubernetes in a virtual environment of the checkout's cache, installed once. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot, run } from '#infra/tools/tools.ts';

const CLIENT = 'kubernetes==36.0.0';
const folder = join(repositoryRoot, '.cache', 'python', CLIENT.replace('==', '-'));
const INSTALL_LIMIT_MS = 180_000;

/** The interpreter that has the client, or why there is none. */
export async function pythonClient(): Promise<{ readonly python: string } | { readonly missing: string }> {
  const python = join(folder, 'bin', 'python');
  const done = join(folder, 'installed');
  if (existsSync(done)) return { python };
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [file, args] of [
    ['python3', ['-m', 'venv', folder]],
    [python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', CLIENT]],
  ] as const) {
    const { code, stderr } = await run(file, args, { limitMs: INSTALL_LIMIT_MS }).catch((error: Error) => ({ code: -1, stderr: error.message }));
    if (code !== 0) return { missing: `${file} ${args.join(' ')}: ${stderr.trim().split('\n').at(-1)}` };
  }
  writeFileSync(done, CLIENT);
  return { python };
}
