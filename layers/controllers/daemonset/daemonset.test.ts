import { afterEach, describe, expect, test } from 'vitest';
import { node, running } from '#control/testing/objects.ts';
import { createWorld, type World, type WorldOptions } from '#control/testing/world.ts';
import type { ControllerRevision, DaemonSet, DaemonSetSpec, Node, Pod } from '#kinds/generated/types.ts';
import type { KubeObject } from '#machinery/object.ts';
import { daemonSetController } from './controller.ts';
import { nodeOf } from './template.ts';

let world: World;
afterEach(async () => {
  expect(world.errors).toEqual([]);
  await world.stop();
});

type Extra = Partial<Omit<DaemonSetSpec, 'selector'>>;

const daemonSet = (extra: Extra = {}): DaemonSet => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'agent', namespace: 'default', annotations: { 'deprecated.daemonset.template.generation': '1' } },
  spec: {
    selector: { matchLabels: { app: 'agent' } },
    template: { metadata: { labels: { app: 'agent' } }, spec: { containers: [{ name: 'c', image: 'agent:1' }] } },
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
    revisionHistoryLimit: 10,
    ...extra,
  },
});
const nodes = (...list: Node[]): (readonly ['nodes', KubeObject])[] => list.map((one) => ['nodes', one] as const);
const three = (): (readonly ['nodes', KubeObject])[] => nodes(node('n1'), node('n2'), node('n3'));

const start = async (objects: NonNullable<WorldOptions['objects']>): Promise<void> => {
  world = await createWorld({ controllers: [daemonSetController()], objects });
};
const get = (): Promise<DaemonSet> => world.client.get('daemonsets.apps', 'default', 'agent');
const pods = (): Promise<readonly Pod[]> => world.all<Pod>('pods');
/** Images by node. */
const places = async (): Promise<Record<string, string[]>> => {
  const found: Record<string, string[]> = {};
  for (const pod of await pods()) (found[nodeOf(pod)!] ??= []).push(pod.spec!.containers[0]!.image!);
  return found;
};
const revisions = async (): Promise<number[]> => (await world.all<ControllerRevision>('controllerrevisions.apps')).map(({ revision }) => revision).sort();
/** Makes pods ready, all or those on a node. */
async function ready(on?: string): Promise<void> {
  for (const pod of await pods()) {
    if (pod.status?.phase === 'Running' || (on !== undefined && nodeOf(pod) !== on)) continue;
    const status = running('10.0.0.1');
    status.conditions![0]!.lastTransitionTime = new Date(world.clock.now()).toISOString().replace('.000Z', 'Z');
    await world.client.patch('pods', 'default', pod.metadata.name!, { type: 'merge', body: { status } }, 'status');
  }
  await world.settle();
}
async function rollOut(): Promise<void> {
  for (let i = 0; i < 10; i++) await ready();
}
const change = async (spec: Partial<DaemonSetSpec>): Promise<void> => {
  await world.client.patch('daemonsets.apps', 'default', 'agent', { type: 'merge', body: { spec } });
  await world.settle();
};
/** The API server counts changes of the template in an annotation. */
const setImage = async (image: string): Promise<void> => {
  const set = await get();
  const generation = String(Number(set.metadata.annotations!['deprecated.daemonset.template.generation']) + 1);
  await world.client.patch('daemonsets.apps', 'default', 'agent', {
    type: 'merge',
    body: { metadata: { annotations: { 'deprecated.daemonset.template.generation': generation } }, spec: { template: { spec: { containers: [{ name: 'c', image }] } } } },
  });
  await world.settle();
};
const eventTexts = async (): Promise<string[]> => {
  await world.events.flush();
  return (await world.all<KubeObject & { reason: string; message: string }>('events')).map(({ reason, message }) => `${reason} ${message}`);
};
const tainted = (name: string, effect: string): Node => node(name, { spec: { taints: [{ key: 'dedicated', value: 'x', effect }] } });

