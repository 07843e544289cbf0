/** What the embedded store does on this machine: `node test/bench/store.ts [folder]`. Figures depend on the disk's sync more than on anything else. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '#machinery/clock.ts';
import { openEmbeddedStore } from '#store/embedded/store.ts';
import type { Put, Store } from '#store/port.ts';

const clock: Clock = {
  now: () => Date.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
const ACTOR = { user: 'bench' };
const OBJECTS = 5_000;
/** Bytes: a pod as it is after it was scheduled and has run a while. */
const BODY = 2_400;
const SECONDS = 3;

const text = Buffer.from(JSON.stringify({ metadata: { resourceVersion: '000000000000' }, spec: 'x'.repeat(BODY - 60) }));
function put(resource: string, index: number, at: number | undefined): Put {
  return {
    type: 'put',
    key: { resource, namespace: `ns-${index % 50}`, name: `pod-${index}` },
    if: at === undefined ? { absent: true } : { rv: at },
    uid: '3f1d6f9e-0000-4000-8000-000000000000',
    labels: { app: `app-${index % 100}`, 'pod-template-hash': '5d78c9869d' },
    fields: { 'spec.nodeName': `node-${index % 200}`, 'status.phase': 'Running' },
    body: (rv) => {
      const body = Buffer.from(text);
      body.write(String(rv).padStart(12, '0'), 33);
      return body;
    },
  };
}

const percentile = (sorted: readonly number[], share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(2);
function say(what: string, rate: number, unit: string, times: number[], more = ''): void {
  times.sort((left, right) => left - right);
  const spread = times.length > 0 ? `p50 ${percentile(times, 0.5)} ms, p99 ${percentile(times, 0.99)} ms, max ${percentile(times, 0.9999)} ms` : '';
  process.stdout.write(`${what.padEnd(34)} ${rate.toFixed(0).padStart(9)} ${unit.padEnd(10)} ${spread}${more}\n`);
}

async function timed<T>(times: number[], work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  const result = await work();
  times.push(performance.now() - began);
  return result;
}

/** Each client reads an object of its own, and writes it back. `pace`: writes a second, all together; absent: as fast as they can. */
async function commits(store: Store, resource: string, clients: number, pace?: number): Promise<void> {
  const times: number[] = [];
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const cpu = process.threadCpuUsage();
  const began = performance.now();
  const until = began + SECONDS * 1000;
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      // evenly, not all at the same moment
      if (pace !== undefined) await new Promise((resolve) => setTimeout(resolve, (client * 1000) / pace));
      for (let index = client, round = 0; performance.now() < until; index = (index + clients) % OBJECTS, round++) {
        const current = (await store.get(put(resource, index, undefined).key))!;
        await timed(times, async () => store.commit([put(resource, index, current.rv)], ACTOR));
        const wait = pace === undefined ? 0 : began + (((round + 1) * clients + client) * 1000) / pace - performance.now();
        if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.threadCpuUsage(cpu);
  delay.disable();
  const count = times.length;
  const loop = `; main thread ${((user + system) / count).toFixed(0)} us each, loop delay p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms, max ${(delay.max / 1e6).toFixed(1)} ms`;
  say(`commits, ${clients} client${clients > 1 ? 's' : ''}${pace === undefined ? '' : `, ${pace}/s offered`}`, count / seconds, 'commits/s', times, loop);
}

async function repeat(what: string, unit: string, perCall: number, count: number, work: () => Promise<unknown>): Promise<void> {
  const times: number[] = [];
  const began = performance.now();
  for (let round = 0; round < count; round++) await timed(times, work);
  say(what, (count * perCall * 1000) / (performance.now() - began), unit, times);
}

async function fanOut(store: Store, watchers: number, rate: number): Promise<void> {
  let delivered = 0;
  const latencies: number[] = [];
  let sent = 0;
  const resource = 'pods';
  const frontier = await store.frontier(resource);
  const stops = await Promise.all(
    Array.from({ length: watchers }, async () =>
      store.watch(resource, frontier, {
        changes: (changes) => {
          delivered += changes.length;
          latencies.push(performance.now() - sent);
        },
        expired: () => {},
      }),
    ),
  );
  const cpu = process.threadCpuUsage();
  const began = performance.now();
  const writes = rate * SECONDS;
  for (let index = 0; index < writes; index++) {
    const current = (await store.get(put(resource, index, undefined).key))!;
    sent = performance.now();
    await store.commit([put(resource, index, current.rv)], ACTOR);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, began + ((index + 1) * 1000) / rate - performance.now())));
  }
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.threadCpuUsage(cpu);
  for (const stop of stops) stop();
  say(`${watchers} watchers x ${rate} writes/s`, delivered / seconds, 'events/s', latencies, ` (write to event); ${((user + system) / 1e4 / seconds).toFixed(1)} % of one core`);
}

