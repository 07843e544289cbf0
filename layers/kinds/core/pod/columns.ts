/** The table of pods (Kubernetes' `printers/internalversion`, `printPod`). */
import type { Container, ContainerStatus, Pod } from '#kinds/generated/types.ts';
import type { Column, TableRow } from '#kinds/kind.ts';
import { age, humanDuration, parseTime } from '#machinery/time.ts';
import { AGE } from '../../shared/columns.ts';

export const podColumns: readonly Column[] = [
  { name: 'Ready', type: 'string', description: 'The aggregate readiness state of this pod for accepting traffic.' },
  { name: 'Status', type: 'string', description: 'The aggregate status of the containers in this pod.' },
  { name: 'Restarts', type: 'string', description: 'The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.' },
  AGE,
  { name: 'IP', type: 'string', priority: 1, description: 'podIP address allocated to the pod. Routable at least within the cluster. Empty if not yet allocated.' },
  {
    name: 'Node',
    type: 'string',
    priority: 1,
    description:
      'NodeName indicates in which node this pod is scheduled. If empty, this pod is a candidate for scheduling by the scheduler defined in schedulerName. Once this field is set, the kubelet for this node becomes responsible for the lifecycle of this pod. This field should not be used to express a desire for the pod to be scheduled on a specific node. https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#nodename',
  },
  {
    name: 'Nominated Node',
    type: 'string',
    priority: 1,
    description:
      'nominatedNodeName is set only when this pod preempts other pods on the node, but it cannot be scheduled right away as preemption victims receive their graceful termination periods. This field does not guarantee that the pod will be scheduled on this node. Scheduler may decide to place the pod elsewhere if other nodes become available sooner. Scheduler may also decide to give the resources on this node to a higher priority pod that is created after preemption. As a result, this field may be different than PodSpec.nodeName when the pod is scheduled.',
  },
  {
    name: 'Readiness Gates',
    type: 'string',
    priority: 1,
    description:
      'If specified, all readiness gates will be evaluated for pod readiness. A pod is ready when all its containers are ready AND all conditions specified in the readiness gates have status equal to "True" More info: https://git.k8s.io/enhancements/keps/sig-network/580-pod-readiness-gates',
  },
];

const SUCCEEDED = [{ type: 'Completed', status: 'True', reason: 'Succeeded', message: 'The pod has completed successfully.' }] as const;
const FAILED = [{ type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' }] as const;

const has = (pod: Pod, type: string): boolean => (pod.status?.conditions ?? []).some((condition) => condition.type === type && condition.status === 'True');
const ended = ({ lastState }: ContainerStatus): number => parseTime(lastState?.terminated?.finishedAt) ?? 0;

function endReason({ reason, signal, exitCode }: { reason?: string; signal?: number; exitCode: number }): string {
  return reason || (signal ? `Signal:${signal}` : `ExitCode:${exitCode}`);
}

interface Initialization {
  /** What blocks it, if anything does. */
  readonly reason: string | undefined;
  readonly restarts: number;
  readonly restarted: number;
  readonly sidecarRestarts: number;
  readonly sidecarRestarted: number;
  readonly ready: number;
}

function initialization(pod: Pod): Initialization {
  const containers = new Map<string, Container>((pod.spec?.initContainers ?? []).map((container) => [container.name, container]));
  let [restarts, restarted, sidecarRestarts, sidecarRestarted, ready] = [0, 0, 0, 0, 0];
  let reason: string | undefined;
  for (const [index, status] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const sidecar = containers.get(status.name)?.restartPolicy === 'Always';
    restarts += status.restartCount ?? 0;
    restarted = Math.max(restarted, ended(status));
    if (sidecar) {
      sidecarRestarts += status.restartCount ?? 0;
      sidecarRestarted = Math.max(sidecarRestarted, ended(status));
    }
    const { terminated, waiting } = status.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (sidecar && status.started === true) {
      if (status.ready) ready++;
      continue;
    }
    if (terminated !== undefined) reason = `Init:${endReason(terminated)}`;
    else if (waiting?.reason && waiting.reason !== 'PodInitializing') reason = `Init:${waiting.reason}`;
    else reason = `Init:${index}/${containers.size}`;
    break;
  }
  return { reason, restarts, restarted, sidecarRestarts, sidecarRestarted, ready };
}

interface Running {
  readonly reason: string;
  readonly restarts: number;
  readonly restarted: number;
  readonly ready: number;
}

function running(pod: Pod, phase: string, init: Initialization): Running {
  let { sidecarRestarts: restarts, sidecarRestarted: restarted, ready } = init;
  let reason = phase;
  let runs = false;
  for (const status of (pod.status?.containerStatuses ?? []).toReversed()) {
    restarts += status.restartCount ?? 0;
    restarted = Math.max(restarted, ended(status));
    const { waiting, terminated, running: now } = status.state ?? {};
    if (waiting?.reason) reason = waiting.reason;
    else if (terminated !== undefined) reason = endReason(terminated);
    else if (status.ready && now !== undefined) {
      runs = true;
      ready++;
    }
  }
  // some containers are done while others still run
  if (reason === 'Completed' && runs) reason = has(pod, 'Ready') ? 'Running' : 'NotReady';
  return { reason, restarts, restarted, ready };
}

export function podRow(pod: Pod, now: number): TableRow {
  const { spec, status, metadata } = pod;
  const gated = (status?.conditions ?? []).some(({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated');
  const phase = gated ? 'SchedulingGated' : status?.reason || status?.phase || '';
  const sidecars = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always').length;
  const init = initialization(pod);
  const state: Running =
    init.reason === undefined || has(pod, 'Initialized')
      ? running(pod, init.reason ?? phase, init)
      : { reason: init.reason, restarts: init.restarts, restarted: init.restarted, ready: init.ready };
  let { reason } = state;
  const terminal = status?.phase === 'Succeeded' || status?.phase === 'Failed';
  if (metadata.deletionTimestamp !== undefined) {
    if (status?.reason === 'NodeLost') reason = 'Unknown';
    else if (!terminal) reason = 'Terminating';
  }
  const gates = spec?.readinessGates ?? [];
  const cells = [
    `${state.ready}/${(spec?.containers ?? []).length + sidecars}`,
    reason,
    state.restarts !== 0 && state.restarted > 0 ? `${state.restarts} (${humanDuration(now - state.restarted)} ago)` : String(state.restarts),
    age(metadata.creationTimestamp, now),
    status?.podIPs?.[0]?.ip || status?.podIP || '<none>',
    spec?.nodeName || '<none>',
    status?.nominatedNodeName || '<none>',
    gates.length === 0 ? '<none>' : `${gates.filter(({ conditionType }) => has(pod, conditionType)).length}/${gates.length}`,
  ];
  return status?.phase === 'Succeeded' ? { cells, conditions: SUCCEEDED } : status?.phase === 'Failed' ? { cells, conditions: FAILED } : { cells };
}
