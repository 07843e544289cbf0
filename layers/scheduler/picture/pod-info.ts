/** A pod as the scheduler sees it: everything that is asked of it more than once is worked out once. */
import type { Pod, PodAffinityTerm } from '#kinds/generated/types.ts';
import { formatLabelSelector, type LabelSelector, matches, selectorFromLabelSelector } from '#machinery/labels.ts';
import { type PodRequest, requestOf } from './resources.ts';

export interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

/** One term of pod affinity, ready to be asked about pods. Equal terms have equal signatures. */
export interface Term {
  readonly signature: string;
  readonly selector: LabelSelector;
  readonly namespaces: ReadonlySet<string>;
  /** Absent: no selection by the namespaces' labels. */
  readonly namespaceSelector: LabelSelector | undefined;
  readonly topologyKey: string;
}
export interface WeightedTerm extends Term {
  readonly weight: number;
}

export interface PodInfo {
  readonly pod: Pod;
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly priority: number;
  readonly request: PodRequest;
  readonly ports: readonly HostPort[];
  readonly affinity: readonly Term[];
  readonly antiAffinity: readonly Term[];
  readonly preferredAffinity: readonly WeightedTerm[];
  readonly preferredAntiAffinity: readonly WeightedTerm[];
  readonly claims: readonly string[];
  readonly terminating: boolean;
}

const NONE: never[] = [];

function termOf(pod: Pod, { labelSelector, namespaces = NONE, namespaceSelector, topologyKey, matchLabelKeys = NONE, mismatchLabelKeys = NONE }: PodAffinityTerm): Term {
  let selector = selectorFromLabelSelector(labelSelector);
  // the API server writes these into labelSelector on create; pods of before that have the keys only
  const labels = pod.metadata.labels ?? {};
  const extra = [
    ...matchLabelKeys.filter((key) => labels[key] !== undefined).map((key) => ({ key, operator: 'In' as const, values: [labels[key]!] })),
    ...mismatchLabelKeys.filter((key) => labels[key] !== undefined).map((key) => ({ key, operator: 'NotIn' as const, values: [labels[key]!] })),
  ].filter((one) => !selector.requirements.some(({ key, operator, values }) => key === one.key && operator === one.operator && values[0] === one.values[0]));
  if (extra.length > 0) selector = { ...selector, requirements: [...selector.requirements, ...extra] };
  const own = namespaces.length === 0 && namespaceSelector === undefined ? [pod.metadata.namespace!] : namespaces;
  const namespaceRule = namespaceSelector === undefined ? undefined : selectorFromLabelSelector(namespaceSelector);
  const signature = [
    topologyKey,
    selector.nothing === true ? '!' : formatLabelSelector(selector),
    [...own].sort().join(' '),
    namespaceRule === undefined ? '-' : formatLabelSelector(namespaceRule),
  ].join('|');
  return { signature, selector, namespaces: new Set(own), namespaceSelector: namespaceRule, topologyKey };
}

/** Whether a term speaks of pods like this one; `labelsOf` gives the labels of a namespace. */
export function termMatches(term: Term, pod: PodInfo, labelsOf: (namespace: string) => Readonly<Record<string, string>> | undefined): boolean {
  const inNamespace = term.namespaces.has(pod.namespace) || (term.namespaceSelector !== undefined && matches(term.namespaceSelector, labelsOf(pod.namespace)));
  return inNamespace && matches(term.selector, pod.labels);
}

function hostPorts(pod: Pod): readonly HostPort[] {
  let found: HostPort[] | undefined;
  const sidecars = pod.spec?.initContainers?.filter(({ restartPolicy }) => restartPolicy === 'Always') ?? NONE;
  for (const { ports } of [...(pod.spec?.containers ?? NONE), ...sidecars]) {
    for (const { hostPort, protocol = 'TCP', hostIP = '' } of ports ?? NONE) {
      if (hostPort !== undefined && hostPort > 0) (found ??= []).push({ port: hostPort, protocol, ip: hostIP === '' ? '0.0.0.0' : hostIP });
    }
  }
  return found ?? NONE;
}

function claimsOf(pod: Pod): readonly string[] {
  let found: string[] | undefined;
  for (const volume of pod.spec?.volumes ?? NONE) {
    if (volume.persistentVolumeClaim !== undefined) (found ??= []).push(volume.persistentVolumeClaim.claimName);
    else if (volume.ephemeral !== undefined) (found ??= []).push(`${pod.metadata.name}-${volume.name}`);
  }
  return found ?? NONE;
}

export function podInfo(pod: Pod): PodInfo {
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
  const weighted = (part: typeof podAffinity): readonly WeightedTerm[] =>
    part?.preferredDuringSchedulingIgnoredDuringExecution?.map(({ weight, podAffinityTerm }) => ({ ...termOf(pod, podAffinityTerm), weight })) ?? NONE;
  return {
    pod,
    uid: pod.metadata.uid!,
    namespace: pod.metadata.namespace!,
    name: pod.metadata.name!,
    labels: pod.metadata.labels ?? {},
    priority: pod.spec?.priority ?? 0,
    request: requestOf(pod),
    ports: hostPorts(pod),
    affinity: podAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.map((term) => termOf(pod, term)) ?? NONE,
    antiAffinity: podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.map((term) => termOf(pod, term)) ?? NONE,
    preferredAffinity: weighted(podAffinity),
    preferredAntiAffinity: weighted(podAntiAffinity),
    claims: claimsOf(pod),
    terminating: pod.metadata.deletionTimestamp !== undefined,
  };
}
