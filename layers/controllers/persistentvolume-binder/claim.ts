/** One look at a claim: find it a volume, have one made, or see that the one it has is still its own. */
import type { ControllerContext } from '#control/controller.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '#kinds/generated/types.ts';
import { isTerminal } from '../shared/pods.ts';
import { nameOf, namespaceOf } from '../shared/keys.ts';
import { bind, setClaimPhase } from './bind.ts';
import { bestMatch, mismatch } from './match.ts';
import {
  BETA_PROVISIONER,
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  CLAIMS,
  className,
  classOf,
  defaultClass,
  hasAnnotation,
  isFor,
  namesClass,
  NO_PROVISIONER,
  PROVISIONER,
  SELECTED_NODE,
  VOLUMES,
} from './view.ts';

/** The pods that name the claim and have not ended. */
function consumers(claim: PersistentVolumeClaim, { cache }: ControllerContext): Pod[] {
  return cache
    .list<Pod>('pods', namespaceOf(claim))
    .filter((pod) => !isTerminal(pod) && (pod.spec?.volumes ?? []).some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === nameOf(claim)));
}

function tellWaiting(claim: PersistentVolumeClaim, context: ControllerContext): void {
  const pods = consumers(claim, context)
    .filter(({ spec }) => spec?.nodeName === undefined || spec.nodeName === '')
    .map(nameOf);
  if (pods.length === 0) context.event(claim, 'Normal', 'WaitForFirstConsumer', 'waiting for first consumer to be created before binding');
  else context.event(claim, 'Normal', 'WaitForPodScheduled', `waiting for ${pods.length === 1 ? 'pod' : 'pods'} ${pods.join(',')} to be scheduled`);
}

/** Asks the class's provisioner, by the annotation that it looks for. */
async function provision(claim: PersistentVolumeClaim, known: StorageClass | undefined, context: ControllerContext): Promise<void> {
  const name = className(claim);
  if (known === undefined) {
    context.event(claim, 'Warning', 'ProvisioningFailed', `storageclass.storage.k8s.io ${JSON.stringify(name)} not found`);
    return;
  }
  const { provisioner } = known;
  if (provisioner === NO_PROVISIONER) return;
  if (claim.metadata.annotations?.[PROVISIONER] !== provisioner)
    await context.client.update<PersistentVolumeClaim>(CLAIMS, {
      ...claim,
      metadata: { ...claim.metadata, annotations: { ...claim.metadata.annotations, [BETA_PROVISIONER]: provisioner, [PROVISIONER]: provisioner } },
    });
  context.event(
    claim,
    'Normal',
    'ExternalProvisioning',
    `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`,
  );
}

async function findVolume(claim: PersistentVolumeClaim, context: ControllerContext): Promise<void> {
  const { cache, client } = context;
  const known = classOf(claim, cache);
  const waits = known?.volumeBindingMode === 'WaitForFirstConsumer' && !hasAnnotation(claim, SELECTED_NODE);
  const volume = bestMatch(claim, waits, cache);
  if (volume !== undefined) {
    await bind(volume, claim, context);
    return;
  }
  if (!namesClass(claim)) {
    const fallback = defaultClass(cache);
    if (fallback !== undefined) {
      await client.update<PersistentVolumeClaim>(CLAIMS, { ...claim, spec: { ...claim.spec, storageClassName: nameOf(fallback) } });
      return;
    }
  }
  await setClaimPhase(claim, 'Pending', undefined, context);
  if (waits) tellWaiting(claim, context);
  else if (className(claim) !== '') await provision((await current(claim, context)) ?? claim, known, context);
  else context.event(claim, 'Normal', 'FailedBinding', 'no persistent volumes available for this claim and no storage class is set');
}

/** The claim after a write of its status: the next write must name its version. */
async function current(claim: PersistentVolumeClaim, { client }: ControllerContext): Promise<PersistentVolumeClaim | undefined> {
  return claim.status?.phase === 'Pending' ? claim : client.get<PersistentVolumeClaim>(CLAIMS, namespaceOf(claim), nameOf(claim));
}

async function useNamed(claim: PersistentVolumeClaim, context: ControllerContext): Promise<void> {
  const name = claim.spec!.volumeName!;
  const volume = context.cache.get<PersistentVolume>(VOLUMES, '', name);
  if (volume === undefined) {
    await setClaimPhase(claim, 'Pending', undefined, context);
    return;
  }
  if (volume.spec?.claimRef === undefined) {
    const why = mismatch(volume, claim);
    if (why === undefined) {
      await bind(volume, claim, context);
      return;
    }
    context.event(claim, 'Warning', 'VolumeMismatch', `Cannot bind to requested volume ${JSON.stringify(name)}: ${why}`);
  } else if (isFor(volume, claim)) {
    await bind(volume, claim, context);
    return;
  } else if (!hasAnnotation(claim, BOUND_BY_CONTROLLER)) context.event(claim, 'Warning', 'FailedBinding', `volume ${JSON.stringify(name)} already bound to a different claim.`);
  await setClaimPhase(claim, 'Pending', undefined, context);
}

async function lose(claim: PersistentVolumeClaim, reason: 'ClaimLost' | 'ClaimMisbound', message: string, context: ControllerContext): Promise<void> {
  if (claim.status?.phase !== 'Lost') context.event(claim, 'Warning', reason, message);
  await setClaimPhase(claim, 'Lost', undefined, context);
}

async function keepBound(claim: PersistentVolumeClaim, context: ControllerContext): Promise<void> {
  const name = claim.spec?.volumeName ?? '';
  const volume = name === '' ? undefined : context.cache.get<PersistentVolume>(VOLUMES, '', name);
  if (name === '') await lose(claim, 'ClaimLost', 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!', context);
  else if (volume === undefined) await lose(claim, 'ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!', context);
  else if (volume.spec?.claimRef === undefined || isFor(volume, claim)) await bind(volume, claim, context);
  else await lose(claim, 'ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly', context);
}

export async function syncClaim(claim: PersistentVolumeClaim, context: ControllerContext): Promise<void> {
  if (hasAnnotation(claim, BIND_COMPLETED)) await keepBound(claim, context);
  else if (claim.metadata.deletionTimestamp !== undefined) return;
  else if ((claim.spec?.volumeName ?? '') === '') await findVolume(claim, context);
  else await useNamed(claim, context);
}
