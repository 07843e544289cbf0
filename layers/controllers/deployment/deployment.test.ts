import { afterEach, describe, expect, test } from 'vitest';
import { running } from '#control/testing/objects.ts';
import { createWorld, type World, type WorldOptions } from '#control/testing/world.ts';
import type { Deployment, DeploymentSpec, Pod, ReplicaSet } from '#kinds/generated/types.ts';
import type { KubeObject } from '#machinery/object.ts';
import { forbiddenRequest } from '#machinery/status.ts';
import { replicaSetController } from '../replicaset/controller.ts';
import { deploymentController } from './controller.ts';

let world: World;
afterEach(async () => {
  expect(world.errors).toEqual([]);
  await world.stop();
});

type Extra = Partial<Omit<DeploymentSpec, 'template' | 'selector'>>;

const deployment = (replicas: number, extra: Extra = {}, image = 'web:1'): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default', annotations: { team: 'blue', 'kubectl.kubernetes.io/last-applied-configuration': '{}' } },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image }] } },
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
    ...extra,
  },
});

const start = async (objects: NonNullable<WorldOptions['objects']>, admit?: WorldOptions['admit']): Promise<void> => {
  world = await createWorld({ controllers: [deploymentController(), replicaSetController()], objects, ...(admit === undefined ? {} : { admit }) });
};
const get = (): Promise<Deployment> => world.client.get('deployments.apps', 'default', 'web');
const sets = (): Promise<readonly ReplicaSet[]> => world.all<ReplicaSet>('replicasets.apps');
const pods = async (): Promise<readonly Pod[]> => (await world.all<Pod>('pods')).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
const imageOf = ({ spec }: ReplicaSet): string => spec!.template!.spec!.containers[0]!.image!;
/** Sizes by image. */
const sizes = async (): Promise<Record<string, number>> => Object.fromEntries((await sets()).map((set) => [imageOf(set), set.spec!.replicas!]));
const setOf = async (image: string): Promise<ReplicaSet> => (await sets()).find((set) => imageOf(set) === image)!;

/** Makes up to `count` pods of an image ready. */
async function ready(count = Infinity, image?: string): Promise<void> {
  const waiting = (await pods()).filter(({ status, spec }) => status?.phase !== 'Running' && (image === undefined || spec!.containers[0]!.image === image));
  for (const { metadata } of waiting.slice(0, count)) {
    const status = running('10.0.0.1');
    status.conditions![0]!.lastTransitionTime = new Date(world.clock.now()).toISOString().replace('.000Z', 'Z');
    await world.client.patch('pods', 'default', metadata.name!, { type: 'merge', body: { status } }, 'status');
  }
  await world.settle();
}
/** Until nothing is left to be made ready. */
async function rollOut(): Promise<void> {
  for (let i = 0; i < 20; i++) await ready();
}
const change = async (spec: Partial<DeploymentSpec>): Promise<void> => {
  await world.client.patch('deployments.apps', 'default', 'web', { type: 'merge', body: { spec } });
  await world.settle();
};
const setImage = (image: string): Promise<void> => change({ template: { spec: { containers: [{ name: 'c', image }] } } });
const condition = async (type: string) => (await get()).status?.conditions?.find((one) => one.type === type);
const eventTexts = async (): Promise<string[]> => {
  await world.events.flush();
  return (await world.all<KubeObject & { reason: string; message: string }>('events'))
    .filter(({ reason }) => !reason.startsWith('Successful'))
    .map(({ reason, message }) => `${reason} ${message}`);
};