describe('where pods go', () => {
  test('one to each node, by affinity to its name, with tolerations and labels', async () => {
    await start([...three(), ['daemonsets.apps', daemonSet()]]);
    expect(await places()).toEqual({ n1: ['agent:1'], n2: ['agent:1'], n3: ['agent:1'] });
    const [first] = await pods();
    const [revision] = await world.all<ControllerRevision>('controllerrevisions.apps');
    const hash = revision!.metadata.labels!['controller-revision-hash']!;
    expect(revision!.metadata.name).toBe(`agent-${hash}`);
    expect(first!.metadata).toMatchObject({
      generateName: 'agent-',
      labels: { app: 'agent', 'pod-template-generation': '1', 'controller-revision-hash': hash },
      ownerReferences: [{ kind: 'DaemonSet', name: 'agent', controller: true }],
    });
    expect(first!.spec!.affinity).toEqual({
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [nodeOf(first!)] }] }] },
      },
    });
    expect(first!.spec!.tolerations!.map(({ key, effect }) => `${key!.split('/')[1]!}:${effect!}`)).toEqual([
      'not-ready:NoExecute',
      'unreachable:NoExecute',
      'disk-pressure:NoSchedule',
      'memory-pressure:NoSchedule',
      'pid-pressure:NoSchedule',
      'unschedulable:NoSchedule',
    ]);
    expect((await get()).status).toEqual({
      currentNumberScheduled: 3,
      numberMisscheduled: 0,
      desiredNumberScheduled: 3,
      numberReady: 0,
      observedGeneration: 1,
      updatedNumberScheduled: 3,
      numberUnavailable: 3,
    });
    await ready();
    expect((await get()).status).toMatchObject({ numberReady: 3, numberAvailable: 3 });
    expect((await get()).status).not.toHaveProperty('numberUnavailable');
  });

  test('nodes that come, go, or change their labels', async () => {
    await start([
      ...nodes(node('n1', { labels: { disk: 'ssd' } }), node('n2')),
      [
        'daemonsets.apps',
        daemonSet({ template: { metadata: { labels: { app: 'agent' } }, spec: { nodeSelector: { disk: 'ssd' }, containers: [{ name: 'c', image: 'agent:1' }] } } }),
      ],
    ]);
    expect(Object.keys(await places())).toEqual(['n1']);
    await world.client.patch('nodes', '', 'n2', { type: 'merge', body: { metadata: { labels: { disk: 'ssd' } } } });
    await world.client.create('nodes', node('n3', { labels: { disk: 'ssd' } }));
    await world.client.patch('nodes', '', 'n1', { type: 'merge', body: { metadata: { labels: { disk: 'hdd' } } } });
    await world.settle();
    expect(Object.keys(await places()).sort()).toEqual(['n2', 'n3']);
    await world.client.delete('nodes', '', 'n3');
    await world.settle();
    expect(Object.keys(await places())).toEqual(['n2']);
    expect((await get()).status).toMatchObject({ desiredNumberScheduled: 1, currentNumberScheduled: 1, numberMisscheduled: 0 });
  });

  test('taints: NoSchedule keeps new pods away, NoExecute sends those that are there', async () => {
    await start([...nodes(node('n1'), tainted('n2', 'NoSchedule')), ['daemonsets.apps', daemonSet()]]);
    expect(Object.keys(await places())).toEqual(['n1']);
    await world.client.patch('nodes', '', 'n1', { type: 'merge', body: { spec: tainted('n1', 'NoSchedule').spec } });
    await world.settle();
    expect(Object.keys(await places())).toEqual(['n1']);
    expect((await get()).status).toMatchObject({ desiredNumberScheduled: 0, numberMisscheduled: 1 });
    await world.client.patch('nodes', '', 'n1', { type: 'merge', body: { spec: tainted('n1', 'NoExecute').spec } });
    await world.settle();
    expect(await pods()).toEqual([]);
  });

  test('a failed pod is replaced, and told of; the next one on that node waits longer', async () => {
    await start([...nodes(node('n1')), ['daemonsets.apps', daemonSet()]]);
    const fail = async (): Promise<void> => {
      const [only] = await pods();
      await world.client.patch('pods', 'default', only!.metadata.name!, { type: 'merge', body: { status: { phase: 'Failed' } } }, 'status');
      await world.settle();
    };
    const before = (await pods())[0]!.metadata.name!;
    await fail();
    const second = (await pods())[0]!.metadata.name!;
    expect(second).not.toBe(before);
    expect(await eventTexts()).toContain(`FailedDaemonPod Found failed daemon pod default/${before} on node n1, will try to kill it`);
    await fail();
    expect((await pods())[0]!.metadata.name!).toBe(second);
    await world.clock.advance(2_000);
    expect((await pods())[0]!.metadata.name!).not.toBe(second);
  });
});

