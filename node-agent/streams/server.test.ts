import { createServer, type AddressInfo } from 'node:net';
import { createWebSocketStream, WebSocket } from 'ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { all, BIG, listen, stream, testServer, type TestServer } from './testing/server.ts';
import { spdyConnection } from './spdy/connection.ts';

let kubelet: TestServer;
beforeAll(async () => {
  kubelet = await testServer();
});
afterAll(() => kubelet.close());

const V5 = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
const exec = (command: readonly string[], more = 'stdout=1&stderr=1&stdin=1'): string =>
  `/exec/d/p/c?${command.map((part) => `command=${encodeURIComponent(part)}`).join('&')}&${more}`;
const message = (channel: number, text: string): Buffer => Buffer.concat([Buffer.from([channel]), Buffer.from(text)]);

describe('who may call', () => {
  test('nobody without a certificate', async () => {
    const { status, text } = await kubelet.get('/pods', { cert: undefined, key: undefined });
    expect([status, text]).toEqual([401, 'Unauthorized']);
  });
  test('no node and no user, but the API server', async () => {
    const other = await testServer({}, { commonName: 'system:node:n2', organizations: ['system:nodes'] });
    const { status, text } = await other.get('/containerLogs/d/p/c');
    expect([status, text]).toEqual([403, 'Forbidden (user=system:node:n2, verb=get, resource=nodes, subresource=proxy)']);
    await other.close();
    expect((await kubelet.get('/healthz')).text).toBe('ok');
  });
});

describe('logs', () => {
  test('in order, both streams', async () => {
    expect((await kubelet.get('/containerLogs/d/p/c')).text).toBe('c1: first\nc1: second\nc1: third\nc1: complaint\n');
  });
  test('tail, timestamps, one stream, a byte limit', async () => {
    expect((await kubelet.get('/containerLogs/d/p/c?tailLines=1&timestamps=true')).text).toBe('2026-01-01T00:00:00.000000000Z c1: third\nc1: complaint\n');
    expect((await kubelet.get('/containerLogs/d/p/c?stream=Stderr')).text).toBe('c1: complaint\n');
    expect((await kubelet.get('/containerLogs/d/p/c?limitBytes=7')).text).toBe('c1: fir');
  });
  test('of the container before', async () => {
    expect((await kubelet.get('/containerLogs/d/p/crashed?previous=true&tailLines=0')).text).toBe('c1: complaint\n');
    expect(await kubelet.get('/containerLogs/d/p/c?previous=true')).toMatchObject({ status: 400, text: 'previous terminated container "c" in pod "p" not found' });
  });
  test('say why there are none', async () => {
    expect(await kubelet.get('/containerLogs/d/nobody/c')).toMatchObject({ status: 404, text: 'pod does not exist' });
    expect(await kubelet.get('/containerLogs/d/p/nobody')).toMatchObject({ status: 404, text: 'container "nobody" not found in pod "p"' });
    expect(await kubelet.get('/containerLogs/d/p/pulling')).toMatchObject({
      status: 400,
      text: 'container "pulling" in pod "p" is waiting to start: trying and failing to pull image',
    });
    expect((await kubelet.get('/containerLogs/d/p/c?tailLines=-1')).status).toBe(422);
  });
  test('followed, until the reader goes', async () => {
    kubelet.seen.aborted = false;
    const response = await kubelet.stream('/containerLogs/d/p/c?follow=true&tailLines=1');
    let text = '';
    await new Promise<void>((resolve) => {
      response.on('data', (chunk: Buffer) => {
        text += String(chunk);
        if (text.includes('complaint')) resolve();
      });
    });
    response.destroy();
    await expect.poll(() => kubelet.seen.aborted).toBe(true);
  });
  test('as messages of a WebSocket', async () => {
    const ws = kubelet.ws('/containerLogs/d/p/c?tailLines=1', ['binary.k8s.io']);
    const parts: string[] = [];
    ws.on('message', (data: Buffer) => parts.push(data.toString()));
    const code = await new Promise((resolve) => void ws.once('close', resolve));
    expect([parts.join(''), code]).toEqual(['c1: third\nc1: complaint\n', 1000]);
  });
});

