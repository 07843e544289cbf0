/** Clients as their users have them: kubectl of four versions, helm 3 and 4, the JavaScript client's informers and the Python client, on simulated nodes. */
import { join } from 'node:path';
import { CoreV1Api, KubeConfig, makeInformer } from '@kubernetes/client-node';
import type { V1ConfigMap } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kubectl, repositoryRoot, run, tool } from '#infra/tools/tools.ts';
import { testCluster, until } from '../helpers/cluster.ts';
import { pythonClient } from '../helpers/python.ts';

const cluster = testCluster(0, ['--simulated-nodes', '3']);

beforeAll(async () => {
  const started = await cluster.start();
  expect(started.stderr + started.stdout).toContain('is ready');
}, 120_000);
afterAll(async () => {
  await cluster.stop();
}, 60_000);

const deployment = (image: string, extra: Record<string, unknown> = {}): string =>
  JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', labels: { app: 'web' } },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image, ports: [{ containerPort: 80 }] }] } },
      ...extra,
    },
  });

describe.each(['v33', 'v34', 'v35', 'v36'])('kubectl of layer %s', (layer) => {
  const namespace = `kubectl-${layer}`;
  const call = (args: readonly string[], input?: string) => kubectl(cluster.kubeconfig, layer)(['-n', namespace, ...args], input);
  const ok = async (args: readonly string[], input?: string): Promise<string> => {
    const ran = await call(args, input);
    if (ran.code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${ran.code}: ${ran.stderr}${ran.stdout}`);
    return ran.stdout;
  };

  beforeAll(async () => {
    await ok(['create', 'namespace', namespace]);
    await until(
      () => call(['get', 'serviceaccount', 'default']),
      (ran) => ran.code === 0,
    );
  });

  test('says what is there', async () => {
    expect(await ok(['version', '-o', 'json'])).toContain('"gitVersion": "v1.36');
    expect(await ok(['api-resources', '--api-group=apps'])).toMatch(/deployments +deploy +apps\/v1 +true +Deployment/);
    expect(await ok(['api-versions'])).toContain('autoscaling/v2\n');
    expect(await ok(['explain', 'deployment.spec.strategy.rollingUpdate.maxSurge'])).toContain('FIELD: maxSurge <IntOrString>');
    expect(await ok(['explain', 'pods', '--recursive'])).toContain('terminationGracePeriodSeconds');
    expect(await ok(['auth', 'can-i', 'delete', 'nodes'])).toBe('yes\n');
    expect(await ok(['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.groups}'])).toContain('system:masters');
  });

  test('applies, shows the difference, and rolls out and back', async () => {
    expect(await ok(['apply', '-f', '-'], deployment('example/web:1'))).toBe('deployment.apps/web created\n');
    expect(await ok(['rollout', 'status', 'deployment/web', '--timeout=60s'])).toContain('successfully rolled out');
    expect(await ok(['apply', '-f', '-'], deployment('example/web:1'))).toBe('deployment.apps/web unchanged\n');
    const difference = await call(['diff', '-f', '-'], deployment('example/web:2'));
    expect(difference.code, difference.stderr).toBe(1);
    expect(difference.stdout).toMatch(/-\s+- image: example\/web:1\n\+\s+- image: example\/web:2/);
    expect(await ok(['apply', '-f', '-'], deployment('example/web:2'))).toBe('deployment.apps/web configured\n');
    expect(await ok(['rollout', 'status', 'deployment/web', '--timeout=60s'])).toContain('successfully rolled out');
    expect(await ok(['rollout', 'history', 'deployment/web'])).toMatch(/1 +<none>\n2 +<none>/);
    await ok(['rollout', 'undo', 'deployment/web']);
    await ok(['rollout', 'status', 'deployment/web', '--timeout=60s']);
    expect(await ok(['get', 'deployment', 'web', '-o', 'jsonpath={.spec.template.spec.containers[0].image}'])).toBe('example/web:1');
    await ok(['rollout', 'restart', 'deployment/web']);
    await ok(['rollout', 'status', 'deployment/web', '--timeout=60s']);
    expect(await ok(['get', 'deployment', 'web', '--no-headers'])).toMatch(/^web +2\/2 +2 +2 /);
  });

  test('server-side apply names the owner of a field, and takes it by force', async () => {
    await ok(['apply', '--server-side', '--field-manager=one', '-f', '-'], '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"shared"},"data":{"a":"1"}}');
    const other = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"shared"},"data":{"a":"2"}}';
    const refused = await call(['apply', '--server-side', '--field-manager=two', '-f', '-'], other);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('conflict with "one": .data.a');
    await ok(['apply', '--server-side', '--field-manager=two', '--force-conflicts', '-f', '-'], other);
    expect(await ok(['get', 'configmap', 'shared', '-o', 'jsonpath={.data.a}'])).toBe('2');
  });

  test('changes objects by every verb it has', async () => {
    await ok(['create', 'configmap', 'settings', '--from-literal=a=1', '--from-literal=b=2']);
    await ok(['patch', 'configmap', 'settings', '--type=merge', '-p', '{"data":{"b":null,"c":"3"}}']);
    await ok(['patch', 'configmap', 'settings', '--type=json', '-p', '[{"op":"replace","path":"/data/a","value":"9"}]']);
    await ok(['label', 'configmap', 'settings', 'tier=test']);
    await ok(['annotate', 'configmap', 'settings', 'note=kept']);
    expect(await ok(['get', 'configmap', '-l', 'tier=test', '-o', 'jsonpath={.items[0].data}'])).toBe('{"a":"9","c":"3"}');
    await ok(['patch', 'deployment', 'web', '-p', '{"spec":{"template":{"spec":{"containers":[{"name":"c","env":[{"name":"X","value":"1"}]}]}}}}']);
    await ok(['set', 'image', 'deployment/web', 'c=example/web:3']);
    await ok(['set', 'resources', 'deployment/web', '--limits=memory=32Mi']);
    await ok(['set', 'env', 'deployment/web', 'Y=2']);
    const container = JSON.parse(await ok(['get', 'deployment', 'web', '-o', 'jsonpath={.spec.template.spec.containers[0]}'])) as object;
    expect(container).toMatchObject({
      image: 'example/web:3',
      env: [
        { name: 'X', value: '1' },
        { name: 'Y', value: '2' },
      ],
      resources: { limits: { memory: '32Mi' } },
    });
    await ok(['scale', 'deployment', 'web', '--replicas=3']);
    await ok(['expose', 'deployment', 'web', '--port=80']);
    await until(
      () => ok(['get', 'endpointslices', '-l', 'kubernetes.io/service-name=web', '-o', 'jsonpath={.items[*].endpoints[*].addresses[0]}']),
      (addresses) => addresses.split(' ').length === 3,
    );
    await ok(['autoscale', 'deployment', 'web', '--min=2', '--max=4', '--cpu-percent=80']);
    expect(await ok(['get', 'hpa', 'web', '--no-headers'])).toMatch(/^web +Deployment\/web +cpu: <unknown>\/80% +2 +4 /);
    await ok(['create', 'secret', 'generic', 'password', '--from-literal=p=x']);
    await ok(['create', 'role', 'reader', '--verb=get,list', '--resource=pods']);
    await ok(['create', 'rolebinding', 'reader', '--role=reader', '--serviceaccount', `${namespace}:default`]);
    expect(await ok(['auth', 'can-i', 'list', 'pods', '--as', `system:serviceaccount:${namespace}:default`])).toBe('yes\n');
    expect((await call(['auth', 'can-i', 'delete', 'pods', '--as', `system:serviceaccount:${namespace}:default`])).stdout).toBe('no\n');
    expect((await ok(['create', 'token', 'default'])).split('.')).toHaveLength(3);
    await ok(['create', 'quota', 'q', '--hard=pods=50']);
    await ok(['create', 'cronjob', 'nightly', '--image=example/job:1', '--schedule=0 3 * * *']);
    await ok(['create', 'ingress', 'web', '--rule=example.com/*=web:80']);
    await ok(['create', 'poddisruptionbudget', 'web', '--selector=app=web', '--min-available=1']);
    await ok(['replace', '-f', '-'], deployment('example/web:4', { replicas: 1 }));
    await ok(['rollout', 'status', 'deployment/web', '--timeout=60s']);
  });

  test('runs a pod, waits for it, and reads it in every form', async () => {
    await ok(['run', 'one', '--image=example/web:1', '--labels=run=one', '--port=80']);
    await ok(['wait', 'pod/one', '--for=condition=Ready', '--timeout=60s']);
    await ok(['wait', 'pod/one', '--for=jsonpath={.status.phase}=Running', '--timeout=60s']);
    expect(await ok(['get', 'pod', 'one', '-o', 'wide'])).toMatch(/one +1\/1 +Running +0 +\S+ +\d+\.\d+\.\d+\.\d+ +simulated-\d +<none> +<none>/);
    expect(await ok(['get', 'pod', 'one', '-o', 'custom-columns=N:.metadata.name,I:.spec.containers[*].image', '--no-headers'])).toMatch(/^one +example\/web:1\n/);
    expect(await ok(['get', 'pods', '--field-selector=metadata.name=one', '-o', 'name'])).toBe('pod/one\n');
    expect(await ok(['get', 'pods', '--sort-by=.metadata.name', '--chunk-size=1', '-o', 'name'])).toContain('pod/one\n');
    expect(await ok(['get', 'pod/one', 'configmap/settings', '-o', 'name'])).toBe('pod/one\nconfigmap/settings\n');
    expect(await ok(['describe', 'pod', 'one'])).toMatch(/Normal +Scheduled .*Successfully assigned/);
    expect(await ok(['events', '--for', 'pod/one'])).toContain('Started');
    expect(await ok(['get', 'all'])).toContain('deployment.apps/web');
    await ok(['delete', 'pod', 'one', '--wait', '--timeout=60s']);
    expect((await call(['get', 'pod', 'one'])).stderr).toBe('Error from server (NotFound): pods "one" not found\n');
  });

  test('tells its user what is wrong', async () => {
    const unknown = await call(['create', '--validate=strict', '-f', '-'], deployment('example/web:1', { replcas: 2 }));
    expect(unknown.stderr).toContain('strict decoding error: unknown field "spec.replcas"');
    const invalid = await call(['create', '-f', '-'], deployment('example/web:1', { replicas: -1 }).replace('"web"', '"bad"'));
    expect(invalid.stderr).toContain('spec.replicas: Invalid value: -1: must be greater than or equal to 0');
    const taken = await call(['create', 'configmap', 'settings']);
    expect(taken.stderr).toBe('error: failed to create configmap: configmaps "settings" already exists\n');
    const dry = await ok(['create', 'configmap', 'dry', '--dry-run=server', '-o', 'jsonpath={.metadata.uid}']);
    expect(dry).toMatch(/^[0-9a-f-]{36}$/);
    expect((await call(['get', 'configmap', 'dry'])).code).toBe(1);
  });

  test('deletes by label, with and without dependents, and by namespace', async () => {
    await ok(['delete', 'hpa,ingress,cronjob,pdb', '--all']);
    await ok(['delete', 'deployment', 'web', '--cascade=orphan']);
    expect((await ok(['get', 'rs', '-l', 'app=web', '-o', 'name'])).trim()).not.toBe('');
    await ok(['delete', 'rs,pods', '-l', 'app=web', '--timeout=60s']);
    await ok(['delete', 'configmap', '-l', 'tier=test']);
    await ok(['delete', 'namespace', namespace, '--timeout=90s']);
    expect((await call(['get', 'namespace', namespace])).code).toBe(1);
  });
});

describe.each(['v32', 'v36'])('helm of layer %s', (layer) => {
  const release = `h${layer}`;
  const home = join(repositoryRoot, '.cache', 'helm-home');
  const env = { KUBECONFIG: cluster.kubeconfig, HOME: home };
  const helm = (...args: readonly string[]) => run(tool('helm', layer), ['-n', release, ...args], { env });
  const ok = async (...args: readonly string[]): Promise<string> => {
    const ran = await helm(...args);
    if (ran.code !== 0) throw new Error(`helm ${args.join(' ')} ended with ${ran.code}: ${ran.stderr}${ran.stdout}`);
    return ran.stdout;
  };
  const chart = join(import.meta.dirname, 'chart');
  const value = (kind: string, name: string, path: string) => cluster.ok(['-n', release, 'get', kind, name, '-o', `jsonpath={${path}}`]);

  test('installs, upgrades, rolls back and removes a chart of thirty kinds', async () => {
    expect(await ok('install', release, chart, '--create-namespace', '--wait', '--timeout', '90s')).toContain('STATUS: deployed');
    expect(await value('deployment', `${release}-web`, '.status.readyReplicas')).toBe('2');
    expect(await value('statefulset', `${release}-db`, '.status.readyReplicas')).toBe('1');
    expect(await value('daemonset', `${release}-agent`, '.status.numberReady')).toBe('3');
    expect(await value('pvc', release, '.status.phase')).toBe('Bound');
    expect(await value('widget', release, '.spec')).toBe('{"color":"red","size":2}');
    await ok('upgrade', release, chart, '--set', 'replicas=3,message=bye', '--wait', '--timeout', '90s');
    expect(await value('deployment', `${release}-web`, '.status.readyReplicas')).toBe('3');
    expect(await value('configmap', release, '.data.message')).toBe('bye');
    expect((await helm('upgrade', release, chart, '--set', 'replicas=101')).stderr).toContain('too large');
    await ok('rollback', release, '1', '--wait', '--timeout', '90s');
    expect(await value('configmap', release, '.data.message')).toBe('hello');
    expect(await value('widget', release, '.spec.size')).toBe('2');
    await ok('uninstall', release, '--wait', '--timeout', '90s');
    const left = await cluster.ok(['-n', release, 'get', 'all,configmaps,secrets,pvc,ingress,pdb,widgets', '-o', 'name', '-l', `app.kubernetes.io/instance=${release}`]);
    expect(left).toBe('');
    await cluster.ok(['delete', 'namespace', release, '--timeout=90s']);
  }, 240_000);
});

test('an informer of the JavaScript client sees what is there and every change', async () => {
  const config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfig);
  const api = config.makeApiClient(CoreV1Api);
  const namespace = 'default';
  await api.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'informed-0' }, data: { n: '0' } } });
  const informer = makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, () => api.listNamespacedConfigMap({ namespace }));
  const seen: string[] = [];
  const note = (verb: string) => (object: V1ConfigMap) => {
    if (object.metadata?.name?.startsWith('informed-')) seen.push(`${verb} ${object.metadata.name} ${object.data?.['n']}`);
  };
  informer.on('add', note('add'));
  informer.on('update', note('update'));
  informer.on('delete', note('delete'));
  await informer.start();
  try {
    await api.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'informed-1' }, data: { n: '1' } } });
    await api.replaceNamespacedConfigMap({ namespace, name: 'informed-1', body: { metadata: { name: 'informed-1' }, data: { n: '2' } } });
    await api.deleteNamespacedConfigMap({ namespace, name: 'informed-0' });
    await until(
      () => Promise.resolve(seen.length),
      (count) => count >= 4,
    );
    expect(seen).toEqual(['add informed-0 0', 'add informed-1 1', 'update informed-1 2', 'delete informed-0 0']);
    expect(informer.get('informed-1', namespace)?.data).toEqual({ n: '2' });
  } finally {
    await informer.stop();
  }
});

test('the Python client', async (context) => {
  const client = await pythonClient();
  if ('missing' in client) {
    console.warn(`SKIPPED: the Python client could not be installed: ${client.missing}`);
    context.skip();
    return;
  }
  const { code, stdout, stderr } = await run(client.python, [join(import.meta.dirname, 'client.py'), cluster.kubeconfig, 'default']);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout.trim().split('\n')).toEqual([
    'version 36',
    'ready python',
    'image example/web:2',
    'scale 1',
    'pages page-0 page-1 page-2 page-3 page-4',
    'refused 409 Conflict',
    'left 0',
    'gone',
  ]);
});