describe('a new deployment', () => {
  test('makes a set with the hash in its name, labels and selector, and says how far it is', async () => {
    await start([['deployments.apps', deployment(4)]]);
    const [set] = await sets();
    const hash = set!.metadata.labels!['pod-template-hash']!;
    expect(hash).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{6,10}$/);
    expect(set).toMatchObject({
      metadata: {
        name: `web-${hash}`,
        labels: { app: 'web', 'pod-template-hash': hash },
        annotations: { team: 'blue', 'deployment.kubernetes.io/revision': '1', 'deployment.kubernetes.io/desired-replicas': '4', 'deployment.kubernetes.io/max-replicas': '5' },
        ownerReferences: [{ kind: 'Deployment', name: 'web', controller: true }],
      },
      spec: { replicas: 4, selector: { matchLabels: { app: 'web', 'pod-template-hash': hash } }, template: { metadata: { labels: { app: 'web', 'pod-template-hash': hash } } } },
    });
    expect(set!.metadata.annotations).not.toHaveProperty(['kubectl.kubernetes.io/last-applied-configuration']);
    expect((await get()).metadata.annotations!['deployment.kubernetes.io/revision']).toBe('1');
    expect((await get()).status).toMatchObject({ observedGeneration: 1, replicas: 4, updatedReplicas: 4, unavailableReplicas: 4, terminatingReplicas: 0 });
    expect(await condition('Available')).toMatchObject({ status: 'False', reason: 'MinimumReplicasUnavailable', message: 'Deployment does not have minimum availability.' });
    expect(await condition('Progressing')).toMatchObject({ status: 'True', reason: 'ReplicaSetUpdated', message: `ReplicaSet "web-${hash}" is progressing.` });
    expect(await eventTexts()).toEqual([`ScalingReplicaSet Scaled up replica set web-${hash} from 0 to 4`]);
    await ready();
    expect((await get()).status).toMatchObject({ replicas: 4, updatedReplicas: 4, readyReplicas: 4, availableReplicas: 4 });
    expect((await get()).status).not.toHaveProperty('unavailableReplicas');
    expect(await condition('Available')).toMatchObject({ status: 'True', reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.' });
    expect(await condition('Progressing')).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable', message: `ReplicaSet "web-${hash}" has successfully progressed.` });
  });

  test('a name that another set has is avoided, and the collision counted', async () => {
    await start([['deployments.apps', deployment(1)]]);
    const [first] = await sets();
    await world.stop();
    const stranger = { ...first!, metadata: { name: first!.metadata.name!, namespace: 'default', labels: { app: 'other' } } };
    await start([
      ['replicasets.apps', { ...stranger, spec: { ...stranger.spec!, replicas: 0 } }],
      ['deployments.apps', deployment(1)],
    ]);
    await world.clock.advance(1000);
    expect((await get()).status?.collisionCount).toBe(1);
    const own = (await sets()).filter(({ metadata }) => metadata.ownerReferences !== undefined);
    expect(own).toHaveLength(1);
    expect(own[0]!.metadata.name).not.toBe(first!.metadata.name);
  });

  test('adopts a set that matches, and lets one go that no longer does', async () => {
    await start([['deployments.apps', deployment(2)]]);
    await ready();
    const [set] = await sets();
    await world.client.patch('replicasets.apps', 'default', set!.metadata.name!, { type: 'merge', body: { metadata: { labels: { app: 'away' } } } });
    await world.settle();
    await world.clock.advance(1000);
    const after = await sets();
    expect(after).toHaveLength(2);
    expect(after.find(({ metadata }) => metadata.name === set!.metadata.name)!.metadata.ownerReferences ?? []).toEqual([]);
    await world.client.patch('replicasets.apps', 'default', set!.metadata.name!, { type: 'merge', body: { metadata: { labels: { app: 'web' } } } });
    await world.settle();
    expect((await sets()).map(({ metadata }) => metadata.ownerReferences?.length)).toEqual([1, 1]);
  });

  test('a set that is refused is a condition and an event, and is asked for again', async () => {
    let refuse = true;
    await start([['deployments.apps', deployment(1)]], (verb, resource, object) => {
      if (refuse && verb === 'create' && resource === 'replicasets.apps')
        throw forbiddenRequest({ group: 'apps', resource: 'replicasets' }, object.metadata.name!, 'exceeded quota: q');
    });
    expect(await condition('Progressing')).toMatchObject({
      status: 'False',
      reason: 'ReplicaSetCreateError',
      message: expect.stringMatching(/^Failed to create new replica set "web-.*exceeded quota: q/) as string,
    });
    refuse = false;
    await world.clock.advance(31_000);
    expect(await sets()).toHaveLength(1);
    expect(await condition('Progressing')).toMatchObject({ status: 'True' });
  });
});

describe('a rolling update', () => {
  test('goes on as far as surge and availability allow, and leaves the old set empty', async () => {
    await start([['deployments.apps', deployment(10, { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } })]]);
    await ready();
    await setImage('web:2');
    expect(await sizes()).toEqual({ 'web:1': 8, 'web:2': 5 });
    await ready(2);
    expect(await sizes()).toEqual({ 'web:1': 6, 'web:2': 7 });
    await rollOut();
    expect(await sizes()).toEqual({ 'web:1': 0, 'web:2': 10 });
    expect((await setOf('web:2')).metadata.annotations!['deployment.kubernetes.io/revision']).toBe('2');
    expect((await get()).metadata.annotations!['deployment.kubernetes.io/revision']).toBe('2');
    expect((await get()).status).toMatchObject({ replicas: 10, updatedReplicas: 10, availableReplicas: 10 });
  });

  test('percentages: surge up, unavailability down; with neither left one may be missing', async () => {
    await start([['deployments.apps', deployment(3, { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: '25%' } } })]]);
    await ready();
    await setImage('web:2');
    expect(await sizes()).toEqual({ 'web:1': 2, 'web:2': 1 });
    await rollOut();
    expect(await sizes()).toEqual({ 'web:1': 0, 'web:2': 3 });
  });

  test('a second change in the middle takes from both old sets, unhealthy pods first', async () => {
    await start([['deployments.apps', deployment(4, { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } })]]);
    await ready();
    await setImage('web:2');
    expect(await sizes()).toEqual({ 'web:1': 3, 'web:2': 2 });
    await setImage('web:3');
    // the two pods of the second image never ran: they go at once
    expect(await sizes()).toEqual({ 'web:1': 3, 'web:2': 0, 'web:3': 2 });
    await rollOut();
    expect(await sizes()).toEqual({ 'web:1': 0, 'web:2': 0, 'web:3': 4 });
  });

  test('going back to an old template makes its set the new one, which remembers its old revision', async () => {
    await start([['deployments.apps', deployment(2)]]);
    await rollOut();
    await setImage('web:2');
    await rollOut();
    await setImage('web:1');
    await rollOut();
    expect(await sizes()).toEqual({ 'web:1': 2, 'web:2': 0 });
    expect((await setOf('web:1')).metadata.annotations).toMatchObject({ 'deployment.kubernetes.io/revision': '3', 'deployment.kubernetes.io/revision-history': '1' });
    expect((await get()).metadata.annotations!['deployment.kubernetes.io/revision']).toBe('3');
  });

  test('the deadline passes without progress, and progress after it counts', async () => {
    await start([['deployments.apps', deployment(2, { progressDeadlineSeconds: 60 })]]);
    await rollOut();
    await setImage('web:2');
    await world.clock.advance(59_000);
    expect(await condition('Progressing')).toMatchObject({ status: 'True' });
    await world.clock.advance(3_000);
    const set = await setOf('web:2');
    expect(await condition('Progressing')).toMatchObject({
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: `ReplicaSet "${set.metadata.name!}" has timed out progressing.`,
    });
    await rollOut();
    expect(await condition('Progressing')).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' });
  });

  test('the history limit takes the oldest revisions', async () => {
    await start([['deployments.apps', deployment(1, { revisionHistoryLimit: 1 })]]);
    for (const image of ['web:1', 'web:2', 'web:3', 'web:4']) {
      await setImage(image);
      await rollOut();
    }
    expect(await sizes()).toEqual({ 'web:3': 0, 'web:4': 1 });
  });

  test('minReadySeconds and annotations reach the set that is there', async () => {
    await start([['deployments.apps', deployment(1)]]);
    await change({ minReadySeconds: 30 });
    await world.client.patch('deployments.apps', 'default', 'web', { type: 'merge', body: { metadata: { annotations: { 'kubernetes.io/change-cause': 'because' } } } });
    await world.settle();
    const [set] = await sets();
    expect(set!.spec!.minReadySeconds).toBe(30);
    expect(set!.metadata.annotations!['kubernetes.io/change-cause']).toBe('because');
    await ready();
    expect((await get()).status).not.toHaveProperty('availableReplicas');
    await world.clock.advance(31_000);
    expect((await get()).status).toMatchObject({ availableReplicas: 1 });
  });
});

