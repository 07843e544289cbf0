import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Harness, startHarness } from '../../testing/harness.ts';
import { priority } from './priority.ts';

const CLASSES = '/apis/scheduling.k8s.io/v1/priorityclasses';
let server: Harness;

beforeAll(async () => {
  server = await startHarness({ admission: [priority] });
});
afterAll(() => server.close());

async function priorityOf(name: string): Promise<unknown> {
  const { json } = await server.request('POST', '/api/v1/namespaces/default/pods', { metadata: { name }, spec: { containers: [{ name: 'c', image: 'i' }] } });
  return [json.spec.priorityClassName, json.spec.priority];
}

test('a pod without a class takes the default one, as it is when the pod is made', async () => {
  expect(await priorityOf('before')).toEqual([undefined, 0]);
  await server.request('POST', CLASSES, { metadata: { name: 'high' }, value: 7, globalDefault: true });
  expect(await priorityOf('first')).toEqual(['high', 7]);
  expect(await priorityOf('second')).toEqual(['high', 7]);
  await server.request('PATCH', `${CLASSES}/high`, { globalDefault: false }, { 'content-type': 'application/merge-patch+json' });
  expect(await priorityOf('third')).toEqual([undefined, 0]);
  await server.request('PATCH', `${CLASSES}/high`, { globalDefault: true }, { 'content-type': 'application/merge-patch+json' });
  await server.request('DELETE', `${CLASSES}/high`);
  expect(await priorityOf('fourth')).toEqual([undefined, 0]);
});
