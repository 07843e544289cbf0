/** POST and PUT: names, versions, options, what the server owns, what changes nothing. */
import { describe, expect, test } from 'vitest';
import { systemIds } from '#machinery/system.ts';
import { configMap, contractServer, deployment, mapsIn, pod } from './support.ts';

let suffixes: string[] = [];
const server = contractServer(() => ({ ids: { ...systemIds, suffix: (length) => suffixes.shift() ?? systemIds.suffix(length) } }));

describe('names', () => {
  test('generateName adds five characters of the safe alphabet to at most 58 of the base', async () => {
    const { status, json } = await server().request('POST', mapsIn('generated'), { ...configMap(''), metadata: { generateName: `${'x'.repeat(80)}-` } });
    expect([status, json.metadata.name]).toEqual([201, expect.stringMatching(/^x{58}[bcdfghjklmnpqrstvwxz2456789]{5}$/)]);
  });

  test('a generated name that is taken is made anew; when all are, the client is told to try again', async () => {
    const make = () => server().request('POST', mapsIn('generated'), { ...configMap(''), metadata: { generateName: 'job-' } });
    suffixes = ['aaaaa', 'aaaaa', 'bbbbb'];
    expect([(await make()).json.metadata.name, (await make()).json.metadata.name]).toEqual(['job-aaaaa', 'job-bbbbb']);
    suffixes = Array.from({ length: 20 }, () => 'aaaaa');
    const { status, json } = await make();
    suffixes = [];
    expect([status, json.reason]).toEqual([409, 'AlreadyExists']);
    expect(json.details).toMatchObject({ name: 'job-aaaaa', kind: 'configmaps', retryAfterSeconds: 1 });
  });

  test('a name goes before generateName; neither is invalid', async () => {
    expect((await server().request('POST', mapsIn('generated'), { ...configMap(''), metadata: { name: 'given', generateName: 'made-' } })).json.metadata.name).toBe('given');
    const { status, json } = await server().request('POST', mapsIn('generated'), { ...configMap(''), metadata: {} });
    expect([status, json.reason]).toEqual([422, 'Invalid']);
    expect(json.details.causes).toEqual([{ reason: 'FieldValueRequired', message: 'Required value: name or generateName is required', field: 'metadata.name' }]);
    expect(json.message).toBe('ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required');
  });

  test('a taken name is AlreadyExists', async () => {
    await server().request('POST', mapsIn('taken'), configMap('a'));
    const { status, json } = await server().request('POST', mapsIn('taken'), configMap('a'));
    expect([status, json.reason, json.message, json.details]).toEqual([409, 'AlreadyExists', 'configmaps "a" already exists', { name: 'a', kind: 'configmaps' }]);
    await server().request('POST', '/apis/apps/v1/namespaces/taken/deployments', deployment('web'));
    const other = await server().request('POST', '/apis/apps/v1/namespaces/taken/deployments', deployment('web'));
    expect([other.json.message, other.json.details]).toEqual(['deployments.apps "web" already exists', { name: 'web', group: 'apps', kind: 'deployments' }]);
  });
});

