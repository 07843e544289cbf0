/** Discovery in its forms, and the other paths that are no resources. */
import { describe, expect, test } from 'vitest';
import { contractServer, TABLE } from './support.ts';

const server = contractServer();
const get = (path: string, accept = 'application/json', headers: Record<string, string> = {}) => server().request('GET', path, undefined, { accept, ...headers });
const V2 = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const V2BETA1 = V2.replace('v=v2', 'v=v2beta1');

interface Resource {
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  readonly kind: string;
  readonly verbs: string[];
  readonly shortNames?: string[];
  readonly categories?: string[];
  readonly group?: string;
  readonly version?: string;
  readonly storageVersionHash?: string;
}

/** reference: the resources of 1.36 at GA, with their subresources and short names. */
const SURFACE: Readonly<Record<string, readonly string[]>> = {
  v1: [
    'bindings',
    'componentstatuses cs',
    'configmaps cm',
    'endpoints ep',
    'events ev',
    'limitranges limits',
    'namespaces ns',
    'namespaces/finalize',
    'namespaces/status',
    'nodes no',
    'nodes/proxy',
    'nodes/status',
    'persistentvolumeclaims pvc',
    'persistentvolumeclaims/status',
    'persistentvolumes pv',
    'persistentvolumes/status',
    'pods po',
    'pods/attach',
    'pods/binding',
    'pods/ephemeralcontainers',
    'pods/eviction',
    'pods/exec',
    'pods/log',
    'pods/portforward',
    'pods/proxy',
    'pods/resize',
    'pods/status',
    'podtemplates',
    'replicationcontrollers rc',
    'replicationcontrollers/scale',
    'replicationcontrollers/status',
    'resourcequotas quota',
    'resourcequotas/status',
    'secrets',
    'serviceaccounts sa',
    'serviceaccounts/token',
    'services svc',
    'services/proxy',
    'services/status',
  ],
  'apps/v1': [
    'controllerrevisions',
    'daemonsets ds',
    'daemonsets/status',
    'deployments deploy',
    'deployments/scale',
    'deployments/status',
    'replicasets rs',
    'replicasets/scale',
    'replicasets/status',
    'statefulsets sts',
    'statefulsets/scale',
    'statefulsets/status',
  ],
  'batch/v1': ['cronjobs cj', 'cronjobs/status', 'jobs', 'jobs/status'],
  'autoscaling/v1': ['horizontalpodautoscalers hpa', 'horizontalpodautoscalers/status'],
  'autoscaling/v2': ['horizontalpodautoscalers hpa', 'horizontalpodautoscalers/status'],
  'policy/v1': ['poddisruptionbudgets pdb', 'poddisruptionbudgets/status'],
  'networking.k8s.io/v1': ['ingressclasses', 'ingresses ing', 'ingresses/status', 'ipaddresses ip', 'networkpolicies netpol', 'servicecidrs', 'servicecidrs/status'],
  'discovery.k8s.io/v1': ['endpointslices'],
  'events.k8s.io/v1': ['events ev'],
  'coordination.k8s.io/v1': ['leases'],
  'rbac.authorization.k8s.io/v1': ['clusterrolebindings', 'clusterroles', 'rolebindings', 'roles'],
  'authentication.k8s.io/v1': ['selfsubjectreviews', 'tokenreviews'],
  'authorization.k8s.io/v1': ['localsubjectaccessreviews', 'selfsubjectaccessreviews', 'selfsubjectrulesreviews', 'subjectaccessreviews'],
  'certificates.k8s.io/v1': ['certificatesigningrequests csr', 'certificatesigningrequests/approval', 'certificatesigningrequests/status'],
  'admissionregistration.k8s.io/v1': [
    'mutatingadmissionpolicies',
    'mutatingadmissionpolicybindings',
    'mutatingwebhookconfigurations',
    'validatingadmissionpolicies',
    'validatingadmissionpolicies/status',
    'validatingadmissionpolicybindings',
    'validatingwebhookconfigurations',
  ],
  'apiextensions.k8s.io/v1': ['customresourcedefinitions crd,crds', 'customresourcedefinitions/status'],
  'apiregistration.k8s.io/v1': ['apiservices', 'apiservices/status'],
  'flowcontrol.apiserver.k8s.io/v1': ['flowschemas', 'flowschemas/status', 'prioritylevelconfigurations', 'prioritylevelconfigurations/status'],
  'scheduling.k8s.io/v1': ['priorityclasses pc'],
  'node.k8s.io/v1': ['runtimeclasses'],
  'storage.k8s.io/v1': ['csidrivers', 'csinodes', 'csistoragecapacities', 'storageclasses sc', 'volumeattachments', 'volumeattachments/status', 'volumeattributesclasses vac'],
  'resource.k8s.io/v1': ['deviceclasses', 'resourceclaims', 'resourceclaims/status', 'resourceclaimtemplates', 'resourceslices'],
};
const ALL = ['pods', 'replicationcontrollers', 'services', 'daemonsets', 'deployments', 'replicasets', 'statefulsets', 'cronjobs', 'jobs', 'horizontalpodautoscalers'];
const pathOf = (version: string): string => (version === 'v1' ? '/api/v1' : `/apis/${version}`);

