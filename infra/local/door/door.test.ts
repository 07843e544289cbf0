import type { ApiRequest, ApiResponse } from '#apiserver/door.ts';
import type { ApiServer } from '#apiserver/server.ts';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensurePki } from '../pki/pki.ts';
import { type Door, openDoor } from './door.ts';

let directory: string;
let door: Door;
let port: number;
let answer: (request: ApiRequest) => ApiResponse | Promise<ApiResponse>;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'door-'));
  const pki = await ensurePki(directory, 'door', Date.now());
  const leaf = await pki.leaf({ file: 'serving', commonName: 'door', usage: 'server', dnsNames: ['localhost'], addresses: ['127.0.0.1'] });
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  ({ port } = free.address() as { port: number });
  await new Promise((resolve) => free.close(resolve));
  const api = { handle: async (asked: ApiRequest) => answer(asked) } as ApiServer;
  door = await openDoor(api, {
    addresses: ['127.0.0.1'],
    port,
    certPem: readFileSync(leaf.certFile, 'utf8'),
    keyPem: readFileSync(leaf.keyFile, 'utf8'),
    clientCaPem: readFileSync(pki.caFile, 'utf8'),
    log: () => {},
  });
});
afterAll(async () => {
  await door.close();
  rmSync(directory, { recursive: true });
});

const ask = (method = 'GET') => request({ host: '127.0.0.1', port, path: '/list?limit=5', method, rejectUnauthorized: false, agent: false });

async function whole(method?: string): Promise<{ readonly status: number; readonly length: string | undefined; readonly body: Buffer }> {
  const asked = ask(method).end();
  const [incoming] = (await once(asked, 'response')) as [import('node:http').IncomingMessage];
  const parts: Buffer[] = [];
  for await (const part of incoming) parts.push(part as Buffer);
  return { status: incoming.statusCode!, length: incoming.headers['content-length'], body: Buffer.concat(parts) };
}

test('an answer in parts arrives whole, whatever their sizes', async () => {
  // parts that end in the middle of a piece, at its end, and one longer than a piece
  const sizes = [10, 1, (1 << 20) - 11, 1 << 20, 0, (3 << 20) + 5, ...Array.from({ length: 2_000 }, (_, index) => index % 977)];
  const parts = sizes.map((size) => randomBytes(size));
  answer = () => ({ status: 200, headers: { 'content-type': 'application/json' }, body: parts });
  const sent = Buffer.concat(parts);
  const answers = await Promise.all([whole(), whole(), whole()]);
  for (const { status, length, body } of answers) {
    expect({ status, length }).toEqual({ status: 200, length: String(sent.length) });
    expect(body.equals(sent)).toBe(true);
  }
  const head = await whole('HEAD');
  expect({ length: head.length, body: head.body.length }).toEqual({ length: String(sent.length), body: 0 });
});

test('a long answer in one piece, and a short one', async () => {
  for (const body of [randomBytes(5 << 20), Buffer.from('{}'), Buffer.alloc(0)]) {
    answer = () => ({ status: 200, headers: {}, body });
    expect((await whole()).body.equals(body)).toBe(true);
  }
});

test('a request knows when its client has gone, and not before', async () => {
  let signal!: AbortSignal;
  const waiting = new Promise<void>((resolve) => {
    answer = async (asked) => {
      ({ signal } = asked);
      resolve();
      await once(signal, 'abort');
      return { status: 200, headers: {}, body: 'late' };
    };
  });
  const asked = ask();
  asked.on('error', () => {});
  asked.end();
  await waiting;
  expect(signal.aborted).toBe(false);
  const gone = once(signal, 'abort');
  asked.destroy();
  await gone;
});

test('a client that leaves in the middle of a long answer hurts nobody', async () => {
  answer = () => ({ status: 200, headers: {}, body: Array.from({ length: 64 }, () => randomBytes(1 << 20)) });
  const asked = ask().end();
  const [incoming] = (await once(asked, 'response')) as [import('node:http').IncomingMessage];
  await once(incoming, 'data');
  asked.destroy();
  answer = () => ({ status: 200, headers: {}, body: 'still here' });
  expect((await whole()).body.toString()).toBe('still here');
});

test('a client that is too slow with its headers or its body is told and cut off', async () => {
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port: slowPort } = free.address() as { port: number };
  await new Promise((resolve) => free.close(resolve));
  const pki = await ensurePki(directory, 'door', Date.now());
  const leaf = await pki.leaf({ file: 'serving', commonName: 'door', usage: 'server', dnsNames: ['localhost'], addresses: ['127.0.0.1'] });
  const impatient = await openDoor({ handle: async () => ({ status: 200, headers: {}, body: 'ok' }) } as unknown as ApiServer, {
    addresses: ['127.0.0.1'],
    port: slowPort,
    certPem: readFileSync(leaf.certFile, 'utf8'),
    keyPem: readFileSync(leaf.keyFile, 'utf8'),
    clientCaPem: readFileSync(pki.caFile, 'utf8'),
    log: () => {},
    limits: { headers: 100, request: 200 },
  });
  try {
    for (const begun of ['GET / HTTP/1.1\r\nHost: ', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n123']) {
      const socket = connect({ host: '127.0.0.1', port: slowPort, rejectUnauthorized: false });
      let text = '';
      socket.on('data', (part: Buffer) => (text += part.toString())).on('error', () => {});
      await once(socket, 'secureConnect');
      socket.write(begun);
      await once(socket, 'close');
      expect(text).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    }
  } finally {
    await impatient.close();
  }
});

/** What arrives of a stream that sends the same bytes and some of its own, then ends. */
function streamed(ended: (whole: boolean) => void, agent: Agent | false = false): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path: '/watch', rejectUnauthorized: false, agent }, (incoming) => {
      const parts: Buffer[] = [];
      incoming.on('data', (part: Buffer) => parts.push(part));
      incoming.on('end', () => {
        ended(incoming.complete);
        resolve(Buffer.concat(parts));
      });
      incoming.on('error', reject);
    });
    asked.on('error', reject);
    asked.end();
  });
}

test('a stream arrives as it was written, slow clients are waited for, and its connection serves the next request', async () => {
  const same = randomBytes(10_000);
  let waited = 0;
  answer = () => ({
    status: 200,
    headers: {},
    body: {
      start(sink) {
        let left = 300;
        const more = (): void => {
          while (left > 0) {
            left--;
            // long and empty pieces among the shared ones
            const bytes = left === 100 ? randomBytes(300_000).fill(1) : left === 50 ? Buffer.alloc(0) : same;
            if (!sink.write(bytes)) {
              waited++;
              return;
            }
          }
          sink.end();
        };
        sink.onDrain(more);
        more();
      },
    },
  });
  const sent = Buffer.concat(Array.from({ length: 300 }, (_, index) => (index === 199 ? Buffer.alloc(300_000, 1) : index === 249 ? Buffer.alloc(0) : same)));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let round = 0; round < 2; round++) {
    let complete = false;
    const got = await streamed((ended) => (complete = ended), agent);
    expect({ complete, equal: got.equals(sent) }).toEqual({ complete: true, equal: true });
  }
  agent.destroy();
  expect(waited).toBeGreaterThan(0);
});
