import { afterEach, describe, expect, test } from 'vitest';
import { namespace, node, pod, type PodOptions, replicationController as rc, running } from '#control/testing/objects.ts';
import { createWorld, type World, type WorldOptions } from '#control/testing/world.ts';
import type { Pod } from '#kinds/generated/types.ts';
import type { KubeObject } from '#machinery/object.ts';
import { SCHEDULER_RESOURCES } from './feed.ts';
import { type Scheduler, startScheduler } from './scheduler.ts';

let world: World;
let scheduler: Scheduler;
let errors: string[];
afterEach(async () => {
  await scheduler.stop();
  await world.stop();
  expect(errors).toEqual([]);
});
const start = async (objects: WorldOptions['objects'] = []): Promise<void> => {
  errors = [];
  world = await createWorld({ controllers: [], objects: [['namespaces', namespace()], ...objects], alsoKeep: [...SCHEDULER_RESOURCES] });
  scheduler = startScheduler({ ...world, random: () => 0.5, onError: (what, error) => errors.push(`${what} ${error instanceof Error ? error.stack : String(error)}`) });
  await world.settle();
};
const get = (name: string): Promise<Pod> => world.client.get('pods', 'default', name);
const nodeOf = async (name: string): Promise<string | undefined> => (await get(name)).spec?.nodeName;
const why = async (name: string): Promise<string | undefined> => (await get(name)).status?.conditions?.find(({ type }) => type === 'PodScheduled')?.message;
const events = async (): Promise<string[]> => {
  await world.events.flush();
  return (await world.all<KubeObject & { reason: string; message: string; type: string }>('events')).map(({ type, reason, message }) => `${type} ${reason} ${message}`);
};
const make = async (name: string, options: PodOptions = {}): Promise<void> => {
  await world.client.create('pods', pod(name, options));
  await world.settle();
};

describe('placing', () => {
  test('binds a pod and says so', async () => {
    await start([['nodes', node('n1')]]);
    await make('a');
    expect(await nodeOf('a')).toBe('n1');
    expect(await events()).toEqual(['Normal Scheduled Successfully assigned default/a to n1']);
  });

  test('never promises the same room twice', async () => {
    await start([['nodes', node('n1', { cpu: '2' })]]);
    await Promise.all(['a', 'b', 'c'].map((name) => world.client.create('pods', pod(name, { cpu: '1' }))));
    await world.settle();
    const placed = (await world.all<Pod>('pods')).filter(({ spec }) => spec?.nodeName === 'n1');
    expect(placed).toHaveLength(2);
  });

  test('spreads the pods of one controller over the nodes', async () => {
    await start([
      ['nodes', node('n1')],
      ['nodes', node('n2')],
      ['replicationcontrollers', rc('web', 2)],
    ]);
    const owner = await world.client.get('replicationcontrollers', 'default', 'web');
    const owned = (name: string): Pod => {
      const one = pod(name, { labels: { app: 'web' } });
      one.metadata.ownerReferences = [{ apiVersion: 'v1', kind: 'ReplicationController', name: 'web', uid: owner.metadata.uid!, controller: true }];
      return one;
    };
    for (const name of ['a', 'b', 'c', 'd']) {
      await world.client.create('pods', owned(name));
      await world.settle();
    }
    const names = await Promise.all(['a', 'b', 'c', 'd'].map(nodeOf));
    expect(names.filter((name) => name === 'n1')).toHaveLength(2);
  });

  test('pods of other schedulers and gated pods are left alone until the gate opens', async () => {
    await start([['nodes', node('n1')]]);
    await make('other', { spec: { schedulerName: 'mine' } });
    await make('gated', { spec: { schedulingGates: [{ name: 'example.com/wait' }] } });
    expect([await nodeOf('other'), await nodeOf('gated')]).toEqual([undefined, undefined]);
    await world.client.patch('pods', 'default', 'gated', { type: 'merge', body: { spec: { schedulingGates: null } } });
    await world.settle();
    expect(await nodeOf('gated')).toBe('n1');
  });
});

describe('refusing', () => {
  test.each<[string, PodOptions, string]>([
    [
      'resources',
      { cpu: '3' },
      '0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s). no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
    ],
    [
      'selector',
      { spec: { nodeSelector: { disk: 'ssd' } } },
      "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated taint(s). no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
    ],
    [
      'claims',
      { spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] } },
      '0/2 nodes are available: persistentvolumeclaim "data" not found. no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
    ],
  ])('%s', async (_, options, message) => {
    await start([
      ['nodes', node('n1', { cpu: '2' })],
      ['nodes', node('n2', { spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } })],
    ]);
    await make('a', options);
    expect(await why('a')).toBe(message);
    expect((await events())[0]).toBe(`Warning FailedScheduling ${message}`);
  });

  test('without any node; and the first node wakes the pod', async () => {
    await start();
    await make('a');
    expect(await why('a')).toBe('no nodes available to schedule pods');
    await world.clock.advance(1500);
    await world.client.create('nodes', node('n1'));
    await world.settle();
    expect(await nodeOf('a')).toBe('n1');
  });

  test('a pod that goes makes room for one that waits', async () => {
    await start([['nodes', node('n1', { cpu: '2' })]]);
    await make('a', { cpu: '2' });
    await make('b', { cpu: '1' });
    expect(await why('b')).toContain('1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.');
    await world.client.delete('pods', 'default', 'a', { gracePeriodSeconds: 0 });
    await world.clock.advance(1100);
    expect(await nodeOf('b')).toBe('n1');
  });

  test('uncordoning wakes', async () => {
    await start([['nodes', node('n1', { spec: { unschedulable: true } })]]);
    await make('a');
    expect(await why('a')).toContain('1 node(s) were unschedulable');
    await world.client.patch('nodes', '', 'n1', { type: 'merge', body: { spec: { unschedulable: null } } });
    await world.clock.advance(1100);
    expect(await nodeOf('a')).toBe('n1');
  });
});

