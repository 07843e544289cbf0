import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Harness, startHarness } from '../testing/harness.ts';
import type { NodeDialer } from './port.ts';

const TEXT = 'node simulated-1 is simulated and its agent serves no requests: its pods run nothing, so there is no log to read and nothing to exec, attach or forward a port to';
const REFUSED = { kind: 'Status', status: 'Failure', reason: 'BadRequest', code: 400, message: TEXT };

const dialer: NodeDialer = {
  connect: () => Promise.reject(new Error('nobody may call')),
  connectPod: () => Promise.reject(new Error('nobody may call')),
};
let api: Harness;
beforeEach(async () => {
  api = await startHarness({ dialer });
  const create = async (url: string, body: object): Promise<void> => expect((await api.request('POST', url, body)).status).toBe(201);
  await create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } });
  await create('/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'simulated-1' }, status: { nodeInfo: { containerRuntimeVersion: 'simulated://1' } } });
  await create('/api/v1/namespaces/default/pods', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web' },
    spec: { nodeName: 'simulated-1', containers: [{ name: 'c', image: 'nginx' }] },
  });
});
afterEach(() => api.close());

test.each(['follow=true', 'previous=true', ''])('a log of a pod on a simulated node (%s) is refused with what is the matter', async (query) => {
  const answer = await api.request('GET', `/api/v1/namespaces/default/pods/web/log?${query}`);
  expect([answer.status, answer.json]).toEqual([400, expect.objectContaining(REFUSED)]);
  expect(api.logged).toEqual([]);
});

test.each([
  ['pods/web/exec', 'command=ls&stdout=true'],
  ['pods/web/attach', 'stdout=true'],
  ['pods/web/portforward', 'ports=80'],
])('%s of such a pod says the same on the connection that was to be upgraded', async (path, query) => {
  const socket = new PassThrough();
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => parts.push(part));
  const headers = { connection: 'Upgrade', upgrade: 'SPDY/3.1' };
  const request = { method: 'POST', path: `/api/v1/namespaces/default/${path}`, query, headers, body: undefined, signal: new AbortController().signal };
  const ended = once(socket, 'end');
  await api.server.upgrade(request, socket, Buffer.alloc(0));
  await ended;
  const [head, body] = Buffer.concat(parts).toString().split('\r\n\r\n');
  expect(head).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  expect(JSON.parse(body!)).toMatchObject(REFUSED);
});

test('the proxy of the node itself says it too', async () => {
  const answer = await api.request('GET', '/api/v1/nodes/simulated-1/proxy/metrics');
  expect([answer.status, answer.json]).toEqual([400, expect.objectContaining(REFUSED)]);
});
