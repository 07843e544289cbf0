import { afterEach, describe, expect, test } from 'vitest';
import { running } from '#control/testing/objects.ts';
import { createWorld, type World, type WorldOptions } from '#control/testing/world.ts';
import type { ControllerRevision, PersistentVolumeClaim, Pod, StatefulSet, StatefulSetSpec } from '#kinds/generated/types.ts';
import type { KubeObject } from '#machinery/object.ts';
import { forbiddenRequest } from '#machinery/status.ts';
import { statefulSetController } from './controller.ts';

let world: World;
afterEach(async () => {
  expect(world.errors).toEqual([]);
  await world.stop();
});

type Extra = Partial<Omit<StatefulSetSpec, 'template' | 'selector'>>;

const statefulSet = (replicas: number, extra: Extra = {}): StatefulSet => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'db', namespace: 'default' },
  spec: {
    replicas,
    serviceName: 'dbs',
    selector: { matchLabels: { app: 'db' } },
    template: { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'c', image: 'db:1' }] } },
    podManagementPolicy: 'OrderedReady',
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    revisionHistoryLimit: 10,
    ...extra,
  },
});
const template = (name: string): PersistentVolumeClaim => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name, labels: { disk: 'yes' } },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
});

const start = async (objects: NonNullable<WorldOptions['objects']>, admit?: WorldOptions['admit']): Promise<void> => {
  world = await createWorld({ controllers: [statefulSetController()], objects, ...(admit === undefined ? {} : { admit }) });
};
const get = (): Promise<StatefulSet> => world.client.get('statefulsets.apps', 'default', 'db');
const pods = (): Promise<readonly Pod[]> => world.all<Pod>('pods');
const names = async (): Promise<string[]> => (await pods()).map(({ metadata }) => metadata.name!);
const images = async (): Promise<Record<string, string>> => Object.fromEntries((await pods()).map(({ metadata, spec }) => [metadata.name, spec!.containers[0]!.image!]));
const revisions = (): Promise<readonly ControllerRevision[]> => world.all<ControllerRevision>('controllerrevisions.apps');
const claims = (): Promise<readonly PersistentVolumeClaim[]> => world.all<PersistentVolumeClaim>('persistentvolumeclaims');
const ownersOf = async (name: string): Promise<string[]> =>
  ((await claims()).find(({ metadata }) => metadata.name === name)?.metadata.ownerReferences ?? []).map(({ kind, controller }) => `${kind} ${String(controller)}`);
async function ready(name: string): Promise<void> {
  const status = running('10.0.0.1');
  status.conditions![0]!.lastTransitionTime = new Date(world.clock.now()).toISOString().replace('.000Z', 'Z');
  await world.client.patch('pods', 'default', name, { type: 'merge', body: { status } }, 'status');
  await world.settle();
}
async function rollOut(): Promise<void> {
  for (let i = 0; i < 20; i++) for (const { metadata, status } of await pods()) if (status?.phase === 'Pending') await ready(metadata.name!);
}
const change = async (spec: Partial<StatefulSetSpec>): Promise<void> => {
  await world.client.patch('statefulsets.apps', 'default', 'db', { type: 'merge', body: { spec } });
  await world.settle();
};
const setImage = (image: string): Promise<void> => change({ template: { spec: { containers: [{ name: 'c', image }] } } });
const eventTexts = async (): Promise<string[]> => {
  await world.events.flush();
  return (await world.all<KubeObject & { reason: string; message: string }>('events')).map(({ reason, message }) => `${reason} ${message}`);
};

