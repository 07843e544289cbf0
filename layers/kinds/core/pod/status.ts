/** Writes through `/status` of a pod, nearly all of them an agent's. */
import type { ContainerStatus, Pod } from '#kinds/generated/types.ts';
import { type FieldError, duplicate, forbidden, invalid } from '#machinery/field-error.ts';
import { isDNS1123Subdomain, isQualifiedName } from '#machinery/names.ts';
import { checkIP, familyOf } from '../../shared/address.ts';
import { type Errors, checkImmutable, checkText } from '../../shared/check.ts';
import { checkAnnotationUpdate } from './update.ts';

const SYSTEM_CONDITIONS: ReadonlySet<string> = new Set(['PodScheduled', 'Ready', 'Initialized']);

function checkTransitions(
  errors: Errors,
  field: string,
  now: readonly ContainerStatus[] = [],
  old: readonly ContainerStatus[] = [],
  restartPolicy: string | undefined,
  exempt: ReadonlySet<string>,
): void {
  if (restartPolicy === 'Always') return;
  old.forEach((before, index) => {
    const ended = before.state?.terminated;
    if (ended === undefined || exempt.has(before.name) || (ended.exitCode !== 0 && restartPolicy === 'OnFailure')) return;
    for (const after of now)
      if (after.name === before.name && after.state?.terminated === undefined)
        errors.push(forbidden(`${field}[${index}].state`, 'may not be transitioned to non-terminated state'));
  });
}

function checkAddresses(errors: Errors, field: string, list: readonly { readonly ip?: string }[]): void {
  list.forEach(({ ip = '' }, index) => checkIP(errors, `${field}[${index}]`, ip));
  if (list.length <= 1) return;
  const families = new Set(list.map(({ ip = '' }) => familyOf(ip)));
  if (families.size !== 2 || list.length > 2) errors.push(invalid(field, list, 'may specify no more than one IP for each IP family'));
  const seen = new Set<string>();
  list.forEach((entry, index) => {
    if (seen.has(entry.ip ?? '')) errors.push(duplicate(`${field}[${index}]`, entry));
    seen.add(entry.ip ?? '');
  });
}

function checkClaims(errors: Errors, pod: Pod): void {
  const names = new Set((pod.spec?.resourceClaims ?? []).map(({ name }) => name));
  const seen = new Set<string>();
  (pod.status?.resourceClaimStatuses ?? []).forEach(({ name, resourceClaimName }, index) => {
    const field = `status.resourceClaimStatuses[${index}].name`;
    if (!names.has(name)) errors.push(invalid(field, name, 'must match the name of an entry in `spec.resourceClaims`'));
    if (seen.has(name)) errors.push(duplicate(field, name));
    seen.add(name);
    if (resourceClaimName !== undefined) checkText(errors, field, resourceClaimName, isDNS1123Subdomain(resourceClaimName));
  });
}

export function prepareStatus(now: Pod, old: Pod): void {
  if (old.spec === undefined) delete now.spec;
  else now.spec = old.spec;
  delete now.metadata.deletionTimestamp;
  if (old.metadata.deletionTimestamp !== undefined) now.metadata.deletionTimestamp = old.metadata.deletionTimestamp;
  // agents do not know owners well enough to be trusted with them
  if (old.metadata.ownerReferences === undefined) delete now.metadata.ownerReferences;
  else now.metadata.ownerReferences = old.metadata.ownerReferences;
  const status = (now.status ??= {});
  if (!status.qosClass && old.status?.qosClass) status.qosClass = old.status.qosClass;
  if (status.observedGeneration === undefined && old.status?.observedGeneration !== undefined) status.observedGeneration = old.status.observedGeneration;
}

const NONE: ReadonlySet<string> = new Set();

export function validatePodStatus(now: Pod, old: Pod): FieldError[] {
  const errors: FieldError[] = [];
  const [after, before] = [now.status ?? {}, old.status ?? {}];
  checkAnnotationUpdate(errors, now, old);
  (after.conditions ?? []).forEach(({ type }, index) => {
    if (!SYSTEM_CONDITIONS.has(type)) checkText(errors, `status.conditions[${index}].Type`, type, isQualifiedName(type));
  });
  if (after.nominatedNodeName && after.nominatedNodeName !== before.nominatedNodeName)
    checkText(errors, 'status.nominatedNodeName', after.nominatedNodeName, isDNS1123Subdomain(after.nominatedNodeName));
  checkImmutable(errors, 'status.qosClass', after.qosClass, before.qosClass);
  // a container with a policy of its own restarts by that
  const own = new Set([...(old.spec?.containers ?? []), ...(old.spec?.initContainers ?? [])].filter(({ restartPolicy }) => restartPolicy !== undefined).map(({ name }) => name));
  const policy = old.spec?.restartPolicy;
  checkTransitions(errors, 'status.containerStatuses', after.containerStatuses, before.containerStatuses, policy, own);
  checkTransitions(errors, 'status.initContainerStatuses', after.initContainerStatuses, before.initContainerStatuses, policy, own);
  checkTransitions(errors, 'status.ephemeralContainerStatuses', after.ephemeralContainerStatuses, before.ephemeralContainerStatuses, 'Never', NONE);
  checkClaims(errors, now);
  if (after.podIPs !== undefined) checkAddresses(errors, 'status.podIPs', after.podIPs);
  if (after.hostIPs !== undefined && after.hostIPs.length > 0) {
    if ((after.hostIP ?? '') !== after.hostIPs[0]!.ip) errors.push(invalid('status.hostIPs[0].ip', after.hostIPs[0]!.ip, 'must be equal to `hostIP`'));
    checkAddresses(errors, 'status.hostIPs', after.hostIPs);
  }
  return errors;
}
