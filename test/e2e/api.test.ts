/** The API as kubectl and helm use it, on a cluster of simulated nodes: no Docker needed. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run, tool } from '#infra/tools/tools.ts';
import { testCluster, until } from '../helpers/cluster.ts';

const cluster = testCluster(0, ['--simulated-nodes', '3']);
const { ok } = cluster;

beforeAll(async () => {
  const started = await cluster.start();
  expect(started.stderr + started.stdout).toContain('is ready');
  expect(started.code).toBe(0);
}, 120_000);
afterAll(async () => {
  await cluster.stop();
}, 60_000);

const controller = (replicas: number): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: { name: 'web' },
    spec: {
      replicas,
      selector: { app: 'web' },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'example/web:1', ports: [{ containerPort: 80 }] }] } },
    },
  });

describe('kubectl', () => {
  test('nodes, namespaces, version, the API service', async () => {
    expect(await ok(['get', 'nodes', '--no-headers'])).toMatch(/(simulated-\d +Ready .*\n){3}/);
    expect(await ok(['get', 'namespaces', '-o', 'name'])).toBe('namespace/default\nnamespace/kube-node-lease\nnamespace/kube-public\nnamespace/kube-system\n');
    expect(await ok(['get', 'service', 'kubernetes', '-o', 'jsonpath={.spec.clusterIP}'])).toBe('10.96.0.1');
    expect(await ok(['version'])).toContain('Server Version: v1.36');
    expect(await ok(['api-resources'])).toMatch(/replicationcontrollers +rc +v1 +true +ReplicationController/);
    expect(await ok(['explain', 'rc.spec.replicas'])).toContain('FIELD: replicas <integer>');
  });

  test('a replication controller makes its pods run, scales, and takes them along', async () => {
    await ok(['create', '-f', '-'], controller(2));
    await until(
      () => ok(['get', 'rc', 'web', '-o', 'jsonpath={.status.readyReplicas}']),
      (ready) => ready === '2',
    );
    expect(await ok(['get', 'pods', '-l', 'app=web', '--no-headers'])).toMatch(/(web-\w{5} +1\/1 +Running +0 .*\n){2}/);
    await ok(['scale', 'rc', 'web', '--replicas=5']);
    await until(
      () => ok(['get', 'rc', 'web', '-o', 'jsonpath={.status.readyReplicas}']),
      (ready) => ready === '5',
    );
    const nodes = (await ok(['get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].spec.nodeName}'])).split(' ');
    expect(new Set(nodes).size).toBe(3);
    const [first] = (await ok(['get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].metadata.name}'])).split(' ');
    await until(
      () => ok(['describe', 'pod', first!]),
      (text) => text.includes(`Successfully assigned default/${first} to simulated-`),
    );
    await ok(['delete', 'rc', 'web']);
    await until(
      () => ok(['get', 'pods', '-l', 'app=web', '-o', 'name']),
      (left) => left === '',
    );
  });

  test('a service gets an address, a node port and endpoints', async () => {
    await ok(['create', '-f', '-'], controller(1));
    await ok(['create', 'service', 'nodeport', 'web', '--tcp=80:80']);
    await ok(['set', 'selector', 'service', 'web', 'app=web']);
    expect(await ok(['get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP} {.spec.ports[0].nodePort}'])).toMatch(/^10\.96\.\d+\.\d+ 3\d{4}$/);
    await until(
      () => ok(['get', 'endpoints', 'web', '-o', 'jsonpath={.subsets[0].ports[0].port}']),
      (port) => port === '80',
    );
    await ok(['delete', 'service/web', 'rc/web']);
  });

  test('apply, server-side apply with its conflicts, patches, dry runs', async () => {
    const map = (value: string): string => JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { key: value } });
    expect(await ok(['apply', '-f', '-'], map('1'))).toBe('configmap/settings created\n');
    expect(await ok(['apply', '-f', '-'], map('1'))).toBe('configmap/settings unchanged\n');
    expect(await ok(['apply', '-f', '-'], map('2'))).toBe('configmap/settings configured\n');
    const version = await ok(['get', 'configmap', 'settings', '-o', 'jsonpath={.metadata.resourceVersion}']);
    await ok(['apply', '--dry-run=server', '-f', '-'], map('3'));
    expect(await ok(['get', 'configmap', 'settings', '-o', 'jsonpath={.metadata.resourceVersion}'])).toBe(version);
    const conflict = await cluster.kubectl(['apply', '--server-side', '--field-manager=other', '-f', '-'], map('4'));
    expect(conflict.code).not.toBe(0);
    expect(conflict.stderr).toContain('conflict with "kubectl-client-side-apply"');
    await ok(['apply', '--server-side', '--force-conflicts', '--field-manager=other', '-f', '-'], map('4'));
    await ok(['patch', 'configmap', 'settings', '--type=json', '-p', '[{"op":"add","path":"/data/more","value":"x"}]']);
    expect(await ok(['get', 'configmap', 'settings', '-o', 'jsonpath={.data}'])).toBe('{"key":"4","more":"x"}');
    await ok(['delete', 'configmap', 'settings']);
  });

  test('bad input is told with its place', async () => {
    const unknown = await cluster.kubectl(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, dat: {} }));
    expect(unknown.stderr).toContain('unknown field "dat"');
    const wrong = await cluster.kubectl(
      ['create', '-f', '-'],
      JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'Not_A_Name' }, spec: { containers: [{ name: 'c' }] } }),
    );
    expect(wrong.stderr).toContain('metadata.name: Invalid value: "Not_A_Name"');
    expect(wrong.stderr).toContain('spec.containers[0].image: Required value');
    const missing = await cluster.kubectl(['get', 'pod', 'nobody']);
    expect(missing.stderr).toBe('Error from server (NotFound): pods "nobody" not found\n');
  });

  test('a quota refuses the pod too many, and a namespace takes everything with it', async () => {
    await ok(['create', 'namespace', 'small']);
    await ok(['create', 'quota', 'one', '--hard=pods=1', '-n', 'small']);
    await until(
      () => ok(['get', 'quota', 'one', '-n', 'small', '-o', 'jsonpath={.status.hard.pods}']),
      (hard) => hard === '1',
    );
    await until(
      () => ok(['get', 'serviceaccounts', '-n', 'small', '-o', 'name']),
      (names) => names.includes('default'),
    );
    await ok(['run', 'a', '--image=example/a:1', '-n', 'small']);
    const second = await cluster.kubectl(['run', 'b', '--image=example/b:1', '-n', 'small']);
    expect(second.stderr).toContain('exceeded quota: one, requested: pods=1, used: pods=1, limited: pods=1');
    await ok(['delete', 'namespace', 'small', '--timeout=60s']);
    expect((await cluster.kubectl(['get', 'namespace', 'small'])).stderr).toContain('not found');
  });

  test('a limit range fills in what containers leave open and refuses what is too much', async () => {
    await ok(['create', 'namespace', 'limited']);
    await cluster.create({
      apiVersion: 'v1',
      kind: 'LimitRange',
      metadata: { name: 'sizes', namespace: 'limited' },
      spec: { limits: [{ type: 'Container', default: { cpu: '200m', memory: '64Mi' }, defaultRequest: { cpu: '100m' }, max: { cpu: '1' }, min: { cpu: '50m' } }] },
    });
    await cluster.wait('serviceaccount/default -n limited', 'create');
    await ok(['run', 'plain', '--image=example/a:1', '-n', 'limited']);
    expect(JSON.parse(await ok(['get', 'pod', 'plain', '-n', 'limited', '-o', 'jsonpath={.spec.containers[0].resources}']))).toEqual({
      limits: { cpu: '200m', memory: '64Mi' },
      requests: { cpu: '100m', memory: '64Mi' },
    });
    expect(await ok(['get', 'pod', 'plain', '-n', 'limited', '-o', 'jsonpath={.metadata.annotations.kubernetes\\.io/limit-ranger}'])).toContain('LimitRanger plugin set');
    const large = await cluster.kubectl([
      'run',
      'large',
      '--image=example/a:1',
      '-n',
      'limited',
      '--overrides={"spec":{"containers":[{"name":"large","image":"example/a:1","resources":{"limits":{"cpu":"2"}}}]}}',
    ]);
    expect(large.stderr).toContain('pods "large" is forbidden: maximum cpu usage per Container is 1, but limit is 2');
    expect(await ok(['describe', 'limitrange', 'sizes', '-n', 'limited'])).toMatch(/Container +cpu +50m +1 +100m +200m/);
    await ok(['delete', 'namespace', 'limited']);
  });

  test('finalizers hold an object back; owners take what they own along, or leave it, or wait for it', async () => {
    await ok(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'held', finalizers: ['example.com/hold'] } }));
    await ok(['delete', 'configmap', 'held', '--wait=false']);
    expect(await ok(['get', 'configmap', 'held', '-o', 'jsonpath={.metadata.deletionTimestamp}'])).toMatch(/^\d{4}-/);
    const late = await cluster.kubectl(['patch', 'configmap', 'held', '--type=merge', '-p', '{"metadata":{"finalizers":["example.com/hold","example.com/more"]}}']);
    expect(late.stderr).toContain(
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.com/more"}',
    );
    await ok(['patch', 'configmap', 'held', '--type=merge', '-p', '{"metadata":{"finalizers":null}}']);
    await cluster.wait('configmap/held', 'delete');

    const owned = async (name: string, owner: string, block = false): Promise<void> => {
      const uid = await ok(['get', 'configmap', owner, '-o', 'jsonpath={.metadata.uid}']);
      await cluster.create({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: owner, uid, ...(block ? { blockOwnerDeletion: true } : {}) }] },
      });
    };
    for (const owner of ['background', 'orphan', 'foreground']) await ok(['create', 'configmap', owner]);
    await owned('of-background', 'background');
    await ok(['delete', 'configmap', 'background']);
    await cluster.wait('configmap/of-background', 'delete');
    await owned('of-orphan', 'orphan');
    await ok(['delete', 'configmap', 'orphan', '--cascade=orphan']);
    await cluster.wait('configmap/orphan', 'delete');
    expect(await ok(['get', 'configmap', 'of-orphan', '-o', 'jsonpath={.metadata.ownerReferences}'])).toBe('');
    await owned('of-foreground', 'foreground', true);
    await ok(['patch', 'configmap', 'of-foreground', '--type=merge', '-p', '{"metadata":{"finalizers":["example.com/hold"]}}']);
    await ok(['delete', 'configmap', 'foreground', '--cascade=foreground', '--wait=false']);
    await cluster.wait('configmap/of-foreground', 'jsonpath={.metadata.deletionTimestamp}');
    expect(await ok(['get', 'configmap', 'foreground', '-o', 'jsonpath={.metadata.finalizers}'])).toBe('["foregroundDeletion"]');
    await ok(['patch', 'configmap', 'of-foreground', '--type=merge', '-p', '{"metadata":{"finalizers":null}}']);
    await cluster.wait('configmap/foreground', 'delete');
    await ok(['delete', 'configmap', 'of-orphan']);
  });

  test('a pod is deleted in its own time, at once with force, and not under another uid', async () => {
    await ok(['run', 'slow', '--image=example/a:1', '--overrides={"metadata":{"finalizers":["example.com/hold"]}}']);
    await cluster.wait('pod/slow', 'condition=Ready');
    await ok(['delete', 'pod', 'slow', '--grace-period=7', '--wait=false']);
    expect(await ok(['get', 'pod', 'slow', '-o', 'jsonpath={.metadata.deletionGracePeriodSeconds}'])).toMatch(/^[07]$/);
    expect(await ok(['get', 'pod', 'slow', '--no-headers'])).toMatch(/Terminating|Completed/);
    await ok(['patch', 'pod', 'slow', '--type=merge', '-p', '{"metadata":{"finalizers":null}}']);
    await cluster.wait('pod/slow', 'delete');
    await ok(['run', 'now', '--image=example/a:1']);
    await cluster.wait('pod/now', 'condition=Ready');
    await ok(['delete', 'pod', 'now', '--grace-period=0', '--force']);
    expect((await cluster.kubectl(['get', 'pod', 'now'])).stderr).toContain('NotFound');
    await ok(['create', 'configmap', 'mine']);
    const other = await cluster.kubectl(
      ['delete', '--raw', '/api/v1/namespaces/default/configmaps/mine', '-f', '-'],
      JSON.stringify({ kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid: 'other' } }),
    );
    expect(other.stderr).toContain('the UID in the precondition (other) does not match the UID in record');
    await ok(['delete', 'configmap', 'mine']);
  });

  test('tokens and who may do what', async () => {
    expect(await ok(['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'])).toBe('kubernetes-admin');
    expect(await ok(['auth', 'can-i', 'delete', 'nodes'])).toBe('yes\n');
    const token = (await ok(['create', 'token', 'default'])).trim();
    expect(token.split('.')).toHaveLength(3);
    const denied = await cluster.kubectl(['get', 'pods', '--as=system:serviceaccount:default:default']);
    expect(denied.stderr).toContain('User "system:serviceaccount:default:default" cannot list resource "pods" in API group "" in the namespace "default"');
  });

  test('watches see what happens, in order', async () => {
    const watching = run(tool('kubectl'), ['get', 'configmaps', '-l', 'w=1', '--watch', '--request-timeout=5s', '-o', 'name'], { env: { KUBECONFIG: cluster.kubeconfig } });
    for (const name of ['w1', 'w2', 'w3']) {
      await ok(['create', 'configmap', name]);
      await ok(['label', 'configmap', name, 'w=1']);
    }
    expect((await watching).stdout.trim().split('\n')).toEqual(['configmap/w1', 'configmap/w2', 'configmap/w3']);
  });
});

describe('helm', () => {
  test('installs, upgrades and removes a chart', async () => {
    const chart = join(cluster.dataDir, 'chart');
    mkdirSync(join(chart, 'templates'), { recursive: true });
    writeFileSync(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: demo\nversion: 0.1.0\n');
    writeFileSync(join(chart, 'values.yaml'), 'replicas: 1\n');
    writeFileSync(
      join(chart, 'templates', 'all.yaml'),
      `apiVersion: v1
kind: ReplicationController
metadata: {name: {{ .Release.Name }}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {app: {{ .Release.Name }}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec: {containers: [{name: c, image: "example/demo:1"}]}
---
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}}
spec: {selector: {app: {{ .Release.Name }}}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Secret
metadata: {name: {{ .Release.Name }}}
stringData: {password: x}
`,
    );
    const helm = (args: readonly string[]): ReturnType<typeof run> => run(tool('helm'), args, { env: { KUBECONFIG: cluster.kubeconfig, HOME: cluster.dataDir } });
    const installed = await helm(['install', 'demo', chart]);
    expect(installed.stderr + installed.stdout).toContain('STATUS: deployed');
    const upgraded = await helm(['upgrade', 'demo', chart, '--set', 'replicas=3']);
    expect(upgraded.stderr + upgraded.stdout).toContain('REVISION: 2');
    await until(
      () => ok(['get', 'rc', 'demo', '-o', 'jsonpath={.status.readyReplicas}']),
      (ready) => ready === '3',
    );
    const removed = await helm(['uninstall', 'demo']);
    expect(removed.stdout).toContain('uninstalled');
    await until(
      () => ok(['get', 'rc,svc,secret', '-l', 'app=demo', '-o', 'name']),
      (left) => left === '',
    );
  });
});
