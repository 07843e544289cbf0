import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isOurs, program, startProgram, stopProgram, supervisor } from './processes.ts';

let directory: string;
let files: { pidFile: string; logFile: string };
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'processes-'));
  files = { pidFile: join(directory, 'p.pid'), logFile: join(directory, 'p.log') };
});
afterEach(async () => {
  await stopProgram(files, directory);
  rmSync(directory, { recursive: true, force: true });
});

async function until<T>(read: () => T | undefined): Promise<T> {
  for (let tries = 0; tries < 2000; tries++) {
    const value = read();
    if (value !== undefined) return value;
    await wait(10);
  }
  throw new Error('it did not come about in 20 s');
}

/** A program that says its pid and waits; the directory on its command line marks it. */
const sleeper = () => ['/bin/sh', '-c', 'echo up $$; while :; do sleep 1; done', directory];

test('a killed program comes back, and stopping ends program and supervisor', async () => {
  await startProgram(files, sleeper(), directory);
  const first = await until(() => program(files, directory));
  process.kill(first, 'SIGKILL');
  const second = await until(() => {
    const pid = program(files, directory);
    return pid === first ? undefined : pid;
  });
  expect(second).not.toBe(first);
  await stopProgram(files, directory);
  expect(supervisor(files)).toBeUndefined();
  expect(isOurs(second, directory)).toBe(false);
  expect(existsSync(files.pidFile)).toBe(false);
});

test('starting twice runs it once; after a killed supervisor its stray program is replaced', async () => {
  await startProgram(files, sleeper(), directory);
  const stray = await until(() => program(files, directory));
  await until(() => (readFileSync(files.logFile, 'utf8').includes('up') ? true : undefined));
  await startProgram(files, sleeper(), directory);
  expect(readFileSync(files.logFile, 'utf8').match(/up/g)).toHaveLength(1);
  process.kill(await until(() => supervisor(files)), 'SIGKILL');
  await until(() => (supervisor(files) === undefined ? true : undefined));
  await startProgram(files, sleeper(), directory);
  const replaced = await until(() => {
    const pid = program(files, directory);
    return pid === stray ? undefined : pid;
  });
  expect(isOurs(stray, directory)).toBe(false);
  expect(replaced).not.toBe(stray);
});

test('a program that says its configuration is wrong is not started again', async () => {
  await startProgram(files, ['/bin/sh', '-c', 'echo bad configuration; exit 78', directory], directory);
  await until(() => (existsSync(files.logFile) && readFileSync(files.logFile, 'utf8').includes('bad') && supervisor(files) === undefined ? true : undefined));
  expect(readFileSync(files.logFile, 'utf8').match(/bad configuration/g)).toHaveLength(1);
});