describe('group by group', () => {
  test.each(Object.entries(SURFACE))('%s', async (version, wanted) => {
    const { status, json } = await get(pathOf(version));
    expect([status, json.kind, json.groupVersion]).toEqual([200, 'APIResourceList', version]);
    const resources = json.resources as Resource[];
    expect(resources.map(({ name, shortNames = [] }) => [name, shortNames.join(',')].join(' ').trim()).toSorted()).toEqual(wanted.toSorted());
    for (const { name, categories, storageVersionHash, singularName, verbs } of resources) {
      if (name.includes('/')) continue;
      expect(categories ?? [], name).toEqual(
        ALL.includes(name) ? ['all'] : name === 'customresourcedefinitions' || name === 'apiservices' || /^(mutating|validating)/.test(name) ? ['api-extensions'] : [],
      );
      expect(singularName, name).not.toBe('');
      if (verbs.includes('watch')) expect(storageVersionHash, name).toMatch(/^[A-Za-z0-9+/]{11}=$/);
    }
  });

  test('types of other groups are named in full', async () => {
    const resources = [...(await get('/api/v1')).json.resources, ...(await get('/apis/apps/v1')).json.resources] as Resource[];
    for (const [name, group, version, kind] of [
      ['pods/eviction', 'policy', 'v1', 'Eviction'],
      ['serviceaccounts/token', 'authentication.k8s.io', 'v1', 'TokenRequest'],
      ['deployments/scale', 'autoscaling', 'v1', 'Scale'],
      ['replicationcontrollers/scale', 'autoscaling', 'v1', 'Scale'],
    ])
      expect(resources.find((one) => one.name === name)).toMatchObject({ group, version, kind });
  });

  test('/api, /apis, /apis/<group>', async () => {
    expect((await get('/api', 'application/json', { host: 'here:6443' })).json).toEqual({
      kind: 'APIVersions',
      versions: ['v1'],
      serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: 'here:6443' }],
    });
    const { json } = await get('/apis');
    expect([json.kind, json.apiVersion]).toEqual(['APIGroupList', 'v1']);
    expect(json.groups.map(({ name }: { name: string }) => name).toSorted()).toEqual(
      [
        ...new Set(
          Object.keys(SURFACE)
            .filter((one) => one.includes('/'))
            .map((one) => one.split('/')[0]!),
        ),
      ].toSorted(),
    );
    expect((await get('/apis/autoscaling')).json).toEqual({
      kind: 'APIGroup',
      apiVersion: 'v1',
      name: 'autoscaling',
      versions: [
        { groupVersion: 'autoscaling/v2', version: 'v2' },
        { groupVersion: 'autoscaling/v1', version: 'v1' },
      ],
      preferredVersion: { groupVersion: 'autoscaling/v2', version: 'v2' },
    });
  });
});

