/** Server-side apply over HTTP: ownership as it is written down, conflicts, what goes with whom, and how clients come to it. */
import { describe, expect, test } from 'vitest';
import { configMap, contractServer, deployment, mapsIn } from './support.ts';

const server = contractServer();
const APPLY = { 'content-type': 'application/apply-patch+yaml' };
const MERGE = { 'content-type': 'application/merge-patch+json' };
const apply = (path: string, manager: string, body: unknown, query = '') => server().request('PATCH', `${path}?fieldManager=${manager}${query}`, body, APPLY);

interface Entry {
  readonly manager: string;
  readonly operation: string;
  readonly subresource?: string;
  readonly time?: string;
  readonly fieldsType: string;
  readonly fieldsV1: object;
}
const entries = (json: { metadata: { managedFields?: Entry[] } }): Entry[] => json.metadata.managedFields ?? [];
const map = (name: string, data: object, labels?: object) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...(labels === undefined ? {} : { labels }) }, data });

describe('ownership', () => {
  const path = mapsIn('own');
  test('an apply creates, and writes down every field it set', async () => {
    const { status, json } = await apply(`${path}/a`, 'me', map('a', { x: '1' }, { l: 'v' }));
    expect(status).toBe(201);
    expect(entries(json)).toEqual([
      {
        manager: 'me',
        operation: 'Apply',
        apiVersion: 'v1',
        time: expect.stringMatching(/Z$/),
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:data': { 'f:x': {} }, 'f:metadata': { 'f:labels': { 'f:l': {} } } },
      },
    ]);
  });

  test('a second manager shares what it agrees on; what nobody applies any more goes', async () => {
    await apply(`${path}/b`, 'one', map('b', { x: '1', y: '1' }));
    const shared = await apply(`${path}/b`, 'two', map('b', { x: '1', z: '1' }));
    expect([
      shared.status,
      entries(shared.json)
        .map(({ manager }) => manager)
        .toSorted(),
    ]).toEqual([200, ['one', 'two']]);
    const dropped = await apply(`${path}/b`, 'one', map('b', {}));
    expect(dropped.json.data).toEqual({ x: '1', z: '1' });
  });

  test('a conflict names field and manager; force takes the field', async () => {
    await apply(`${path}/c`, 'one', map('c', { x: '1', y: '1' }));
    const refused = await apply(`${path}/c`, 'two', map('c', { x: '2', y: '2' }));
    expect([refused.status, refused.json.reason, refused.json.message]).toEqual([409, 'Conflict', 'Apply failed with 2 conflicts: conflicts with "one":\n- .data.x\n- .data.y']);
    expect(refused.json.details.causes).toEqual([
      { reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.x' },
      { reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.y' },
    ]);
    const forced = await apply(`${path}/c`, 'two', map('c', { x: '2' }), '&force=true');
    expect([forced.status, forced.json.data]).toEqual([200, { x: '2', y: '1' }]);
    expect(entries(forced.json).find(({ manager }) => manager === 'one')?.fieldsV1).toEqual({ 'f:data': { 'f:y': {} } });
  });

  test('a conflict with a plain writer says how and when it wrote', async () => {
    await server().request('POST', `${path}?fieldManager=kubectl-create`, configMap('d', {}, { x: '1' }));
    const { status, json } = await apply(`${path}/d`, 'me', map('d', { x: '2' }));
    expect([status, json.details.causes[0].message]).toEqual([409, expect.stringMatching(/^conflict with "kubectl-create" using v1$/)]);
  });

  test('an apply that says the same again changes nothing', async () => {
    const first = await apply(`${path}/e`, 'me', map('e', { x: '1' }));
    const again = await apply(`${path}/e`, 'me', map('e', { x: '1' }));
    expect([again.status, again.json.metadata.resourceVersion, again.json]).toEqual([200, first.json.metadata.resourceVersion, first.json]);
  });

  test('lists with keys are owned item by item', async () => {
    const deployments = '/apis/apps/v1/namespaces/own/deployments';
    const base = { ...deployment('web'), spec: { ...deployment('web').spec } };
    await apply(`${deployments}/web`, 'one', base);
    const sidecar = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: { template: { spec: { containers: [{ name: 'side', image: 'example/side:1' }] } } },
    };
    const both = await apply(`${deployments}/web`, 'two', sidecar);
    expect(both.json.spec.template.spec.containers.map(({ name }: { name: string }) => name)).toEqual(['c', 'side']);
    expect(JSON.stringify(entries(both.json).find(({ manager }) => manager === 'two')!.fieldsV1)).toContain('"k:{\\"name\\":\\"side\\"}":{".":{},"f:image":{},"f:name":{}}');
    const gone = await apply(`${deployments}/web`, 'two', { ...sidecar, spec: {} });
    expect(gone.json.spec.template.spec.containers.map(({ name }: { name: string }) => name)).toEqual(['c']);
  });

  test('who applies the object owns no status, and through /status nothing else', async () => {
    const deployments = '/apis/apps/v1/namespaces/own/deployments';
    const body = { ...deployment('status'), status: { replicas: 3 } };
    const main = await apply(`${deployments}/status`, 'one', body);
    expect([main.json.status, JSON.stringify(entries(main.json))]).toEqual([{}, expect.not.stringContaining('f:status')]);
    const told = await apply(`${deployments}/status/status`, 'two', { ...body, spec: { ...body.spec, replicas: 9 } });
    expect([told.json.status.replicas, told.json.spec.replicas]).toEqual([3, 1]);
    const entry = entries(told.json).find(({ manager }) => manager === 'two')!;
    expect([entry.subresource, entry.operation, entry.fieldsV1]).toEqual(['status', 'Apply', { 'f:status': { 'f:replicas': {} } }]);
  });
});

describe('plain writers', () => {
  test('each owns what it changed; no more than ten are kept by name', async () => {
    const path = mapsIn('plain');
    await server().request('POST', `${path}?fieldManager=m0`, configMap('a', {}, { k0: 'v' }));
    for (let at = 1; at <= 12; at++) await server().request('PATCH', `${path}/a?fieldManager=m${at}`, { data: { [`k${at}`]: 'v' } }, MERGE);
    const { json } = await server().request('GET', `${path}/a`);
    const updates = entries(json).filter(({ operation }) => operation === 'Update');
    expect(updates).toHaveLength(10);
    expect(updates.map(({ manager }) => manager)).toContain('ancient-changes');
    expect(updates.map(({ manager }) => manager)).toContain('m12');
  });

  test('one empty entry gives up all ownership, an empty list says nothing', async () => {
    const path = mapsIn('plain');
    await server().request('POST', path, configMap('c', {}, { x: '1' }));
    const kept = await server().request('PATCH', `${path}/c`, { metadata: { managedFields: [] } }, MERGE);
    expect(entries(kept.json)).toHaveLength(1);
    const { status, json } = await server().request('PATCH', `${path}/c`, { metadata: { managedFields: [{}] } }, MERGE);
    expect(status).toBe(200);
    expect(json.metadata).not.toHaveProperty('managedFields');
    const later = await server().request('PATCH', `${path}/c`, { data: { y: '1' } }, MERGE);
    expect(later.json.metadata).not.toHaveProperty('managedFields');
  });

  test('an object that nobody tracks is before-first-apply’s when somebody applies', async () => {
    const path = mapsIn('plain');
    const { json } = await apply(`${path}/c`, 'me', map('c', { z: '2' }));
    expect(
      entries(json)
        .map(({ manager, operation }) => `${manager} ${operation}`)
        .toSorted(),
    ).toEqual(['before-first-apply Update', 'me Apply']);
    const refused = await apply(`${path}/c`, 'me', map('c', { x: '2' }));
    expect([refused.status, refused.json.details.causes[0].message]).toEqual([409, expect.stringContaining('conflict with "before-first-apply"')]);
  });

  test('entries that make no sense are not taken', async () => {
    const path = mapsIn('plain');
    await server().request('POST', `${path}?fieldManager=one`, configMap('d', {}, { x: '1' }));
    const { json } = await server().request(
      'PATCH',
      `${path}/d`,
      { metadata: { managedFields: [{ manager: 'x', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV2', fieldsV1: {} }] } },
      MERGE,
    );
    expect(entries(json).map(({ manager }) => manager)).toEqual(['one']);
  });
});

describe('from client-side to server-side apply', () => {
  const LAST = 'kubectl.kubernetes.io/last-applied-configuration';
  test('kubectl’s way: its entry is made an applier’s by a patch that insists on the version', async () => {
    const path = mapsIn('migrate');
    const config = map('a', { x: '1', y: '1' });
    const made = await server().request('POST', `${path}?fieldManager=kubectl-client-side-apply`, {
      ...config,
      metadata: { name: 'a', annotations: { [LAST]: JSON.stringify(config) } },
    });
    const [entry] = entries(made.json);
    const moved = [
      { op: 'replace', path: '/metadata/managedFields', value: [{ ...entry!, manager: 'kubectl', operation: 'Apply' }] },
      { op: 'replace', path: '/metadata/resourceVersion', value: made.json.metadata.resourceVersion as string },
    ];
    const patched = await server().request('PATCH', `${path}/a?fieldManager=kubectl`, moved, { 'content-type': 'application/json-patch+json' });
    expect(patched.status, patched.text).toBe(200);
    expect(entries(patched.json).map(({ manager, operation }) => `${manager} ${operation}`)).toEqual(['kubectl Apply']);
    const dropped = await apply(`${path}/a`, 'kubectl', map('a', { x: '1' }));
    expect(dropped.json.data).toEqual({ x: '1' });
    expect((await server().request('PATCH', `${path}/a`, moved, { 'content-type': 'application/json-patch+json' })).status).toBe(409);
  });

  test('without that: what the annotation says was applied is no conflict for kubectl, and goes when it is left out', async () => {
    const path = mapsIn('migrate');
    const config = map('b', { x: '1', y: '1' });
    await server().request('POST', `${path}?fieldManager=kubectl-client-side-apply`, { ...config, metadata: { name: 'b', annotations: { [LAST]: JSON.stringify(config) } } });
    const { status, json } = await apply(`${path}/b`, 'kubectl', map('b', { x: '2' }));
    expect([status, json.data]).toEqual([200, expect.objectContaining({ x: '2' })]);
  });
});

describe('refused', () => {
  const path = mapsIn('refused');
  test.each<[string, string, unknown, number, string]>([
    ['no manager', '', map('a', {}), 422, 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'],
    ['managedFields', 'fieldManager=me', { ...map('a', {}), metadata: { name: 'a', managedFields: [{ manager: 'x' }] } }, 400, 'metadata.managedFields must be nil'],
    [
      'an unknown field',
      'fieldManager=me',
      { ...map('a', {}), color: 'red' },
      400,
      'failed to create typed patch object (/a; /v1, Kind=ConfigMap): .color: field not declared in schema',
    ],
    ['another name', 'fieldManager=me', map('b', {}), 400, 'does not match the name on the URL'],
    ['another kind', 'fieldManager=me', { ...map('a', {}), kind: 'Secret' }, 400, 'Secret'],
    ['no object', 'fieldManager=me', '- a\n- b\n', 400, 'YAML'],
    ['a version of what is not there', 'fieldManager=me', { ...map('a', {}), metadata: { name: 'a', uid: 'x' } }, 409, 'UID in precondition'],
  ])('%s', async (_, query, body, code, message) => {
    const { status, json } = await server().request('PATCH', `${path}/a?${query}`, body, APPLY);
    expect([status, json.message]).toEqual([code, expect.stringContaining(message)]);
  });

  test('a dry run writes nothing; YAML and JSON are the same', async () => {
    const dry = await apply(`${path}/dry`, 'me', 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: dry\ndata:\n  x: "1"\n', '&dryRun=All');
    expect([dry.status, dry.json.data]).toEqual([201, { x: '1' }]);
    expect((await server().request('GET', `${path}/dry`)).status).toBe(404);
  });
});
