/** Custom resources as their users have them: defined, explained, written, watched, selected, converted, taken away, with the real kubectl. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testCluster, until } from '../helpers/cluster.ts';

const cluster = testCluster(0, ['--simulated-nodes', '1']);

beforeAll(async () => {
  const started = await cluster.start();
  expect(started.stderr + started.stdout).toContain('is ready');
}, 120_000);
afterAll(async () => {
  await cluster.stop();
}, 60_000);

const NAME = 'crontabs.stable.example.com';
const spec = {
  type: 'object',
  description: 'What runs, and when',
  required: ['cronSpec'],
  properties: {
    cronSpec: { type: 'string', description: 'Five fields', pattern: String.raw`^(\S+\s+){4}\S+$` },
    image: { type: 'string' },
    replicas: { type: 'integer', minimum: 1, maximum: 10, default: 1 },
    ports: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: { type: 'object', required: ['name'], properties: { name: { type: 'string' }, port: { 'x-kubernetes-int-or-string': true } } },
    },
  },
  'x-kubernetes-validations': [
    { rule: "!has(self.image) || self.image != 'bad'", message: 'no bad images' },
    { rule: 'self.replicas >= oldSelf.replicas', messageExpression: "'not below %d'.format([oldSelf.replicas])" },
  ],
};
const version = (name: string, storage: boolean): object => ({
  name,
  served: true,
  storage,
  schema: { openAPIV3Schema: { type: 'object', properties: { spec, status: { type: 'object', properties: { active: { type: 'integer' }, selector: { type: 'string' } } } } } },
  subresources: { status: {}, scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.active', labelSelectorPath: '.status.selector' } },
  additionalPrinterColumns: [
    { name: 'Spec', type: 'string', jsonPath: '.spec.cronSpec' },
    { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas' },
    { name: 'Image', type: 'string', jsonPath: '.spec.image', priority: 1 },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
  selectableFields: [{ jsonPath: '.spec.image' }],
});
const definition = (...versions: readonly object[]): string =>
  JSON.stringify({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: NAME },
    spec: {
      group: 'stable.example.com',
      scope: 'Namespaced',
      names: { plural: 'crontabs', singular: 'crontab', kind: 'CronTab', shortNames: ['ct'], categories: ['all', 'scheduled'] },
      versions,
    },
  });
const crontab = (name: string, own: object = {}, more: object = {}): string =>
  JSON.stringify({ apiVersion: 'stable.example.com/v1', kind: 'CronTab', metadata: { name }, spec: { cronSpec: '* * * * */5', image: 'nginx', ...own }, ...more });

