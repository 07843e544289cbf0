/** A server that all test files of one run share: the first to ask starts it, and it ends with the run, however that ends. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Milliseconds that a server may take to answer for the first time; a busy machine takes ten times as long as an idle one. */
export const START_LIMIT = 120_000;
const LOOK_EVERY = 100;

export interface SharedProgram {
  readonly name: string;
  readonly command: (port: number, folder: string) => readonly [file: string, ...args: string[]];
  readonly env?: NodeJS.ProcessEnv;
  /** Whether it answers. A refused connection may throw. */
  readonly ready: (port: number) => Promise<boolean>;
}

/**
 * Waits beside the program until the run that wanted it is gone. A worker of vitest is a child of the run; a program that is none is its own run.
 * $1: process id of the run, $2: folder, then the command.
 */
const KEEPER = `run=$1; folder=$2; shift 2; "$@" & child=$!; trap 'kill $child' TERM INT
while kill -0 "$run" 2>/dev/null && kill -0 $child 2>/dev/null; do sleep 1; done
kill $child 2>/dev/null; wait $child; rm -rf "$folder"`;

const run = process.env['VITEST_WORKER_ID'] === undefined ? process.pid : process.ppid;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The port on 127.0.0.1 that the program answers on. @throws Error with the end of its output where it does not start */
export async function sharedProgram({ name, command, env, ready }: SharedProgram): Promise<number> {
  const folder = join(tmpdir(), `paperplane-${name}-${run}`);
  const answer = join(folder, 'port');
  const log = join(folder, 'log');
  let mine = false;
  try {
    mkdirSync(folder);
    mine = true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const until = Date.now() + START_LIMIT;
  if (!mine) {
    while (!existsSync(answer)) {
      if (Date.now() > until || !existsSync(folder)) throw new Error(`${name} was not started by the test that began to`);
      await pause(LOOK_EVERY);
    }
    return Number(readFileSync(answer, 'utf8'));
  }
  const port = await freePort();
  const output = openSync(log, 'a');
  const keeper = spawn('/bin/sh', ['-c', KEEPER, 'keeper', String(run), folder, ...command(port, folder)], {
    detached: true,
    stdio: ['ignore', output, output],
    ...(env !== undefined && { env }),
  });
  closeSync(output);
  keeper.unref();
  let ended = false;
  keeper.once('error', () => (ended = true));
  keeper.once('exit', () => (ended = true));
  const tail = (): string => (existsSync(log) ? readFileSync(log, 'utf8').slice(-2000) : '');
  while (!(await ready(port).catch(() => false))) {
    if (ended || Date.now() > until) {
      const said = tail();
      keeper.kill('SIGTERM');
      rmSync(folder, { recursive: true, force: true });
      throw new Error(`${name} did not start: ${said}`);
    }
    await pause(LOOK_EVERY);
  }
  writeFileSync(`${answer}.part`, String(port));
  renameSync(`${answer}.part`, answer);
  return port;
}
