import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Harness, startHarness } from '../testing/harness.ts';

let api: Harness;
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const APPLY = { 'content-type': 'application/apply-patch+yaml' };
const configMap = (name: string, data: Record<string, string>) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });

beforeAll(async () => {
  api = await startHarness();
});
afterAll(async () => api.close());

test('an object that several apply at once is made by one of them and updated by the others', async () => {
  const answers = await Promise.all(
    ['a', 'b', 'c', 'd'].map(async (manager) => api.request('PATCH', `${CONFIG_MAPS}/raced?fieldManager=${manager}`, configMap('raced', { [manager]: 'here' }), APPLY)),
  );
  expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 200, 200, 201]);
  const { json } = await api.request('GET', `${CONFIG_MAPS}/raced`);
  expect(json.data).toEqual({ a: 'here', b: 'here', c: 'here', d: 'here' });
});

test('what a write answers is what is stored, byte for byte, also when it changed nothing', async () => {
  const get = async () => (await api.request('GET', `${CONFIG_MAPS}/same`)).text;
  const made = await api.request('POST', CONFIG_MAPS, configMap('same', { key: 'value' }));
  expect(made.status).toBe(201);
  expect(made.text).toBe(await get());
  const patched = await api.request('PATCH', `${CONFIG_MAPS}/same`, { data: { more: 'ü' } }, { 'content-type': 'application/merge-patch+json' });
  expect(patched.json.data).toEqual({ key: 'value', more: 'ü' });
  expect(patched.text).toBe(await get());
  const nothing = await api.request('PATCH', `${CONFIG_MAPS}/same`, { data: { more: 'ü' } }, { 'content-type': 'application/merge-patch+json' });
  expect(nothing.text).toBe(patched.text);
  const dry = await api.request('PATCH', `${CONFIG_MAPS}/same?dryRun=All`, { data: { more: 'dry' } }, { 'content-type': 'application/merge-patch+json' });
  expect(dry.json.data.more).toBe('dry');
  const yaml = await api.request('PUT', `${CONFIG_MAPS}/same`, configMap('same', { key: 'new' }), { accept: 'application/yaml' });
  expect(yaml.text).toContain('  key: new\n');
});

test('a create whose generated name is taken begins anew with what was sent', async () => {
  let next = 0;
  const suffixes = ['taken', 'taken', 'free1'];
  const other = await startHarness({ ids: { uid: () => `uid-${next}`, suffix: () => suffixes[next++]! } });
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'g-' } };
  const names = [];
  for (let round = 0; round < 2; round++) names.push((await other.request('POST', CONFIG_MAPS, body)).json.metadata.name);
  expect(names).toEqual(['g-taken', 'g-free1']);
  await other.close();
});

test('what a name may be is asked when an object is made, and afterwards only by kinds that do so in Kubernetes', async () => {
  const of = (apiVersion: string, kind: string, path: string, spec?: object) => ({ apiVersion, kind, path, spec });
  const kinds = [
    of('v1', 'ConfigMap', CONFIG_MAPS),
    of('v1', 'Service', '/api/v1/namespaces/default/services', { ports: [{ port: 80 }], clusterIP: 'None' }),
    of('policy/v1', 'PodDisruptionBudget', '/apis/policy/v1/namespaces/default/poddisruptionbudgets'),
  ];
  const seen = [];
  for (const { path, spec, ...type } of kinds) {
    const make = (metadata: object) => api.request('POST', `${path}?dryRun=All`, { ...type, metadata, ...(spec === undefined ? {} : { spec }) });
    await api.request('POST', path, { ...type, metadata: { name: 'named' }, ...(spec === undefined ? {} : { spec }) });
    const patch = (metadata: object) => api.request('PATCH', `${path}/named?dryRun=All`, { metadata }, { 'content-type': 'application/merge-patch+json' });
    const answers = [
      await make({ name: 'Bad_Name' }),
      await patch({ generateName: 'Bad_Name' }),
      await patch({ generateName: 'a/b' }),
      await make({ name: 'x', finalizers: ['some'] }),
    ];
    seen.push([type.kind, ...answers.map(({ status, json }) => (status === 422 ? json.details.causes[0].field : status))]);
  }
  expect(seen).toEqual([
    ['ConfigMap', 'metadata.name', 'metadata.generateName', 'metadata.generateName', 'metadata.finalizers[0]'],
    ['Service', 'metadata.name', 200, 'metadata.generateName', 'metadata.finalizers[0]'],
    ['PodDisruptionBudget', 201, 200, 'metadata.generateName', 201],
  ]);
});

test('a service may be named as any label of DNS is', async () => {
  const service = (name: string) => ({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { clusterIP: 'None', ports: [{ port: 80 }] } });
  expect((await api.request('POST', '/api/v1/namespaces/default/services?dryRun=All', service('1st'))).status).toBe(201);
});
