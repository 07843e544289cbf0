/** One look at a volume: is it free, is it still its claim's, and what becomes of it when that is gone. */
import type { ControllerContext } from '#control/controller.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '#kinds/generated/types.ts';
import { isNotFound } from '#machinery/status.ts';
import { nameOf } from '../shared/keys.ts';
import { setVolumePhase, unbind } from './bind.ts';
import { CLAIMS, hasAnnotation, PROVISIONED_BY } from './view.ts';

/** The claim that the volume names, asked of the server before it is believed to be gone. */
async function claimOf(volume: PersistentVolume, { cache, client }: ControllerContext): Promise<PersistentVolumeClaim | undefined> {
  const { name = '', namespace = '', uid } = volume.spec!.claimRef!;
  let claim = cache.get<PersistentVolumeClaim>(CLAIMS, namespace, name);
  if (claim === undefined) {
    try {
      claim = await client.get<PersistentVolumeClaim>(CLAIMS, namespace, name);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  return claim?.metadata.uid === uid ? claim : undefined;
}

/** Volumes of drivers are deleted by who made them. */
async function reclaim(volume: PersistentVolume, context: ControllerContext): Promise<void> {
  const policy = volume.spec?.persistentVolumeReclaimPolicy ?? 'Retain';
  if (policy === 'Retain' || hasAnnotation(volume, PROVISIONED_BY) || volume.spec?.csi !== undefined || volume.status?.phase === 'Failed') return;
  const [reason, message] =
    policy === 'Delete'
      ? ['VolumeFailedDelete', `error getting deleter volume plugin for volume ${JSON.stringify(nameOf(volume))}: no deletable volume plugin matched`]
      : ['VolumeFailedRecycle', 'No recycler plugin found for the volume!'];
  context.event(volume, 'Warning', reason!, message!);
  await setVolumePhase(volume, 'Failed', message!, context);
}

export async function syncVolume(volume: PersistentVolume, context: ControllerContext): Promise<void> {
  const reference = volume.spec?.claimRef;
  if (reference === undefined || !reference.uid) {
    await setVolumePhase(volume, 'Available', '', context);
    return;
  }
  const claim = await claimOf(volume, context);
  if (claim === undefined) {
    const phase = volume.status?.phase;
    const released = phase === 'Released' || phase === 'Failed' ? volume : await setVolumePhase(volume, 'Released', '', context);
    await reclaim(released, context);
    return;
  }
  const bound = claim.spec?.volumeName ?? '';
  if (bound === nameOf(volume)) {
    await setVolumePhase(volume, 'Bound', '', context);
    return;
  }
  // the claim's own look completes the binding
  if (bound === '') return;
  if (hasAnnotation(volume, PROVISIONED_BY) && volume.spec?.persistentVolumeReclaimPolicy === 'Delete') {
    // made for the claim, which took another meanwhile
    if (volume.status?.phase !== 'Released' && volume.status?.phase !== 'Failed') await setVolumePhase(volume, 'Released', '', context);
    return;
  }
  await unbind(volume, context);
}
