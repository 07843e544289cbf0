import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { running } from '#control/testing/objects.ts';
import type { Pod, PodDisruptionBudget, ReplicationController } from '#kinds/generated/types.ts';
import { builtInKinds } from '#kinds/registry.ts';
import type { KubeObject } from '#machinery/object.ts';
import { replicationController } from '../replication/controller.ts';
import { type ApiWorld, createApiWorld } from '../testing/world.ts';
import { BUDGETS, disruptionController } from './controller.ts';

let world: ApiWorld;
beforeEach(async () => {
  world = await createApiWorld([disruptionController({ registry: builtInKinds() }), replicationController()]);
});
afterEach(async () => {
  expect(world.errors).toEqual([]);
  await world.stop();
});

async function budget(spec: NonNullable<PodDisruptionBudget['spec']>, name = 'budget'): Promise<void> {
  await world.client.create<PodDisruptionBudget>(BUDGETS, {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name, namespace: 'default' },
    spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
  });
  await world.settle();
}
async function web(replicas: number): Promise<Pod[]> {
  const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'busybox' }] } };
  await world.client.create<ReplicationController>('replicationcontrollers', {
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: { name: 'web', namespace: 'default' },
    spec: { replicas, selector: { app: 'web' }, template },
  } as ReplicationController);
  await world.settle();
  const pods = await world.all<Pod>('pods');
  for (const [i, { metadata }] of pods.entries()) await world.status('pods', metadata.name!, running(`10.244.0.${i + 2}`));
  return [...pods];
}
const status = async (name = 'budget'): Promise<PodDisruptionBudget['status']> => (await world.get<PodDisruptionBudget>(BUDGETS, name)).status;
const evict = (name: string): Promise<KubeObject> =>
  world.client.create('pods', { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: 'default' } }, { name: 'eviction', of: name });

describe('a disruption budget', () => {
  test('counts what is healthy, and lets go as many as it can spare', async () => {
    await budget({ minAvailable: 2 });
    expect(await status()).toMatchObject({ currentHealthy: 0, desiredHealthy: 2, disruptionsAllowed: 0, expectedPods: 0, observedGeneration: 1 });
    const pods = await web(3);
    expect(await status()).toMatchObject({
      currentHealthy: 3,
      desiredHealthy: 2,
      disruptionsAllowed: 1,
      expectedPods: 3,
      conditions: [{ type: 'DisruptionAllowed', status: 'True', reason: 'SufficientPods', message: '', observedGeneration: 1 }],
    });
    await evict(pods[0]!.metadata.name!);
    await expect(evict(pods[1]!.metadata.name!)).rejects.toThrow("Cannot evict pod as it would violate the pod's disruption budget.");
    await world.settle();
    expect(await status()).toMatchObject({ currentHealthy: 2, disruptionsAllowed: 0, conditions: [{ status: 'False', reason: 'InsufficientPods' }] });
    expect(await status()).not.toHaveProperty('disruptedPods');
  });

  test('percents are of what the owner wants', async () => {
    await budget({ maxUnavailable: '30%' });
    await web(4);
    expect(await status()).toMatchObject({ expectedPods: 4, desiredHealthy: 2, currentHealthy: 4, disruptionsAllowed: 2 });
    await world.client.patch(BUDGETS, 'default', 'budget', { type: 'merge', body: { spec: { maxUnavailable: null, minAvailable: '60%' } } });
    await world.settle();
    expect(await status()).toMatchObject({ expectedPods: 4, desiredHealthy: 3, disruptionsAllowed: 1, observedGeneration: 2 });
  });

  test('an owner without a scale makes it refuse, and say why', async () => {
    await budget({ maxUnavailable: 1 });
    await world.client.create<Pod>('pods', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'one', namespace: 'default', labels: { app: 'web' }, ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'x', uid: 'u', controller: true }] },
      spec: { containers: [{ name: 'c', image: 'busybox' }] },
    } as Pod);
    await world.settle();
    expect(await status()).toMatchObject({
      disruptionsAllowed: 0,
      conditions: [{ status: 'False', reason: 'SyncFailed', message: 'jobs.batch does not implement the scale subresource' }],
    });
  });

  test('pods that were marked and stay lose the mark after two minutes', async () => {
    const [pod] = await web(1);
    await world.status('pods', pod!.metadata.name!, {
      conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'X', message: 'm', lastTransitionTime: '2026-01-01T00:00:00Z' }],
    });
    await world.pass(119_000);
    const mark = async () => (await world.get<Pod>('pods', pod!.metadata.name!)).status!.conditions!.find(({ type }) => type === 'DisruptionTarget');
    expect(await mark()).toMatchObject({ status: 'True' });
    await world.pass(2_000);
    expect(await mark()).toMatchObject({ status: 'False' });
  });

  test('rules', async () => {
    await expect(budget({ minAvailable: '101%', maxUnavailable: -1, unhealthyPodEvictionPolicy: 'Never' })).rejects.toThrow(
      /minAvailable and maxUnavailable cannot be both set.*spec.minAvailable: Invalid value: "101%": must not be greater than 100%.*spec.maxUnavailable: Invalid value: -1: must be greater than or equal to 0.*spec.unhealthyPodEvictionPolicy: Unsupported value: "Never": supported values: "AlwaysAllow", "IfHealthyBudget"/u,
    );
  });
});
