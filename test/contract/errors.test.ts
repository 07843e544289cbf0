/** Status bodies: their shape, reasons and texts, and what a client is told to do. */
import { describe, expect, test } from 'vitest';
import { startHarness } from '#apiserver/testing/harness.ts';
import { StoreUnavailable } from '#store/errors.ts';
import { configMap, contractServer, mapsIn, pod } from './support.ts';

const server = contractServer();
const PODS = '/api/v1/namespaces/errors/pods';

test('a Status has all that Kubernetes gives one, and nothing else', async () => {
  const { status, json, headers } = await server().request('GET', `${PODS}/gone`);
  expect(status).toBe(404);
  expect(json).toEqual({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'pods "gone" not found',
    reason: 'NotFound',
    details: { name: 'gone', kind: 'pods' },
    code: 404,
  });
  expect(headers['content-type']).toBe('application/json');
  expect(headers['cache-control']).toBe('no-cache, private');
});

test('invalid: every cause with its reason, text and field', async () => {
  const one = await server().request('POST', PODS, pod('a', { restartPolicy: 'Sometimes' }));
  expect([one.status, one.json.reason, one.json.message]).toEqual([
    422,
    'Invalid',
    'Pod "a" is invalid: spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
  ]);
  expect(one.json.details).toEqual({
    name: 'a',
    kind: 'Pod',
    causes: [{ reason: 'FieldValueNotSupported', message: 'Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"', field: 'spec.restartPolicy' }],
  });
  const several = await server().request('POST', PODS, { ...pod('Bad_Name'), spec: { containers: [] } });
  expect(several.json.message).toMatch(/^Pod "Bad_Name" is invalid: \[metadata\.name: Invalid value: "Bad_Name": .*, spec\.containers: Required value\]$/);
  const grouped = await server().request('POST', '/apis/apps/v1/namespaces/errors/deployments', { metadata: { name: 'd' }, spec: { selector: {}, template: {} } });
  expect(grouped.json.details).toMatchObject({ name: 'd', group: 'apps', kind: 'Deployment' });
  expect(grouped.json.message).toMatch(/^Deployment\.apps "d" is invalid: \[/);
});

test('undecodable bodies are 400 in the words of Kubernetes', async () => {
  for (const [body, message] of [
    ['{', /unexpected end of JSON input|unexpected EOF|error/i],
    ['', /./],
    [
      '{"kind":"Pod","apiVersion":"v1","spec":{"containers":"many"}}',
      /^Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal string into Go struct field PodSpec\.spec\.containers of type \[\]v1\.Container$/,
    ],
    [
      '{"kind":"Pod","apiVersion":"v1","spec":{"activeDeadlineSeconds":"x"}}',
      /^Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal string into Go struct field PodSpec\.spec\.activeDeadlineSeconds of type int64$/,
    ],
  ] as const) {
    const { status, json } = await server().request('POST', PODS, body);
    expect([status, json.reason]).toEqual([400, 'BadRequest']);
    expect(json.message).toMatch(message);
  }
});

describe('who may not', () => {
  test.each([
    ['POST', '/api/v1/namespaces/x/pods', 'pods is forbidden: User "eve" cannot create resource "pods" in API group "" in the namespace "x"'],
    ['GET', '/api/v1/namespaces/x/pods/p', 'pods "p" is forbidden: User "eve" cannot get resource "pods" in API group "" in the namespace "x"'],
    ['GET', '/api/v1/namespaces/x/pods/p/log', 'pods "p" is forbidden: User "eve" cannot get resource "pods/log" in API group "" in the namespace "x"'],
    ['GET', '/apis/apps/v1/deployments', 'deployments.apps is forbidden: User "eve" cannot list resource "deployments" in API group "apps" at the cluster scope'],
    ['GET', '/api/v1/nodes?watch=1', 'nodes is forbidden: User "eve" cannot watch resource "nodes" in API group "" at the cluster scope'],
    ['DELETE', '/api/v1/namespaces/x/pods', 'pods is forbidden: User "eve" cannot deletecollection resource "pods" in API group "" in the namespace "x"'],
    ['GET', '/metrics', 'forbidden: User "eve" cannot get path "/metrics"'],
  ])('%s %s', async (method, path, message) => {
    const harness = await startHarness({
      authenticator: { authenticate: async () => ({ name: 'eve', groups: ['system:authenticated'] }) },
      authorizer: { authorize: () => ({ outcome: 'none', reason: '' }) },
    });
    const { status, json } = await harness.request(method, path);
    await harness.close();
    expect([status, json.reason, json.message]).toEqual([403, 'Forbidden', message]);
  });

  test('nobody at all is 401', async () => {
    const harness = await startHarness({ authenticator: { authenticate: async () => undefined } });
    const { status, json } = await harness.request('GET', PODS, undefined, { authorization: 'Bearer nobody-knows' });
    await harness.close();
    expect([status, json.reason, json.message, json.code]).toEqual([401, 'Unauthorized', 'Unauthorized', 401]);
  });
});

test('a store that cannot be written to is 503 with a time to come back, a fault of ours 500 without its story', async () => {
  const harness = await startHarness();
  const failing = await startHarness({
    store: new Proxy(harness.store, {
      get(target, key) {
        if (key === 'commit') return async () => Promise.reject(new StoreUnavailable('the disk is full'));
        if (key === 'list') return async () => Promise.reject(new TypeError('a secret of ours'));
        const value = Reflect.get(target, key) as unknown;
        return typeof value === 'function' ? (value as (...all: unknown[]) => unknown).bind(target) : value;
      },
    }),
  });
  const unavailable = await failing.request('POST', mapsIn('errors'), configMap('a'));
  expect([unavailable.status, unavailable.json.reason]).toEqual([503, 'ServiceUnavailable']);
  const broken = await failing.request('GET', mapsIn('errors'));
  expect([broken.status, broken.json.reason, broken.text.includes('secret')]).toEqual([500, 'InternalError', false]);
  expect(failing.logged).toEqual([expect.any(TypeError)]);
  await harness.close();
});

test('bodies larger than three mebibytes are 413, objects larger than can be kept too', async () => {
  const { status, json } = await server().request('POST', mapsIn('errors'), configMap('large', {}, { text: 'x'.repeat(1024 * 1024 + 1) }));
  expect([status, json.reason]).toEqual([422, 'Invalid']);
  expect(json.message).toContain('Too long: may not be more than 1048576 bytes');
});

test('every answer has an Audit-Id, the client’s own where it gave one', async () => {
  expect((await server().request('GET', PODS)).headers['audit-id']).toMatch(/^[0-9a-f-]{36}$/);
  expect((await server().request('GET', PODS, undefined, { 'audit-id': 'mine-1' })).headers['audit-id']).toBe('mine-1');
  expect((await server().request('GET', PODS, undefined, { 'audit-id': 'a b\r\nc' })).headers['audit-id']).toMatch(/^[0-9a-f-]{36}$/);
});

test('errors come in the form that was asked for, laid out for people, and as JSON where that form is none', async () => {
  const type = async (headers: Record<string, string>): Promise<unknown> => (await server().request('GET', `${PODS}/gone`, undefined, headers)).headers['content-type'];
  expect(await type({ accept: 'application/yaml' })).toBe('application/yaml');
  expect(await type({ accept: 'application/vnd.kubernetes.protobuf,application/json' })).toBe('application/vnd.kubernetes.protobuf');
  expect(await type({ accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' })).toBe('application/json');
  expect(await type({ accept: 'text/html' })).toBe('application/json');
  expect((await server().request('GET', `${PODS}/gone`, undefined, { 'user-agent': 'curl/8.1' })).text).toContain('\n  "kind": "Status"');
});

test('a stream of a pod that is not there is a 404, and only then one without its upgrade a 400', async () => {
  for (const stream of ['exec?command=ls', 'attach', 'portforward']) expect((await server().request('GET', `${PODS}/gone/${stream}`)).status).toBe(404);
  await server().request('POST', PODS, pod('streamed'));
  const { status, json } = await server().request('GET', `${PODS}/streamed/exec?command=ls`);
  expect([status, json.message]).toEqual([400, 'Upgrade request required']);
});

test('a service whose addresses do not agree is refused before it is given one', async () => {
  const path = '/api/v1/namespaces/errors/services';
  const service = (spec: object) => ({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'addressed' }, spec: { ports: [{ port: 80 }], ...spec } });
  const listed = await server().request('POST', path, service({ clusterIPs: ['x'] }));
  expect([listed.status, listed.json.details.causes.map(({ field }: { field: string }) => field)]).toEqual([422, ['spec.clusterIPs', 'spec.clusterIPs[0]']]);
  expect(listed.json.message).toContain('must be empty when `clusterIP` is not specified');
  const family = await server().request('POST', path, service({ ipFamilies: ['IPv5'] }));
  expect(family.json.message).toBe('Service "addressed" is invalid: spec.ipFamilies[0]: Unsupported value: "IPv5": supported values: "IPv4", "IPv6"');
});

test('a job that is replaced says its selector and labels, as they were generated', async () => {
  const path = '/apis/batch/v1/namespaces/errors/jobs';
  const job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'made' },
    spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } },
  };
  const made = await server().request('POST', path, job);
  expect(made.status).toBe(201);
  expect((await server().request('PUT', `${path}/made`, made.json)).status).toBe(200);
  const { status, json } = await server().request('PUT', `${path}/made`, job);
  expect([status, json.details.causes.map(({ field }: { field: string }) => field)]).toEqual([
    422,
    ['spec.selector', 'spec.template.metadata.labels', 'spec.selector', 'spec.template'],
  ]);
});

