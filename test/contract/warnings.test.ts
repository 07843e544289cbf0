/** `Warning` headers: deprecated types, findings, what kinds say of fields. */
import { expect, test } from 'vitest';
import { configMap, contractServer, deployment, mapsIn, pod, TABLE } from './support.ts';

const server = contractServer();
const ENDPOINTS = '/api/v1/namespaces/warned/endpoints';
const DEPRECATED = '299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"';

test('a deprecated type says so with every verb', async () => {
  const made = await server().request('POST', ENDPOINTS, { apiVersion: 'v1', kind: 'Endpoints', metadata: { name: 'a' } });
  expect([made.status, made.headers['warning']]).toEqual([201, [DEPRECATED]]);
  for (const [method, url, body, type] of [
    ['GET', `${ENDPOINTS}/a`],
    ['GET', ENDPOINTS],
    ['GET', '/api/v1/endpoints'],
    ['PATCH', `${ENDPOINTS}/a`, {}, 'application/merge-patch+json'],
    ['PUT', `${ENDPOINTS}/a`, made.json],
    ['DELETE', `${ENDPOINTS}/a`],
    ['GET', `${ENDPOINTS}/a`],
    ['DELETE', ENDPOINTS],
  ] as const) {
    const { headers } = await server().request(method, url, body, type === undefined ? {} : { 'content-type': type });
    expect(headers['warning'], `${method} ${url}`).toEqual([DEPRECATED]);
  }
  const stored = await server().server.handle({ method: 'GET', path: ENDPOINTS, query: 'watch=true', headers: {}, body: undefined, signal: new AbortController().signal });
  expect(stored.headers['warning']).toEqual([DEPRECATED]);
  expect((await server().request('GET', '/apis/discovery.k8s.io/v1/namespaces/warned/endpointslices')).headers).not.toHaveProperty('warning');
});

test('the same finding is told once, quotes and line ends are no way out of the header', async () => {
  const body = { ...configMap('a'), 'odd"\\\r\nfield': 1 };
  const { headers } = await server().request('POST', mapsIn('warned'), body);
  const [text, ...more] = headers['warning'] as readonly string[];
  expect(more).toEqual([]);
  expect(text).toMatch(/^299 - "unknown field .*"$/);
  expect(text).not.toMatch(/[\r\n]/);
});

test('what kinds warn of: old annotations, fields that do nothing, names that will not work', async () => {
  const warned = async (path: string, body: object): Promise<readonly string[]> => {
    const { status, headers, text } = await server().request('POST', path, body);
    expect(status, text).toBe(201);
    return (headers['warning'] ?? []) as readonly string[];
  };
  expect(await warned('/api/v1/namespaces/warned/pods', pod('old', {}, { annotations: { 'scheduler.alpha.kubernetes.io/critical-pod': '' } }))).toEqual([
    expect.stringContaining('metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the \\"priorityClassName\\" field instead'),
  ]);
  expect(await warned('/api/v1/namespaces/warned/pods', pod('with.dots'))).toEqual([
    expect.stringContaining("metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended"),
  ]);
  expect(await warned('/apis/apps/v1/namespaces/warned/deployments', deployment('fine'))).toEqual([]);
});

test('tables and other forms have them too', async () => {
  expect((await server().request('GET', ENDPOINTS, undefined, { accept: TABLE })).headers['warning']).toEqual([DEPRECATED]);
  expect((await server().request('GET', ENDPOINTS, undefined, { accept: 'application/yaml' })).headers['warning']).toEqual([DEPRECATED]);
});
