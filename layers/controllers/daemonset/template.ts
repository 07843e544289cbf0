/** A daemon set's pod for one node (kube-controller-manager's `daemon/util`). */
import type { Affinity, DaemonSet, Pod, PodSpec, Toleration } from '#kinds/generated/types.ts';
import { podFromTemplate } from '../replicas/manage.ts';
import { REVISION_LABEL } from '../shared/revisions.ts';

/** The template changes that apps/v1 counts in an annotation, and older pods carry as a label. */
const GENERATION = 'deprecated.daemonset.template.generation';
const GENERATION_LABEL = 'pod-template-generation';
const NODE_NAME = 'metadata.name';

/** What the pods of a daemon bear: a node that is sick, full or closed keeps its daemons. */
const BORNE: readonly Toleration[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
];
/** Pods of the host's network need no other. */
const BORNE_BY_HOST: Toleration = { key: 'node.kubernetes.io/network-unavailable', operator: 'Exists', effect: 'NoSchedule' };

const sameToleration = (a: Toleration, b: Toleration): boolean =>
  a.key === b.key && (a.operator ?? 'Equal') === (b.operator ?? 'Equal') && (a.value ?? '') === (b.value ?? '') && (a.effect ?? '') === (b.effect ?? '');

export function tolerationsOf(spec: PodSpec | undefined): Toleration[] {
  const found = [...(spec?.tolerations ?? [])];
  for (const one of spec?.hostNetwork === true ? [...BORNE, BORNE_BY_HOST] : BORNE) {
    const at = found.findIndex((known) => sameToleration(known, one));
    // the same with a limit of time is without one
    if (at < 0) found.push(one);
    else found[at] = one;
  }
  return found;
}

/** Bound to the node by its name, which the scheduler honours like any other wish; the template's own terms held already. */
function affinityTo(node: string, affinity: Affinity | undefined): Affinity {
  const terms = [{ matchFields: [{ key: NODE_NAME, operator: 'In', values: [node] }] }];
  return { ...affinity, nodeAffinity: { ...affinity?.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } };
}

function generationOf({ metadata }: DaemonSet): string | undefined {
  const text = metadata.annotations?.[GENERATION];
  return text !== undefined && /^[+-]?\d+$/.test(text) ? String(Number(text)) : undefined;
}

export function podFor(set: DaemonSet, node: string, hash: string): Pod {
  const pod = podFromTemplate(set.spec?.template, set);
  const generation = generationOf(set);
  const labels = { ...pod.metadata.labels, ...(generation === undefined ? {} : { [GENERATION_LABEL]: generation }), [REVISION_LABEL]: hash };
  return {
    ...pod,
    metadata: { ...pod.metadata, labels },
    spec: { ...pod.spec!, tolerations: tolerationsOf(pod.spec), affinity: affinityTo(node, pod.spec?.affinity) },
  };
}

export function isUpdated(set: DaemonSet, { metadata }: Pod, hash: string): boolean {
  const generation = generationOf(set);
  return metadata.labels?.[REVISION_LABEL] === hash || (generation !== undefined && metadata.labels?.[GENERATION_LABEL] === generation);
}

/** The node a pod is on, or waits for; undefined for one that says neither. */
export function nodeOf({ spec }: Pod): string | undefined {
  if (spec?.nodeName !== undefined && spec.nodeName !== '') return spec.nodeName;
  const terms = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const field = terms.flatMap(({ matchFields }) => matchFields ?? []).find(({ key, operator }) => key === NODE_NAME && operator === 'In');
  return field?.values?.length === 1 ? field.values[0] : undefined;
}
