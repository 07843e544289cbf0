/** What the server itself writes into a new pod (Kubernetes' `registry/core/pod/strategy.go`). */
import type { AppArmorProfile, LabelSelector, Pod, PodCondition, PodSpec, SeccompProfile } from '#kinds/generated/types.ts';
import type { KindContext } from '#kinds/kind.ts';
import { computeQos } from './qos.ts';

const GATED = {
  type: 'PodScheduled',
  status: 'False',
  reason: 'SchedulingGated',
  message: 'Scheduling is blocked due to non-empty scheduling gates',
} as const;
/** As they are written where they are not set. */
const NO_TIMES = { lastProbeTime: null, lastTransitionTime: null } as const;
const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';
const APPARMOR_CONTAINER = 'container.apparmor.security.beta.kubernetes.io/';

/** Selector keys become requirements on the pod's own values, once and for all. */
function mergeKeys(selector: LabelSelector | undefined, keys: readonly string[] | undefined, operator: 'In' | 'NotIn', labels: Readonly<Record<string, string>>): void {
  if (selector === undefined) return;
  for (const key of keys ?? []) {
    const value = labels[key];
    if (value === undefined) continue;
    selector.matchExpressions = [...(selector.matchExpressions ?? []), { key, operator, values: [value] }];
  }
}

function mergeSelectorKeys(spec: PodSpec, labels: Readonly<Record<string, string>>): void {
  for (const { labelSelector, matchLabelKeys } of spec.topologySpreadConstraints ?? []) mergeKeys(labelSelector, matchLabelKeys, 'In', labels);
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {};
  for (const part of [podAffinity, podAntiAffinity])
    for (const term of [
      ...(part?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
      ...(part?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
    ]) {
      mergeKeys(term.labelSelector, term.matchLabelKeys, 'In', labels);
      mergeKeys(term.labelSelector, term.mismatchLabelKeys, 'NotIn', labels);
    }
}

function profileOf(annotation: string | undefined): SeccompProfile | AppArmorProfile | undefined {
  if (annotation === undefined || annotation === '') return undefined;
  if (annotation === 'unconfined') return { type: 'Unconfined' };
  if (annotation === 'runtime/default' || annotation === 'docker/default') return { type: 'RuntimeDefault' };
  return annotation.startsWith('localhost/') ? { type: 'Localhost', localhostProfile: annotation.slice('localhost/'.length) } : undefined;
}

/** Profiles of old manifests stand in annotations; nodes read the fields. */
function profilesFromAnnotations(pod: Pod): void {
  const { annotations } = pod.metadata;
  const { spec } = pod;
  if (annotations === undefined || spec === undefined || spec.os?.name === 'windows') return;
  const whole = profileOf(annotations[SECCOMP_POD]);
  if (whole !== undefined && spec.securityContext?.seccompProfile === undefined) spec.securityContext = { ...spec.securityContext, seccompProfile: whole };
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    const seccomp = profileOf(annotations[`${SECCOMP_CONTAINER}${container.name}`]);
    const appArmor = profileOf(annotations[`${APPARMOR_CONTAINER}${container.name}`]);
    if (seccomp !== undefined && container.securityContext?.seccompProfile === undefined) container.securityContext = { ...container.securityContext, seccompProfile: seccomp };
    if (appArmor !== undefined && container.securityContext?.appArmorProfile === undefined && spec.securityContext?.appArmorProfile === undefined)
      container.securityContext = { ...container.securityContext, appArmorProfile: appArmor };
  }
}

export function preparePod(pod: Pod, _context: KindContext): void {
  pod.status = { phase: 'Pending', qosClass: computeQos(pod) };
  const { spec } = pod;
  if (spec === undefined) return;
  mergeSelectorKeys(spec, pod.metadata.labels ?? {});
  if ((spec.schedulingGates ?? []).length > 0) pod.status.conditions = [{ ...GATED, observedGeneration: 1, ...NO_TIMES } as unknown as PodCondition];
  profilesFromAnnotations(pod);
}
