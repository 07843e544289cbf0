/** Runs the workload beside the test, and collects what it says was acknowledged. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Acknowledged } from './workload.ts';

export interface WriterProcess {
  readonly pid: number;
  readonly acknowledged: readonly Acknowledged[];
  /** Resolves when so many more writes were acknowledged, or when the program has ended. */
  more(count: number): Promise<void>;
  /** Stops it where it is: no thread of it is in a system call any more, and all that it said has been read. It can only be killed then. */
  freeze(): Promise<void>;
  /** SIGKILL, and resolves when it is gone and all that it said has been read. */
  kill(): Promise<void>;
}

const isStopped = (pid: number): boolean => readdirSync(`/proc/${pid}/task`).every((thread) => /^State:\s+T/m.test(readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8')));

export async function startWriter(
  directory: string,
  { synchronous = 'FULL', clients = 16 }: { readonly synchronous?: 'FULL' | 'NORMAL'; readonly clients?: number } = {},
): Promise<WriterProcess> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('workload.ts', import.meta.url)), directory, synchronous, String(clients)], { stdio: ['ignore', 'pipe', 'pipe'] });
  const acknowledged: Acknowledged[] = [];
  let rest = '';
  let errors = '';
  let ready: () => void = () => {};
  let wanted: { readonly count: number; readonly resolve: () => void } | undefined;
  const started = new Promise<void>((resolve, reject) => {
    ready = resolve;
    child.once('close', (code) => reject(new Error(`the writer ended with ${code} before it was ready: ${errors}`)));
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    // a line that was cut off is one that nobody was told
    rest = lines.pop()!;
    for (const line of lines) {
      if (line === 'ready') ready();
      else acknowledged.push(JSON.parse(line) as Acknowledged);
    }
    if (wanted !== undefined && acknowledged.length >= wanted.count) wanted.resolve();
  });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await started;
  return {
    pid: child.pid!,
    acknowledged,
    more: async (count) =>
      Promise.race([
        closed,
        new Promise<void>((resolve) => {
          wanted = { count: acknowledged.length + count, resolve };
        }),
      ]),
    freeze: async () => {
      child.kill('SIGSTOP');
      // a thread in a system call stops when it comes back from it
      while (!isStopped(child.pid!)) await wait(1);
      for (let heard = -1; heard !== acknowledged.length; await wait(10)) heard = acknowledged.length;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await closed;
    },
  };
}