describe('in order', () => {
  test('one pod after the other, each with its identity, the next when the one before is ready', async () => {
    await start([['statefulsets.apps', statefulSet(3)]]);
    expect(await names()).toEqual(['db-0']);
    const [revision] = await revisions();
    expect((await pods())[0]).toMatchObject({
      metadata: {
        name: 'db-0',
        generateName: 'db-',
        labels: { app: 'db', 'statefulset.kubernetes.io/pod-name': 'db-0', 'apps.kubernetes.io/pod-index': '0', 'controller-revision-hash': revision!.metadata.name! },
        ownerReferences: [{ kind: 'StatefulSet', name: 'db', controller: true }],
      },
      spec: { hostname: 'db-0', subdomain: 'dbs' },
    });
    expect(revision).toMatchObject({
      revision: 1,
      metadata: { labels: { app: 'db', 'controller.kubernetes.io/hash': expect.any(String) as string }, ownerReferences: [{ kind: 'StatefulSet' }] },
      data: { spec: { template: { $patch: 'replace', spec: { containers: [{ image: 'db:1' }] } } } },
    });
    expect(await eventTexts()).toContain('SuccessfulCreate Create Pod db-0 in StatefulSet db successful');
    await ready('db-0');
    expect(await names()).toEqual(['db-0', 'db-1']);
    await ready('db-1');
    await ready('db-2');
    expect((await get()).status).toEqual({
      observedGeneration: 1,
      replicas: 3,
      readyReplicas: 3,
      currentReplicas: 3,
      updatedReplicas: 3,
      availableReplicas: 3,
      currentRevision: revision!.metadata.name,
      updateRevision: revision!.metadata.name,
      collisionCount: 0,
    });
  });

  test('scales down from the top, and waits for pods below that are not ready', async () => {
    await start([['statefulsets.apps', statefulSet(3)]]);
    await rollOut();
    await world.client.patch('pods', 'default', 'db-0', { type: 'merge', body: { status: running('10.0.0.1', false) } }, 'status');
    await change({ replicas: 1 });
    expect(await names()).toEqual(['db-0', 'db-1', 'db-2']);
    await ready('db-0');
    expect(await names()).toEqual(['db-0']);
    expect(await eventTexts()).toEqual(
      expect.arrayContaining(['SuccessfulDelete Delete Pod db-2 in StatefulSet db successful', 'SuccessfulDelete Delete Pod db-1 in StatefulSet db successful']),
    );
  });

  test('a pod that failed is made again under its name', async () => {
    await start([['statefulsets.apps', statefulSet(1)]]);
    const before = (await pods())[0]!.metadata.uid;
    await world.client.patch('pods', 'default', 'db-0', { type: 'merge', body: { status: { phase: 'Failed' } } }, 'status');
    await world.settle();
    const [after] = await pods();
    expect(after!.metadata.name).toBe('db-0');
    expect(after!.metadata.uid).not.toBe(before);
  });

  test('minReadySeconds holds the next pod back', async () => {
    await start([['statefulsets.apps', statefulSet(2, { minReadySeconds: 30 })]]);
    await ready('db-0');
    expect(await names()).toEqual(['db-0']);
    expect((await get()).status).toMatchObject({ readyReplicas: 1, availableReplicas: 0 });
    await world.clock.advance(31_000);
    expect(await names()).toEqual(['db-0', 'db-1']);
    expect((await get()).status).toMatchObject({ availableReplicas: 1 });
  });

  test('ordinals begin where the set says, and move', async () => {
    await start([['statefulsets.apps', statefulSet(2, { ordinals: { start: 3 } })]]);
    await rollOut();
    expect(await names()).toEqual(['db-3', 'db-4']);
    await change({ ordinals: { start: 4 } });
    await rollOut();
    expect(await names()).toEqual(['db-4', 'db-5']);
  });

  test('a pod that is refused is told of, and tried again', async () => {
    let refuse = true;
    await start([['statefulsets.apps', statefulSet(1)]], (verb, resource) => {
      if (refuse && verb === 'create' && resource === 'pods') throw forbiddenRequest({ group: '', resource: 'pods' }, 'db-0', 'exceeded quota: q');
    });
    expect(await eventTexts()).toContain('FailedCreate Create Pod db-0 in StatefulSet db failed error: pods "db-0" is forbidden: exceeded quota: q');
    refuse = false;
    await world.clock.advance(11_000);
    expect(await names()).toEqual(['db-0']);
  });
});

