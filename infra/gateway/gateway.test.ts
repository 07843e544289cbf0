import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type Door, type GatewayNode, openDoor } from './door/door.ts';
import { type Invocation, type Lambda, openLambda, Throttled } from './lambda/service.ts';
import { type FunctionSpec, KIND, type Nastiness } from './lambda/spec.ts';
import { DOOR, ECHO, FINISHES_WORK, functionOf, LEAVES_WORK } from './testing/functions.ts';

let lambda: Lambda;
let door: Door | undefined;
afterEach(async () => {
  await door?.close();
  door = undefined;
  await lambda.close();
});

async function start(functions: readonly FunctionSpec[], nastiness: Nastiness = KIND, random = Math.random): Promise<void> {
  lambda = await openLambda({ functions, region: 'us-east-1', random, nastiness });
}
async function result(invocation: Promise<Invocation>): Promise<unknown> {
  const { answer, over } = await invocation;
  await over;
  if (answer.type !== 'whole') throw new Error(answer.type === 'error' ? `${answer.error.errorType}: ${answer.error.errorMessage}` : 'a stream');
  return JSON.parse(answer.body.toString());
}
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const file = (): string => join(mkdtempSync(join(tmpdir(), 'paperplane-gateway-')), 'written');

describe('an environment', () => {
  test('serves one event at a time, and is used again', async () => {
    await start([functionOf('echo', ECHO)]);
    const one = (await result(lambda.invoke('echo', { a: 1 }))) as { pid: number; event: unknown };
    const two = (await result(lambda.invoke('echo', { a: 2 }))) as { pid: number; event: unknown };
    expect([one.event, two.event]).toEqual([{ a: 1 }, { a: 2 }]);
    expect(two.pid).toBe(one.pid);
    const both = (await Promise.all([result(lambda.invoke('echo', 3)), result(lambda.invoke('echo', 4))])) as { pid: number }[];
    expect(both[0]!.pid).not.toBe(both[1]!.pid);
    expect(lambda.stats('echo')).toMatchObject({ invocations: 4, coldStarts: 2 });
  });

  test('stands still between requests: work left running after the answer does not happen', async () => {
    await start([functionOf('leaves', LEAVES_WORK), functionOf('finishes', FINISHES_WORK)]);
    const [left, finished] = [file(), file()];
    expect(await result(lambda.invoke('leaves', { file: left }))).toBe('answered');
    expect(await result(lambda.invoke('finishes', { file: finished }))).toBe('answered');
    await pause(1_200);
    expect(readFileSync(finished, 'utf8')).toBe('done\n');
    expect(existsSync(left)).toBe(false);
    const [environment] = lambda.stats('leaves').environments;
    expect(readFileSync(`/proc/${environment!.pid}/stat`, 'utf8')).toMatch(/\) T /);
    // thawed by the next request, it comes at a time when nobody expects it
    await result(lambda.invoke('leaves', { file: file() }));
    lambda.discardAll();
    await pause(200);
    expect(existsSync(left) && readFileSync(left, 'utf8') !== 'left over\n').toBe(false);
  });

  test.each([
    ['is killed', process.env['PATH']!, ''],
    ['ends in haste and has no way to tie it', '/nowhere', 'setTimeout(() => process.exit(1), 200);'],
  ])('does not outlive a gateway that %s, though it stands still', async (_, path, haste) => {
    await start([]);
    const spec = JSON.stringify(functionOf('echo', ECHO));
    const program = `
      import { openLambda } from ${JSON.stringify(join(import.meta.dirname, 'lambda', 'service.ts'))};
      const lambda = await openLambda({ functions: [${spec}], region: 'local', random: Math.random });
      await (await lambda.invoke('echo', 1)).over;
      process.stdout.write(String(lambda.stats('echo').environments[0].pid));
      ${haste}`;
    const gateway = spawn(process.execPath, ['--input-type=module', '-e', program], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, PATH: path },
    });
    const pid = Number(await new Promise<string>((resolve) => gateway.stdout.once('data', (text: Buffer) => resolve(text.toString()))));
    if (haste === '') {
      expect(readFileSync(`/proc/${pid}/stat`, 'utf8')).toMatch(/\) T /);
      gateway.kill('SIGKILL');
    }
    // a zombie that nobody has reaped yet is gone too
    await expect.poll(() => !existsSync(`/proc/${pid}`) || readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '), { timeout: 10_000 }).toBe(true);
  });

  test('may be thrown away after any answer, and what it left running with it', async () => {
    await start([functionOf('leaves', LEAVES_WORK)], { ...KIND, discard: 1 });
    const left = file();
    await result(lambda.invoke('leaves', { file: left }));
    await result(lambda.invoke('leaves', { file: left }));
    await pause(1_200);
    expect(existsSync(left)).toBe(false);
    expect(lambda.stats('leaves')).toMatchObject({ coldStarts: 2, discarded: 2 });
  });

  test('is ended at the timeout of its function', async () => {
    await start([functionOf('hangs', 'export const handler = () => new Promise(() => setInterval(() => {}, 1000));', { timeoutMs: 300 })]);
    await expect(result(lambda.invoke('hangs', {}))).rejects.toThrow('Sandbox.Timedout: Task timed out after 0.30 seconds');
    expect(lambda.stats('hangs').environments).toEqual([]);
  });

  test('that cannot load its code says why', async () => {
    await start([functionOf('broken', "throw new RangeError('no such thing');")]);
    await expect(lambda.invoke('broken', {})).rejects.toThrow('broken: RangeError: no such thing');
  });

  test('ends with a handler that waits for what keeps no process alive, as the managed runtime does', async () => {
    await start([functionOf('waits', 'export const handler = () => new Promise((resolve) => setTimeout(resolve, 200).unref());')]);
    await expect(result(lambda.invoke('waits', {}))).rejects.toThrow('Runtime.ExitError');
  });

  test('sees its own variables only', async () => {
    await start([functionOf('env', 'export const handler = async () => process.env;', { environment: { OWN: 'yes' } })]);
    const seen = (await result(lambda.invoke('env', {}))) as Record<string, string>;
    expect(seen).toMatchObject({ OWN: 'yes', AWS_LAMBDA_FUNCTION_NAME: 'env', AWS_REGION: 'us-east-1' });
    expect(Object.keys(seen).filter((name) => /^(HOME|VITEST|npm_)/.test(name))).toEqual([]);
  });

  test('more than the reserved concurrency are refused', async () => {
    await start([functionOf('one', FINISHES_WORK, { reservedConcurrency: 1 })]);
    const first = lambda.invoke('one', { file: file() });
    await expect(lambda.invoke('one', { file: file() })).rejects.toThrow(Throttled);
    await result(first);
  });
});

