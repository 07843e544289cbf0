import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { endBelow } from './strays.ts';

let root: string;
const started: ChildProcess[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'paperplane-strays-'));
});
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});

async function working(...path: readonly string[]): Promise<ChildProcess> {
  const cwd = join(root, ...path);
  mkdirSync(cwd, { recursive: true });
  const child = spawn('sleep', ['600'], { cwd, stdio: 'ignore' });
  started.push(child);
  await once(child, 'spawn');
  return child;
}
const runs = ({ pid }: ChildProcess): boolean => existsSync(`/proc/${pid}`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

test('what works below a folder is ended, running or frozen, and nothing else', async () => {
  const [running, frozen, homeless, neighbour, above] = [
    await working('code', 'api'),
    await working('code', 'reconciler', 'deep'),
    await working('code', 'gone'),
    await working('code-of-another', 'api'),
    await working('code'),
  ];
  frozen.kill('SIGSTOP');
  await expect.poll(() => readFileSync(`/proc/${frozen.pid}/stat`, 'utf8')).toMatch(/\) T /);
  rmSync(join(root, 'code', 'gone'), { recursive: true });
  await endBelow(join(root, 'code'));
  expect([running, frozen, homeless, neighbour, above].map(runs)).toEqual([false, false, false, true, true]);
  await endBelow(join(root, 'code'));
});