describe('exec over WebSocket', () => {
  test('sends stdin, closes it, and reports success', async () => {
    const ws = kubelet.ws(exec(['cat']), V5);
    const { channels, closed, opened, frames } = listen(ws);
    await opened;
    ws.send(message(0, 'hello '));
    ws.send(message(0, 'world'));
    ws.send(Buffer.from([255, 0]));
    expect(await closed).toBe(1000);
    expect(ws.protocol).toBe('v5.channel.k8s.io');
    expect(frames[0]).toEqual(Buffer.from([1]));
    expect(channels.get(1)).toBe('hello world');
    expect(JSON.parse(channels.get(3)!)).toMatchObject({ status: 'Success' });
  });
  test('keeps the outputs apart and reports exit codes', async () => {
    const both = kubelet.ws(exec(['both']), V5);
    const { channels, closed } = listen(both);
    await closed;
    expect([channels.get(1), channels.get(2)]).toEqual(['to stdout', 'to stderr']);
    const exit = listen(kubelet.ws(exec(['exit', '3']), V5));
    await exit.closed;
    expect(JSON.parse(exit.channels.get(3)!)).toMatchObject({ status: 'Failure', reason: 'NonZeroExitCode', details: { causes: [{ reason: 'ExitCode', message: '3' }] } });
    const none = listen(kubelet.ws(exec(['nothing']), V5));
    await none.closed;
    expect(JSON.parse(none.channels.get(3)!)).toMatchObject({
      reason: 'InternalError',
      message: 'Internal error occurred: error executing command in container: no such program: nothing',
    });
  });
  test('speaks the first protocol and base64', async () => {
    const first = kubelet.ws(exec(['both']), ['channel.k8s.io']);
    const heard = listen(first);
    await heard.closed;
    expect([heard.channels.get(1), heard.channels.get(3)]).toEqual(['to stdout', undefined]);
    const text = kubelet.ws(exec(['both']), ['base64.channel.k8s.io']);
    const said = listen(text);
    await said.closed;
    expect([text.protocol, said.channels.get(2)]).toEqual(['base64.channel.k8s.io', 'to stderr']);
  });
  test('delivers a large output whole, and waits for a slow reader', async () => {
    kubelet.seen.written = 0;
    const ws = kubelet.ws(exec(['big'], 'stdout=1'), V5);
    const { closed, opened, frames } = listen(ws);
    await opened;
    ws.pause();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const whilePaused = kubelet.seen.written;
    ws.resume();
    await closed;
    expect(whilePaused).toBeLessThan(BIG);
    expect(frames.filter((frame) => frame[0] === 1).reduce((sum, frame) => sum + frame.length - 1, 0)).toBe(BIG);
  });
  test('passes terminal sizes and hangs up with the client', async () => {
    const ws = kubelet.ws(exec(['size'], 'stdout=1&stdin=1&tty=1'), V5);
    const { closed, opened } = listen(ws);
    await opened;
    ws.send(message(4, '{"Width":80,"Height":24}'));
    await expect.poll(() => kubelet.seen.sizes.length).toBe(1);
    ws.send(message(4, '{"Width":100,"Height":30}'));
    await closed;
    expect(kubelet.seen.sizes).toEqual([
      { width: 80, height: 24 },
      { width: 100, height: 30 },
    ]);
    kubelet.seen.aborted = false;
    const left = kubelet.ws(exec(['wait'], 'stdout=1&tty=1'), V5);
    await listen(left).opened;
    left.terminate();
    await expect.poll(() => kubelet.seen.aborted).toBe(true);
  });
  test('refuses what cannot be', async () => {
    const status = (path: string, protocols: readonly string[]): Promise<number> =>
      new Promise((resolve) => {
        const ws = kubelet.ws(path, protocols);
        ws.on('error', () => undefined);
        ws.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
      });
    expect(await status('/exec/d/nobody/c?command=x&stdout=1', V5)).toBe(404);
    expect(await status('/exec/d/p/pulling?command=x&stdout=1', V5)).toBe(500);
    expect(await status('/exec/d/p/c?command=x', V5)).toBe(400);
    expect(await status(exec(['cat']), ['v9.channel.k8s.io'])).toBe(400);
  });
  test('attaches', async () => {
    const ws = kubelet.ws('/attach/d/p/c?stdin=1&stdout=1', V5);
    const { channels, closed, opened } = listen(ws);
    await opened;
    ws.send(message(0, 'typed'));
    ws.send(Buffer.from([255, 0]));
    await closed;
    expect(channels.get(1)).toBe('typed');
  });
});