describe('a custom resource', () => {
  beforeAll(async () => {
    await cluster.ok(['apply', '-f', '-'], definition(version('v1', true)));
    await cluster.ok(['wait', '--for=condition=Established', `crd/${NAME}`, '--timeout=10s']);
  }, 60_000);

  test('is in discovery and explained at once, in both versions of OpenAPI', async () => {
    expect(await cluster.ok(['api-resources', '--api-group=stable.example.com'])).toMatch(/crontabs +ct +stable\.example\.com\/v1 +true +CronTab/);
    expect(await cluster.ok(['explain', 'crontab.spec'])).toMatch(/What runs, and when[\s\S]*cronSpec\t<string> -required-\n +Five fields/);
    expect(await cluster.ok(['explain', 'crontab.spec.ports.port'])).toContain('FIELD: port <Object>');
    expect(await cluster.ok(['explain', 'crontab.spec', '--output=plaintext-openapiv2'])).toContain('What runs, and when');
    expect(await cluster.ok(['get', 'apiservice', 'v1.stable.example.com', '-o', 'jsonpath={.status.conditions[0].reason}'])).toBe('Local');
  });

  test('is defaulted, shown in columns, found by short name, category and field', async () => {
    await cluster.ok(['apply', '-f', '-'], crontab('one'));
    await cluster.ok(['apply', '-f', '-'], crontab('two', { image: 'busybox', replicas: 3 }));
    expect(await cluster.ok(['get', 'ct', 'one', '-o', 'jsonpath={.spec.replicas}'])).toBe('1');
    expect(await cluster.ok(['get', 'ct'])).toMatch(/NAME +SPEC +REPLICAS +AGE\none +\* \* \* \* \*\/5 +1 +\d+s\ntwo/);
    expect(await cluster.ok(['get', 'ct', '-o', 'wide'])).toMatch(/IMAGE/);
    expect(await cluster.ok(['get', 'scheduled', '-o', 'name'])).toBe('crontab.stable.example.com/one\ncrontab.stable.example.com/two\n');
    expect(await cluster.ok(['get', 'all', '-o', 'name'])).toContain('crontab.stable.example.com/one');
    expect(await cluster.ok(['get', 'ct', '--field-selector=spec.image=busybox', '-o', 'name'])).toBe('crontab.stable.example.com/two\n');
    expect((await cluster.kubectl(['get', 'ct', '--field-selector=spec.replicas=3'])).stderr).toContain('field label not supported: spec.replicas');
  });

  test('is refused for what it may not be, and told of what it does not know', async () => {
    const refused = async (own: object): Promise<string> => (await cluster.kubectl(['create', '--validate=ignore', '-f', '-'], crontab('bad', own))).stderr;
    expect(await refused({ replicas: 11 })).toContain('spec.replicas: Invalid value: 11: spec.replicas in body should be less than or equal to 10');
    expect(await refused({ cronSpec: 'never' })).toContain('spec.cronSpec in body should match');
    expect(await refused({ image: 'bad' })).toContain('spec: Invalid value: no bad images');
    expect(await refused({ ports: [{ name: 'a' }, { name: 'a' }] })).toContain('spec.ports[1]: Duplicate value: {"name":"a"}');
    const unknown = await cluster.kubectl(['create', '--validate=strict', '-f', '-'], crontab('bad', { colour: 'red' }));
    expect(unknown.stderr).toContain('strict decoding error: unknown field "spec.colour"');
    const warned = await cluster.kubectl(['create', '--validate=warn', '-f', '-'], crontab('warned', { colour: 'red' }));
    expect(warned.stderr).toContain('Warning: unknown field "spec.colour"');
    expect((await cluster.kubectl(['patch', 'ct', 'two', '--type=merge', '-p', '{"spec":{"replicas":2}}'])).stderr).toContain('spec: Invalid value: not below 3');
  });

  test('is scaled, patched, applied by two, and keeps its status behind its door', async () => {
    await cluster.ok(['scale', 'ct/two', '--replicas=4']);
    expect(await cluster.ok(['get', 'ct', 'two', '-o', 'jsonpath={.spec.replicas} {.metadata.generation}'])).toBe('4 2');
    await cluster.ok(['patch', 'ct', 'two', '--subresource=status', '--type=merge', '-p', '{"status":{"active":4},"spec":{"replicas":9}}']);
    expect(await cluster.ok(['get', 'ct', 'two', '-o', 'jsonpath={.spec.replicas} {.status.active} {.metadata.generation}'])).toBe('4 4 2');
    expect((await cluster.kubectl(['patch', 'ct', 'two', '--type=strategic', '-p', '{}'])).stderr).toContain('not supported');
    await cluster.ok(['apply', '--server-side', '--field-manager=a', '-f', '-'], crontab('applied', { ports: [{ name: 'x', port: 80 }] }));
    await cluster.ok(['apply', '--server-side', '--field-manager=b', '-f', '-'], crontab('applied', { ports: [{ name: 'y', port: 'http' }] }));
    expect(await cluster.ok(['get', 'ct', 'applied', '-o', 'jsonpath={.spec.ports[*].name}'])).toBe('x y');
    expect((await cluster.kubectl(['apply', '--server-side', '--field-manager=c', '-f', '-'], crontab('applied', { image: 'other' }))).stderr).toMatch(
      /conflicts with "a":\n- \.spec\.image/,
    );
  });

  test('has its versions, and loses the definition with its instances', async () => {
    await cluster.ok(['apply', '-f', '-'], definition(version('v1', false), version('v2', true)));
    await until(
      () => cluster.kubectl(['get', 'crontabs.v2.stable.example.com', 'one', '-o', 'jsonpath={.apiVersion}']),
      (ran) => ran.stdout === 'stable.example.com/v2',
    );
    expect(await cluster.ok(['get', 'crontabs.v1.stable.example.com', 'one', '-o', 'jsonpath={.apiVersion}'])).toBe('stable.example.com/v1');
    expect(await cluster.ok(['get', 'crd', NAME, '-o', 'jsonpath={.status.storedVersions}'])).toBe('["v1","v2"]');
    await cluster.ok(['delete', 'crd', NAME, '--timeout=20s']);
    expect((await cluster.kubectl(['get', 'ct'])).stderr).toContain('the server could not find the requested resource');
    await cluster.ok(['apply', '-f', '-'], definition(version('v1', false), version('v2', true)));
    await cluster.ok(['wait', '--for=condition=Established', `crd/${NAME}`, '--timeout=10s']);
    expect(await cluster.ok(['get', 'ct', '-o', 'name'])).toBe('');
    await cluster.ok(['delete', 'crd', NAME, '--timeout=20s']);
  }, 60_000);

  test('goes with its namespace, and waits for its finalizers', async () => {
    await cluster.ok(['apply', '-f', '-'], definition(version('v1', true), version('v2', false)));
    await cluster.ok(['wait', '--for=condition=Established', `crd/${NAME}`, '--timeout=10s']);
    await cluster.ok(['create', 'namespace', 'gone']);
    await cluster.ok(['-n', 'gone', 'create', '-f', '-'], crontab('one'));
    await cluster.ok(['delete', 'namespace', 'gone', '--timeout=30s']);
    await cluster.ok(['create', '-f', '-'], crontab('held', {}, { metadata: { name: 'held', finalizers: ['example.com/hold'] } }));
    await cluster.ok(['delete', 'crd', NAME, '--wait=false']);
    await until(
      () => cluster.kubectl(['get', 'crd', NAME, '-o', 'jsonpath={.status.conditions[?(@.type=="Terminating")].reason}']),
      (ran) => ran.stdout === 'InstanceDeletionInProgress',
    );
    expect((await cluster.kubectl(['create', '-f', '-'], crontab('late'))).code).not.toBe(0);
    await cluster.ok(['patch', 'ct', 'held', '--type=json', '-p', '[{"op":"remove","path":"/metadata/finalizers"}]']);
    await cluster.ok(['wait', '--for=delete', `crd/${NAME}`, '--timeout=20s']);
  }, 120_000);
});
