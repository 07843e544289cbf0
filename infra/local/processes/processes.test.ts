import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { endsCounted, guard, isOurs, program, startProgram, stopProgram, supervisor } from './processes.ts';

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

/** Another pid than the one before, once there is one. */
const another = (read: () => number | undefined, before: number): Promise<number> =>
  until(() => {
    const pid = read();
    return pid === before ? undefined : pid;
  });

test('a killed supervisor is replaced, by one that goes on with the same program and is replaced in turn', async () => {
  await startProgram(files, sleeper(), directory);
  const first = await until(() => program(files, directory));
  let keeper = supervisor(files)!;
  for (let times = 0; times < 2; times++) {
    await until(() => guard(files));
    process.kill(keeper, 'SIGKILL');
    keeper = await another(() => supervisor(files), keeper);
    await until(() => guard(files));
    expect(program(files, directory)).toBe(first);
  }
  process.kill(first, 'SIGKILL');
  const second = await another(() => program(files, directory), first);
  const lines = await until(() => readFileSync(files.logFile, 'utf8').match(/^up.*\n[^]*^(up.*)/m) ?? undefined);
  expect(lines[1]).toBe(`up ${second}`);
  await stopProgram(files, directory);
  expect([supervisor(files), guard(files), isOurs(second, directory)]).toEqual([undefined, undefined, false]);
});

test('a killed guard is replaced; a program killed with its supervisor is started again', async () => {
  await startProgram(files, sleeper(), directory);
  const first = await until(() => program(files, directory));
  const before = await until(() => guard(files));
  const keeper = supervisor(files)!;
  process.kill(before, 'SIGKILL');
  await another(() => guard(files), before);
  expect([supervisor(files), program(files, directory)]).toEqual([keeper, first]);
  for (const pid of [keeper, first]) process.kill(pid, 'SIGKILL');
  await another(() => program(files, directory), first);
  await until(() => supervisor(files));
});

test('starting twice runs it once; after a killed guard and supervisor their stray program is replaced', async () => {
  await startProgram(files, sleeper(), directory);
  const stray = await until(() => program(files, directory));
  await until(() => (readFileSync(files.logFile, 'utf8').includes('up') ? true : undefined));
  await startProgram(files, sleeper(), directory);
  expect(readFileSync(files.logFile, 'utf8').match(/up/g)).toHaveLength(1);
  for (const pid of [await until(() => guard(files)), supervisor(files)!]) process.kill(pid, 'SIGKILL');
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

test('how often a program ended is told from its log, of this start alone', async () => {
  const failing = ['/bin/sh', '-c', 'echo no; exit 3', directory];
  await startProgram(files, failing, directory);
  const all = endsCounted(files);
  await until(() => (readFileSync(files.logFile, 'utf8').includes('ended with status 3') ? true : undefined));
  const later = endsCounted(files);
  await until(() => (later() >= 1 ? true : undefined));
  expect(all()).toBeGreaterThanOrEqual(later());
});