describe('create', () => {
  test('the server owns uid, time, generation and versions; status is not for creators', async () => {
    const { json } = await server().request('POST', '/apis/apps/v1/namespaces/owned/deployments', {
      ...deployment('web'),
      metadata: {
        name: 'web',
        uid: 'mine',
        creationTimestamp: '2001-01-01T00:00:00Z',
        generation: 77,
        selfLink: '/x',
        deletionTimestamp: '2001-01-01T00:00:00Z',
        deletionGracePeriodSeconds: 3,
      },
      status: { replicas: 9 },
    });
    expect(json.metadata).toMatchObject({ generation: 1, uid: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4/), resourceVersion: expect.stringMatching(/^[1-9]\d*$/) });
    expect(json.metadata.creationTimestamp).not.toContain('2001');
    for (const field of ['selfLink', 'deletionTimestamp', 'deletionGracePeriodSeconds']) expect(json.metadata).not.toHaveProperty(field);
    expect(json.status).toEqual({});
  });

  test.each<[string, object, number, string]>([
    ['a resourceVersion', { ...configMap('a'), metadata: { name: 'a', resourceVersion: '5' } }, 400, 'resourceVersion should not be set on objects to be created'],
    [
      'another namespace',
      { ...configMap('a'), metadata: { name: 'a', namespace: 'other' } },
      400,
      'the namespace of the provided object does not match the namespace sent on the request',
    ],
    ['another kind', { ...configMap('a'), kind: 'Secret' }, 400, 'Secret in version "v1" cannot be handled as a ConfigMap'],
    [
      'another version',
      { ...configMap('a'), apiVersion: 'v2' },
      400,
      'ConfigMap in version "v2" cannot be handled as a ConfigMap: no kind "ConfigMap" is registered for version "v2"',
    ],
    ['no object', [] as unknown as object, 400, 'ConfigMap'],
  ])('refused: %s', async (_, body, code, message) => {
    const { status, json } = await server().request('POST', mapsIn('refused'), body);
    expect([status, json.reason]).toEqual([code, 'BadRequest']);
    expect(json.message).toContain(message);
  });

  test('a namespace that the body leaves empty is the one of the path', async () => {
    for (const namespace of ['', undefined]) {
      const { json } = await server().request('POST', mapsIn('filled'), { ...configMap(''), metadata: { generateName: 'a-', namespace } });
      expect(json.metadata.namespace).toBe('filled');
    }
  });

  test('a dry run answers with everything, and leaves nothing', async () => {
    const { status, json } = await server().request('POST', `${mapsIn('dry')}?dryRun=All`, { ...configMap(''), metadata: { generateName: 'a-' } });
    expect([status, json.metadata.name, json.metadata.uid]).toEqual([201, expect.stringMatching(/^a-.{5}$/), expect.any(String)]);
    expect(json.metadata).not.toHaveProperty('resourceVersion');
    expect((await server().request('GET', mapsIn('dry'))).json.items).toEqual([]);
    await server().request('POST', mapsIn('dry'), configMap('there'));
    expect((await server().request('POST', `${mapsIn('dry')}?dryRun=All`, configMap('there'))).json.reason).toBe('AlreadyExists');
    const refused = await server().request('POST', `${mapsIn('dry')}?dryRun=Some`, configMap('b'));
    expect([refused.status, refused.json.message]).toEqual([422, 'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"']);
  });
});

describe('field validation and managers', () => {
  const body =
    '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"NAME"},"spec":{"containers":[{"name":"c","image":"x","nope":1}],"restartPolicy":"Never","restartPolicy":"Always"}}';
  const post = (name: string, query: string, type = 'application/json', text = body) =>
    server().request('POST', `/api/v1/namespaces/validated/pods?${query}`, text.replace('NAME', name), { 'content-type': type });
  test('Strict names all findings in one error', async () => {
    const { status, json } = await post('strict', 'fieldValidation=Strict');
    expect([status, json.reason]).toEqual([400, 'BadRequest']);
    expect(json.message).toBe('strict decoding error: unknown field "spec.containers[0].nope", duplicate field "spec.restartPolicy"');
  });
  test('Warn is the default: one header per finding', async () => {
    for (const query of ['', 'fieldValidation=Warn']) {
      const { status, headers } = await post(`warn${query.length}`, query);
      expect([status, headers['warning']]).toEqual([201, ['299 - "unknown field \\"spec.containers[0].nope\\""', '299 - "duplicate field \\"spec.restartPolicy\\""']]);
    }
  });
  test('Ignore says nothing; anything else is refused', async () => {
    const { status, headers } = await post('ignore', 'fieldValidation=Ignore');
    expect([status, headers['warning']]).toEqual([201, undefined]);
    const refused = await post('other', 'fieldValidation=Sometimes');
    expect([refused.status, refused.json.message]).toEqual([
      422,
      'CreateOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: "Sometimes": supported values: "", "Ignore", "Strict", "Warn"',
    ]);
  });
  test('YAML bodies are looked at the same way', async () => {
    const yaml = 'apiVersion: v1\nkind: Pod\nmetadata: {name: NAME}\nspec:\n  containers: [{name: c, image: x, nope: 1}]\n';
    const { status, json } = await post('yaml', 'fieldValidation=Strict', 'application/yaml', yaml);
    expect([status, json.message]).toEqual([400, expect.stringContaining('unknown field "spec.containers[0].nope"')]);
    expect((await post('yaml', '', 'application/yaml', yaml)).headers['warning']).toEqual(['299 - "unknown field \\"spec.containers[0].nope\\""']);
  });

  test('the manager is the one named, or the program', async () => {
    const manager = async (query: string, headers: Record<string, string>): Promise<string> =>
      (await server().request('POST', `${mapsIn('managed')}?${query}`, { ...configMap('', {}, { a: 'b' }), metadata: { generateName: 'm-' } }, headers)).json.metadata
        .managedFields[0].manager as string;
    expect(await manager('fieldManager=me', { 'user-agent': 'kubectl/v1.36 (linux/amd64)' })).toBe('me');
    expect(await manager('', { 'user-agent': 'kubectl-create/v1.36 (linux/amd64)' })).toBe('kubectl-create');
    expect(await manager('', {})).toBe('unknown');
    const long = await server().request('POST', `${mapsIn('managed')}?fieldManager=${'x'.repeat(129)}`, configMap('long'));
    expect([long.status, long.json.message]).toEqual([422, 'CreateOptions.meta.k8s.io "" is invalid: fieldManager: Too long: may not be more than 128 bytes']);
    expect((await server().request('POST', `${mapsIn('managed')}?fieldManager=a%01b`, configMap('odd'))).status).toBe(422);
  });
});

