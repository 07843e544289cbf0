/** A claim and a volume made one. Each half is written by itself: whatever was reached is found again at the next look. */
import type { ControllerContext } from '#control/controller.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '#kinds/generated/types.ts';
import { nameOf, sameJson } from '../shared/keys.ts';
import { BIND_COMPLETED, BOUND_BY_CONTROLLER, CLAIMS, claimReference, hasAnnotation, isFor, VOLUMES } from './view.ts';

type VolumeStatus = NonNullable<PersistentVolume['status']>;
type ClaimStatus = NonNullable<PersistentVolumeClaim['status']>;

export async function setVolumePhase(volume: PersistentVolume, phase: string, message: string, { client }: ControllerContext): Promise<PersistentVolume> {
  if (volume.status?.phase === phase && (volume.status.message ?? '') === message) return volume;
  const { message: _, ...rest } = volume.status ?? ({} as VolumeStatus);
  return client.update<PersistentVolume>(VOLUMES, { ...volume, status: { ...rest, phase, ...(message === '' ? {} : { message }) } }, 'status');
}

/** The phase, and of a bound claim what its volume gives. */
export async function setClaimPhase(
  claim: PersistentVolumeClaim,
  phase: 'Pending' | 'Bound' | 'Lost',
  volume: PersistentVolume | undefined,
  { client }: ControllerContext,
): Promise<void> {
  const { accessModes: _, capacity, ...rest } = claim.status ?? ({} as ClaimStatus);
  const given: ClaimStatus =
    volume === undefined
      ? {}
      : {
          ...(volume.spec?.accessModes === undefined ? {} : { accessModes: [...volume.spec.accessModes] }),
          // a claim that is bound already keeps its capacity: growing it is another's affair
          ...(claim.status?.phase === 'Bound' && capacity !== undefined ? { capacity } : volume.spec?.capacity === undefined ? {} : { capacity: { ...volume.spec.capacity } }),
          ...(volume.spec?.volumeAttributesClassName === undefined ? {} : { currentVolumeAttributesClassName: volume.spec.volumeAttributesClassName }),
        };
  const status: ClaimStatus = { ...rest, ...given, phase };
  if (!sameJson(status, claim.status ?? {})) await client.update<PersistentVolumeClaim>(CLAIMS, { ...claim, status }, 'status');
}

export async function reserve(volume: PersistentVolume, claim: PersistentVolumeClaim, { client }: ControllerContext): Promise<PersistentVolume> {
  const reference = volume.spec?.claimRef;
  if (isFor(volume, claim) && reference?.uid === claim.metadata.uid) return volume;
  const annotations = { ...volume.metadata.annotations };
  // one that somebody had reserved stays reserved when the claim goes
  if (!isFor(volume, claim)) annotations[BOUND_BY_CONTROLLER] = 'yes';
  return client.update<PersistentVolume>(VOLUMES, {
    ...volume,
    metadata: { ...volume.metadata, ...(Object.keys(annotations).length === 0 ? {} : { annotations }) },
    spec: { ...volume.spec, claimRef: claimReference(claim) },
  });
}

export async function bind(found: PersistentVolume, claim: PersistentVolumeClaim, context: ControllerContext): Promise<void> {
  const volume = await setVolumePhase(await reserve(found, claim, context), 'Bound', '', context);
  const chosen = claim.spec?.volumeName === undefined || claim.spec.volumeName === '';
  let bound = claim;
  if (chosen || claim.spec?.volumeName !== nameOf(volume) || !hasAnnotation(claim, BIND_COMPLETED))
    bound = await context.client.update<PersistentVolumeClaim>(CLAIMS, {
      ...claim,
      metadata: { ...claim.metadata, annotations: { ...claim.metadata.annotations, ...(chosen ? { [BOUND_BY_CONTROLLER]: 'yes' } : {}), [BIND_COMPLETED]: 'yes' } },
      spec: { ...claim.spec, volumeName: nameOf(volume) },
    });
  await setClaimPhase(bound, 'Bound', volume, context);
}

/** Lets go of a claim that is gone or has another volume; a reservation that a user made stays, without the uid. */
export async function unbind(volume: PersistentVolume, context: ControllerContext): Promise<void> {
  const { claimRef, ...spec } = volume.spec ?? {};
  const { [BOUND_BY_CONTROLLER]: byController, ...annotations } = volume.metadata.annotations ?? {};
  const { uid: _, ...reservation } = claimRef ?? {};
  const next = await context.client.update<PersistentVolume>(VOLUMES, {
    ...volume,
    metadata: { ...volume.metadata, annotations },
    spec: byController === undefined ? { ...spec, claimRef: reservation } : spec,
  });
  await setVolumePhase(next, 'Available', '', context);
}