describe('rules between pods', () => {
  const zone = (name: string, zone: string) => node(name, { labels: { 'topology.kubernetes.io/zone': zone } });

  test('host ports', async () => {
    await start([['nodes', node('n1')]]);
    const ports = { spec: { containers: [{ name: 'c', image: 'x', ports: [{ containerPort: 80, hostPort: 8080 }] }] } };
    await make('a', ports);
    await make('b', ports);
    expect(await why('b')).toContain("1 node(s) didn't have free ports for the requested pod ports");
    await make('c', { spec: { containers: [{ name: 'c', image: 'x', ports: [{ containerPort: 80, hostPort: 8080, protocol: 'UDP' }] }] } });
    expect(await nodeOf('c')).toBe('n1');
  });

  test('anti-affinity holds for the newcomer and against the one that is there', async () => {
    await start([
      ['nodes', zone('n1', 'a')],
      ['nodes', zone('n2', 'a')],
    ]);
    const apart = {
      podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector: { matchLabels: { app: 'x' } }, topologyKey: 'topology.kubernetes.io/zone' }] },
    };
    await make('a', { labels: { app: 'x' }, spec: { affinity: apart } });
    await make('b', { labels: { app: 'x' } });
    expect(await why('b')).toContain("2 node(s) didn't satisfy existing pods anti-affinity rules");
    await make('c', { labels: { app: 'y' }, spec: { affinity: apart } });
    expect(await why('c')).toContain("2 node(s) didn't match pod anti-affinity rules");
  });

  test('affinity follows, and the first of a group goes anywhere', async () => {
    await start([
      ['nodes', zone('n1', 'a')],
      ['nodes', zone('n2', 'b')],
      ['nodes', zone('n3', 'b')],
    ]);
    const together = {
      podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector: { matchLabels: { app: 'x' } }, topologyKey: 'topology.kubernetes.io/zone' }] },
    };
    for (const name of ['a', 'b', 'c', 'd']) await make(name, { labels: { app: 'x' }, spec: { affinity: together } });
    const zones = new Set((await Promise.all(['a', 'b', 'c', 'd'].map(nodeOf))).map((name) => (name === 'n1' ? 'a' : 'b')));
    expect(zones.size).toBe(1);
    await make('lonely', {
      spec: {
        affinity: {
          podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector: { matchLabels: { app: 'z' } }, topologyKey: 'topology.kubernetes.io/zone' }] },
        },
      },
    });
    expect(await why('lonely')).toContain("3 node(s) didn't match pod affinity rules");
  });

  test('topology spread', async () => {
    await start([
      ['nodes', zone('n1', 'a')],
      ['nodes', zone('n2', 'b')],
    ]);
    const spread = {
      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'x' } } }],
    };
    for (const name of ['a', 'b', 'c']) await make(name, { labels: { app: 'x' }, spec: spread });
    const names = await Promise.all(['a', 'b', 'c'].map(nodeOf));
    expect(new Set(names)).toEqual(new Set(['n1', 'n2']));
    const full = names.find((name) => names.filter((one) => one === name).length === 2)!;
    await world.client.patch('nodes', '', full === 'n1' ? 'n2' : 'n1', { type: 'merge', body: { spec: { unschedulable: true } } });
    await make('d', { labels: { app: 'x' }, spec: spread });
    expect(await why('d')).toContain("1 node(s) didn't match pod topology spread constraints");
  });
});

describe('preemption', () => {
  test('the least important pods leave, the room is promised, and the pod gets it', async () => {
    await start([
      ['nodes', node('n1', { cpu: '2' })],
      ['nodes', node('n2', { cpu: '2' })],
    ]);
    for (const [name, priority] of [
      ['low', 1],
      ['middle', 5],
    ] as const) {
      await make(name, { cpu: '2', spec: { priority } });
      await world.client.patch('pods', 'default', name, { type: 'merge', body: { status: running('10.0.0.1') } }, 'status');
    }
    const lowNode = await nodeOf('low');
    await make('high', { cpu: '1', spec: { priority: 100 } });
    const victim = await get('low');
    expect(victim.metadata.deletionTimestamp).toBeDefined();
    expect(victim.status?.conditions?.find(({ type }) => type === 'DisruptionTarget')).toMatchObject({ status: 'True', reason: 'PreemptionByScheduler' });
    expect((await get('middle')).metadata.deletionTimestamp).toBeUndefined();
    const waiting = await get('high');
    expect(waiting.status?.nominatedNodeName).toBe(lowNode);
    expect(await why('high')).toBe('0/2 nodes are available: 2 Insufficient cpu.');
    expect(await events()).toContain(`Normal Preempted Preempted by pod ${waiting.metadata.uid} on node ${lowNode}`);
    // others do not take the promised room
    await world.client.delete('pods', 'default', 'low', { gracePeriodSeconds: 0 });
    await make('late', { cpu: '2', spec: { priority: 50, preemptionPolicy: 'Never' } });
    await world.clock.advance(1100);
    expect(await nodeOf('high')).toBe(lowNode);
    expect(await nodeOf('late')).toBeUndefined();
  });

  test('preemptionPolicy Never', async () => {
    await start([['nodes', node('n1', { cpu: '2' })]]);
    await make('low', { cpu: '2' });
    await make('high', { cpu: '1', spec: { priority: 100, preemptionPolicy: 'Never' } });
    expect(await why('high')).toBe('0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never.');
  });
});
