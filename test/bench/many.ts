/** Many pods held, and all of them in one list: what that costs the server's process in memory. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from './http.ts';
import { measure, usage } from './measure.ts';
import type { Outcome, Row, Subject } from './row.ts';
import { create, podsOf, scaled } from './rows.ts';
import { pod } from './bodies.ts';

const PODS = 50_000;
const CLIENTS = 16;
/** What making them leaves to the collector goes in the first quiet moments. */
const QUIET_MS = 10_000;
const LOOK_MS = 10;
const MIB = 1 << 20;

async function memoryOf(client: Client): Promise<number> {
  const used = await usage(client);
  if (used === undefined) throw new Error('the server does not tell its memory');
  return used.memory / MIB;
}

async function quiet({ size }: Subject, client: Client): Promise<number> {
  await wait(size < 1 ? 0 : QUIET_MS);
  return memoryOf(client);
}

/** Only what this row has made: it runs before the list does. */
async function fill(subject: Subject): Promise<number> {
  const count = scaled(subject, PODS);
  if (subject.made.has('many')) return 0;
  subject.made.add('many');
  return (await measure(subject.target, count, CLIENTS, create(podsOf(subject), pod, 'many'))).failed;
}

async function held(subject: Subject): Promise<Outcome> {
  const client = await subject.target.client();
  try {
    const before = await quiet(subject, client);
    const failed = await fill(subject);
    const after = await quiet(subject, client);
    return { text: `${(((after - before) * 10_000) / scaled(subject, PODS)).toFixed(0)} MiB`, failed };
  } finally {
    client.close();
  }
}

async function list(subject: Subject): Promise<Outcome> {
  const failed = await fill(subject);
  const [reader, watcher] = [await subject.target.client(), await subject.target.client()];
  try {
    const before = await quiet(subject, watcher);
    let peak = before;
    const over = new AbortController();
    const look = (async () => {
      while (!over.signal.aborted) {
        peak = Math.max(peak, await memoryOf(watcher));
        await wait(LOOK_MS);
      }
    })();
    const began = performance.now();
    const { status, length } = await reader.send('GET', podsOf(subject));
    const seconds = (performance.now() - began) / 1000;
    over.abort();
    await look;
    return { text: `grew by ${Math.max(0, peak - before).toFixed(0)} MiB, ${(length / 1e6).toFixed(0)} MB in ${seconds.toFixed(1)} s`, failed: failed + (status === 200 ? 0 : 1) };
  } finally {
    reader.close();
    watcher.close();
  }
}

export const MANY_ROWS: readonly Row[] = [
  { id: 'held', title: 'memory for 10,000 more pods, of 50,000', kubernetes: 'not measured', goal: '', run: held },
  { id: 'list-50000', title: 'list 50,000 pods: the process grows', kubernetes: 'not measured', goal: 'by less than 100 MiB', run: list },
];