describe('all at once', () => {
  test.each([
    ['client-go 1.27', `${V2BETA1},application/json`, 'v2beta1'],
    ['client-go 1.32 to 1.36', `${V2},${V2BETA1},application/json`, 'v2'],
    ['client-go 1.37', `${V2},application/json`, 'v2'],
  ])('%s', async (_, accept, version) => {
    for (const path of ['/api', '/apis']) {
      const { status, json, headers } = await get(path, accept);
      expect([status, json.kind, json.apiVersion]).toEqual([200, 'APIGroupDiscoveryList', `apidiscovery.k8s.io/${version}`]);
      expect(headers['content-type']).toBe(`application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`);
      expect([headers['cache-control'], headers['etag']]).toEqual(['public', expect.stringMatching(/^"[0-9A-F]{64,}"$/)]);
      expect(headers['vary']).toContain('Accept');
      expect((await get(path, accept, { 'if-none-match': String(headers['etag']) })).status).toBe(304);
      expect((await get(path, accept, { 'if-none-match': '"OLD"' })).status).toBe(200);
    }
  });

  test('it says what the single answers say', async () => {
    const core = (await get('/api', V2)).json.items as { metadata: object; versions: { version: string; freshness: string; resources: Record<string, unknown>[] }[] }[];
    expect(core).toHaveLength(1);
    const [version] = core[0]!.versions;
    expect([version!.version, version!.freshness]).toEqual(['v1', 'Current']);
    const pods = version!.resources.find(({ resource }) => resource === 'pods')!;
    expect(pods).toMatchObject({ responseKind: { group: '', version: 'v1', kind: 'Pod' }, scope: 'Namespaced', singularResource: 'pod', shortNames: ['po'], categories: ['all'] });
    expect((pods['subresources'] as { subresource: string }[]).map(({ subresource }) => subresource).toSorted()).toEqual(
      SURFACE['v1']!.filter((name) => name.startsWith('pods/'))
        .map((name) => name.slice('pods/'.length))
        .toSorted(),
    );
    const autoscaling = ((await get('/apis', V2)).json.items as { metadata: { name: string }; versions: { version: string }[] }[]).find(
      ({ metadata }) => metadata.name === 'autoscaling',
    )!;
    expect(autoscaling.versions.map((one) => one.version)).toEqual(['v2', 'v1']);
  });
});

