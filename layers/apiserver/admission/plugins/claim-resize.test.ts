import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Harness, startHarness } from '../../testing/harness.ts';
import { claimResize } from './claim-resize.ts';

let api: Harness;
const CLAIMS = '/api/v1/namespaces/default/persistentvolumeclaims';
const MERGE = { 'content-type': 'application/merge-patch+json' };
const NO = 'persistentvolumeclaims "c" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize';

beforeEach(async () => {
  api = await startHarness({ admission: [claimResize] });
  for (const [name, allowVolumeExpansion] of [
    ['grows', true],
    ['stays', false],
  ] as const)
    expect((await api.request('POST', '/apis/storage.k8s.io/v1/storageclasses', { metadata: { name }, provisioner: 'p', allowVolumeExpansion })).status).toBe(201);
});
afterEach(() => api.close());

// a claim that is not bound is refused by its kind, before plug-ins judge
test.each([
  ['grows', 'Bound', '2Gi', 'ok'],
  ['stays', 'Bound', '2Gi', NO],
  ['absent', 'Bound', '2Gi', NO],
  ['', 'Bound', '2Gi', NO],
  ['stays', 'Bound', '1024Mi', 'ok'],
])('of class %j, %s, to %s: %s', async (storageClassName, phase, storage, answer) => {
  const made = await api.request('POST', CLAIMS, {
    metadata: { name: 'c' },
    spec: { storageClassName, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  });
  expect(made.status, made.text).toBe(201);
  expect((await api.request('PATCH', `${CLAIMS}/c/status`, { status: { phase } }, MERGE)).status).toBe(200);
  const { json } = await api.request('PATCH', `${CLAIMS}/c`, { spec: { resources: { requests: { storage } } } }, MERGE);
  expect(json.kind === 'Status' ? json.message : 'ok').toBe(answer);
});
