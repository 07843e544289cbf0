/** The volume claims of a stateful set's pods: made before the pod, and owned as the retention policy says. */
import type { ControllerContext } from '#control/controller.ts';
import type { PersistentVolumeClaim, Pod, StatefulSet } from '#kinds/generated/types.ts';
import { clone } from '#machinery/json.ts';
import type { KubeObject, OwnerReference } from '#machinery/object.ts';
import { isAlreadyExists } from '#machinery/status.ts';
import { namespaceOf } from '../shared/keys.ts';
import { controllerReference } from '../shared/owner.ts';
import { claimName, isInRange, ordinalOf } from './ordinals.ts';

export const CLAIMS = 'persistentvolumeclaims';

/** Nothing to be done about it until the claim is gone, or can be made. */
export class ClaimsNotReady extends Error {
  readonly code = 'CLAIMS_NOT_READY';
}

const policyOf = ({ spec }: StatefulSet): { readonly keepsScaled: boolean; readonly keepsDeleted: boolean } => {
  const { whenScaled, whenDeleted } = spec?.persistentVolumeClaimRetentionPolicy ?? {};
  return { keepsScaled: whenScaled !== 'Delete', keepsDeleted: whenDeleted !== 'Delete' };
};

const referencesOf = (claim: PersistentVolumeClaim): readonly OwnerReference[] => claim.metadata.ownerReferences ?? [];
const names = (reference: OwnerReference, { apiVersion, kind, metadata }: KubeObject): boolean =>
  reference.apiVersion === apiVersion && reference.kind === kind && reference.name === metadata.name;
const isOwnedBy = (claim: PersistentVolumeClaim, { metadata }: KubeObject): boolean => referencesOf(claim).some(({ uid }) => uid === metadata.uid);
/** Owned by something that had this name before. */
const isStale = (claim: PersistentVolumeClaim, owner: KubeObject): boolean => {
  const reference = referencesOf(claim).find((one) => names(one, owner));
  return reference !== undefined && reference.uid !== owner.metadata.uid;
};

/** Somebody else is in charge of the claim. Where all is retained nobody cares. */
function hasOtherController(claim: PersistentVolumeClaim, set: StatefulSet, pod: Pod): boolean {
  const { keepsScaled, keepsDeleted } = policyOf(set);
  if (keepsScaled && keepsDeleted) return false;
  for (const reference of referencesOf(claim)) {
    const own = [set, pod].find((one) => names(reference, one));
    if (own === undefined ? reference.controller === true : reference.uid !== own.metadata.uid) return true;
  }
  return false;
}

/** Who should own the claim: the pod once it is scaled away, and before that the set, each where the policy deletes. */
function wantedOwners(set: StatefulSet, pod: Pod): readonly KubeObject[] {
  const { keepsScaled, keepsDeleted } = policyOf(set);
  const scaledAway = !keepsScaled && !isInRange(set, pod);
  return scaledAway ? [pod] : keepsDeleted ? [] : [set];
}

function isUpToDate(claim: PersistentVolumeClaim, set: StatefulSet, pod: Pod): boolean {
  // of a set or pod that is gone: the garbage collector's affair
  if (isStale(claim, set) || isStale(claim, pod)) return true;
  if (hasOtherController(claim, set, pod)) return !isOwnedBy(claim, set) && !isOwnedBy(claim, pod);
  const own = referencesOf(claim).filter(({ uid }) => uid === set.metadata.uid || uid === pod.metadata.uid);
  if (own.some(({ controller }) => controller !== true)) return false;
  const wanted = wantedOwners(set, pod);
  return [set, pod].every((one) => wanted.includes(one) === isOwnedBy(claim, one));
}

function withOwners(claim: PersistentVolumeClaim, set: StatefulSet, pod: Pod): PersistentVolumeClaim {
  const others = referencesOf(claim).filter((reference) => !names(reference, set) && !names(reference, pod));
  const own = hasOtherController(claim, set, pod) ? [] : wantedOwners(set, pod).map(controllerReference);
  return { ...claim, metadata: { ...claim.metadata, ownerReferences: [...others, ...own] } };
}

function claimsOf(set: StatefulSet, pod: Pod, { cache }: Pick<ControllerContext, 'cache'>): readonly PersistentVolumeClaim[] {
  const ordinal = ordinalOf(pod);
  const found = (set.spec?.volumeClaimTemplates ?? []).map((template) => cache.get<PersistentVolumeClaim>(CLAIMS, namespaceOf(set), claimName(set, template, ordinal)));
  return found.filter((claim) => claim !== undefined);
}

export const claimsMatchPolicy = (set: StatefulSet, pod: Pod, context: ControllerContext): boolean => claimsOf(set, pod, context).every((claim) => isUpToDate(claim, set, pod));

/** A claim that is deleted with the pod before this one must be gone before the pod comes back. */
export const hasStaleClaim = (set: StatefulSet, pod: Pod, context: ControllerContext): boolean =>
  !policyOf(set).keepsScaled && claimsOf(set, pod, context).some((claim) => isStale(claim, pod));

export async function followPolicy(set: StatefulSet, pod: Pod, context: ControllerContext): Promise<void> {
  for (const claim of claimsOf(set, pod, context)) {
    if (hasOtherController(claim, set, pod)) {
      const text = `PersistentVolumeClaim ${claim.metadata.name!} has a conflicting OwnerReference that acts as a manging controller, the retention policy is ignored for this claim`;
      context.event(set, 'Warning', 'ConflictingController', text);
    }
    if (!isUpToDate(claim, set, pod)) await context.client.update(CLAIMS, withOwners(claim, set, pod));
  }
}

/** Makes the claims that a pod needs and that are not there. @throws ClaimsNotReady */
export async function createClaims(set: StatefulSet, pod: Pod, context: ControllerContext): Promise<void> {
  const ordinal = ordinalOf(pod);
  const problems: string[] = [];
  let refusal: unknown;
  for (const template of set.spec?.volumeClaimTemplates ?? []) {
    const name = claimName(set, template, ordinal);
    const known = context.cache.get<PersistentVolumeClaim>(CLAIMS, namespaceOf(set), name);
    if (known?.metadata.deletionTimestamp !== undefined) problems.push(`pvc ${name} is being deleted`);
    if (known !== undefined) continue;
    const { creationTimestamp: _, ...metadata } = template.metadata;
    const labels = { ...metadata.labels, ...set.spec?.selector.matchLabels };
    const claim: PersistentVolumeClaim = {
      ...clone(template),
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { ...metadata, name, namespace: namespaceOf(set), labels },
    };
    const tell = (type: 'Normal' | 'Warning', reason: string, end: string): void =>
      context.event(set, type, reason, `Create Claim ${name} ${type === 'Normal' ? '' : 'for '}Pod ${pod.metadata.name!} in StatefulSet ${set.metadata.name!} ${end}`);
    try {
      await context.client.create(CLAIMS, claim);
      tell('Normal', 'SuccessfulCreate', 'success');
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      problems.push(`failed to create PVC ${name}: ${text}`);
      refusal = error;
      if (!isAlreadyExists(error)) tell('Warning', 'FailedCreate', `failed error: ${text}`);
    }
  }
  if (problems.length > 0) throw new ClaimsNotReady(problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`, { cause: refusal });
}