describe('exec over SPDY', () => {
  test('streams both ways, half-closes, reports the outcome', async () => {
    const { connection, protocol } = await kubelet.spdy(exec(['cat']), ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'v3.channel.k8s.io']);
    expect(protocol).toBe('v4.channel.k8s.io');
    const [error, stdin, stdout] = ['error', 'stdin', 'stdout', 'stderr'].map((type) => stream(connection, type));
    const body = 'x'.repeat(300_000);
    stdin!.end(body);
    const [output, outcome] = await Promise.all([all(stdout!), all(error!)]);
    expect(output === body).toBe(true);
    expect(JSON.parse(outcome)).toMatchObject({ status: 'Success' });
    connection.close();
  });
  test('reports exit codes in plain text before version 4', async () => {
    const { connection } = await kubelet.spdy(exec(['exit', '7'], 'stdout=1'), ['v2.channel.k8s.io']);
    const [error] = ['error', 'stdout'].map((type) => stream(connection, type));
    expect(await all(error!)).toBe('command terminated with non-zero exit code: exit status 7');
    connection.destroy();
  });
  test('refuses unknown protocols', async () => {
    await expect(kubelet.spdy(exec(['cat']), ['v9.channel.k8s.io'])).rejects.toThrow(/403 Forbidden[^]*X-Accepted-Stream-Protocol-Versions: v4.channel.k8s.io/);
  });
});

describe('port-forward', () => {
  const echo = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  let port = 0;
  beforeAll(async () => {
    await new Promise<void>((resolve) => void echo.listen(0, '127.0.0.1', resolve));
    port = (echo.address() as AddressInfo).port;
  });
  afterAll(() => void echo.close());

  const pair = (connection: Parameters<typeof stream>[0], id: string, to: number) => {
    const headers = { port: String(to), requestid: id };
    return { error: stream(connection, 'error', headers), data: stream(connection, 'data', headers) };
  };

  test('over SPDY: many connections at once, and what went wrong', async () => {
    const { connection, protocol } = await kubelet.spdy('/portForward/d/p', ['portforward.k8s.io']);
    expect(protocol).toBe('portforward.k8s.io');
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const { data, error } = pair(connection, String(index), port);
        error.end();
        data.end(`request ${index} ${'y'.repeat(100_000)}`);
        const [text, wrong] = await Promise.all([all(data), all(error)]);
        return [text.length, text.slice(0, 10).trim(), wrong];
      }),
    );
    expect(answers).toEqual(Array.from({ length: 20 }, (_, index) => [`request ${index} `.length + 100_000, `request ${index}`.slice(0, 10), '']));
    const refused = pair(connection, 'r', 1);
    refused.data.on('error', () => undefined);
    expect(await all(refused.error)).toBe('error forwarding port 1 to pod d/p, uid u1: connect ECONNREFUSED ::1:1');
    connection.close();
  });
  test('as SPDY inside a WebSocket', async () => {
    // The client library refuses the slash as well: the name is put in as a header.
    const tunnel = new WebSocket(`wss://127.0.0.1:${kubelet.server.port}/portForward/d/p`, {
      ...kubelet.tls,
      headers: { 'Sec-WebSocket-Protocol': 'SPDY/3.1+portforward.k8s.io' },
    });
    let answered: string | undefined;
    tunnel.on('upgrade', (response) => {
      answered = response.headers['sec-websocket-protocol'];
      delete response.headers['sec-websocket-protocol'];
    });
    const connection = spdyConnection(createWebSocketStream(tunnel), 'client', () => undefined);
    const { data, error } = pair(connection, '0', port);
    error.end();
    data.end('through the tunnel');
    expect(await all(data)).toBe('through the tunnel');
    expect(answered).toBe('SPDY/3.1+portforward.k8s.io');
    connection.close();
  });
  test('with channels', async () => {
    const ws = kubelet.ws(`/portForward/d/p?port=${port}`, ['v4.channel.k8s.io']);
    const { opened, frames } = listen(ws);
    await opened;
    ws.send(message(0, 'ping'));
    await expect.poll(() => frames.length).toBe(3);
    const number = Buffer.alloc(2);
    number.writeUInt16LE(port);
    expect(frames.map((frame) => frame.toString('hex'))).toEqual([`00${number.toString('hex')}`, `01${number.toString('hex')}`, message(0, 'ping').toString('hex')]);
    ws.close();
  });
});

test('lists pods and figures', async () => {
  expect(JSON.parse((await kubelet.get('/pods')).text)).toMatchObject({ kind: 'PodList', items: [{ metadata: { name: 'p' } }] });
  expect(JSON.parse((await kubelet.get('/stats/summary')).text)).toEqual({ node: { nodeName: 'n1' } });
  expect((await kubelet.get('/metrics/resource')).text).toBe('# HELP x\n');
});
