/** Which volume a claim gets. */
import type { Cache } from '#control/controller.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '#kinds/generated/types.ts';
import { type LabelSelectorObject, matches, selectorFromLabelSelector } from '#machinery/labels.ts';
import { askedOf, capacityOf, className, isFor, VOLUMES } from './view.ts';

const modeOf = ({ spec }: PersistentVolume | PersistentVolumeClaim): string => spec?.volumeMode ?? 'Filesystem';
const offers = ({ spec }: PersistentVolume, claim: PersistentVolumeClaim): boolean => (claim.spec?.accessModes ?? []).every((mode) => spec?.accessModes?.includes(mode) === true);
const attributesOf = ({ spec }: PersistentVolume | PersistentVolumeClaim): string => spec?.volumeAttributesClassName ?? '';

/** Why a volume that a claim asks for by name cannot be its. */
export function mismatch(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  if (capacityOf(volume) < askedOf(claim)) return 'requested PV is too small';
  if (className(volume) !== className(claim)) return 'storageClassName does not match';
  if (attributesOf(volume) !== attributesOf(claim)) return 'volumeAttributesClassName does not match';
  if (modeOf(volume) !== modeOf(claim)) return 'incompatible volumeMode';
  return offers(volume, claim) ? undefined : 'incompatible accessMode';
}

/**
 * The volume that is reserved for the claim, or else the smallest one that satisfies it. `reservedOnly`: the claim waits for its first
 * consumer, and the scheduler chooses among the others.
 */
export function bestMatch(claim: PersistentVolumeClaim, reservedOnly: boolean, cache: Cache): PersistentVolume | undefined {
  const asked = askedOf(claim);
  const selector = claim.spec?.selector === undefined ? undefined : selectorFromLabelSelector(claim.spec.selector as LabelSelectorObject);
  let best: PersistentVolume | undefined;
  for (const volume of cache.list<PersistentVolume>(VOLUMES)) {
    if (volume.spec?.claimRef !== undefined && !isFor(volume, claim)) continue;
    if (capacityOf(volume) < asked || modeOf(volume) !== modeOf(claim) || volume.metadata.deletionTimestamp !== undefined || attributesOf(volume) !== attributesOf(claim)) continue;
    if (isFor(volume, claim)) return volume;
    if (reservedOnly || volume.status?.phase !== 'Available' || className(volume) !== className(claim) || !offers(volume, claim)) continue;
    if (selector !== undefined && !matches(selector, volume.metadata.labels)) continue;
    if (best === undefined || capacityOf(volume) < capacityOf(best)) best = volume;
  }
  return best;
}