describe('what is not there', () => {
  test.each([['/apis/apps/v9'], ['/api/v9'], ['/api/v9/pods'], ['/apis/apps/v9/deployments'], ['/api/v1/nothing'], ['/api/v1/namespaces/x/pods/p/log/deeper/down']])(
    '%s is 404 as a Status',
    async (path) => {
      const { status, text } = await get(path);
      expect([status, JSON.parse(text)]).toEqual([
        404,
        {
          kind: 'Status',
          apiVersion: 'v1',
          metadata: {},
          status: 'Failure',
          message: 'the server could not find the requested resource',
          reason: 'NotFound',
          details: {},
          code: 404,
        },
      ]);
    },
  );

  test.each([
    ['HEAD', '/api/v1/pods'],
    ['OPTIONS', '/api/v1/pods'],
    ['PUT', '/api/v1/pods'],
    ['POST', '/api/v1/namespaces/x/pods/p'],
    ['GET', '/api/v1/namespaces/x/bindings'],
    ['GET', '/apis/authentication.k8s.io/v1/tokenreviews'],
    ['HEAD', '/api'],
    ['POST', '/api/v1'],
    ['HEAD', '/version'],
  ])('%s %s is 405, whatever the resource', async (method, path) => {
    const { status, json } = await server().request(method, path);
    expect([status, json.reason, json.message, json.details]).toEqual([405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {}]);
  });

  test.each([['/'], ['/apis'], ['/apis/apps'], ['/healthz'], ['/openapi/v3']])('%s takes any method', async (path) => {
    for (const method of ['HEAD', 'OPTIONS', 'POST', 'PUT', 'DELETE']) expect((await server().request(method, path)).status).toBe(200);
  });

  test.each([['/nowhere'], ['/apis/none.example.com'], ['/apis/none.example.com/v1'], ['/apis/none.example.com/v1/things'], ['/healthz/'], ['/openapi/v2/']])(
    '%s is 404 in plain text',
    async (path) => {
      const { status, text, headers } = await get(path);
      expect([status, text, headers['content-type']]).toEqual([404, '404 page not found\n', 'text/plain; charset=utf-8']);
    },
  );

  test.each([
    ['/api/v1/things'],
    ['/api/v1/namespaces/x/things'],
    ['/apis/apps/v1/namespaces/x/things/a'],
    ['/api/v1/namespaces/x/pods/p/nothing'],
    ['/api/v1/namespaces/x/nodes'],
  ])('%s is a Status', async (path) => {
    const { status, json } = await get(path);
    expect([status, json.kind, json.reason, json.message]).toEqual([404, 'Status', 'NotFound', 'the server could not find the requested resource']);
  });

  test.each([
    ['POST', '/api/v1/namespaces/x/pods/p'],
    ['PUT', '/api/v1/namespaces/x/pods'],
    ['PATCH', '/api/v1/pods'],
    ['POST', '/api/v1/pods'],
    ['DELETE', '/api/v1/namespaces/x/pods/p/status'],
    ['GET', '/api/v1/namespaces/x/bindings'],
  ])('%s %s is 405', async (method, path) => {
    const { status, json } = await server().request(method, path, {});
    expect([status, json.reason]).toEqual([405, 'MethodNotAllowed']);
  });

  test('a path with too many slashes is still the resource', async () => {
    expect((await get('/api/v1/namespaces/x/pods/')).json.kind).toBe('PodList');
  });
});

test('component statuses can be read in every form, and say that they are deprecated', async () => {
  const { status, json, headers } = await get('/api/v1/componentstatuses');
  expect([status, json.kind, json.items]).toEqual([
    200,
    'ComponentStatusList',
    [{ apiVersion: 'v1', kind: 'ComponentStatus', metadata: { name: 'etcd-0' }, conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }] }],
  ]);
  expect(headers['warning']).toEqual(['299 - "v1 ComponentStatus is deprecated in v1.19+"']);
  expect((await get('/api/v1/componentstatuses', TABLE)).json.rows[0].cells).toEqual(['etcd-0', 'Healthy', 'ok', '']);
  expect((await get('/api/v1/componentstatuses/etcd-0')).json.metadata.name).toBe('etcd-0');
  expect((await get('/api/v1/componentstatuses/none')).status).toBe(404);
  expect((await server().request('POST', '/api/v1/componentstatuses', {})).status).toBe(405);
});

test.each(['/apis', '/api/v1', '/apis/policy/v1', '/apis/policy'])('%s is served as protobuf to who prefers it', async (path) => {
  const { status, headers, bytes } = await get(path, 'application/vnd.kubernetes.protobuf,application/json');
  expect(status).toBe(200);
  expect(headers['content-type']).toBe('application/vnd.kubernetes.protobuf');
  // the envelope: magic, then the type, whose version Kubernetes always names
  const text = Buffer.from(bytes).toString('latin1');
  expect(text.slice(0, 5)).toBe('k8s\0\n');
  expect(text.slice(6, 11)).toBe('\n\u0002v1\u0012');
});

test('the version is JSON, and the store’s health goes by the name that monitors know', async () => {
  expect((await get('/version', 'application/yaml, application/json;q=0.1')).status).toBe(200);
  const { status, json } = await get('/version', 'text/html');
  expect([status, json.message]).toEqual([406, '406: Not Acceptable\n\nAvailable representations: application/json']);
  expect((await get('/healthz/etcd')).status).toBe(200);
  expect((await get('/readyz/etcd')).status).toBe(200);
});