describe('an update', () => {
  test('replaces one node after the other', async () => {
    await start([...three(), ['daemonsets.apps', daemonSet()]]);
    await ready();
    await setImage('agent:2');
    expect(
      Object.values(await places())
        .flat()
        .sort(),
    ).toEqual(['agent:1', 'agent:1', 'agent:2']);
    expect((await get()).status).toMatchObject({ updatedNumberScheduled: 1, numberUnavailable: 1, observedGeneration: 2 });
    await rollOut();
    expect(await places()).toEqual({ n1: ['agent:2'], n2: ['agent:2'], n3: ['agent:2'] });
    expect(await revisions()).toEqual([1, 2]);
  });

  test('pods that never worked are replaced without counting', async () => {
    await start([...three(), ['daemonsets.apps', daemonSet()]]);
    await setImage('agent:2');
    expect(Object.values(await places()).flat()).toEqual(['agent:2', 'agent:2', 'agent:2']);
  });

  test('with surge the new pod stands beside the old one until it serves', async () => {
    await start([...three(), ['daemonsets.apps', daemonSet({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } } })]]);
    await ready();
    await setImage('agent:2');
    expect(
      Object.values(await places())
        .flat()
        .sort(),
    ).toEqual(['agent:1', 'agent:1', 'agent:1', 'agent:2']);
    const [surged] = Object.entries(await places()).find(([, images]) => images.length === 2)!;
    await ready(surged);
    expect((await places())[surged]).toEqual(['agent:2']);
    await rollOut();
    expect(await places()).toEqual({ n1: ['agent:2'], n2: ['agent:2'], n3: ['agent:2'] });
  });

  test('OnDelete waits for the user', async () => {
    await start([...three(), ['daemonsets.apps', daemonSet({ updateStrategy: { type: 'OnDelete' } })]]);
    await ready();
    await setImage('agent:2');
    expect(Object.values(await places()).flat()).toEqual(['agent:1', 'agent:1', 'agent:1']);
    await world.client.delete('pods', 'default', (await pods())[0]!.metadata.name!);
    await world.settle();
    expect(
      Object.values(await places())
        .flat()
        .sort(),
    ).toEqual(['agent:1', 'agent:1', 'agent:2']);
    expect((await get()).status).toMatchObject({ updatedNumberScheduled: 1 });
  });

  test('going back numbers the old revision anew; the limit takes the oldest', async () => {
    await start([...nodes(node('n1')), ['daemonsets.apps', daemonSet({ revisionHistoryLimit: 1 })]]);
    await rollOut();
    await setImage('agent:2');
    await rollOut();
    await setImage('agent:1');
    await rollOut();
    expect(await revisions()).toEqual([2, 3]);
    await setImage('agent:3');
    await rollOut();
    expect(await revisions()).toEqual([3, 4]);
  });

  test('minReadySeconds holds the next node back', async () => {
    await start([...nodes(node('n1'), node('n2')), ['daemonsets.apps', daemonSet({ minReadySeconds: 30 })]]);
    await ready();
    await world.clock.advance(31_000);
    expect((await get()).status).toMatchObject({ numberAvailable: 2 });
    await setImage('agent:2');
    await ready();
    expect(
      Object.values(await places())
        .flat()
        .sort(),
    ).toEqual(['agent:1', 'agent:2']);
    await world.clock.advance(31_000);
    expect(
      Object.values(await places())
        .flat()
        .sort(),
    ).toEqual(['agent:2', 'agent:2']);
  });
});

test('adopts pods that match, and lets go of those that no longer do', async () => {
  await start([...nodes(node('n1')), ['daemonsets.apps', daemonSet()]]);
  const [only] = await pods();
  await world.client.patch('pods', 'default', only!.metadata.name!, { type: 'merge', body: { metadata: { labels: { app: 'away' } } } });
  await world.settle();
  expect(await pods()).toHaveLength(2);
  expect((await pods()).find(({ metadata }) => metadata.name === only!.metadata.name)!.metadata.ownerReferences ?? []).toEqual([]);
  await change({ minReadySeconds: 0 });
  expect(await pods()).toHaveLength(2);
});
