/**
 * Volumes for claims of clusters without a storage driver: folders on the node that the claim's first pod was given. The node's agent
 * makes the folder when it mounts it; it is removed with the volume.
 */
import type { Cache, Controller, ControllerContext, Key, Mapped, Result } from '#control/controller.ts';
import { keyOf } from '#control/dispatcher.ts';
import type { Namespace, Node, PersistentVolume, PersistentVolumeClaim, StorageClass } from '#kinds/generated/types.ts';
import type { KubeObject } from '#machinery/object.ts';
import { isAlreadyExists } from '#machinery/status.ts';
import { setVolumePhase } from '../persistentvolume-binder/bind.ts';
import { BETA_PROVISIONER, CLAIMS, claimReference, CLASSES, className, classOf, PROVISIONED_BY, PROVISIONER, SELECTED_NODE, VOLUMES } from '../persistentvolume-binder/view.ts';
import { nameOf, splitKey } from '../shared/keys.ts';

export const HOST_PATH_PROVISIONER = 'paperplane.dev/host-path';
const HOSTNAME = 'kubernetes.io/hostname';
/** Says on the namespace that the cluster once got its class: it is the administrator's from then on. */
const SEEDED = 'paperplane.dev/standard-storage-class';
const SYSTEM = 'kube-system';
/** The key under which the class is made; no name holds a space. */
const SEED = 'the standard class';

/** Where the folders are, and how they go. */
export interface HostPathVolumes {
  /** The folder of a volume, absolute, on whichever node it is. */
  path(volume: string): string;
  /** Removes a folder that `path` named, with all that is in it; one that is not there is as good. */
  remove(path: string): Promise<void>;
}

/** The class that claims get when they name none. */
export const STANDARD_CLASS: StorageClass & KubeObject = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: HOST_PATH_PROVISIONER,
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'WaitForFirstConsumer',
};

function volumeFor(claim: PersistentVolumeClaim, storageClass: StorageClass, node: Node | undefined, path: string): PersistentVolume {
  const name = `pvc-${claim.metadata.uid}`;
  const host = node?.metadata.labels?.[HOSTNAME];
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, annotations: { [PROVISIONED_BY]: HOST_PATH_PROVISIONER } },
    spec: {
      accessModes: [...(claim.spec?.accessModes ?? [])],
      capacity: { storage: claim.spec?.resources?.requests?.['storage'] ?? '0' },
      claimRef: claimReference(claim),
      hostPath: { path, type: 'DirectoryOrCreate' },
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
      storageClassName: className(claim),
      volumeMode: 'Filesystem',
      ...(host === undefined ? {} : { nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: HOSTNAME, operator: 'In', values: [host] }] }] } } }),
    },
  };
}

async function provision(claim: PersistentVolumeClaim, volumes: HostPathVolumes, { cache, client, event }: ControllerContext): Promise<void> {
  const asked = claim.metadata.annotations?.[PROVISIONER] ?? claim.metadata.annotations?.[BETA_PROVISIONER];
  const storageClass = classOf(claim, cache);
  if (asked !== HOST_PATH_PROVISIONER || storageClass?.provisioner !== HOST_PATH_PROVISIONER || claim.spec?.volumeName || claim.metadata.deletionTimestamp !== undefined) return;
  const name = `pvc-${claim.metadata.uid}`;
  if (cache.get(VOLUMES, '', name) !== undefined) return;
  if (claim.spec?.volumeMode === 'Block' || claim.spec?.selector !== undefined || claim.spec?.dataSource !== undefined) {
    event(
      claim,
      'Warning',
      'ProvisioningFailed',
      `failed to provision volume with StorageClass ${JSON.stringify(nameOf(storageClass))}: folders are neither block devices nor selected nor filled`,
    );
    return;
  }
  const selected = claim.metadata.annotations?.[SELECTED_NODE];
  const node = selected === undefined ? undefined : cache.get<Node>('nodes', '', selected);
  // a node that went meanwhile: the scheduler chooses another
  if (selected !== undefined && node === undefined) return;
  try {
    await client.create<PersistentVolume>(VOLUMES, volumeFor(claim, storageClass, node, volumes.path(name)));
  } catch (error) {
    if (isAlreadyExists(error)) return;
    throw error;
  }
  event(claim, 'Normal', 'ProvisioningSucceeded', `Successfully provisioned volume ${name}`);
}

/** A volume that its claim left is deleted with its folder; one that is there no longer than for its claim, too. */
async function remove(volume: PersistentVolume, volumes: HostPathVolumes, context: ControllerContext): Promise<Result> {
  const { client, event } = context;
  const path = volume.spec?.hostPath?.path ?? '';
  const isOurs = volume.metadata.annotations?.[PROVISIONED_BY] === HOST_PATH_PROVISIONER;
  const isDone = volume.status?.phase === 'Released' && volume.spec?.persistentVolumeReclaimPolicy === 'Delete';
  // a path that a user put in its place is none of ours to delete
  if (!isOurs || !isDone || volume.metadata.deletionTimestamp !== undefined || path !== volumes.path(nameOf(volume))) return {};
  try {
    await volumes.remove(path);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    event(volume, 'Warning', 'VolumeFailedDelete', message);
    await setVolumePhase(volume, 'Failed', message, context);
    return {};
  }
  await client.delete(VOLUMES, '', nameOf(volume), { preconditions: { uid: volume.metadata.uid! } });
  return {};
}

/** Claims of the class, and those that wait for it to be there. */
function classKeys({ now }: Mapped, cache: Cache): readonly Key[] {
  const storageClass = now as StorageClass | undefined;
  if (storageClass?.provisioner !== HOST_PATH_PROVISIONER) return [];
  return cache
    .list<PersistentVolumeClaim>(CLAIMS)
    .filter((claim) => className(claim) === nameOf(storageClass) && !claim.spec?.volumeName)
    .map(keyOf);
}

async function seed({ cache, client }: ControllerContext): Promise<Result> {
  const system = cache.get<Namespace>('namespaces', '', SYSTEM);
  if (system === undefined || system.metadata.annotations?.[SEEDED] !== undefined) return {};
  try {
    await client.create<StorageClass>(CLASSES, STANDARD_CLASS);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
  await client.patch('namespaces', '', SYSTEM, { type: 'merge', body: { metadata: { annotations: { [SEEDED]: nameOf(STANDARD_CLASS) } } } });
  return {};
}

export function hostPathProvisioner(volumes: HostPathVolumes): Controller {
  return {
    name: 'host-path-provisioner',
    watches: [
      { resource: CLAIMS },
      { resource: VOLUMES },
      { resource: CLASSES, keys: classKeys },
      { resource: 'namespaces', keys: ({ old, now }) => (old === undefined && now !== undefined && nameOf(now) === SYSTEM ? [SEED] : []) },
    ],
    reads: ['nodes'],
    async reconcile(key, context) {
      if (key === SEED) return seed(context);
      const { namespace, name } = splitKey(key);
      if (namespace === '') {
        const volume = context.cache.get<PersistentVolume>(VOLUMES, '', name);
        return volume === undefined ? {} : remove(volume, volumes, context);
      }
      const claim = context.cache.get<PersistentVolumeClaim>(CLAIMS, namespace, name);
      if (claim !== undefined) await provision(claim, volumes, context);
      return {};
    },
  };
}
