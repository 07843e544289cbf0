/** Histories on the embedded engine whose process is killed in the middle, round after round on the same data. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createMovingClock } from '#store/dynamodb/testing/moving-clock.ts';
import { openEmbeddedStore } from '#store/embedded/store.ts';
import { check } from '#store/testing/history/check.ts';
import type { Event } from '#store/testing/history/history.ts';
import { COUNTER, readLogs } from '#store/testing/history/workload.ts';

export interface Killed {
  readonly wrong: readonly string[];
  readonly acknowledged: number;
  readonly events: number;
}

export async function killedHistories(directory: string, options: { readonly rounds: number; readonly operations: number; readonly seed: number }): Promise<Killed> {
  const events: Event[] = [];
  const wrong: string[] = [];
  for (let round = 0; round < options.rounds && wrong.length === 0; round++) {
    await one(directory, `r${round}-`, options.seed + round, options.operations, events);
    const store = await openEmbeddedStore({ directory, cluster: 'faults', clock: createMovingClock() });
    try {
      wrong.push(...check(events, await readLogs(store), { counters: new Set([COUNTER]), killed: true }));
    } finally {
      await store.close();
    }
  }
  return { wrong, acknowledged: events.filter((event) => event.kind === 'write' && event.outcome === 'done').length, events: events.length };
}

/** Runs the program until it has told of so many operations, kills it, and reads the rest of what it said. */
async function one(directory: string, name: string, seed: number, operations: number, events: Event[]): Promise<void> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('history-process.ts', import.meta.url)), directory, name, String(seed)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let rest = '';
  let errors = '';
  let seen = 0;
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    // a line that was cut off is one that nobody was told
    rest = lines.pop()!;
    for (const line of lines) events.push(JSON.parse(line) as Event);
    seen += lines.length;
    if (seen >= operations) child.kill('SIGKILL');
  });
  await new Promise<void>((resolve, reject) =>
    child.once('close', (_, signal) => (signal === 'SIGKILL' ? resolve() : reject(new Error(`the program ended by itself: ${errors.slice(-2000)}`)))),
  );
}