interface Got {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly text: string;
  /** Milliseconds after the first at which each chunk came. */
  readonly at: readonly number[];
  readonly broken: boolean;
}
function get(path: string, options: { readonly method?: string; readonly body?: Buffer; readonly headers?: Record<string, string | string[]> } = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: door!.port, path, method: options.method ?? 'GET', headers: options.headers ?? {}, agent: false }, (response) => {
      const parts: Buffer[] = [];
      const at: number[] = [];
      const began = performance.now();
      let broken = false;
      response.on('data', (part: Buffer) => {
        parts.push(part);
        at.push(performance.now() - began);
      });
      response.on('error', () => (broken = true));
      response.on('close', () => resolve({ status: response.statusCode!, headers: response.headers, text: Buffer.concat(parts).toString(), at, broken }));
    });
    sent.on('error', reject);
    sent.end(options.body);
  });
}
async function startDoor(
  options: { readonly timeoutMs?: number; readonly idleLimitMs?: number; readonly kind?: 'rest' | 'url'; readonly gatewayNode?: GatewayNode } = {},
): Promise<void> {
  await start([functionOf('door', DOOR, { timeoutMs: options.timeoutMs ?? 10_000 })]);
  door = await openDoor({
    lambda,
    functionName: 'door',
    kind: options.kind ?? 'rest',
    address: '127.0.0.1',
    port: 0,
    ...(options.gatewayNode === undefined ? {} : { gatewayNode: options.gatewayNode }),
    ...(options.idleLimitMs === undefined ? {} : { idleLimitMs: options.idleLimitMs }),
    log: () => undefined,
  });
}