test('where a claim takes its data from may be said in either field; what old fields could not say is dropped', async () => {
  const path = '/api/v1/namespaces/errors/persistentvolumeclaims';
  const specOf = async (sources: object) => {
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...sources };
    const { status, json } = await server().request('POST', `${path}?dryRun=All`, { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'c' }, spec });
    return [status, json.spec?.dataSource, json.spec?.dataSourceRef];
  };
  const claim = { apiGroup: null, kind: 'PersistentVolumeClaim', name: 'other' };
  const populator = { apiGroup: 'example.com', kind: 'Populator', name: 'p' };
  expect(await specOf({ dataSource: claim })).toEqual([201, claim, claim]);
  expect(await specOf({ dataSourceRef: populator })).toEqual([201, populator, populator]);
  expect(await specOf({ dataSource: populator })).toEqual([201, undefined, undefined]);
  expect(await specOf({ dataSourceRef: { ...claim, namespace: 'elsewhere' } })).toEqual([201, undefined, undefined]);
});

test('a proxy to what is not there is a 404, not a way to it', async () => {
  for (const path of ['/api/v1/nodes/gone/proxy', `${PODS}/gone/proxy`, '/api/v1/namespaces/errors/services/gone/proxy'])
    expect((await server().request('GET', path)).status).toBe(404);
});

test('the jobs of a cron job make their own selector', async () => {
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } };
  const spec = { schedule: '@daily', jobTemplate: { spec: { selector: {}, template } } };
  const { status, json } = await server().request('POST', '/apis/batch/v1/namespaces/errors/cronjobs', { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'c' }, spec });
  expect([status, json.details.causes]).toEqual([
    422,
    [{ reason: 'FieldValueInvalid', message: 'Invalid value: {}: `selector` will be auto-generated', field: 'spec.jobTemplate.spec.selector' }],
  ]);
});

test('a condition of a pod is refused by the field it is in, and pods claim no devices for themselves', async () => {
  await server().request('POST', PODS, pod('conditioned'));
  const status = { conditions: [{ type: 'Bad Type', status: 'True' }] };
  const bad = await server().request('PATCH', `${PODS}/conditioned/status`, { status }, { 'content-type': 'application/strategic-merge-patch+json' });
  expect([bad.status, bad.json.details.causes[0].field]).toEqual([422, 'status.conditions[0].Type']);
  const claims = await server().request('POST', PODS, pod('claims', { resources: { claims: [{ name: 'x' }] } }));
  expect(claims.json.message).toContain('spec.resources.claims: Forbidden: claims may not be set for Resources at pod-level');
});
