import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import type { Container, Probe } from '../pods/pod.ts';
import { createTestClock, settle } from '../testing/clock.ts';
import { testPod } from '../testing/harness.ts';
import type { ProbeKind } from './port.ts';
import { createProber, probeOnce } from './prober.ts';

const container: Container = { name: 'main', image: 'i', ports: [{ name: 'web', containerPort: 8080 }] };
const target = (startedAt = 0) => ({ pod: testPod('p'), container, containerId: 'c', podIP: '127.0.0.1', startedAt });

/** A probe whose command ends with what `code` says, and what was told of it. */
function probing(kind: ProbeKind, probe: Probe, code: () => number | Promise<number>) {
  const clock = createTestClock();
  const told: string[] = [];
  let asked = 0;
  const start = createProber({
    clock,
    random: () => 0.5,
    runtime: {
      exec: async () => {
        asked++;
        return code();
      },
    },
  });
  const stop = start(kind, { exec: { command: ['true'] }, ...probe }, target(clock.now()), {
    changed: (_kind, passed) => told.push(passed ? 'passed' : 'failed'),
    unhealthy: (message) => told.push(message),
  });
  return { clock, told, stop, asked: () => asked };
}

describe('a probe', () => {
  test('waits its initial delay, then asks each period', async () => {
    const run = probing('liveness', { initialDelaySeconds: 5, periodSeconds: 2 }, () => 0);
    await run.clock.advance(4_999);
    expect(run.asked()).toBe(0);
    await run.clock.advance(1);
    expect(run.asked()).toBe(1);
    await run.clock.advance(6_000);
    expect(run.asked()).toBe(4);
    run.stop();
    await run.clock.advance(10_000);
    expect(run.asked()).toBe(4);
  });

  test('fails after as many failures in a row as its threshold says', async () => {
    const codes = [1, 1, 0, 1, 1, 1];
    const run = probing('liveness', { periodSeconds: 1, failureThreshold: 3 }, () => codes.shift() ?? 0);
    await run.clock.advance(4_000);
    expect(run.told).not.toContain('failed');
    expect(run.told.filter((text) => text.startsWith('Liveness probe failed: '))).toHaveLength(4);
    await run.clock.advance(1_000);
    expect(run.told.at(-1)).toBe('failed');
    run.stop();
  });

  test('of readiness passes after as many successes in a row, and tells each change once', async () => {
    const codes = [0, 1, 0, 0, 0, 1];
    const run = probing('readiness', { periodSeconds: 1, successThreshold: 2, failureThreshold: 1 }, () => codes.shift() ?? 1);
    await run.clock.advance(6_000);
    expect(run.told.filter((text) => text === 'passed' || text === 'failed')).toEqual(['failed', 'passed', 'failed']);
    run.stop();
  });

  test('of startup is not asked any more once it passed', async () => {
    const codes = [1, 0];
    const run = probing('startup', { periodSeconds: 1 }, () => codes.shift() ?? 1);
    await run.clock.advance(10_000);
    expect(run.told.at(-1)).toBe('passed');
    expect(run.asked()).toBe(2);
  });

  test('that takes longer than its timeout has failed, in words', async () => {
    const run = probing('liveness', { timeoutSeconds: 2, failureThreshold: 1 }, () => new Promise<number>(() => {}));
    await run.clock.advance(2_000);
    await settle();
    expect(run.told).toEqual(['Liveness probe failed: command "true" timed out after 2s', 'failed']);
    run.stop();
  });
});

describe('over HTTP and TCP', () => {
  let server: Server | undefined;
  afterEach(() => void server?.close());
  const serve = async (status: number, headers: Record<string, string> = {}): Promise<number> => {
    server = createServer((request, response) => response.writeHead(status, headers).end(`asked ${request.url} as ${request.headers['x-probe'] ?? 'nobody'}`));
    return new Promise((resolve) => server!.listen(0, '127.0.0.1', () => resolve((server!.address() as { port: number }).port)));
  };
  const context = { clock: createTestClock(), runtime: { exec: () => Promise.resolve(0) } };

  test.each([
    [200, {}, true],
    [302, { location: '/other' }, true],
    [404, {}, false],
    [500, {}, false],
  ])('an answer %d with %j passes: %s', async (status, headers, passed) => {
    const port = await serve(status, headers);
    const verdict = await probeOnce(context, { httpGet: { path: '/ok', port, httpHeaders: [{ name: 'X-Probe', value: 'me' }] } }, target());
    expect(verdict.passed).toBe(passed);
    if (!passed) expect(verdict.message).toBe(`HTTP probe failed with statuscode: ${status}`);
  });

  test('an open port passes, a closed one does not', async () => {
    const port = await serve(200);
    expect((await probeOnce(context, { tcpSocket: { port } }, target())).passed).toBe(true);
    await new Promise((resolve) => server!.close(resolve));
    expect(await probeOnce(context, { tcpSocket: { port } }, target())).toMatchObject({ passed: false, message: expect.stringContaining('ECONNREFUSED') });
    expect(await probeOnce(context, { httpGet: { port } }, target())).toMatchObject({ passed: false, message: expect.stringContaining(`Get "http://127.0.0.1:${port}/"`) });
  });
});
