/** The conditions that a node keeps on a pod; all others belong to someone else and are left alone. */
import { isSidecar, isTerminal, type ContainerStatus, type Pod, type PodCondition, type PodPhase } from './pod.ts';
import type { PodRecord } from './record.ts';
import { isResizing } from './resize.ts';

export interface ConditionInput {
  readonly pod: Pod;
  readonly record: PodRecord;
  readonly phase: PodPhase;
  readonly init: readonly ContainerStatus[];
  readonly app: readonly ContainerStatus[];
  readonly now: string;
}

type Verdict = Pick<PodCondition, 'status' | 'reason' | 'message'>;
const yes: Verdict = { status: 'True' };

const names = (statuses: readonly { readonly name: string }[]): string => `[${statuses.map(({ name }) => name).join(' ')}]`;

function initialized({ pod, phase, init, app }: ConditionInput): Verdict {
  if (phase === 'Succeeded') return { status: 'True', reason: 'PodCompleted' };
  if (app.some((status) => status.containerID !== undefined)) return yes;
  const sidecars = new Set((pod.spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name));
  const open = init.filter((status) => (sidecars.has(status.name) ? status.started !== true : !status.ready));
  return open.length === 0 ? yes : { status: 'False', reason: 'ContainersNotInitialized', message: `containers with incomplete status: ${names(open)}` };
}

function containersReady({ pod, phase, init, app }: ConditionInput): Verdict {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  const sidecars = new Set((pod.spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name));
  const unready = [...init.filter(({ name }) => sidecars.has(name)), ...app].filter((status) => !status.ready);
  return unready.length === 0 ? yes : { status: 'False', reason: 'ContainersNotReady', message: `containers with unready status: ${names(unready)}` };
}

function ready(input: ConditionInput, containers: Verdict): Verdict {
  if (containers.status !== 'True') return containers;
  const present = new Map((input.pod.status?.conditions ?? []).map((condition) => [condition.type, condition.status]));
  const problems = (input.pod.spec.readinessGates ?? []).flatMap(({ conditionType }) => {
    const status = present.get(conditionType);
    if (status === undefined) return [`corresponding condition of pod readiness gate ${JSON.stringify(conditionType)} does not exist.`];
    return status === 'True' ? [] : [`the status of pod readiness gate ${JSON.stringify(conditionType)} is not "True", but ${status}`];
  });
  return problems.length === 0 ? yes : { status: 'False', reason: 'ReadinessGatesNotReady', message: problems.join(', ') };
}

/** Only there while new requests or limits are on their way to running containers. */
export const RESIZING = 'PodResizeInProgress';
const resizing = (pod: Pod, record: PodRecord): boolean =>
  [...(pod.spec.initContainers ?? []), ...pod.spec.containers].some((container) => {
    const target = record.containers.get(container.name);
    return target !== undefined && isResizing(target, container);
  });

/** A pod that its node evicts was disrupted, for whom such pods do not count as failures of their own (KEP-3329). */
const disruption = ({ ended }: PodRecord): readonly [string, Verdict][] =>
  ended?.reason === 'Evicted' ? [['DisruptionTarget', { status: 'True', reason: 'TerminationByKubelet', message: ended.message }]] : [];

export function conditionsOf(input: ConditionInput): readonly PodCondition[] {
  const { pod, record, phase, now } = input;
  const before = new Map((pod.status?.conditions ?? []).map((condition) => [condition.type, condition]));
  const containers = containersReady(input);
  const connected: Verdict = { status: record.sandbox?.phase === 'running' && !isTerminal(phase) ? 'True' : 'False' };
  const verdicts: readonly [string, Verdict][] = [
    ['PodReadyToStartContainers', connected],
    ['Initialized', initialized(input)],
    ['Ready', ready(input, containers)],
    ['ContainersReady', containers],
    ['PodScheduled', yes],
    ...disruption(record),
    ...(resizing(pod, record) ? [[RESIZING, yes] as [string, Verdict]] : []),
  ];
  return verdicts.map(([type, verdict]) => {
    const old = before.get(type);
    return {
      type,
      ...verdict,
      lastProbeTime: null,
      lastTransitionTime: old?.status === verdict.status ? (old.lastTransitionTime ?? now) : now,
      ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    };
  });
}
