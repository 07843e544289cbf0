/** What the volume plugins share: claims of a pod, and the volumes they are bound to. */
import type { Cache } from '#control/controller.ts';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '#kinds/generated/types.ts';
import { parseQuantity } from '#machinery/quantity.ts';
import { type LabelSelectorObject, matches, selectorFromLabelSelector } from '#machinery/labels.ts';
import { nodeSelectorMatches } from '#control/placement/node-selector.ts';
import type { NodeInfo } from '../picture/node-info.ts';
import type { PodInfo } from '../picture/pod-info.ts';

export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';
const NO_PROVISIONER = 'kubernetes.io/no-provisioner';

export const claimOf = (pod: PodInfo, name: string, cache: Cache): PersistentVolumeClaim | undefined => cache.get('persistentvolumeclaims', pod.namespace, name);
export const classOf = (claim: PersistentVolumeClaim, cache: Cache): StorageClass | undefined => {
  const name = className(claim);
  return name === '' ? undefined : cache.get('storageclasses.storage.k8s.io', '', name);
};
export const className = ({ metadata, spec }: PersistentVolumeClaim): string => metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec?.storageClassName ?? '';
export const isBound = ({ metadata, spec }: PersistentVolumeClaim): boolean => (spec?.volumeName ?? '') !== '' && metadata.annotations?.[BIND_COMPLETED] !== undefined;
export const waitsForConsumer = (claim: PersistentVolumeClaim, cache: Cache): boolean => classOf(claim, cache)?.volumeBindingMode === 'WaitForFirstConsumer';
export const provisions = (claim: PersistentVolumeClaim, cache: Cache): boolean => {
  const provisioner = classOf(claim, cache)?.provisioner ?? '';
  return provisioner !== '' && provisioner !== NO_PROVISIONER;
};

export function volumeFitsNode(volume: PersistentVolume, { node }: NodeInfo): boolean {
  const required = volume.spec?.nodeAffinity?.required;
  return required === undefined || nodeSelectorMatches(required, node);
}

/** Whether a volume that nobody has could be this claim's. */
export function volumeFitsClaim(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const { spec } = volume;
  if (spec === undefined || volume.metadata.deletionTimestamp !== undefined) return false;
  const reserved = spec.claimRef;
  const forThis =
    reserved !== undefined &&
    reserved.name === claim.metadata.name &&
    reserved.namespace === claim.metadata.namespace &&
    (reserved.uid === undefined || reserved.uid === '' || reserved.uid === claim.metadata.uid);
  if (reserved !== undefined && !forThis) return false;
  if (volume.status?.phase !== 'Available' && !forThis) return false;
  if ((spec.storageClassName ?? '') !== className(claim)) return false;
  if ((spec.volumeMode ?? 'Filesystem') !== (claim.spec?.volumeMode ?? 'Filesystem')) return false;
  if (!(claim.spec?.accessModes ?? []).every((mode) => spec.accessModes?.includes(mode) === true)) return false;
  const selector = claim.spec?.selector;
  if (selector !== undefined && !matches(selectorFromLabelSelector(selector as LabelSelectorObject), volume.metadata.labels)) return false;
  const asked = claim.spec?.resources?.requests?.['storage'];
  return asked === undefined || capacity(volume) >= parseQuantity(asked).nano;
}

export const capacity = ({ spec }: PersistentVolume): bigint => parseQuantity(spec?.capacity?.['storage'] ?? '0').nano;
