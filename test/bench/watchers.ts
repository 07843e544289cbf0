/** From the moment a write is sent to the moment each of many watchers has its event. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from './http.ts';
import { percentile, usage } from './measure.ts';
import { smallConfigMap } from './bodies.ts';
import type { Outcome, Subject } from './row.ts';

const WATCHERS = 500;
const WRITES_PER_SECOND = 50;
const SECONDS = 10;
/** Clients that take turns to write, so that a slow write does not hold up the pace. */
const WRITERS = 4;
/** An event not here by then is lost (milliseconds). */
const LATE = 10_000;

const NAME = Buffer.from('"name":"watched-');
const QUOTE = '"'.charCodeAt(0);

/** Finds the numbers of `watched-N` names in a stream of events, wherever the pieces of it end. */
class NameFinder {
  #tail: Buffer = Buffer.alloc(0);

  find(piece: Buffer, found: (number: number) => void): void {
    const bytes = this.#tail.length === 0 ? piece : Buffer.concat([this.#tail, piece]);
    let at = 0;
    for (let hit = bytes.indexOf(NAME); hit >= 0; hit = bytes.indexOf(NAME, at)) {
      const end = bytes.indexOf(QUOTE, hit + NAME.length);
      if (end < 0) {
        this.#tail = bytes.subarray(hit);
        return;
      }
      found(Number(bytes.toString('latin1', hit + NAME.length, end)));
      at = end;
    }
    this.#tail = bytes.subarray(Math.max(at, bytes.length - NAME.length));
  }
}

async function open(subject: Subject, path: string, rv: string, found: (number: number) => void): Promise<Client> {
  const client = await subject.target.client();
  const names = new NameFinder();
  await client.stream(`${path}?watch=1&resourceVersion=${rv}`, (bytes) => names.find(bytes, found));
  return client;
}

export async function watchLatency(subject: Subject): Promise<Outcome> {
  const path = `/api/v1/namespaces/${subject.namespace}/configmaps`;
  const watchers = Math.max(4, Math.round(WATCHERS * subject.size));
  const writes = Math.max(10, Math.round(WRITES_PER_SECOND * SECONDS * subject.size));
  const writers = await Promise.all(Array.from({ length: WRITERS }, async () => subject.target.client()));
  const opened: Client[] = [];
  try {
    const { text } = await writers[0]!.send('GET', `${path}?limit=1`, undefined, undefined, true);
    const rv = /"resourceVersion": ?"(\d+)"/.exec(text)?.[1] ?? '0';
    const sent: number[] = [];
    const latencies: number[] = [];
    const received = (number: number): void => void latencies.push(performance.now() - sent[number]!);
    for (let left = watchers; left > 0; left -= 50) opened.push(...(await Promise.all(Array.from({ length: Math.min(50, left) }, async () => open(subject, path, rv, received)))));
    const before = await usage(writers[0]!);
    const began = performance.now();
    let failed = 0;
    let next = 0;
    const work = async (writer: Client): Promise<void> => {
      while (next < writes) {
        const index = next++;
        await wait(Math.max(0, began + (index * 1000) / WRITES_PER_SECOND - performance.now()));
        sent[index] = performance.now();
        if ((await writer.send('POST', path, smallConfigMap(`watched-${index}`))).status >= 300) failed++;
      }
    };
    await Promise.all(writers.map(work));
    for (const end = performance.now() + LATE; latencies.length < (writes - failed) * watchers && performance.now() < end;) await wait(10);
    const after = await usage(writers[0]!);
    latencies.sort((left, right) => left - right);
    const lost = (writes - failed) * watchers - latencies.length;
    const share = before === undefined || after === undefined ? '' : `, CPU ${(((after.cpu - before.cpu) * 1e6) / Math.max(1, latencies.length)).toFixed(0)} µs an event`;
    return {
      text: `p50 ${percentile(latencies, 0.5).toFixed(1)} ms, p99 ${percentile(latencies, 0.99).toFixed(1)} ms${share}${lost === 0 ? '' : `, ${lost} events missing`}`,
      failed,
    };
  } finally {
    for (const client of [...writers, ...opened]) client.close();
  }
}