test('in parallel all come and go at once', async () => {
  await start([['statefulsets.apps', statefulSet(4, { podManagementPolicy: 'Parallel' })]]);
  expect(await names()).toEqual(['db-0', 'db-1', 'db-2', 'db-3']);
  await change({ replicas: 1 });
  expect(await names()).toEqual(['db-0']);
});

describe('an update', () => {
  test('replaces from the top, one at a time, and ends with one revision', async () => {
    await start([['statefulsets.apps', statefulSet(3)]]);
    await rollOut();
    await setImage('db:2');
    expect(await images()).toEqual({ 'db-0': 'db:1', 'db-1': 'db:1', 'db-2': 'db:2' });
    const status = (await get()).status!;
    expect(status).toMatchObject({ currentReplicas: 2, updatedReplicas: 1 });
    expect(status.currentRevision).not.toBe(status.updateRevision);
    await rollOut();
    expect(await images()).toEqual({ 'db-0': 'db:2', 'db-1': 'db:2', 'db-2': 'db:2' });
    const after = (await get()).status!;
    expect(after).toMatchObject({ currentReplicas: 3, updatedReplicas: 3, currentRevision: after.updateRevision! });
    expect((await revisions()).map(({ revision }) => revision).sort()).toEqual([1, 2]);
  });

  test('going back gives the old revision a new number', async () => {
    await start([['statefulsets.apps', statefulSet(1)]]);
    await rollOut();
    const first = (await get()).status!.currentRevision;
    await setImage('db:2');
    await rollOut();
    await setImage('db:1');
    await rollOut();
    expect((await get()).status!.currentRevision).toBe(first);
    expect((await revisions()).map(({ revision }) => revision).sort()).toEqual([2, 3]);
  });

  test('stops at the partition, and a pod below it that is lost comes back as it was', async () => {
    await start([['statefulsets.apps', statefulSet(3, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } })]]);
    await rollOut();
    await setImage('db:2');
    await rollOut();
    expect(await images()).toEqual({ 'db-0': 'db:1', 'db-1': 'db:1', 'db-2': 'db:2' });
    await world.client.delete('pods', 'default', 'db-0');
    await world.client.delete('pods', 'default', 'db-2');
    await world.settle();
    await rollOut();
    expect(await images()).toEqual({ 'db-0': 'db:1', 'db-1': 'db:1', 'db-2': 'db:2' });
    await change({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } } });
    await rollOut();
    expect(new Set(Object.values(await images()))).toEqual(new Set(['db:2']));
  });

  test('OnDelete waits for the user', async () => {
    await start([['statefulsets.apps', statefulSet(2, { updateStrategy: { type: 'OnDelete' } })]]);
    await rollOut();
    await setImage('db:2');
    expect(await images()).toEqual({ 'db-0': 'db:1', 'db-1': 'db:1' });
    await world.client.delete('pods', 'default', 'db-0');
    await world.settle();
    expect(await images()).toEqual({ 'db-0': 'db:2', 'db-1': 'db:1' });
  });

  test('maxUnavailable replaces several at a time', async () => {
    await start([
      ['statefulsets.apps', statefulSet(4, { podManagementPolicy: 'Parallel', updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0, maxUnavailable: '50%' } } })],
    ]);
    await rollOut();
    await setImage('db:2');
    expect(await images()).toEqual({ 'db-0': 'db:1', 'db-1': 'db:1', 'db-2': 'db:2', 'db-3': 'db:2' });
    await rollOut();
    expect(new Set(Object.values(await images()))).toEqual(new Set(['db:2']));
  });

  test('old revisions beyond the limit go, those in use stay', async () => {
    await start([['statefulsets.apps', statefulSet(1, { revisionHistoryLimit: 1 })]]);
    for (const image of ['db:1', 'db:2', 'db:3', 'db:4']) {
      await setImage(image);
      await rollOut();
    }
    expect((await revisions()).map(({ revision }) => revision).sort()).toEqual([3, 4]);
  });
});

