import { afterEach, describe, expect, test } from 'vitest';
import { node, pod, replicationController as rc, running } from '#control/testing/objects.ts';
import { createWorld, type World, type WorldOptions } from '#control/testing/world.ts';
import type { Pod, ReplicationController } from '#kinds/generated/types.ts';
import type { KubeObject } from '#machinery/object.ts';
import { forbiddenRequest } from '#machinery/status.ts';
import { replicationController } from './controller.ts';

let world: World;
afterEach(async () => {
  expect(world.errors).toEqual([]);
  await world.stop();
});

const start = async (objects: WorldOptions['objects'] = [], admit?: WorldOptions['admit']): Promise<void> => {
  world = await createWorld({ controllers: [replicationController()], objects, ...(admit === undefined ? {} : { admit }) });
};
const pods = (): Promise<readonly Pod[]> => world.all<Pod>('pods');
const get = (name: string): Promise<ReplicationController> => world.client.get('replicationcontrollers', 'default', name);
const scale = (name: string, replicas: number) => world.client.patch('replicationcontrollers', 'default', name, { type: 'merge', body: { spec: { replicas } } });
const eventTexts = async (): Promise<string[]> => {
  await world.events.flush();
  return (await world.all<KubeObject & { reason: string; message: string }>('events')).map(({ reason, message }) => `${reason} ${message}`);
};

describe('a replication controller', () => {
  test('makes its pods from the template, owns them, and says so', async () => {
    await start([['replicationcontrollers', rc('web', 3)]]);
    const made = await pods();
    expect(made).toHaveLength(3);
    const owner = await get('web');
    expect(made[0]!.metadata).toMatchObject({
      labels: { app: 'web' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'ReplicationController', name: 'web', uid: owner.metadata.uid, controller: true, blockOwnerDeletion: true }],
    });
    expect(made[0]!.metadata.name).toMatch(/^web-[a-z0-9]{5}$/);
    expect(owner.status).toEqual({ replicas: 3, fullyLabeledReplicas: 3, observedGeneration: 1 });
    expect(await eventTexts()).toContain(`SuccessfulCreate Created pod: ${made[0]!.metadata.name}`);
  });

  test('replaces a pod that is deleted, that failed, or that was relabelled', async () => {
    await start([['replicationcontrollers', rc('web', 2)]]);
    const [first, second] = await pods();
    await world.client.delete('pods', 'default', first!.metadata.name!);
    await world.settle();
    expect(await pods()).toHaveLength(2);
    await world.client.patch('pods', 'default', second!.metadata.name!, { type: 'merge', body: { metadata: { labels: { app: 'other' } } } });
    await world.settle();
    const after = await pods();
    expect(after).toHaveLength(3);
    expect(after.find(({ metadata }) => metadata.name === second!.metadata.name)!.metadata.ownerReferences ?? []).toEqual([]);
    const own = after.find(({ metadata }) => metadata.ownerReferences?.length === 1)!;
    await world.client.patch('pods', 'default', own.metadata.name!, { type: 'merge', body: { status: { phase: 'Failed' } } }, 'status');
    await world.settle();
    expect((await pods()).filter(({ status }) => status?.phase !== 'Failed' && status !== undefined)).toHaveLength(3);
  });

  test('adopts what matches and has no controller, and makes only the rest', async () => {
    await start([
      ['pods', pod('stray', { labels: { app: 'web' } })],
      ['replicationcontrollers', rc('web', 2)],
    ]);
    const made = await pods();
    expect(made).toHaveLength(2);
    expect(made.find(({ metadata }) => metadata.name === 'stray')!.metadata.ownerReferences).toMatchObject([{ name: 'web', controller: true }]);
  });

  test('scales down by deletion order: unscheduled, then not ready, then the newest', async () => {
    await start([
      ['nodes', node('n1')],
      ['replicationcontrollers', rc('web', 3)],
    ]);
    const [a, b, c] = (await pods()).map(({ metadata }) => metadata.name!);
    for (const [name, ip, ready] of [
      [a!, '10.0.0.1', true],
      [b!, '10.0.0.2', false],
    ] as const) {
      await world.client.create(
        'pods',
        { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace: 'default' }, target: { kind: 'Node', name: 'n1' } },
        { name: 'binding', of: name },
      );
      await world.client.patch('pods', 'default', name, { type: 'merge', body: { status: running(ip, ready) } }, 'status');
    }
    await scale('web', 2);
    await world.settle();
    expect((await pods()).map(({ metadata }) => metadata.name)).not.toContain(c);
    await scale('web', 1);
    await world.settle();
    expect((await pods()).filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ metadata }) => metadata.name)).toEqual([a]);
    expect((await get('web')).status).toMatchObject({ replicas: 1, readyReplicas: 1, availableReplicas: 1, observedGeneration: 3 });
  });

  test('available only after minReadySeconds', async () => {
    await start([['replicationcontrollers', rc('web', 1, { minReadySeconds: 30 })]]);
    const [only] = await pods();
    await world.client.patch('pods', 'default', only!.metadata.name!, { type: 'merge', body: { status: running('10.0.0.1') } }, 'status');
    await world.settle();
    expect((await get('web')).status).toMatchObject({ readyReplicas: 1 });
    expect((await get('web')).status).not.toHaveProperty('availableReplicas');
    await world.clock.advance(30_000);
    expect((await get('web')).status).toMatchObject({ readyReplicas: 1, availableReplicas: 1 });
  });

  test('a refusal is a condition and an event, asked once and not per pod, and passes when the quota is raised', async () => {
    let refuse = true;
    let asked = 0;
    await start([['replicationcontrollers', rc('web', 50)]], (verb, resource, object) => {
      if (verb !== 'create' || resource !== 'pods') return;
      asked++;
      if (refuse) throw forbiddenRequest({ group: '', resource: 'pods' }, object.metadata.name!, 'exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0');
    });
    // once, and once more for its own status
    expect(asked).toBe(2);
    expect((await get('web')).status).toMatchObject({
      replicas: 0,
      conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: expect.stringContaining('exceeded quota: q') as string }],
    });
    expect((await eventTexts())[0]).toMatch(/^FailedCreate Error creating: pods "web-.*" is forbidden: exceeded quota/);
    refuse = false;
    await world.client.create('resourcequotas', { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q', namespace: 'default' } });
    await world.settle();
    expect(await pods()).toHaveLength(50);
    expect((await get('web')).status).not.toHaveProperty('conditions');
  });

  test('makes more than one burst, and never too many', async () => {
    await start([['replicationcontrollers', rc('web', 620)]]);
    await world.settle();
    expect(await pods()).toHaveLength(620);
    await scale('web', 3);
    await world.settle();
    await world.settle();
    expect(await pods()).toHaveLength(3);
  });

  test('a controller on its way out makes nothing', async () => {
    const leaving = rc('web', 1);
    leaving.metadata.finalizers = ['example.com/wait'];
    await start([['replicationcontrollers', leaving]]);
    await world.client.delete('replicationcontrollers', 'default', 'web');
    await world.client.delete('pods', 'default', (await pods())[0]!.metadata.name!);
    await world.settle();
    expect(await pods()).toHaveLength(0);
  });
});
