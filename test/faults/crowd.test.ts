/** Many clients at once, and slow ones: the API server answers the others as ever, in bounded memory. */
import { readFileSync } from 'node:fs';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testCluster } from '../helpers/cluster.ts';
import { rawApi, type RawApi } from '../helpers/raw.ts';

const WANTED = 10_000;
/** Files that this process and the control plane have open besides. */
const OTHER_FILES = 1_000;
const mostFiles = Number(/^Max open files +\S+ +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? Infinity);
const WATCHES = Math.min(WANTED, mostFiles - OTHER_FILES);
if (WATCHES < WANTED) console.warn(`only ${WATCHES} of ${WANTED} watches: this machine lets a process open ${mostFiles} files`);
/** Handshakes under way at once: more only wait for each other. */
const AT_ONCE = 100;
/** The bound of the control plane with all watches open. A TLS connection and its watch take some 50 KiB of it. */
const MOST_BYTES = 1200 * 1024 * 1024;
const SLOW = 300;
const MAPS = '/api/v1/namespaces/default/configmaps';
const MERGE = { 'content-type': 'application/merge-patch+json' };

const cluster = testCluster(0, ['--simulated-nodes', '1']);
let api: RawApi;

beforeAll(async () => {
  expect((await cluster.start()).code).toBe(0);
  api = rawApi(cluster.kubeconfig);
  expect((await api.call('POST', MAPS, '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"seen"}}')).status).toBe(201);
}, 120_000);
afterAll(async () => {
  api?.close();
  await cluster.stop();
}, 120_000);

/** Resident bytes of the control plane, by its own word. */
const resident = async (): Promise<number> => Number(/^process_resident_memory_bytes (\S+)$/m.exec((await api.call('GET', '/metrics')).text)![1]);

async function inTurns<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) results[index] = await work(index);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}

describe('an API server', () => {
  test('with clients that are slow with their headers and their bodies answers the others', async () => {
    const heads = await inTurns(SLOW, async () => {
      const socket = await api.socket();
      socket.write('GET /api HTTP/1.1\r\nHo');
      return socket;
    });
    const bodies = await inTurns(SLOW, async (index) => {
      const socket = await api.socket();
      socket.write(`POST ${MAPS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"metadata":{"name":"slow-${index}"`);
      return socket;
    });
    for (let times = 0; times < 20; times++) expect((await api.call('PATCH', `${MAPS}/seen`, `{"data":{"times":"${times}"}}`, MERGE)).status).toBe(200);
    for (const socket of [...heads, ...bodies]) socket.destroy();
    expect((await api.call('GET', MAPS)).text).not.toContain('slow-');
  });

  test('ends a watch whose client sleeps, and the others see everything', async () => {
    const writes = 100;
    const padding = 'x'.repeat(900_000);
    const sleeping = await api.socket();
    sleeping.pause();
    sleeping.write(`GET ${MAPS}?watch=true&resourceVersion=0 HTTP/1.1\r\nHost: x\r\n\r\n`);
    const awake = await api.open(`${MAPS}?watch=true&fieldSelector=metadata.name%3Dlarge`);
    let seen = 0;
    const all = new Promise<void>((resolve) =>
      awake.on('data', (part: Buffer) => {
        // the number of each write stands once in its event, before the padding
        seen += part.toString('latin1').split('"number":"').length - 1;
        if (seen >= writes) resolve();
      }),
    );
    const before = await resident();
    await api.call('POST', MAPS, JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'large' }, data: { number: '0', padding } }));
    for (let number = 1; number < writes; number++) expect((await api.call('PATCH', `${MAPS}/large`, `{"data":{"number":"${number}"}}`, MERGE)).status).toBe(200);
    await all;
    awake.destroy();
    expect((await resident()) - before).toBeLessThan(400 * 1024 * 1024);
    // it wakes: what was on its way to it, then the end, long before the last write
    let bytes = 0;
    let tail = '';
    const ended = new Promise<void>((resolve) =>
      sleeping.on('data', (part: Buffer) => {
        bytes += part.length;
        tail = (tail + part.subarray(-5).toString('latin1')).slice(-5);
        if (tail === '0\r\n\r\n') resolve();
      }),
    );
    sleeping.resume();
    await ended;
    expect(bytes).toBeLessThan(writes * padding.length);
    sleeping.destroy();
    await api.call('DELETE', `${MAPS}/large`);
  });

  test(`with ${WATCHES.toLocaleString('en')} open watches tells each of a change, in bounded memory`, async () => {
    const opened = Date.now();
    const waiting: (() => void)[] = [];
    const sockets: TLSSocket[] = await inTurns(WATCHES, async (index) => {
      const socket = await api.socket();
      socket.write(`GET ${MAPS}?watch=true&fieldSelector=metadata.name%3Dseen HTTP/1.1\r\nHost: x\r\n\r\n`);
      // the state it begins with shows that the watch stands
      await new Promise<void>((resolve) =>
        socket.on('data', (part: Buffer) => {
          if (part.includes('"ADDED"')) resolve();
          if (part.includes('told-to-all')) waiting[index]?.();
        }),
      );
      return socket;
    });
    const told = Array.from({ length: WATCHES }, (_, index) => new Promise<void>((resolve) => (waiting[index] = resolve)));
    const open = (Date.now() - opened) / 1000;
    const began = Date.now();
    expect((await api.call('PATCH', `${MAPS}/seen`, '{"data":{"word":"told-to-all"}}', MERGE)).status).toBe(200);
    const written = Date.now() - began;
    await Promise.all(told);
    const bytes = await resident();
    console.info(
      `${WATCHES} watches: opened in ${open.toFixed(1)} s, a write answered in ${written} ms and seen by all in ${Date.now() - began} ms, ${Math.round(bytes / 1024 / 1024)} MiB resident`,
    );
    expect(bytes).toBeLessThan(MOST_BYTES);
    for (const socket of sockets) socket.destroy();
    expect((await api.call('GET', '/readyz')).text).toBe('ok');
  }, 300_000);
});
