/** Deployments, stateful sets and daemon sets as a user of kubectl sees them, on simulated nodes. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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

const labels = (name: string): object => ({ matchLabels: { app: name } });
const template = (name: string, image = 'example/web:1'): object => ({ metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image }] } });
const manifest = (kind: string, name: string, spec: object): string =>
  JSON.stringify({ apiVersion: 'apps/v1', kind, metadata: { name }, spec: { selector: labels(name), template: template(name), ...spec } });
const rolledOut = (what: string): Promise<string> => ok(['rollout', 'status', what, '--timeout=60s']);
const podsOf = async (name: string, path = '{.items[*].metadata.name}'): Promise<string[]> =>
  (await ok(['get', 'pods', '-l', `app=${name}`, '-o', `jsonpath=${path}`])).split(' ').filter((text) => text !== '');
const imagesOf = async (name: string): Promise<string[]> => [...new Set(await podsOf(name, '{.items[*].spec.containers[0].image}'))];
const gone = (kind: string, name: string): Promise<string> =>
  until(
    () => ok(['get', kind, '-l', `app=${name}`, '-o', 'name']),
    (left) => left === '',
  );

describe('a deployment', () => {
  test('applied, updated, looked back on, undone, scaled, and deleted with all it made', async () => {
    await ok(['apply', '-f', '-'], manifest('Deployment', 'web', { replicas: 3 }));
    expect(await rolledOut('deployment/web')).toContain('deployment "web" successfully rolled out');
    await ok(['wait', '--for=condition=Available', 'deployment/web', '--timeout=30s']);
    expect(await ok(['get', 'deployment', 'web', '--no-headers'])).toMatch(/^web +3\/3 +3 +3 /);

    await ok(['set', 'image', 'deployment/web', 'c=example/web:2']);
    await ok(['annotate', 'deployment/web', 'kubernetes.io/change-cause=second']);
    expect(await rolledOut('deployment/web')).toContain('successfully rolled out');
    // an old pod on its way out may still be there
    await until(
      () => imagesOf('web'),
      (images) => images.join() === 'example/web:2',
    );
    expect(await ok(['rollout', 'history', 'deployment/web'])).toMatch(/REVISION +CHANGE-CAUSE\n1 +<none>\n2 +second\n/);
    expect(await ok(['rollout', 'history', 'deployment/web', '--revision=1'])).toMatch(/pod-template-hash=\w+\n[^]*Image:\s+example\/web:1/);

    expect(await ok(['rollout', 'undo', 'deployment/web'])).toContain('deployment.apps/web rolled back');
    await rolledOut('deployment/web');
    await until(
      () => imagesOf('web'),
      (images) => images.join() === 'example/web:1',
    );
    expect(await ok(['rollout', 'history', 'deployment/web'])).toMatch(/\n2 +second\n3 +<none>\n/);

    await ok(['scale', 'deployment/web', '--replicas=5']);
    await rolledOut('deployment/web');
    expect(await podsOf('web')).toHaveLength(5);
    expect(await ok(['get', 'rs', '-l', 'app=web', '--no-headers'])).toMatch(/(web-\w+ +(5 +5 +5|0 +0 +0) .*\n){2}/);
    expect(await ok(['describe', 'deployment', 'web'])).toMatch(/OldReplicaSets: +web-\w+ \(0\/0 replicas created\)\nNewReplicaSet: +web-\w+ \(5\/5 replicas created\)\n/);
    await until(
      () => ok(['get', 'events', '--field-selector', 'reason=ScalingReplicaSet', '-o', 'jsonpath={.items[*].message}']),
      (text) => /Scaled up replica set web-\w+ from 0 to 3/.test(text) && /Scaled up replica set web-\w+ from 3 to 5/.test(text),
    );

    await ok(['delete', 'deployment', 'web']);
    await gone('rs', 'web');
    await gone('pods', 'web');
  });

  test('paused and resumed; restarted', async () => {
    await ok(['create', 'deployment', 'hold', '--image=example/web:1', '--replicas=2']);
    await rolledOut('deployment/hold');
    await ok(['rollout', 'pause', 'deployment/hold']);
    await ok(['set', 'image', 'deployment/hold', 'web=example/web:2']);
    await ok(['scale', 'deployment/hold', '--replicas=3']);
    await until(
      () => podsOf('hold'),
      (names) => names.length === 3,
    );
    expect(await imagesOf('hold')).toEqual(['example/web:1']);
    await ok(['rollout', 'resume', 'deployment/hold']);
    await rolledOut('deployment/hold');
    await until(
      () => imagesOf('hold'),
      (images) => images.join() === 'example/web:2',
    );
    const before = await podsOf('hold');
    await ok(['rollout', 'restart', 'deployment/hold']);
    await rolledOut('deployment/hold');
    await until(
      () => podsOf('hold'),
      (after) => after.length === 3 && after.every((name) => !before.includes(name)),
    );
    await ok(['delete', 'deployment', 'hold']);
  });

  test('what it orphans stays, and is adopted by the next of its kind', async () => {
    const text = manifest('Deployment', 'keep', { replicas: 2 });
    await ok(['apply', '-f', '-'], text);
    await rolledOut('deployment/keep');
    const [set] = (await ok(['get', 'rs', '-l', 'app=keep', '-o', 'name'])).split('\n');
    const pods = await podsOf('keep');
    await ok(['delete', 'deployment', 'keep', '--cascade=orphan']);
    expect(await ok(['get', set!, '-o', 'jsonpath={.metadata.ownerReferences}'])).toBe('');
    expect(await podsOf('keep')).toEqual(pods);
    await ok(['apply', '-f', '-'], text);
    await rolledOut('deployment/keep');
    expect(await podsOf('keep')).toEqual(pods);
    await ok(['delete', 'deployment', 'keep', '--cascade=foreground']);
    expect(await podsOf('keep')).toEqual([]);
  });
});

test('a stateful set: one after the other, its own names and claims, a rollout from the top, and back', async () => {
  await ok(['apply', '-f', '-'], manifest('StatefulSet', 'db', { replicas: 3, serviceName: 'db' }));
  expect(await rolledOut('statefulset/db')).toContain('partitioned roll out complete: 3 new pods have been updated');
  expect(await podsOf('db')).toEqual(['db-0', 'db-1', 'db-2']);
  const born = (await podsOf('db', '{.items[*].metadata.creationTimestamp}')).map((text) => Date.parse(text));
  expect(born).toEqual(born.toSorted((a, b) => a - b));
  expect(await ok(['get', 'pod', 'db-2', '-o', 'jsonpath={.spec.hostname} {.spec.subdomain} {.metadata.labels.apps\\.kubernetes\\.io/pod-index}'])).toBe('db-2 db 2');

  await ok(['set', 'image', 'statefulset/db', 'c=example/web:2']);
  await rolledOut('statefulset/db');
  expect(await imagesOf('db')).toEqual(['example/web:2']);
  expect(await ok(['rollout', 'history', 'statefulset/db'])).toMatch(/\n1 +<none>\n2 +<none>\n/);
  await ok(['rollout', 'undo', 'statefulset/db']);
  await rolledOut('statefulset/db');
  expect(await imagesOf('db')).toEqual(['example/web:1']);

  await ok(['scale', 'statefulset/db', '--replicas=1']);
  await until(
    () => podsOf('db'),
    (names) => names.join() === 'db-0',
  );
  await ok(['delete', 'statefulset', 'db']);
  await gone('pods', 'db');
  await gone('controllerrevisions', 'db');
});

test('a daemon set: on every node, updated node by node, and back', async () => {
  await ok(['apply', '-f', '-'], manifest('DaemonSet', 'agent', {}));
  expect(await rolledOut('daemonset/agent')).toContain('daemon set "agent" successfully rolled out');
  expect(new Set(await podsOf('agent', '{.items[*].spec.nodeName}')).size).toBe(3);
  expect(await ok(['get', 'daemonset', 'agent', '--no-headers'])).toMatch(/^agent +3 +3 +3 +3 +3 +<none> /);
  await ok(['set', 'image', 'daemonset/agent', 'c=example/web:2']);
  await rolledOut('daemonset/agent');
  await until(
    () => imagesOf('agent'),
    (images) => images.join() === 'example/web:2',
  );
  expect(await ok(['rollout', 'history', 'daemonset/agent'])).toMatch(/\n1 +<none>\n2 +<none>\n/);
  await ok(['rollout', 'undo', 'daemonset/agent']);
  await rolledOut('daemonset/agent');
  await until(
    () => imagesOf('agent'),
    (images) => images.join() === 'example/web:1',
  );
  // a node that is closed keeps its daemons
  const [node] = await podsOf('agent', '{.items[*].spec.nodeName}');
  await ok(['cordon', node!]);
  expect(await podsOf('agent')).toHaveLength(3);
  await ok(['uncordon', node!]);
  await ok(['delete', 'daemonset', 'agent']);
  await gone('pods', 'agent');
});

describe('kubectl on workloads', () => {
  const rejected = async (args: readonly string[]): Promise<string> => {
    const ran = await cluster.kubectl(args);
    expect(ran.code).not.toBe(0);
    return ran.stderr;
  };
  const imageOf = (what: string): Promise<string> => ok(['get', what, '-o', 'jsonpath={.spec.template.spec.containers[0].image}']);

  test.each([
    ['Deployment', { replicas: 1 }],
    ['StatefulSet', { replicas: 1, serviceName: 'none' }],
    ['DaemonSet', {}],
  ])('history of a %s: to a revision, to one that is not there, dry, and to the same', async (kind, spec) => {
    const name = `past-${kind.toLowerCase()}`;
    const what = `${kind.toLowerCase()}/${name}`;
    await ok(['apply', '-f', '-'], manifest(kind, name, spec));
    await rolledOut(what);
    for (const image of ['example/web:2', 'example/web:3']) {
      await ok(['set', 'image', what, `*=${image}`]);
      await rolledOut(what);
    }
    expect(await ok(['rollout', 'history', what])).toMatch(/\n1 +<none>\n2 +<none>\n3 +<none>\n/);
    expect(await ok(['rollout', 'history', what, '--revision=2'])).toContain('example/web:2');
    expect(await rejected(['rollout', 'undo', what, '--to-revision=1000'])).toContain('unable to find specified revision 1000 in history');
    await ok(['rollout', 'undo', what, '--to-revision=1', '--dry-run=server']);
    expect(await imageOf(what)).toBe('example/web:3');
    await ok(['rollout', 'undo', what, '--to-revision=1']);
    await rolledOut(what);
    expect(await imageOf(what)).toBe('example/web:1');
    // the revision went from its old number to a new one
    expect(await ok(['rollout', 'history', what])).toMatch(/\n2 +<none>\n3 +<none>\n4 +<none>\n/);
    expect(await ok(['rollout', 'undo', what, '--to-revision=4'])).toContain('skipped rollback (current template already matches revision 4)');
    await ok(['delete', what]);
  });

  test('scale with a condition; environment, resources and account of a template; a selector that may not change', async () => {
    await ok(['create', 'deployment', 'tools', '--image=example/web:1']);
    expect(await rejected(['scale', 'deployment/tools', '--current-replicas=3', '--replicas=2'])).toContain('Expected replicas to be 3, was 1');
    await ok(['scale', 'deployment/tools', '--current-replicas=1', '--replicas=2']);
    await ok(['set', 'env', 'deployment/tools', 'COLOR=blue']);
    await ok(['set', 'resources', 'deployment/tools', '--limits=cpu=200m', '--requests=cpu=100m']);
    await ok(['set', 'serviceaccount', 'deployment/tools', 'default']);
    expect(await rolledOut('deployment/tools')).toContain('successfully rolled out');
    const spec = JSON.parse(await ok(['get', 'deployment', 'tools', '-o', 'jsonpath={.spec.template.spec}'])) as { containers: [object] };
    expect(spec).toMatchObject({
      serviceAccountName: 'default',
      containers: [{ env: [{ name: 'COLOR', value: 'blue' }], resources: { limits: { cpu: '200m' }, requests: { cpu: '100m' } } }],
    });
    expect(await rejected(['patch', 'deployment', 'tools', '-p', '{"spec":{"selector":{"matchLabels":{"app":"other"}}}}'])).toMatch(
      /spec\.selector: Invalid value: .*: field is immutable/,
    );
    expect(await rejected(['create', 'deployment', 'bad', '--image=example/web:1', '--replicas=-1'])).toContain(
      'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    );
    await ok(['delete', 'deployment', 'tools']);
  });

  test('a rollout that does not get on says so after its deadline', async () => {
    // no node has this label
    const lost = { metadata: { labels: { app: 'stuck' } }, spec: { nodeSelector: { nowhere: 'yes' }, containers: [{ name: 'c', image: 'example/web:1' }] } };
    await ok(['apply', '-f', '-'], manifest('Deployment', 'stuck', { replicas: 1, progressDeadlineSeconds: 2, template: lost }));
    expect(await rejected(['rollout', 'status', 'deployment/stuck', '--timeout=30s'])).toContain('deployment "stuck" exceeded its progress deadline');
    expect(await ok(['get', 'deployment', 'stuck', '-o', 'jsonpath={.status.conditions[?(@.type=="Progressing")].reason}'])).toBe('ProgressDeadlineExceeded');
    await ok(['delete', 'deployment', 'stuck']);
  });
});
