/** DELETE of one and of many: answers, preconditions, grace, propagation. */
import { describe, expect, test } from 'vitest';
import { configMap, contractServer, deployment, mapsIn, pod, PROTOBUF, TABLE } from './support.ts';

const server = contractServer();
const pods = (namespace: string): string => `/api/v1/namespaces/${namespace}/pods`;
const deployments = (namespace: string): string => `/apis/apps/v1/namespaces/${namespace}/deployments`;
const job = (name: string) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name },
  spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'x' }] } } },
});

describe('the answer', () => {
  test('a Status that names what is gone', async () => {
    const made = await server().request('POST', mapsIn('status'), configMap('a'));
    const { status, json } = await server().request('DELETE', `${mapsIn('status')}/a`);
    expect(status).toBe(200);
    expect(json).toEqual({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details: { name: 'a', kind: 'configmaps', uid: made.json.metadata.uid } });
    await server().request('POST', deployments('status'), deployment('web'));
    expect((await server().request('DELETE', `${deployments('status')}/web`)).json.details).toMatchObject({ name: 'web', group: 'apps', kind: 'deployments' });
  });

  test.each([
    ['pods', pods('returned'), pod('a')],
    [
      'services',
      '/api/v1/namespaces/returned/services',
      { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a' }, spec: { type: 'ExternalName', externalName: 'example.com' } },
    ],
    ['serviceaccounts', '/api/v1/namespaces/returned/serviceaccounts', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'a' } }],
    ['resourcequotas', '/api/v1/namespaces/returned/resourcequotas', { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'a' }, spec: { hard: { pods: '1' } } }],
    [
      'podtemplates',
      '/api/v1/namespaces/returned/podtemplates',
      { apiVersion: 'v1', kind: 'PodTemplate', metadata: { name: 'a' }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x' }] } } },
    ],
    ['storageclasses', '/apis/storage.k8s.io/v1/storageclasses', { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'a' }, provisioner: 'example.com/p' }],
  ])('the object itself: %s', async (_, path, body) => {
    const made = await server().request('POST', path, body);
    expect(made.status, made.text).toBe(201);
    const { status, json } = await server().request('DELETE', `${path}/a`);
    expect([status, json.kind, json.metadata.uid]).toEqual([200, body.kind, made.json.metadata.uid]);
  });

  test('what is not there is 404; a dry run leaves it', async () => {
    expect((await server().request('DELETE', `${mapsIn('status')}/gone`)).json).toMatchObject({ reason: 'NotFound', message: 'configmaps "gone" not found' });
    await server().request('POST', mapsIn('status'), configMap('dry'));
    for (const [query, body] of [
      ['?dryRun=All', undefined],
      ['', { dryRun: ['All'] }],
    ] as const)
      expect((await server().request('DELETE', `${mapsIn('status')}/dry${query}`, body)).json.status).toBe('Success');
    expect((await server().request('GET', `${mapsIn('status')}/dry`)).status).toBe(200);
    expect((await server().request('DELETE', `${mapsIn('status')}/dry?dryRun=Maybe`)).status).toBe(422);
  });

  test('options come as JSON, YAML, protobuf, under the name of any group', async () => {
    // DeleteOptions {1: gracePeriodSeconds 0, 4: propagationPolicy Background}
    const raw = Buffer.concat([Buffer.from([0x08, 0x00, 0x22, 10]), Buffer.from('Background')]);
    const type = Buffer.concat([Buffer.from([0x0a, 2]), Buffer.from('v1'), Buffer.from([0x12, 13]), Buffer.from('DeleteOptions')]);
    const envelope = Buffer.concat([Buffer.from('k8s\0'), Buffer.from([0x0a, type.length]), type, Buffer.from([0x12, raw.length]), raw]);
    for (const [type_, body] of [
      ['application/json', { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' }],
      ['application/json', { kind: 'DeleteOptions', apiVersion: 'apps/v1', propagationPolicy: 'Background' }],
      ['application/json', {}],
      ['application/yaml', 'kind: DeleteOptions\napiVersion: meta.k8s.io/v1\npropagationPolicy: Background\n'],
      [PROTOBUF, envelope],
    ] as const) {
      await server().request('POST', mapsIn('options'), configMap('a'));
      const { status, text } = await server().request('DELETE', `${mapsIn('options')}/a`, body, { 'content-type': type_ });
      expect(status, `${type_} ${text}`).toBe(200);
    }
    await server().request('POST', mapsIn('options'), configMap('a'));
    expect((await server().request('DELETE', `${mapsIn('options')}/a`, 'x', { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await server().request('DELETE', `${mapsIn('options')}/a`, '{', { 'content-type': 'application/json' })).status).toBe(400);
    expect((await server().request('DELETE', `${mapsIn('options')}/a`, { kind: 'Pod', apiVersion: 'v1' })).status).toBe(400);
  });
});

describe('preconditions', () => {
  test('uid and resourceVersion that are not its are conflicts that name both', async () => {
    const { json } = await server().request('POST', mapsIn('conditions'), configMap('a'));
    const { uid, resourceVersion } = json.metadata as { uid: string; resourceVersion: string };
    const wrongUid = await server().request('DELETE', `${mapsIn('conditions')}/a`, { preconditions: { uid: 'other' } });
    expect([wrongUid.status, wrongUid.json.reason]).toEqual([409, 'Conflict']);
    expect(wrongUid.json.message).toContain(`the UID in the precondition (other) does not match the UID in record (${uid})`);
    const wrongVersion = await server().request('DELETE', `${mapsIn('conditions')}/a`, { preconditions: { resourceVersion: '1' } });
    expect(wrongVersion.json.message).toContain(`the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (${resourceVersion})`);
    expect((await server().request('DELETE', `${mapsIn('conditions')}/a`, { preconditions: { uid, resourceVersion } })).status).toBe(200);
  });
});

describe('grace', () => {
  test('of pods: the spec says, the client shortens, nobody lengthens; a pod without a node goes at once', async () => {
    const path = pods('grace');
    await server().request('POST', path, pod('bound', { nodeName: 'n' }));
    const first = await server().request('DELETE', `${path}/bound`);
    expect([first.status, first.json.metadata.deletionGracePeriodSeconds, first.json.metadata.generation]).toEqual([200, 30, 2]);
    const ends = Date.parse(first.json.metadata.deletionTimestamp as string);
    expect(ends - Date.now()).toBeGreaterThan(25_000);
    const shorter = await server().request('DELETE', `${path}/bound?gracePeriodSeconds=5`);
    expect(shorter.json.metadata.deletionGracePeriodSeconds).toBe(5);
    expect(ends - Date.parse(shorter.json.metadata.deletionTimestamp as string)).toBe(25_000);
    expect((await server().request('DELETE', `${path}/bound?gracePeriodSeconds=60`)).json.metadata.deletionGracePeriodSeconds).toBe(5);
    expect((await server().request('DELETE', `${path}/bound?gracePeriodSeconds=-3`)).json.metadata.deletionGracePeriodSeconds).toBe(1);
    expect((await server().request('DELETE', `${path}/bound`, { gracePeriodSeconds: 0 })).json.metadata.name).toBe('bound');
    expect((await server().request('GET', `${path}/bound`)).status).toBe(404);
    await server().request('POST', path, pod('free'));
    await server().request('DELETE', `${path}/free`);
    expect((await server().request('GET', `${path}/free`)).status).toBe(404);
    expect((await server().request('DELETE', `${path}/x?gracePeriodSeconds=soon`)).status).toBe(400);
  });
});

describe('propagation', () => {
  test.each<[string, object | undefined, string[] | undefined, number]>([
    ['Foreground', { propagationPolicy: 'Foreground' }, ['foregroundDeletion'], 200],
    ['Orphan', { propagationPolicy: 'Orphan' }, ['orphan'], 200],
    ['Background', { propagationPolicy: 'Background' }, undefined, 200],
    ['nothing said', undefined, undefined, 200],
    ['orphanDependents', { orphanDependents: true }, ['orphan'], 200],
    ['no orphanDependents', { orphanDependents: false }, undefined, 200],
  ])('%s', async (title, options, finalizers, code) => {
    const name = title.toLowerCase().replaceAll(' ', '-');
    await server().request('POST', deployments('ways'), deployment(name));
    const { status, json } = await server().request('DELETE', `${deployments('ways')}/${name}`, options);
    expect(status).toBe(code);
    const left = await server().request('GET', `${deployments('ways')}/${name}`);
    if (finalizers === undefined) expect([json.kind, left.status]).toEqual(['Status', 404]);
    else {
      expect([json.kind, left.json.metadata.finalizers, left.json.metadata.deletionGracePeriodSeconds]).toEqual(['Deployment', finalizers, 0]);
      expect(left.json.metadata.deletionTimestamp).toEqual(expect.any(String));
    }
  });

  test('a finalizer of its own with orphanDependents=false is 202', async () => {
    await server().request('POST', mapsIn('ways'), { ...configMap('held'), metadata: { name: 'held', finalizers: ['example.com/a'] } });
    const { status, json } = await server().request('DELETE', `${mapsIn('ways')}/held`, { orphanDependents: false });
    expect([status, json.kind, json.metadata.finalizers]).toEqual([202, 'ConfigMap', ['example.com/a']]);
    const again = await server().request('DELETE', `${mapsIn('ways')}/held`);
    expect([again.status, again.json.metadata.resourceVersion]).toEqual([200, json.metadata.resourceVersion]);
  });

  test('jobs and replication controllers leave their pods behind unless told otherwise, jobs with a warning', async () => {
    const jobs = '/apis/batch/v1/namespaces/ways/jobs';
    await server().request('POST', jobs, job('a'));
    const { json, headers } = await server().request('DELETE', `${jobs}/a`);
    expect([json.kind, json.metadata?.finalizers]).toEqual(['Job', ['orphan']]);
    expect(headers['warning']).toEqual([
      '299 - "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning"',
    ]);
    await server().request('POST', jobs, job('b'));
    const told = await server().request('DELETE', `${jobs}/b?propagationPolicy=Background`);
    expect([told.json.status, told.headers['warning']]).toEqual(['Success', undefined]);
    const controllers = '/api/v1/namespaces/ways/replicationcontrollers';
    await server().request('POST', controllers, {
      apiVersion: 'v1',
      kind: 'ReplicationController',
      metadata: { name: 'rc' },
      spec: { selector: { a: 'b' }, template: { metadata: { labels: { a: 'b' } }, spec: pod('x').spec } },
    });
    expect((await server().request('DELETE', `${controllers}/rc`)).json.metadata.finalizers).toEqual(['orphan']);
  });

  test.each<[object, string]>([
    [{ propagationPolicy: 'Sideways' }, 'propagationPolicy: Unsupported value: "Sideways": supported values: "Foreground", "Background", "Orphan", "nil"'],
    [{ propagationPolicy: 'Orphan', orphanDependents: true }, 'propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set'],
  ])('refused: %j', async (options, message) => {
    await server().request('POST', mapsIn('refused'), configMap('a'));
    const { status, json } = await server().request('DELETE', `${mapsIn('refused')}/a`, options);
    expect([status, json.reason, json.details.kind]).toEqual([422, 'Invalid', 'DeleteOptions']);
    expect(json.message).toContain(message);
  });
});

describe('many at once', () => {
  const fill = async (namespace: string): Promise<string> => {
    for (const name of ['a', 'b', 'c']) await server().request('POST', mapsIn(namespace), configMap(name, { odd: name === 'b' ? 'no' : 'yes' }));
    return mapsIn(namespace);
  };
  const left = async (path: string): Promise<string> =>
    ((await server().request('GET', path)).json.items as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name).join(' ');

  test.each([
    ['all', '', ''],
    ['by label', '?labelSelector=odd%3Dyes', 'b'],
    ['by field', '?fieldSelector=metadata.name%3Da', 'b c'],
    ['by neither a name', '?fieldSelector=metadata.name!%3Da', 'a'],
    ['no more than', '?limit=2', 'c'],
    ['as a rehearsal', '?dryRun=All', 'a b c'],
  ])('%s', async (title, query, rest) => {
    const path = await fill(`many-${title.replaceAll(' ', '-')}`);
    const { status, json } = await server().request('DELETE', `${path}${query}`);
    expect([status, json.kind, json.apiVersion]).toEqual([200, 'ConfigMapList', 'v1']);
    expect(await left(path)).toBe(rest);
  });

  test('options in the body; the list in the form that was asked for; finalizers hold', async () => {
    const path = await fill('many-options');
    await server().request('PATCH', `${path}/a`, { metadata: { finalizers: ['example.com/a'] } }, { 'content-type': 'application/merge-patch+json' });
    const { json } = await server().request('DELETE', path, { propagationPolicy: 'Background' }, { accept: TABLE });
    expect([json.kind, json.rows.length]).toEqual(['Table', 3]);
    expect(await left(path)).toBe('a');
    expect((await server().request('DELETE', path, { preconditions: { uid: 'x' } })).status).toBe(200);
    expect(await left(path)).toBe('a');
  });

  test('selectors that cannot be read delete nothing', async () => {
    const path = await fill('many-refused');
    for (const query of ['labelSelector=a%3D%3D%3Db', 'fieldSelector=data%3Dx', 'resourceVersionMatch=Exact'])
      expect((await server().request('DELETE', `${path}?${query}`)).status).toBeGreaterThanOrEqual(400);
    expect(await left(path)).toBe('a b c');
  });

  test('services are never deleted by the dozen without having been asked for, and need a namespace', async () => {
    expect((await server().request('DELETE', '/api/v1/configmaps')).status).toBe(405);
    expect((await server().request('DELETE', '/api/v1/namespaces')).status).toBe(405);
  });
});