const folder = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'store-bench-'));
try {
  let store = await openEmbeddedStore({ directory: folder, cluster: 'bench', clock });
  const times: number[] = [];
  const began = performance.now();
  await Promise.all(Array.from({ length: OBJECTS }, async (_, index) => timed(times, async () => store.commit([put('pods', index, undefined)], ACTOR))));
  say(`create ${OBJECTS} at once`, (OBJECTS * 1000) / (performance.now() - began), 'commits/s', times);
  for (const clients of [1, 16, 64, 256]) await commits(store, 'pods', clients);
  await commits(store, 'pods', 32, 2000);
  const key = put('pods', 77, undefined).key;
  await repeat('get', 'gets/s', 1000, 100, async () => {
    for (let index = 0; index < 1000; index++) await store.get(key);
  });
  await repeat(`list ${OBJECTS}`, 'lists/s', 1, 200, async () => store.list({ resource: 'pods', version: 'latest' }));
  await repeat(`list ${OBJECTS}, 1 in 100 matches`, 'lists/s', 1, 200, async () =>
    store.list({ resource: 'pods', version: 'latest', match: ({ labels }) => labels['app'] === 'app-7' }),
  );
  await repeat('list one namespace (100)', 'lists/s', 1, 500, async () => store.list({ resource: 'pods', version: 'latest', namespace: 'ns-7' }));
  await repeat('first page of 500', 'pages/s', 1, 200, async () => store.list({ resource: 'pods', version: 'latest', limit: 500 }));
  const at = (await store.list({ resource: 'pods', version: 'latest', limit: 1 })).rv;
  for (let index = 0; index < 1000; index++) {
    const current = (await store.get(put('pods', index, undefined).key))!;
    await store.commit([put('pods', index, current.rv)], ACTOR);
  }
  await repeat('page of 500, 1,000 changes ago', 'pages/s', 1, 100, async () =>
    store.list({ resource: 'pods', version: { at }, limit: 500, after: { namespace: 'ns-3', name: 'pod-3' } }),
  );
  for (const watchers of [100, 500]) await fanOut(store, watchers, 50);
  await store.close();

  const opened = performance.now();
  store = await openEmbeddedStore({ directory: folder, cluster: 'bench', clock });
  say('open again', 0, '', [performance.now() - opened]);
  await repeat(`first list of ${OBJECTS} after a start`, 'lists/s', 1, 1, async () => store.list({ resource: 'pods', version: 'latest' }));
  const frontier = await store.frontier('pods');
  await repeat('replay 20,000 changes from disk', 'changes/s', 20_000, 1, async () => {
    let left = 20_000;
    await new Promise<void>((resolve, reject) => {
      void store.watch('pods', frontier - left, {
        changes: (changes) => {
          left -= changes.length;
          if (left === 0) resolve();
        },
        expired: () => reject(new Error('expired')),
      });
    });
  });
  await store.close();
  store = await openEmbeddedStore({ directory: folder, cluster: 'bench', clock, cacheBytes: 0 });
  await repeat(`list ${OBJECTS}, no body in memory`, 'lists/s', 1, 20, async () => store.list({ resource: 'pods', version: 'latest' }));
  await store.close();
  say('resident memory', process.memoryUsage().rss / (1 << 20), 'MiB', []);
} finally {
  rmSync(folder, { recursive: true });
}