describe('claims', () => {
  const withClaims = (replicas: number, extra: Extra = {}): StatefulSet =>
    statefulSet(replicas, { volumeClaimTemplates: [template('data')], podManagementPolicy: 'Parallel', ...extra });

  test('one for each template and pod, made before the pod, and kept by default', async () => {
    await start([['statefulsets.apps', withClaims(2)]]);
    expect((await claims()).map(({ metadata }) => [metadata.name, metadata.labels])).toEqual([
      ['data-db-0', { app: 'db', disk: 'yes' }],
      ['data-db-1', { app: 'db', disk: 'yes' }],
    ]);
    expect((await pods())[1]!.spec!.volumes).toEqual([{ name: 'data', persistentVolumeClaim: { claimName: 'data-db-1' } }]);
    expect(await eventTexts()).toContain('SuccessfulCreate Create Claim data-db-0 Pod db-0 in StatefulSet db success');
    await change({ replicas: 1 });
    expect(await claims()).toHaveLength(2);
    expect(await ownersOf('data-db-1')).toEqual([]);
  });

  test('the retention policy decides who owns them, and may change', async () => {
    await start([['statefulsets.apps', withClaims(2, { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' } })]]);
    await rollOut();
    expect(await ownersOf('data-db-1')).toEqual(['StatefulSet true']);
    await world.client.patch('pods', 'default', 'db-1', { type: 'merge', body: { metadata: { finalizers: ['example.com/wait'] } } });
    await change({ replicas: 1 });
    expect(await ownersOf('data-db-1')).toEqual(['Pod true']);
    expect(await ownersOf('data-db-0')).toEqual(['StatefulSet true']);
    await change({ persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' } });
    expect(await ownersOf('data-db-0')).toEqual([]);
  });

  test('a pod waits for a claim that is on its way out', async () => {
    const claim = template('data-db-0');
    claim.metadata = { name: 'data-db-0', namespace: 'default', finalizers: ['kubernetes.io/pvc-protection'] };
    await start([['persistentvolumeclaims', claim]]);
    await world.client.delete('persistentvolumeclaims', 'default', 'data-db-0');
    await world.client.create('statefulsets.apps', withClaims(1));
    await world.settle();
    expect(await names()).toEqual([]);
    expect(await eventTexts()).toContain('FailedCreate Create Pod db-0 in StatefulSet db failed error: pvc data-db-0 is being deleted');
    await world.client.patch('persistentvolumeclaims', 'default', 'data-db-0', { type: 'merge', body: { metadata: { finalizers: null } } });
    await world.settle();
    expect(await names()).toEqual(['db-0']);
  });
});

test('adopts pods by name and label, and gives them their labels', async () => {
  const stray: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'db-0', namespace: 'default', labels: { app: 'db' } },
    spec: { containers: [{ name: 'c', image: 'db:1' }] },
    status: running('10.0.0.1'),
  };
  const other = { ...stray, metadata: { ...stray.metadata, name: 'other-0' } };
  await start([
    ['pods', stray],
    ['pods', other],
    ['statefulsets.apps', statefulSet(1, { updateStrategy: { type: 'OnDelete' } })],
  ]);
  const [own, not] = await pods();
  expect(own!.metadata).toMatchObject({ labels: { 'statefulset.kubernetes.io/pod-name': 'db-0', 'apps.kubernetes.io/pod-index': '0' }, ownerReferences: [{ name: 'db' }] });
  expect(not!.metadata.ownerReferences ?? []).toEqual([]);
});

test('on its way out a set makes neither pods nor revisions, and says what is left', async () => {
  const leaving = statefulSet(2);
  leaving.metadata.finalizers = ['example.com/wait'];
  await start([['statefulsets.apps', leaving]]);
  await rollOut();
  await world.client.delete('statefulsets.apps', 'default', 'db');
  await world.client.delete('pods', 'default', 'db-1');
  await world.settle();
  expect(await names()).toEqual(['db-0']);
  expect((await get()).status).toMatchObject({ replicas: 1 });
  await world.client.delete('controllerrevisions.apps', 'default', (await revisions())[0]!.metadata.name!);
  await world.client.delete('pods', 'default', 'db-0');
  await world.settle();
  expect(await revisions()).toEqual([]);
  expect(await names()).toEqual([]);
});
