/** Deployments, stateful sets and daemon sets with the real API server, scheduler and garbage collector. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { node, running } from '#control/testing/objects.ts';
import type { ControllerRevision, DaemonSet, Deployment, PersistentVolumeClaim, Pod, ReplicaSet, StatefulSet } from '#kinds/generated/types.ts';
import type { KubeObject } from '#machinery/object.ts';
import { startTestCluster, type TestCluster } from './testing/cluster.ts';

let cluster: TestCluster;
let unsubscribe: () => void;
beforeAll(async () => {
  cluster = await startTestCluster();
  for (const name of ['n1', 'n2']) {
    await cluster.client.create('nodes', node(name));
    await cluster.client.update('nodes', { ...(await cluster.client.get('nodes', '', name)), status: node(name).status }, 'status');
  }
  await cluster.until('service account', () => cluster.control.cache.get('serviceaccounts', 'default', 'default') !== undefined);
  unsubscribe = kubelet();
});
afterAll(async () => {
  unsubscribe();
  await cluster.stop();
  expect(cluster.errors).toEqual([]);
});

/** Runs what is bound, and lets go of what is deleted. */
function kubelet(): () => void {
  const seen = new Set<string>();
  return cluster.control.cache.subscribe((resource, changes) => {
    if (resource !== 'pods') return;
    for (const { now } of changes as readonly { now?: Pod }[]) {
      if (now?.spec?.nodeName === undefined) continue;
      const { name, uid, deletionTimestamp } = now.metadata;
      const work = `${uid!} ${deletionTimestamp === undefined ? 'run' : 'end'}`;
      if (seen.has(work)) continue;
      seen.add(work);
      const done =
        deletionTimestamp === undefined
          ? cluster.client.patch('pods', 'default', name!, { type: 'strategic', body: { status: running('10.244.0.9') } }, 'status')
          : cluster.client.delete('pods', 'default', name!, { gracePeriodSeconds: 0, preconditions: { uid: uid! } });
      // gone meanwhile
      done.catch(() => undefined);
    }
  });
}

const cached = <T extends KubeObject>(resource: string, name: string): T | undefined => cluster.control.cache.get<T>(resource, 'default', name);
const labelled = <T extends KubeObject>(resource: string, app: string): readonly T[] =>
  cluster.control.cache.list<T>(resource, 'default').filter(({ metadata }) => metadata.labels?.['app'] === app);
const images = (app: string): string[] => [...new Set(labelled<Pod>('pods', app).map(({ spec }) => spec!.containers[0]!.image!))];
const workload = (kind: string, name: string, spec: object): KubeObject => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name, namespace: 'default' },
  spec: { selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'web:1' }] } }, ...spec },
});
const setImage = (resource: string, name: string, image: string) =>
  cluster.client.patch(resource, 'default', name, { type: 'strategic', body: { spec: { template: { spec: { containers: [{ name: 'c', image }] } } } } });
const complete = (name: string): boolean => {
  const one = cached<Deployment>('deployments.apps', name);
  const wanted = one?.spec?.replicas ?? 1;
  return (
    one?.status?.observedGeneration === one?.metadata.generation &&
    one?.status?.updatedReplicas === wanted &&
    one.status.availableReplicas === wanted &&
    one.status.replicas === wanted
  );
};

describe('a deployment', () => {
  test('rolls out, scales through its door, and takes everything along', async () => {
    const { client, until } = cluster;
    await client.create('deployments.apps', workload('Deployment', 'web', { replicas: 3 }));
    await until('the rollout', () => complete('web'));
    await setImage('deployments.apps', 'web', 'web:2');
    await until('the second rollout', () => complete('web') && images('web').join() === 'web:2');
    expect(
      labelled<ReplicaSet>('replicasets.apps', 'web')
        .map(({ spec }) => spec?.replicas)
        .sort(),
    ).toEqual([0, 3]);
    await client.patch('deployments.apps', 'default', 'web', { type: 'merge', body: { spec: { replicas: 1 } } }, 'scale');
    await until('one pod', () => complete('web') && labelled('pods', 'web').length === 1);
    await client.delete('deployments.apps', 'default', 'web', { propagationPolicy: 'Foreground' });
    await until('the end', () => cached('deployments.apps', 'web') === undefined);
    expect(labelled('replicasets.apps', 'web')).toEqual([]);
    expect(labelled('pods', 'web')).toEqual([]);
  });

  test('a write through /status raises no generation, one of annotations through the main door does', async () => {
    const { client, until } = cluster;
    await client.create('deployments.apps', workload('Deployment', 'quiet', { replicas: 1 }));
    await until('the rollout', () => complete('quiet'));
    const patch = (body: object, door?: string) => client.patch<Deployment>('deployments.apps', 'default', 'quiet', { type: 'merge', body }, door);
    const annotate = { metadata: { annotations: { a: 'b' } } };
    const first = await patch(annotate, 'status');
    expect(first.metadata.annotations).toMatchObject({ a: 'b' });
    expect(first.metadata.generation).toBe(1);
    expect((await patch({ metadata: { annotations: { a: 'c' } } })).metadata.generation).toBe(2);
    await until('the annotation on the set', () => labelled('replicasets.apps', 'quiet')[0]?.metadata.annotations?.['a'] === 'c');
    expect((await patch({ spec: { paused: true } }, 'status')).spec?.paused).toBeUndefined();
    await client.delete('deployments.apps', 'default', 'quiet');
  });
});

