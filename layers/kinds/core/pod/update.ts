/** What may change in a pod, through its main door, `/ephemeralcontainers` and `/resize`. */
import type { Container, NodeAffinity, NodeSelectorTerm, Pod, PodSchedulingGate, PodSpec, ResourceRequirements, Toleration } from '#kinds/generated/types.ts';
import { type FieldError, forbidden, invalid, required } from '#machinery/field-error.ts';
import { semanticEqual } from '#machinery/json.ts';
import { difference } from '../../shared/difference.ts';
import type { Errors } from '../../shared/check.ts';
import { computeQos, sameQuantity } from './qos.ts';
import { validatePodAlways } from './validate.ts';

const MIRROR = 'kubernetes.io/config.mirror';
const MAX_INT32 = 2_147_483_647;
const UPDATABLE =
  '`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

const NO_SPEC: PodSpec = { containers: [] };

function checkSameContainers(errors: Errors, field: string, now: readonly Container[] = [], old: readonly Container[] = []): boolean {
  if (now.length !== old.length) {
    errors.push(forbidden(field, 'pod updates may not add or remove containers'));
    return false;
  }
  now.forEach(({ image = '' }, index) => {
    if (image === '') errors.push(required(`${field}[${index}].image`));
    if (image.trim() !== image) errors.push(invalid(`${field}[${index}].image`, image, 'must not have leading or trailing whitespace'));
  });
  return true;
}

/** False where nothing after it is worth checking. */
function checkDeadline(errors: Errors, now: number | undefined, old: number | undefined): boolean {
  const field = 'spec.activeDeadlineSeconds';
  if (now === undefined) {
    if (old !== undefined) errors.push(invalid(field, 'null', 'must not update from a positive integer to nil value'));
    return true;
  }
  if (now < 0 || now > MAX_INT32) {
    errors.push(invalid(field, now, `must be between 0 and ${MAX_INT32}, inclusive`));
    return false;
  }
  if (old !== undefined && old < now) {
    errors.push(invalid(field, now, 'must be less than or equal to previous value'));
    return false;
  }
  return true;
}

