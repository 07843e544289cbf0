import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { node } from '#control/testing/objects.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '#kinds/generated/types.ts';
import { ephemeralVolumeController } from '../ephemeral-volume/controller.ts';
import { hostPathProvisioner, STANDARD_CLASS } from '../host-path-provisioner/controller.ts';
import { pvProtectionController } from '../pv-protection/controller.ts';
import { pvcProtectionController } from '../pvc-protection/controller.ts';
import { type ApiWorld, createApiWorld } from '../testing/world.ts';
import { persistentVolumeBinder } from './controller.ts';

let world: ApiWorld;
let removed: string[];
beforeEach(async () => {
  removed = [];
  const volumes = { path: (name: string) => `/data/volumes/${name}`, remove: async (path: string) => void removed.push(path) };
  world = await createApiWorld([persistentVolumeBinder(), pvProtectionController(), pvcProtectionController(), ephemeralVolumeController(), hostPathProvisioner(volumes)]);
});
afterEach(async () => {
  expect(world.errors).toEqual([]);
  await world.stop();
});

async function volume(name: string, spec: Partial<NonNullable<PersistentVolume['spec']>> = {}): Promise<void> {
  await world.client.create<PersistentVolume>('persistentvolumes', {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: `/tmp/${name}` }, storageClassName: 'manual', ...spec },
  });
  await world.settle();
}
async function claim(name: string, spec: Partial<NonNullable<PersistentVolumeClaim['spec']>> = {}): Promise<void> {
  await world.client.create<PersistentVolumeClaim>('persistentvolumeclaims', {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: 'default' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'manual', ...spec },
  });
  await world.settle();
}
const theVolume = (name: string): Promise<PersistentVolume> => world.get('persistentvolumes', name, '');
const theClaim = (name: string): Promise<PersistentVolumeClaim> => world.get('persistentvolumeclaims', name);
const remove = async (resource: string, name: string, namespace = 'default'): Promise<void> => {
  await world.client.delete(resource, namespace, name);
  await world.settle();
};
async function pod(name: string, volumes: NonNullable<Pod['spec']>['volumes']): Promise<void> {
  await world.client.create<Pod>('pods', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'busybox' }], volumes: volumes! },
  });
  await world.settle();
}

describe('volumes that somebody made', () => {
  test('the smallest that is enough is bound, both halves written; the rest is free', async () => {
    await volume('large', { capacity: { storage: '5Gi' } });
    await volume('small', { capacity: { storage: '500Mi' } });
    await volume('right');
    await volume('other', { storageClassName: 'other' });
    await claim('data');
    expect(await theClaim('data')).toMatchObject({
      metadata: { annotations: { 'pv.kubernetes.io/bind-completed': 'yes', 'pv.kubernetes.io/bound-by-controller': 'yes' }, finalizers: ['kubernetes.io/pvc-protection'] },
      spec: { volumeName: 'right' },
      status: { phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' } },
    });
    expect(await theVolume('right')).toMatchObject({
      metadata: { annotations: { 'pv.kubernetes.io/bound-by-controller': 'yes' } },
      spec: { claimRef: { kind: 'PersistentVolumeClaim', name: 'data' } },
      status: { phase: 'Bound' },
    });
    expect((await theVolume('large')).status?.phase).toBe('Available');
  });

  test('a claim that comes first waits; a selector chooses', async () => {
    await claim('data', { selector: { matchLabels: { disk: 'ssd' } } });
    expect((await theClaim('data')).status?.phase).toBe('Pending');
    await volume('slow');
    expect((await theClaim('data')).status?.phase).toBe('Pending');
    await world.client.patch('persistentvolumes', '', 'slow', { type: 'merge', body: { metadata: { labels: { disk: 'ssd' } } } });
    await world.settle();
    expect((await theClaim('data')).status?.phase).toBe('Bound');
  });

  test('reserved ones: by the volume, by the claim, by the claim in vain', async () => {
    await volume('mine', { capacity: { storage: '5Gi' }, claimRef: { name: 'data', namespace: 'default' } });
    await volume('right');
    await claim('data');
    expect((await theClaim('data')).spec?.volumeName).toBe('mine');
    await claim('named', { volumeName: 'mine' });
    expect((await theClaim('named')).status?.phase).toBe('Pending');
    expect(await world.told()).toContain('FailedBinding volume "mine" already bound to a different claim.');
    await claim('big', { volumeName: 'right', resources: { requests: { storage: '2Gi' } } });
    expect(await world.told()).toContain('VolumeMismatch Cannot bind to requested volume "right": requested PV is too small');
  });

  test('a claim in use stays, then goes; its volume is released and kept', async () => {
    await volume('right');
    await claim('data');
    await pod('user', [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }]);
    await remove('persistentvolumeclaims', 'data');
    expect((await theClaim('data')).metadata.deletionTimestamp).toBeDefined();
    await remove('persistentvolumes', 'right', '');
    expect((await theVolume('right')).metadata.deletionTimestamp).toBeDefined();
    await world.status('pods', 'user', { phase: 'Succeeded' });
    expect((await theClaim('data')).metadata.deletionTimestamp).toBeDefined();
    await world.client.delete('pods', 'default', 'user', { gracePeriodSeconds: 0 });
    await world.settle();
    await expect(theClaim('data')).rejects.toThrow('not found');
    await expect(theVolume('right')).rejects.toThrow('not found');
  });

  test('released for Retain, failed where nobody can delete it; lost without a volume', async () => {
    await volume('kept');
    await claim('a');
    await remove('persistentvolumeclaims', 'a');
    expect((await theVolume('kept')).status?.phase).toBe('Released');
    await volume('stuck', { persistentVolumeReclaimPolicy: 'Delete' });
    await claim('b');
    await remove('persistentvolumeclaims', 'b');
    expect((await theVolume('stuck')).status).toMatchObject({ phase: 'Failed', message: expect.stringContaining('no deletable volume plugin matched') as string });
    await volume('gone');
    await claim('c');
    await remove('persistentvolumes', 'gone', '');
    await world.client.patch('persistentvolumes', '', 'gone', { type: 'merge', body: { metadata: { finalizers: null } } });
    await world.settle();
    expect((await theClaim('c')).status?.phase).toBe('Lost');
    expect(await world.told()).toContain('ClaimLost Bound claim has lost its PersistentVolume. Data on the volume is lost!');
  });
});