test('a stateful set: in order, from the top when it changes', async () => {
  const { client, until } = cluster;
  const order: string[] = [];
  const stop = cluster.control.cache.subscribe((resource, changes) => {
    if (resource === 'pods') for (const { old, now } of changes) if (old === undefined && now?.metadata.labels?.['app'] === 'db') order.push(now.metadata.name!);
  });
  await client.create('statefulsets.apps', workload('StatefulSet', 'db', { replicas: 3, serviceName: 'db' }));
  await until('three pods', () => cached<StatefulSet>('statefulsets.apps', 'db')?.status?.availableReplicas === 3);
  expect(order).toEqual(['db-0', 'db-1', 'db-2']);
  await setImage('statefulsets.apps', 'db', 'web:2');
  await until('the rollout', () => {
    const { status } = cached<StatefulSet>('statefulsets.apps', 'db')!;
    return status?.updatedReplicas === 3 && status.readyReplicas === 3 && status.currentRevision === status.updateRevision && images('db').join() === 'web:2';
  });
  expect(order).toEqual(['db-0', 'db-1', 'db-2', 'db-2', 'db-1', 'db-0']);
  expect(labelled<ControllerRevision>('controllerrevisions.apps', 'db')).toHaveLength(2);
  await client.delete('statefulsets.apps', 'default', 'db');
  await until('the end of pods and revisions', () => labelled('pods', 'db').length === 0 && labelled('controllerrevisions.apps', 'db').length === 0);
  stop();
});

test('claims of a stateful set go with it where its policy says so', async () => {
  const { client, until } = cluster;
  const claim = { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], storageClassName: '', resources: { requests: { storage: '1Gi' } } } };
  const policy = { whenDeleted: 'Delete', whenScaled: 'Retain' };
  await client.create('statefulsets.apps', workload('StatefulSet', 'disk', { serviceName: 'disk', persistentVolumeClaimRetentionPolicy: policy, volumeClaimTemplates: [claim] }));
  const one = (): PersistentVolumeClaim | undefined => cached('persistentvolumeclaims', 'data-disk-0');
  await until('a claim that the set owns', () => one()?.metadata.ownerReferences?.[0]?.kind === 'StatefulSet');
  expect(one()).toMatchObject({ metadata: { labels: { app: 'disk' } }, spec: { accessModes: ['ReadWriteOnce'], volumeMode: 'Filesystem' }, status: { phase: 'Pending' } });
  await until(
    'its pod',
    () => cached<Pod>('pods', 'disk-0')?.spec?.volumes?.some(({ name, persistentVolumeClaim }) => name === 'data' && persistentVolumeClaim?.claimName === 'data-disk-0') === true,
  );
  await client.delete('statefulsets.apps', 'default', 'disk');
  // what protects claims in use may hold it until the pod is gone
  await until('the end of the claim', () => one()?.metadata.deletionTimestamp !== undefined || one() === undefined);
});

test('a daemon set: a pod on each node, bound by the scheduler, also on one that comes later', async () => {
  const { client, until } = cluster;
  await client.create('daemonsets.apps', workload('DaemonSet', 'agent', {}));
  const nodesOf = (): string[] =>
    labelled<Pod>('pods', 'agent')
      .map(({ spec }) => spec?.nodeName ?? '')
      .sort();
  await until('two pods', () => cached<DaemonSet>('daemonsets.apps', 'agent')?.status?.numberAvailable === 2);
  expect(nodesOf()).toEqual(['n1', 'n2']);
  await client.create('nodes', node('n3'));
  await client.update('nodes', { ...(await client.get('nodes', '', 'n3')), status: node('n3').status }, 'status');
  await until('a third', () => cached<DaemonSet>('daemonsets.apps', 'agent')?.status?.numberAvailable === 3);
  expect(nodesOf()).toEqual(['n1', 'n2', 'n3']);
  await setImage('daemonsets.apps', 'agent', 'web:2');
  await until('the rollout', () => {
    const { status } = cached<DaemonSet>('daemonsets.apps', 'agent')!;
    return status?.updatedNumberScheduled === 3 && status.numberAvailable === 3 && images('agent').join() === 'web:2';
  });
  await client.delete('daemonsets.apps', 'default', 'agent');
  await until('the end', () => labelled('pods', 'agent').length === 0);
});