describe('the door', () => {
  test('makes the event of a REST API: raw path, repeated headers, base64 body', async () => {
    await startDoor();
    const body = Buffer.from([0xff, 0x00, 0x80]);
    const { text, headers } = await get('/a%2Fb/c%3Ad/?x=1&x=a%20b&y', { method: 'PATCH', body, headers: { 'X-Two': ['one', 'two'], 'Content-Type': 'application/octet-stream' } });
    const event = JSON.parse(text) as Record<string, unknown>;
    expect(event).toMatchObject({
      path: '/a%2Fb/c%3Ad/',
      httpMethod: 'PATCH',
      multiValueQueryStringParameters: { x: ['1', 'a b'], y: [''] },
      queryStringParameters: { x: 'a b', y: '' },
      body: body.toString('base64'),
      isBase64Encoded: true,
    });
    expect((event['multiValueHeaders'] as Record<string, string[]>)['X-Two']).toEqual(['one', 'two']);
    expect(headers['warning']).toBe('a, b');
  });

  test('hands a gateway node what it alone can have: upgrades, and logs that are followed', async () => {
    const asked: string[] = [];
    await startDoor({
      gatewayNode: {
        request(incoming, response) {
          asked.push(incoming.url!);
          response.end('from the node');
        },
        upgrade(incoming, socket) {
          asked.push(`upgrade ${incoming.url}`);
          socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n');
        },
      },
    });
    const pod = '/clusters/x/api/v1/namespaces/default/pods/p';
    expect((await get(`${pod}/log?follow=true`)).text).toBe('from the node');
    expect(JSON.parse((await get(`${pod}/log`)).text)).toMatchObject({ path: `${pod}/log` });
    const upgraded = await new Promise<string | undefined>((resolve, reject) => {
      request({ port: door!.port, host: '127.0.0.1', path: `${pod}/exec?command=sh`, method: 'POST', headers: { connection: 'upgrade', upgrade: 'SPDY/3.1' } })
        .on('upgrade', (response) => resolve(response.headers.upgrade))
        .on('error', reject)
        .end();
    });
    expect(upgraded).toBe('SPDY/3.1');
    expect(asked).toEqual([`${pod}/log?follow=true`, `upgrade ${pod}/exec?command=sh`]);
  });

  test('streams as the function writes', async () => {
    await startDoor();
    const { text, at } = await get('/slow');
    expect(text).toBe('chunk0\nchunk1\nchunk2\nchunk3\n');
    expect(at.length).toBeGreaterThanOrEqual(3);
    expect(at.at(-1)).toBeGreaterThan(100);
  });

  test.each([
    ['/throws', 502, 'InternalError'],
    ['/exits', 502, 'InternalError'],
    ['/no-prelude', 502, 'InternalError'],
  ])('answers a Status where %s', async (path, status, reason) => {
    await startDoor();
    const got = await get(path);
    expect(got.status).toBe(status);
    expect(JSON.parse(got.text)).toMatchObject({ kind: 'Status', code: status, reason });
  });

  test('breaks an answer off whose function failed on the way', async () => {
    await startDoor();
    const got = await get('/breaks');
    expect(got).toMatchObject({ status: 200, text: 'begun', broken: true });
  });

  test('cuts a stream that is silent for too long, and one that outlives the function', async () => {
    await startDoor({ idleLimitMs: 200 });
    expect(await get('/silent')).toMatchObject({ text: 'begun', broken: true });
    await door!.close();
    await lambda.close();
    await startDoor({ timeoutMs: 300 });
    const late = await get('/sleeps');
    expect(late.status === 504 || late.broken).toBe(true);
  });

  test('refuses what is too large, and what is throttled, as a Status', async () => {
    await startDoor();
    const large = await get('/', { method: 'POST', body: Buffer.alloc(5 * 1024 * 1024) });
    expect(large.status).toBe(413);
    expect(JSON.parse(large.text)).toMatchObject({ kind: 'Status', reason: 'RequestEntityTooLarge' });
    await door!.close();
    await lambda.close();
    await start([functionOf('door', DOOR)], { ...KIND, throttle: 1 });
    door = await openDoor({ lambda, functionName: 'door', kind: 'rest', address: '127.0.0.1', port: 0, log: () => undefined });
    const throttled = await get('/');
    expect(throttled).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
    expect(JSON.parse(throttled.text)).toMatchObject({ reason: 'TooManyRequests', details: { retryAfterSeconds: 1 } });
  });

  test('as a function URL keeps the query as it was sent', async () => {
    await startDoor({ kind: 'url' });
    const { text } = await get('/a%2Fb?labelSelector=a%20in%20(b)&watch');
    expect(JSON.parse(text)).toMatchObject({ version: '2.0', rawPath: '/a%2Fb', rawQueryString: 'labelSelector=a%20in%20(b)&watch', requestContext: { http: { method: 'GET' } } });
  });
});
