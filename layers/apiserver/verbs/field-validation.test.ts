/** What clients are told of fields that are said twice or that nobody knows: bodies and texts of upstream's own integration tests. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { establish } from '../custom/testing.ts';
import { type Harness, startHarness } from '../testing/harness.ts';

let api: Harness;

const STRUCT = { type: 'object' } as const;
const spec = (more: object): object => ({
  ...STRUCT,
  ...more,
  properties: {
    knownField1: { type: 'string' },
    embeddedObj: { ...STRUCT, 'x-kubernetes-embedded-resource': true, properties: { kind: { type: 'string' }, metadata: STRUCT } },
    ports: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
      items: {
        ...STRUCT,
        required: ['containerPort', 'protocol'],
        properties: { containerPort: { type: 'integer', format: 'int32' }, hostPort: { type: 'integer', format: 'int32' }, name: { type: 'string' }, protocol: { type: 'string' } },
      },
    },
  },
});

beforeAll(async () => {
  api = await startHarness();
  for (const [group, more] of [
    ['schema.example.com', {}],
    ['schemaless.example.com', { 'x-kubernetes-preserve-unknown-fields': true }],
  ] as const) {
    const name = `noxus.${group}`;
    const made = await api.request('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name },
      spec: {
        group,
        scope: 'Cluster',
        names: { plural: 'noxus', kind: 'Noxu' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { ...STRUCT, properties: { spec: spec(more) } } } }],
      },
    });
    if (made.status !== 201) throw new Error(made.text);
    await establish(api, name);
    const one = { apiVersion: `${group}/v1`, kind: 'Noxu', metadata: { name: 'p' }, spec: { ports: [{ name: 'x', containerPort: 80, protocol: 'TCP' }] } };
    await api.request('POST', `/apis/${group}/v1/noxus`, one);
  }
});
afterAll(() => api.close());

const PORTS = '"ports":[{"name":"portName","containerPort":8080,"protocol":"TCP","hostPort":8081,"hostPort":8082,"unknownNested":"val"}]';
const FIELDS = `"unknown1":"val1","unknownDupe":"valDupe","unknownDupe":"valDupe2","knownField1":"val1","knownField1":"val2",${PORTS}`;
const custom = (group: string): string =>
  `{"apiVersion":"${group}/v1","kind":"Noxu","metadata":{"name":"dupename","name":"a","unknownMeta":"metaVal"},"spec":{${FIELDS},"embeddedObj":{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"my-cm","namespace":"my-ns","unknownEmbeddedMeta":"foo"}}}}`;
const OPERATIONS = `[
  {"op": "add", "path": "/spec/unknown1", "value": "val1", "foo": "bar"},
  {"op": "add", "path": "/spec/unknown2", "path": "/spec/unknown3", "value": "val2"},
  {"op": "add", "path": "/spec/unknownDupe", "value": "valDupe"},
  {"op": "add", "path": "/spec/unknownDupe", "value": "valDupe2"},
  {"op": "add", "path": "/spec/ports/0/unknownNested", "value": "val"}]`;

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: dupename
  name: d
  unknownMeta: metaVal
  labels: {app: nginx}
spec:
  unknown1: val1
  unknownDupe: valDupe
  unknownDupe: valDupe2
  paused: true
  paused: false
  selector: {matchLabels: {app: nginx}}
  template:
    metadata: {labels: {app: nginx}}
    spec:
      containers:
      - name: nginx
        image: nginx:latest
        unknownNested: val1
        imagePullPolicy: Always
        imagePullPolicy: Never
`;
const MERGE = 'application/merge-patch+json';
const TWICE = ['duplicate field "spec.unknownDupe"', 'duplicate field "spec.knownField1"', 'duplicate field "spec.ports[0].hostPort"'];

describe('fields said twice and fields unknown', () => {
  it.each<[string, string, string, string, string, readonly string[]]>([
    [
      'a custom resource',
      'POST',
      '/apis/schema.example.com/v1/noxus',
      'application/json',
      custom('schema.example.com'),
      [
        'duplicate field "metadata.name"',
        ...TWICE,
        'unknown field "metadata.unknownMeta"',
        'unknown field "spec.ports[0].unknownNested"',
        'unknown field "spec.unknown1"',
        'unknown field "spec.unknownDupe"',
        'unknown field "spec.embeddedObj.metadata.unknownEmbeddedMeta"',
      ],
    ],
    [
      'a custom resource that keeps what it does not know',
      'POST',
      '/apis/schemaless.example.com/v1/noxus',
      'application/json',
      custom('schemaless.example.com'),
      [
        'duplicate field "metadata.name"',
        ...TWICE,
        'unknown field "metadata.unknownMeta"',
        'unknown field "spec.ports[0].unknownNested"',
        'unknown field "spec.embeddedObj.metadata.unknownEmbeddedMeta"',
      ],
    ],
    [
      'a merge patch of a custom resource',
      'PATCH',
      '/apis/schema.example.com/v1/noxus/p',
      MERGE,
      `{"spec":{${FIELDS}}}`,
      [...TWICE, 'unknown field "spec.ports[0].unknownNested"', 'unknown field "spec.unknown1"', 'unknown field "spec.unknownDupe"'],
    ],
    [
      'a merge patch of one that keeps what it does not know',
      'PATCH',
      '/apis/schemaless.example.com/v1/noxus/p',
      MERGE,
      `{"spec":{${FIELDS}}}`,
      [...TWICE, 'unknown field "spec.ports[0].unknownNested"'],
    ],
    [
      'a JSON patch of a custom resource',
      'PATCH',
      '/apis/schema.example.com/v1/noxus/p',
      'application/json-patch+json',
      OPERATIONS,
      [
        'json patch unknown field "[0].foo"',
        'json patch duplicate field "[1].path"',
        'unknown field "spec.ports[0].unknownNested"',
        'unknown field "spec.unknown1"',
        'unknown field "spec.unknown3"',
        'unknown field "spec.unknownDupe"',
      ],
    ],
    [
      'YAML of a kind that is built in',
      'POST',
      '/apis/apps/v1/namespaces/default/deployments',
      'application/yaml',
      DEPLOYMENT,
      [
        'yaml: unmarshal errors:\n  line 5: key "name" already set in map\n  line 11: key "unknownDupe" already set in map\n  line 13: key "paused" already set in map\n  line 23: key "imagePullPolicy" already set in map',
        'unknown field "metadata.unknownMeta"',
        'unknown field "spec.template.spec.containers[0].unknownNested"',
        'unknown field "spec.unknown1"',
        'unknown field "spec.unknownDupe"',
      ],
    ],
  ])('%s', async (_what, method, path, type, body, findings) => {
    const strict = await api.request(method, `${path}?fieldValidation=Strict`, body, { 'content-type': type });
    expect(strict.json).toMatchObject({ code: 400, message: expect.stringContaining(`strict decoding error: ${findings.join(', ')}`) as unknown });
    const warned = await api.request(method, `${path}?dryRun=All`, body, { 'content-type': type });
    const lines = findings.flatMap((text) => (text.startsWith('yaml:') ? text.split('\n').slice(1) : [text])).map((line) => `299 - ${JSON.stringify(line.trim())}`);
    expect(warned.headers['warning']).toEqual(lines);
    expect((await api.request(method, `${path}?dryRun=All&fieldValidation=Ignore`, body, { 'content-type': type })).headers['warning']).toBeUndefined();
  });
});