describe('update', () => {
  test.each<[string, (object: { metadata: Record<string, unknown> }) => unknown, number, string, string]>([
    [
      'another name',
      (object) => ({ ...object, metadata: { ...object.metadata, name: 'b' } }),
      400,
      'BadRequest',
      'the name of the object (b) does not match the name on the URL (a)',
    ],
    [
      'another namespace',
      (object) => ({ ...object, metadata: { ...object.metadata, namespace: 'b' } }),
      400,
      'BadRequest',
      'the namespace of the provided object does not match the namespace sent on the request',
    ],
    [
      'an old version',
      (object) => ({ ...object, metadata: { ...object.metadata, resourceVersion: '1' } }),
      409,
      'Conflict',
      'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
    ],
    [
      'another uid',
      (object) => ({ ...object, metadata: { ...object.metadata, uid: 'other' } }),
      409,
      'Conflict',
      'Precondition failed: UID in precondition: other, UID in object meta: ',
    ],
  ])('refused: %s', async (_, change, code, reason, message) => {
    await server().request('POST', mapsIn('put'), configMap('a'));
    const { json: current } = await server().request('GET', `${mapsIn('put')}/a`);
    const { status, json } = await server().request('PUT', `${mapsIn('put')}/a`, change(current));
    expect([status, json.reason]).toEqual([code, reason]);
    expect(json.message).toContain(message);
  });

  test('without a version the last one wins; what changes nothing keeps the version', async () => {
    await server().request('POST', mapsIn('unconditional'), configMap('a'));
    const first = await server().request('PUT', `${mapsIn('unconditional')}/a`, configMap('a', {}, { x: '1' }));
    const second = await server().request('PUT', `${mapsIn('unconditional')}/a`, configMap('a', {}, { x: '1' }));
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(second.json.metadata.resourceVersion).toBe(first.json.metadata.resourceVersion);
    expect(second.json.metadata.managedFields).toEqual(first.json.metadata.managedFields);
    const back = await server().request('PUT', `${mapsIn('unconditional')}/a`, second.json);
    expect(back.json.metadata.resourceVersion).toBe(first.json.metadata.resourceVersion);
  });

  test('a missing object is 404, but leases, events and their like are made', async () => {
    const { status, json } = await server().request('PUT', `${mapsIn('missing')}/a`, configMap('a'));
    expect([status, json.message, json.details]).toEqual([404, 'configmaps "a" not found', { name: 'a', kind: 'configmaps' }]);
    const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'l' }, spec: { holderIdentity: 'me' } };
    expect((await server().request('PUT', '/apis/coordination.k8s.io/v1/namespaces/missing/leases/l', lease)).status).toBe(201);
  });

  test('kinds that insist on a version say so', async () => {
    const runtime = { apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name: 'r' }, handler: 'h' };
    await server().request('POST', '/apis/node.k8s.io/v1/runtimeclasses', runtime);
    const { status, json } = await server().request('PUT', '/apis/node.k8s.io/v1/runtimeclasses/r', runtime);
    expect([status, json.message]).toEqual([422, 'runtimeclasses.node.k8s.io "r" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update']);
    const budget = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'b' }, spec: { minAvailable: 1 } };
    await server().request('POST', '/apis/policy/v1/namespaces/insist/poddisruptionbudgets', budget);
    const status2 = await server().request('PUT', '/apis/policy/v1/namespaces/insist/poddisruptionbudgets/b/status', {
      ...budget,
      status: { disruptionsAllowed: 1, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 },
    });
    expect([status2.status, status2.json.message]).toEqual([422, expect.stringContaining('metadata.resourceVersion: Invalid value: 0: must be specified for an update')]);
  });

  test('generation counts changes of the spec, not of labels or status; status goes through its own door only', async () => {
    const path = '/apis/apps/v1/namespaces/isolated/deployments';
    const { json: made } = await server().request('POST', path, deployment('web', 1));
    const labelled = await server().request('PUT', `${path}/web`, { ...made, metadata: { ...made.metadata, labels: { a: 'b' } }, status: { replicas: 5 } });
    expect([labelled.json.metadata.generation, labelled.json.status]).toEqual([1, {}]);
    const scaled = await server().request('PUT', `${path}/web`, { ...labelled.json, spec: { ...labelled.json.spec, replicas: 2 } });
    expect(scaled.json.metadata.generation).toBe(2);
    const told = await server().request('PUT', `${path}/web/status`, {
      ...scaled.json,
      spec: { ...scaled.json.spec, replicas: 7 },
      metadata: { ...scaled.json.metadata, annotations: { seen: 'yes' } },
      status: { replicas: 2, observedGeneration: 2 },
    });
    expect([told.json.spec.replicas, told.json.status.replicas, told.json.metadata.generation, told.json.metadata.annotations]).toEqual([2, 2, 2, { seen: 'yes' }]);
    const again = await server().request('PUT', `${path}/web/status`, told.json);
    expect(again.json.metadata.resourceVersion).toBe(told.json.metadata.resourceVersion);
    expect((await server().request('GET', `${path}/web/status`)).json.kind).toBe('Deployment');
  });

  test('finalizers may not be added to what is on its way out, and the last one to go takes the object along', async () => {
    const path = '/api/v1/namespaces/leaving/pods';
    await server().request('POST', path, pod('p', {}, { finalizers: ['example.com/a'] }));
    const deleted = await server().request('DELETE', `${path}/p?gracePeriodSeconds=0`);
    expect(deleted.json.metadata.deletionTimestamp).toEqual(expect.any(String));
    const added = await server().request(
      'PATCH',
      `${path}/p`,
      { metadata: { finalizers: ['example.com/a', 'example.com/b'] } },
      { 'content-type': 'application/merge-patch+json' },
    );
    expect([added.status, added.json.message]).toEqual([
      422,
      expect.stringContaining('metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.com/b"}'),
    ]);
    const last = await server().request('PATCH', `${path}/p`, { metadata: { finalizers: null } }, { 'content-type': 'application/merge-patch+json' });
    expect(last.status).toBe(200);
    expect((await server().request('GET', `${path}/p`)).status).toBe(404);
  });
});

test('the phase of a namespace that a status update leaves out is Active', async () => {
  await server().request('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'phase' } });
  const { status, json } = await server().request('PUT', '/api/v1/namespaces/phase/status', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'phase' } });
  expect([status, json.status]).toEqual([200, { phase: 'Active' }]);
});