describe('volumes that are made', () => {
  beforeEach(async () => {
    await world.client.create('nodes', node('n1'));
    await world.settle();
  });
  const select = async (name: string): Promise<void> => {
    await world.client.patch('persistentvolumeclaims', 'default', name, { type: 'merge', body: { metadata: { annotations: { 'volume.kubernetes.io/selected-node': 'n1' } } } });
    await world.settle();
  };

  test('wait for the first consumer, are made where it goes, and go with the claim', async () => {
    await world.client.create<PersistentVolumeClaim>('persistentvolumeclaims', {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data', namespace: 'default' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    await world.settle();
    expect(await theClaim('data')).toMatchObject({ spec: { storageClassName: 'standard' }, status: { phase: 'Pending' } });
    expect(await world.told()).toContain('WaitForFirstConsumer waiting for first consumer to be created before binding');
    await select('data');
    const bound = await theClaim('data');
    const name = `pvc-${bound.metadata.uid}`;
    expect(bound).toMatchObject({
      metadata: { annotations: { 'volume.kubernetes.io/storage-provisioner': 'paperplane.dev/host-path' } },
      spec: { volumeName: name },
      status: { phase: 'Bound' },
    });
    expect(await theVolume(name)).toMatchObject({
      spec: {
        hostPath: { path: `/data/volumes/${name}`, type: 'DirectoryOrCreate' },
        persistentVolumeReclaimPolicy: 'Delete',
        nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['n1'] }] }] } },
      },
      status: { phase: 'Bound' },
    });
    await remove('persistentvolumeclaims', 'data');
    expect(removed).toEqual([`/data/volumes/${name}`]);
    await expect(theVolume(name)).rejects.toThrow('not found');
  });

  test('for a claim from before there was a class', async () => {
    await world.client.delete('storageclasses.storage.k8s.io', '', 'standard');
    await world.settle();
    await world.client.create<PersistentVolumeClaim>('persistentvolumeclaims', {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data', namespace: 'default' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    await world.settle();
    expect(await world.told()).toContain('FailedBinding no persistent volumes available for this claim and no storage class is set');
    await world.client.create<StorageClass>('storageclasses.storage.k8s.io', { ...STANDARD_CLASS, volumeBindingMode: 'Immediate' });
    await world.settle();
    expect((await theClaim('data')).status?.phase).toBe('Bound');
  });

  test('the cluster has a class from its start; who deletes it does not get it back', async () => {
    const classes = async () => (await world.all<StorageClass>('storageclasses.storage.k8s.io')).map(({ metadata }) => metadata.name);
    expect(await classes()).toEqual(['standard']);
    await world.client.delete('storageclasses.storage.k8s.io', '', 'standard');
    await world.client.patch('namespaces', '', 'kube-system', { type: 'merge', body: { metadata: { labels: { a: 'b' } } } });
    await world.settle();
    expect(await classes()).toEqual([]);
  });

  test('a class that is not there, and one of another driver, say so', async () => {
    await claim('data', { storageClassName: 'nope' });
    expect(await world.told()).toContain('ProvisioningFailed storageclass.storage.k8s.io "nope" not found');
    await world.client.create<StorageClass>('storageclasses.storage.k8s.io', {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'csi' },
      provisioner: 'csi.example.com',
    });
    await claim('other', { storageClassName: 'csi' });
    expect((await theClaim('other')).metadata.annotations).toMatchObject({ 'volume.kubernetes.io/storage-provisioner': 'csi.example.com' });
    expect((await theClaim('other')).status?.phase).toBe('Pending');
  });

  test('a pod’s own claims', async () => {
    await pod('db', [
      {
        name: 'scratch',
        ephemeral: { volumeClaimTemplate: { metadata: { labels: { a: 'b' } }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } } },
      },
    ]);
    expect((await theClaim('db-scratch')).metadata).toMatchObject({ labels: { a: 'b' }, ownerReferences: [{ kind: 'Pod', name: 'db', controller: true }] });
  });
});
