/** MiniStack (PyPI): DynamoDB with streams, SQS, CloudFormation and what else a deployment asks for, in one process. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot, run } from '#infra/tools/tools.ts';

const VERSION = '1.5.33';
const folder = join(repositoryRoot, '.cache', 'python', `ministack-${VERSION}`);
export const EMULATOR_PYTHON = join(folder, 'bin', 'python');
const INSTALL_LIMIT_MS = 300_000;
const READY_LIMIT_MS = 60_000;
const LOOK_MS = 200;

export class NoEmulator extends Error {
  readonly code = 'NO_EMULATOR';
}

/** Installs it once. @throws NoEmulator with what is missing */
export async function ensureEmulator(): Promise<void> {
  const done = join(folder, 'installed');
  if (existsSync(done)) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [file, args] of [
    ['python3', ['-m', 'venv', folder]],
    [EMULATOR_PYTHON, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `ministack==${VERSION}`]],
  ] as const) {
    const { code, stderr } = await run(file, args, { limitMs: INSTALL_LIMIT_MS }).catch((error: Error) => ({ code: -1, stderr: error.message }));
    if (code !== 0) throw new NoEmulator(`the emulator needs Python 3.10 with venv, and PyPI: ${file} ${args.join(' ')}: ${stderr.trim().split('\n').at(-1)}`);
  }
  writeFileSync(done, VERSION);
}

export const emulatorCommand = (): readonly string[] => [EMULATOR_PYTHON, '-m', 'ministack'];

/** Its whole environment is handed to what it starts: nothing of ours, and the pinned Node.js first. */
export function emulatorEnvironment(port: number): NodeJS.ProcessEnv {
  const kept = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_')));
  return { ...kept, PATH: `${join(process.execPath, '..')}:${process.env['PATH'] ?? ''}`, BIND_HOST: '127.0.0.1', GATEWAY_PORT: String(port), IOT_MTLS_ENABLED: '0' };
}

/** Waits for any emulator that is told by its endpoint. */
export async function emulatorReady(endpoint: string, broken: () => string | undefined): Promise<void> {
  for (const end = Date.now() + READY_LIMIT_MS; ; await new Promise((resolve) => setTimeout(resolve, LOOK_MS))) {
    try {
      // anything that answers HTTP is there: emulators differ in what they say of their health
      await fetch(endpoint, { signal: AbortSignal.timeout(2_000) });
      return;
    } catch (error) {
      const why = broken() ?? (Date.now() > end ? `nothing answers at ${endpoint}: ${(error as Error).message}` : undefined);
      if (why !== undefined) throw new NoEmulator(why);
    }
  }
}