function checkTolerationsOnlyAdded(errors: Errors, now: readonly Toleration[] = [], old: readonly Toleration[] = []): void {
  const bare = (toleration: Toleration): object => ({ ...toleration, tolerationSeconds: undefined });
  for (const toleration of old)
    if (!now.some((other) => semanticEqual(bare(other), bare(toleration)))) {
      errors.push(forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds'));
      return;
    }
}

function checkGatesOnlyRemoved(errors: Errors, now: readonly PodSchedulingGate[] = [], old: readonly PodSchedulingGate[] = []): void {
  now.forEach(({ name }, index) => {
    if (!old.some((gate) => gate.name === name)) errors.push(forbidden(`spec.schedulingGates[${index}].name`, `only deletion is allowed, but found new scheduling gate '${name}'`));
  });
}

/** A gated pod may be narrowed, never widened. */
function checkSelectorOnlyNarrowed(errors: Errors, now: Readonly<Record<string, string>> = {}, old: Readonly<Record<string, string>> = {}): void {
  for (const key in old)
    if (now[key] !== old[key]) {
      errors.push(invalid('spec.nodeSelector', now, 'only additions to spec.nodeSelector are allowed (no mutations or deletions)'));
      return;
    }
}

function checkAffinityOnlyNarrowed(errors: Errors, now: NodeAffinity | undefined, old: NodeAffinity | undefined): void {
  const must = 'requiredDuringSchedulingIgnoredDuringExecution';
  const before = old?.[must]?.nodeSelectorTerms;
  // nothing was required: anything may be
  if (before === undefined) return;
  const field = `spec.affinity.nodeAffinity.${must}.nodeSelectorTerms`;
  const after = now?.[must]?.nodeSelectorTerms ?? [];
  if (after.length !== before.length) {
    errors.push(invalid(field, after, 'no additions/deletions to non-empty NodeSelectorTerms list are allowed'));
    return;
  }
  const startsWith = (list: readonly unknown[] = [], head: readonly unknown[] = []): boolean => head.every((item, index) => semanticEqual(item, list[index]));
  before.forEach((term: NodeSelectorTerm, index) => {
    const next = after[index]!;
    const empty = (term.matchExpressions ?? []).length === 0 && (term.matchFields ?? []).length === 0;
    // an empty term selects nothing: adding to it would widen
    if (empty ? !semanticEqual(term, next) : !startsWith(next.matchExpressions, term.matchExpressions) || !startsWith(next.matchFields, term.matchFields))
      errors.push(invalid(`${field}[${index}]`, next, 'only additions are allowed (no mutations or deletions)'));
  });
}

function withImagesOf(containers: readonly Container[] | undefined, old: readonly Container[] | undefined): Container[] | undefined {
  return containers?.map((container, index) => ({ ...container, image: old![index]!.image! }));
}

export function validatePodUpdate(now: Pod, old: Pod): FieldError[] {
  const errors: FieldError[] = [];
  const [spec, before] = [now.spec ?? NO_SPEC, old.spec ?? NO_SPEC];
  checkAnnotationUpdate(errors, now, old);
  if (!checkSameContainers(errors, 'spec.containers', spec.containers, before.containers)) return errors;
  if (!checkSameContainers(errors, 'spec.initContainers', spec.initContainers, before.initContainers)) return errors;
  if (!checkDeadline(errors, spec.activeDeadlineSeconds, before.activeDeadlineSeconds)) return errors;
  checkTolerationsOnlyAdded(errors, spec.tolerations, before.tolerations);
  checkGatesOnlyRemoved(errors, spec.schedulingGates, before.schedulingGates);
  if (semanticEqual(spec, before)) return errors;
  const rest: PodSpec & Record<string, unknown> = { ...spec };
  rest.containers = withImagesOf(spec.containers, before.containers) ?? [];
  if (spec.initContainers !== undefined) rest.initContainers = withImagesOf(spec.initContainers, before.initContainers)!;
  const restore = (...names: readonly (keyof PodSpec)[]): void => {
    for (const name of names) {
      if (before[name] === undefined) delete rest[name];
      else (rest as Record<string, unknown>)[name] = before[name];
    }
  };
  restore('activeDeadlineSeconds', 'schedulingGates', 'tolerations');
  if ((before.terminationGracePeriodSeconds ?? 0) < 0 && spec.terminationGracePeriodSeconds === 1) restore('terminationGracePeriodSeconds');
  if ((before.schedulingGates ?? []).length > 0) {
    checkSelectorOnlyNarrowed(errors, spec.nodeSelector, before.nodeSelector);
    restore('nodeSelector');
    if (!semanticEqual(spec.affinity?.nodeAffinity, before.affinity?.nodeAffinity)) {
      checkAffinityOnlyNarrowed(errors, spec.affinity?.nodeAffinity, before.affinity?.nodeAffinity);
      const { nodeAffinity: _, ...others } = spec.affinity ?? {};
      const affinity = { ...others, ...(before.affinity?.nodeAffinity === undefined ? {} : { nodeAffinity: before.affinity.nodeAffinity }) };
      if (Object.keys(affinity).length === 0 && before.affinity === undefined) delete rest.affinity;
      else rest.affinity = affinity;
    }
  }
  if (!semanticEqual(rest, before)) errors.push(forbidden('spec', `pod updates may not change fields other than ${UPDATABLE}\n${difference(before, rest)}`));
  return errors;
}

/** A mirror pod stays one, and no other becomes one. */
export function checkAnnotationUpdate(errors: Errors, now: Pod, old: Pod): void {
  const [after, before] = [now.metadata.annotations ?? {}, old.metadata.annotations ?? {}];
  if (after[MIRROR] !== before[MIRROR])
    errors.push(
      forbidden(
        `metadata.annotations[${MIRROR}]`,
        before[MIRROR] === undefined
          ? 'may not add mirror pod annotation'
          : after[MIRROR] === undefined
            ? 'may not remove mirror pod annotation'
            : 'may not update mirror pod annotation',
      ),
    );
}

export function validateEphemeralUpdate(now: Pod, old: Pod): FieldError[] {
  if (old.metadata.annotations?.[MIRROR] !== undefined) return [forbidden('', 'static pods do not support ephemeral containers')];
  const errors = validatePodAlways(now);
  checkAnnotationUpdate(errors, now, old);
  for (const before of old.spec?.ephemeralContainers ?? []) {
    const after = now.spec?.ephemeralContainers?.find(({ name }) => name === before.name);
    const quoted = JSON.stringify(before.name);
    if (after === undefined) errors.push(forbidden('spec.ephemeralContainers', `existing ephemeral containers ${quoted} may not be removed\n`));
    else if (!semanticEqual(before, after))
      errors.push(forbidden('spec.ephemeralContainers', `existing ephemeral containers ${quoted} may not be changed\n${difference(before, after)}`));
  }
  return errors;
}

const isSidecar = ({ restartPolicy }: Container): boolean => restartPolicy === 'Always';

function checkContainerResize(errors: Errors, field: string, now: Container, old: Container): void {
  const removed = (after: Readonly<Record<string, string>> = {}, before: Readonly<Record<string, string>> = {}): boolean =>
    Object.keys(before).some((name) => after[name] === undefined);
  if (removed(now.resources?.requests, old.resources?.requests)) errors.push(forbidden(`${field}.requests`, 'resource requests cannot be removed'));
  if (removed(now.resources?.limits, old.resources?.limits)) errors.push(forbidden(`${field}.limits`, 'resource limits cannot be removed'));
}

/** A container as it was, cpu and memory apart. */
function withoutCompute(container: Container, old: Container): Container {
  const list = (after: Readonly<Record<string, string>> | undefined, before: Readonly<Record<string, string>> | undefined): Record<string, string> | undefined => {
    if (before === undefined && after === undefined) return undefined;
    const rest: Record<string, string> = { ...after };
    delete rest['cpu'];
    delete rest['memory'];
    for (const name of ['cpu', 'memory']) if (before?.[name] !== undefined) rest[name] = before[name];
    return rest;
  };
  const [limits, requests] = [list(container.resources?.limits, old.resources?.limits), list(container.resources?.requests, old.resources?.requests)];
  const resources: ResourceRequirements = { ...container.resources };
  if (limits !== undefined) resources.limits = limits;
  if (requests !== undefined) resources.requests = requests;
  return { ...container, resources };
}

const equalContainers = (now: Container, old: Container): boolean => {
  const after = withoutCompute(now, old);
  for (const part of ['limits', 'requests'] as const)
    for (const name of Object.keys({ ...after.resources?.[part], ...old.resources?.[part] }))
      if (!sameQuantity(after.resources?.[part]?.[name], old.resources?.[part]?.[name])) return false;
  return semanticEqual({ ...after, resources: old.resources, resizePolicy: old.resizePolicy }, old) && semanticEqual(after.resources?.claims, old.resources?.claims);
};

/** `/resize`: cpu and memory of containers and sidecars, within the same quality of service. */
export function validateResize(now: Pod, old: Pod): FieldError[] {
  if (old.metadata.annotations?.[MIRROR] !== undefined) return [forbidden('', 'static pods cannot be resized')];
  if (old.spec?.os?.name === 'windows') return [forbidden('', 'windows pods cannot be resized')];
  const errors = validatePodAlways(now);
  const [spec, before] = [now.spec ?? NO_SPEC, old.spec ?? NO_SPEC];
  const wholePod = (pod: PodSpec): boolean => Object.keys(pod.resources?.requests ?? {}).length + Object.keys(pod.resources?.limits ?? {}).length > 0;
  if (wholePod(before) !== wholePod(spec)) errors.push(forbidden('spec.resources', 'pod-level resources cannot be added or removed by a resize'));
  if ((old.status?.qosClass ?? computeQos(old)) !== computeQos(now))
    errors.push(invalid('spec', now.status?.qosClass ?? '', 'Pod QOS Class may not change as a result of resizing'));
  const running = (old.status?.containerStatuses ?? []).find(({ state }) => state?.running !== undefined);
  if (running !== undefined && running.resources === undefined) errors.push(forbidden('spec', 'Pod running on node without support for resize'));
  for (const name of ['initContainers', 'containers'] as const)
    (before[name] ?? []).forEach((container, index) => {
      const next = spec[name]?.[index];
      if (next === undefined) return;
      if (name === 'containers' || isSidecar(container)) checkContainerResize(errors, `spec.${name}[${index}].resources`, next, container);
      if (name === 'containers') {
        if (!equalContainers(next, container)) errors.push(forbidden('spec', 'only cpu and memory resources are mutable'));
      } else if (isSidecar(container)) {
        if (!equalContainers(next, container)) errors.push(forbidden('spec', 'only cpu and memory resources for sidecar containers are mutable'));
      } else if (!semanticEqual(next, container)) errors.push(forbidden('spec', 'resources for non-sidecar init containers are immutable'));
    });
  return errors;
}
