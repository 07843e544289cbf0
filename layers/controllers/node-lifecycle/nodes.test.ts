import { afterEach, describe, expect, test } from 'vitest';
import { node, pod, replicationController as rc, running, service } from '#control/testing/objects.ts';
import { createWorld, type World, type WorldOptions } from '#control/testing/world.ts';
import { microTimestamp } from '#control/time.ts';
import type { Endpoints, Lease, Node, Pod } from '#kinds/generated/types.ts';
import { endpointsController } from '../endpoints/controller.ts';
import { nodeIpamController } from '../node-ipam/controller.ts';
import { podGcController } from '../pod-gc/controller.ts';
import { replicationController } from '../replication/controller.ts';
import { taintEvictionController } from '../taint-eviction/controller.ts';
import { nodeLifecycleController } from './controller.ts';

let world: World;
afterEach(async () => {
  expect(world.errors).toEqual([]);
  await world.stop();
});
const tolerations = (seconds: number) =>
  ['not-ready', 'unreachable'].map((key) => ({ key: `node.kubernetes.io/${key}`, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: seconds }));
const start = async (objects: NonNullable<WorldOptions['objects']>, lifecycle = nodeLifecycleController()): Promise<void> => {
  world = await createWorld({
    controllers: [lifecycle, taintEvictionController(), podGcController(), replicationController(), endpointsController(), nodeIpamController({ clusterCidr: '10.244.0.0/16' })],
    objects,
  });
};
const lease = (name: string, at: number): Lease => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name, namespace: 'kube-node-lease' },
  spec: { holderIdentity: name, renewTime: microTimestamp(at) },
});
const LEASES = 'leases.coordination.k8s.io';
/** Time passes, and these nodes renew their leases. */
async function pass(seconds: number, ...alive: readonly string[]): Promise<void> {
  for (let i = 0; i < seconds; i += 5) {
    for (const name of alive) await world.client.patch(LEASES, 'kube-node-lease', name, { type: 'merge', body: { spec: { renewTime: microTimestamp(world.clock.now()) } } });
    await world.clock.advance(5000);
  }
}
const get = (name: string): Promise<Node> => world.client.get('nodes', '', name);
const ready = async (name: string): Promise<string | undefined> => (await get(name)).status?.conditions?.find(({ type }) => type === 'Ready')?.status;
const taints = async (name: string): Promise<string[]> => ((await get(name)).spec?.taints ?? []).map(({ key, effect }) => `${key}:${effect}`).sort();