describe('scaling', () => {
  test('resizes the only set, and its annotations', async () => {
    await start([['deployments.apps', deployment(2)]]);
    await rollOut();
    await change({ replicas: 5 });
    expect(await sizes()).toEqual({ 'web:1': 5 });
    expect((await setOf('web:1')).metadata.annotations).toMatchObject({ 'deployment.kubernetes.io/desired-replicas': '5', 'deployment.kubernetes.io/max-replicas': '7' });
    await change({ replicas: 0 });
    expect(await sizes()).toEqual({ 'web:1': 0 });
    expect(await eventTexts()).toEqual(expect.arrayContaining([expect.stringMatching(/^ScalingReplicaSet Scaled down replica set web-\w+ from 5 to 0$/)]));
  });

  test('in the middle of a rollout is in proportion', async () => {
    await start([['deployments.apps', deployment(10, { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } })]]);
    await ready();
    await setImage('web:2');
    expect(await sizes()).toEqual({ 'web:1': 8, 'web:2': 5 });
    await change({ replicas: 30 });
    expect(await sizes()).toEqual({ 'web:1': 20, 'web:2': 13 });
  });

  test('a paused deployment scales, and rolls nothing out until it is resumed', async () => {
    await start([['deployments.apps', deployment(2)]]);
    await rollOut();
    await change({ paused: true });
    expect(await condition('Progressing')).toMatchObject({ status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' });
    await setImage('web:2');
    await change({ replicas: 3 });
    expect(await sizes()).toEqual({ 'web:1': 3 });
    expect((await get()).status).toMatchObject({ observedGeneration: 4 });
    await world.clock.advance(1_000_000);
    await change({ paused: false });
    expect(Object.keys(await sizes()).sort()).toEqual(['web:1', 'web:2']);
    expect((await condition('Progressing'))?.reason).not.toBe('ProgressDeadlineExceeded');
    await rollOut();
    expect(await sizes()).toEqual({ 'web:1': 0, 'web:2': 3 });
  });
});

describe('other ways', () => {
  test('Recreate: the old pods are gone before new ones come', async () => {
    await start([['deployments.apps', deployment(2, { strategy: { type: 'Recreate' } })]]);
    await rollOut();
    const held = (await pods())[0]!.metadata.name!;
    await world.client.patch('pods', 'default', held, { type: 'merge', body: { metadata: { finalizers: ['example.com/wait'] } } });
    await setImage('web:2');
    expect(await sizes()).toEqual({ 'web:1': 0 });
    await world.client.patch('pods', 'default', held, { type: 'merge', body: { metadata: { finalizers: null } } });
    await world.settle();
    await rollOut();
    expect(await sizes()).toEqual({ 'web:1': 0, 'web:2': 2 });
  });

  test('the old rollback annotation brings a revision back, and is cleared', async () => {
    await start([['deployments.apps', deployment(1)]]);
    await rollOut();
    await setImage('web:2');
    await rollOut();
    await world.client.patch('deployments.apps', 'default', 'web', { type: 'merge', body: { metadata: { annotations: { 'deprecated.deployment.rollback.to': '0' } } } });
    await world.settle();
    await rollOut();
    expect((await get()).metadata.annotations).not.toHaveProperty(['deprecated.deployment.rollback.to']);
    expect(await sizes()).toEqual({ 'web:1': 1, 'web:2': 0 });
    expect(await eventTexts()).toContain('DeploymentRollback Rolled back deployment "web" to revision 1');
  });

  test('revisions are int64', async () => {
    await start([['deployments.apps', deployment(1)]]);
    await rollOut();
    const [set] = await sets();
    const annotations = { 'deployment.kubernetes.io/revision': '3546343826724305832' };
    await world.client.patch('replicasets.apps', 'default', set!.metadata.name!, { type: 'merge', body: { metadata: { annotations } } });
    await setImage('web:2');
    expect((await get()).metadata.annotations!['deployment.kubernetes.io/revision']).toBe('3546343826724305833');
  });

  test('a failure to make pods shows in the deployment', async () => {
    await start([['deployments.apps', deployment(1)]], (verb, resource, object) => {
      if (verb === 'create' && resource === 'pods') throw forbiddenRequest({ group: '', resource: 'pods' }, object.metadata.name!, 'exceeded quota: q');
    });
    expect(await condition('ReplicaFailure')).toMatchObject({ status: 'True', reason: 'FailedCreate' });
  });
});
