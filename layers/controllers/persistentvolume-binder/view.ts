/** What the storage controllers ask of claims, volumes and classes (Kubernetes' `component-helpers/storage/volume`). */
import type { Cache } from '#control/controller.ts';
import type { ObjectReference, PersistentVolume, PersistentVolumeClaim, StorageClass } from '#kinds/generated/types.ts';
import { parseQuantity } from '#machinery/quantity.ts';
import { nameOf, namespaceOf } from '../shared/keys.ts';

export const CLAIMS = 'persistentvolumeclaims';
export const VOLUMES = 'persistentvolumes';
export const CLASSES = 'storageclasses.storage.k8s.io';
/** Both halves of the binding are written. */
export const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';
/** The controller chose the other half, and may take it back. */
export const BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller';
export const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';
export const PROVISIONER = 'volume.kubernetes.io/storage-provisioner';
export const BETA_PROVISIONER = 'volume.beta.kubernetes.io/storage-provisioner';
/** Set by the scheduler: where the claim's first pod shall run. */
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
export const NO_PROVISIONER = 'kubernetes.io/no-provisioner';
const CLASS = 'volume.beta.kubernetes.io/storage-class';
const DEFAULT_CLASS = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];

type Classed = { readonly metadata: { readonly annotations?: Record<string, string> }; readonly spec?: { readonly storageClassName?: string } };

export const hasAnnotation = ({ metadata }: PersistentVolume | PersistentVolumeClaim, name: string): boolean => metadata.annotations?.[name] !== undefined;
export const className = ({ metadata, spec }: Classed): string => metadata.annotations?.[CLASS] ?? spec?.storageClassName ?? '';
/** Unlike a class that is said to be none. */
export const namesClass = ({ metadata, spec }: Classed): boolean => metadata.annotations?.[CLASS] !== undefined || spec?.storageClassName !== undefined;

export const classOf = (claim: PersistentVolumeClaim, cache: Cache): StorageClass | undefined => {
  const name = className(claim);
  return name === '' ? undefined : cache.get<StorageClass>(CLASSES, '', name);
};

/** The newest of the classes marked as default. */
export function defaultClass(cache: Cache): StorageClass | undefined {
  return cache
    .list<StorageClass>(CLASSES)
    .filter(({ metadata }) => DEFAULT_CLASS.some((name) => metadata.annotations?.[name] === 'true'))
    .toSorted((a, b) => (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? '') || nameOf(a).localeCompare(nameOf(b)))[0];
}

export const capacityOf = ({ spec }: PersistentVolume): bigint => parseQuantity(spec?.capacity?.['storage'] ?? '0').nano;
export const askedOf = ({ spec }: PersistentVolumeClaim): bigint => parseQuantity(spec?.resources?.requests?.['storage'] ?? '0').nano;

/** The volume is this claim's, or was reserved for one of its name. */
export function isFor(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const reference = volume.spec?.claimRef;
  if (reference === undefined || reference.name !== nameOf(claim) || reference.namespace !== namespaceOf(claim)) return false;
  return !reference.uid || reference.uid === claim.metadata.uid;
}

export const claimReference = (claim: PersistentVolumeClaim): ObjectReference => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  namespace: namespaceOf(claim),
  name: nameOf(claim),
  uid: claim.metadata.uid!,
  resourceVersion: claim.metadata.resourceVersion!,
});