describe('a node that falls silent', () => {
  const two = (now = Date.parse('2026-01-01T00:00:00Z')): NonNullable<WorldOptions['objects']> => [
    ['nodes', node('n1')],
    ['nodes', node('n2')],
    [LEASES, lease('n1', now)],
    [LEASES, lease('n2', now)],
  ];

  /** Each look by another process, as function environments come and go. */
  const forgetful = (memory: 'process' | 'lease') => ({
    ...nodeLifecycleController(),
    reconcile: (...args: Parameters<ReturnType<typeof nodeLifecycleController>['reconcile']>) => nodeLifecycleController({ memory }).reconcile(...args),
  });

  test('is Unknown in time also where each look is another process, by what is kept with its lease', async () => {
    await start(two(), forgetful('lease'));
    await pass(30, 'n1', 'n2');
    expect([await ready('n1'), await ready('n2')]).toEqual(['True', 'True']);
    await pass(45, 'n2');
    expect([await ready('n1'), await ready('n2')]).toEqual(['Unknown', 'True']);
    // what is kept is not the lease's own: its holder renews it as before
    expect((await world.client.get<Lease>(LEASES, 'kube-node-lease', 'n2')).spec).toMatchObject({ holderIdentity: 'n2' });
    await world.stop();
    // the control: a memory that dies with its process never sees a node fall silent
    await start(two(), forgetful('process'));
    await pass(75, 'n2');
    expect(await ready('n1')).toBe('True');
  });

  test('is Unknown after the grace, its pods are not ready and leave after what they tolerate, and others replace them', async () => {
    await start([...two(), ['services', service('web')], ['replicationcontrollers', rc('web', 1)]]);
    const [first] = await world.all<Pod>('pods');
    const name = first!.metadata.name!;
    await world.client.patch('pods', 'default', name, { type: 'merge', body: { spec: { nodeName: 'n1', tolerations: tolerations(20) } } });
    await world.client.patch('pods', 'default', name, { type: 'merge', body: { status: running('10.244.0.2') } }, 'status');
    await pass(15, 'n1', 'n2');
    expect(await ready('n1')).toBe('True');
    await pass(25, 'n2');
    expect(await ready('n1')).toBe('Unknown');
    expect((await get('n1')).status?.conditions?.[0]).toMatchObject({ reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.' });
    expect(await taints('n1')).toEqual(['node.kubernetes.io/unreachable:NoExecute', 'node.kubernetes.io/unreachable:NoSchedule']);
    expect((await world.client.get<Endpoints>('endpoints', 'default', 'web')).subsets![0]!.addresses).toBeUndefined();
    expect(await world.all('pods')).toHaveLength(1);
    await pass(20, 'n2');
    const pods = await world.all<Pod>('pods');
    expect(pods).toHaveLength(2);
    const lost = pods.find((one) => one.metadata.name === name)!;
    expect(lost.metadata.deletionTimestamp).toBeDefined();
    expect(lost.status?.conditions?.find(({ type }) => type === 'DisruptionTarget')).toMatchObject({ status: 'True', reason: 'DeletionByTaintManager' });
    expect(await ready('n2')).toBe('True');
  });

  test('comes back: taints go, pods that were not yet due stay', async () => {
    await start([...two(), ['pods', pod('p', { spec: { nodeName: 'n1', tolerations: tolerations(60) } })]]);
    await pass(30, 'n2');
    expect(await ready('n1')).toBe('Unknown');
    const conditions = [{ type: 'Ready', status: 'True', lastHeartbeatTime: '2026-01-01T00:00:30Z', lastTransitionTime: '2026-01-01T00:00:30Z' }];
    await world.client.patch('nodes', '', 'n1', { type: 'strategic', body: { status: { conditions } } }, 'status');
    await pass(120, 'n1', 'n2');
    expect(await taints('n1')).toEqual([]);
    expect((await world.all<Pod>('pods'))[0]!.metadata.deletionTimestamp).toBeUndefined();
  });

  test('when all fall silent nothing is evicted: it is more likely us', async () => {
    await start(two());
    await pass(40);
    expect([await ready('n1'), await ready('n2')]).toEqual(['Unknown', 'Unknown']);
    expect(await taints('n1')).toEqual(['node.kubernetes.io/unreachable:NoSchedule']);
    expect(await taints('n2')).toEqual(['node.kubernetes.io/unreachable:NoSchedule']);
  });

  test('a control plane that was away gives every node its grace', async () => {
    await start(two(Date.parse('2025-12-31T00:00:00Z')));
    await pass(15);
    expect(await ready('n1')).toBe('True');
  });
});

describe('taints', () => {
  test('follow conditions and cordoning; those of users stay', async () => {
    await start([['nodes', node('n1', { spec: { taints: [{ key: 'mine', effect: 'NoSchedule' }], unschedulable: true } })]]);
    await world.client.patch('nodes', '', 'n1', { type: 'strategic', body: { status: { conditions: [{ type: 'DiskPressure', status: 'True' }] } } }, 'status');
    await world.settle();
    expect(await taints('n1')).toEqual(['mine:NoSchedule', 'node.kubernetes.io/disk-pressure:NoSchedule', 'node.kubernetes.io/unschedulable:NoSchedule']);
  });

  test('a NoExecute taint of a user: at once without toleration, later with seconds, never with one for good', async () => {
    const tolerate = (extra: object) => ({ spec: { nodeName: 'n1', tolerations: [{ key: 'k', operator: 'Exists', effect: 'NoExecute', ...extra }] } });
    await start([
      ['nodes', node('n1')],
      ['nodes', node('n2')],
      ['pods', pod('now', { spec: { nodeName: 'n1' } })],
      ['pods', pod('later', tolerate({ tolerationSeconds: 10 }))],
      ['pods', pod('never', tolerate({}))],
    ]);
    await world.client.patch('nodes', '', 'n1', { type: 'merge', body: { spec: { taints: [{ key: 'k', effect: 'NoExecute' }] } } });
    await world.settle();
    const leaving = async () => (await world.all<Pod>('pods')).filter(({ metadata }) => metadata.deletionTimestamp !== undefined).map(({ metadata }) => metadata.name);
    expect(await leaving()).toEqual(['now']);
    await world.clock.advance(10_000);
    expect(await leaving()).toEqual(['later', 'now']);
  });
});

describe('pods nobody else removes', () => {
  test('of a node that is gone, after the quarantine, as Failed', async () => {
    await start([
      ['nodes', node('n1')],
      ['pods', pod('p', { spec: { nodeName: 'n1' } })],
    ]);
    await world.client.delete('nodes', '', 'n1');
    await world.settle();
    await world.clock.advance(39_000);
    expect(await world.all('pods')).toHaveLength(1);
    await world.clock.advance(2_000);
    expect(await world.all('pods')).toHaveLength(0);
  });

  test('of a node declared out of service', async () => {
    await start([
      ['nodes', node('n1', { ready: 'Unknown', spec: { taints: [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute', value: 'nodeshutdown' }] } })],
      ['pods', pod('p', { spec: { nodeName: 'n1' } })],
    ]);
    await world.client.delete('pods', 'default', 'p').catch(() => undefined);
    await world.settle();
    expect(await world.all('pods')).toHaveLength(0);
  });
});

test('each node gets a slice of its own, and one that is freed is given again', async () => {
  await start([
    ['nodes', node('a')],
    ['nodes', node('b', { spec: { podCIDR: '10.244.1.0/24' } })],
    ['nodes', node('c')],
  ]);
  const cidr = async (name: string) => (await get(name)).spec?.podCIDR;
  expect([await cidr('a'), await cidr('b'), await cidr('c')]).toEqual(['10.244.0.0/24', '10.244.1.0/24', '10.244.2.0/24']);
  await world.client.delete('nodes', '', 'b');
  await world.client.create('nodes', node('d'));
  await world.settle();
  expect(await cidr('d')).toBe('10.244.1.0/24');
});
