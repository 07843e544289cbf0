/** The status of a pod from what its containers are. Pure: the same record gives the same status. */
import { conditionsOf } from './conditions.ts';
import { sidecarStarted } from './init-containers.ts';
import { phaseOf } from './phase.ts';
import { isSidecar, type Container, type ContainerStateStatus, type ContainerStatus, type Pod, type PodStatus } from './pod.ts';
import type { Attempt, ContainerRecord, PodRecord } from './record.ts';

export interface StatusInput {
  readonly pod: Pod;
  readonly record: PodRecord;
  readonly hostIPs: readonly string[];
  /** RFC 3339, whole seconds. */
  readonly now: string;
  /** All containers have ended and none will begin again, because the pod is being ended. */
  readonly over: boolean;
}

const seconds = (text: string | undefined): string | null => (text === undefined ? null : `${text.slice(0, 19)}Z`);
const containerId = (attempt: Attempt): string => `docker://${attempt.id}`;

function terminated(attempt: Attempt): ContainerStateStatus {
  return {
    terminated: {
      exitCode: attempt.exitCode ?? 0,
      reason: attempt.reason ?? (attempt.exitCode === 0 ? 'Completed' : 'Error'),
      ...(attempt.message === undefined || attempt.message === '' ? {} : { message: attempt.message }),
      startedAt: seconds(attempt.startedAt),
      finishedAt: seconds(attempt.finishedAt),
      containerID: containerId(attempt),
    },
  };
}

/** Containers that were never seen when the pod ended: the kubelet's words. */
const LOST: ContainerStateStatus = {
  terminated: { exitCode: 137, reason: 'ContainerStatusUnknown', message: 'The container could not be located when the pod was terminated', startedAt: null, finishedAt: null },
};

function stateOf(target: ContainerRecord | undefined, over: boolean, began: boolean, idle: string): ContainerStateStatus {
  const current = target?.current;
  if (current?.phase === 'running') return { running: { startedAt: seconds(current.startedAt) ?? '' } };
  // In a pause between restarts the state is the wait, and the end that caused it is the last state.
  if (current?.phase === 'exited' && (target?.waiting === undefined || over)) return terminated(current);
  if (over && began) return LOST;
  const { reason, message } = target?.waiting ?? { reason: idle };
  return { waiting: { reason, ...(message === undefined || message === '' ? {} : { message }) } };
}

function lastStateOf(target: ContainerRecord | undefined, over: boolean): ContainerStateStatus {
  const { current, previous } = target ?? {};
  if (current?.phase === 'exited' && target?.waiting !== undefined && !over) return terminated(current);
  return previous === undefined ? {} : terminated(previous);
}

/** Ready counts for Services: running, started, and the readiness probe passes. */
function readyOf(container: Container, target: ContainerRecord | undefined): boolean {
  if (target?.kind === 'init' && !isSidecar(container)) return target.current?.phase === 'exited' && target.current.exitCode === 0;
  return startedOf(container, target) === true && (container.readinessProbe === undefined || target?.readinessPassed === true);
}

function startedOf(container: Container, target: ContainerRecord | undefined): boolean {
  if (target?.current?.phase !== 'running') return false;
  return target.kind === 'init' ? sidecarStarted(container, target) : target.current.hooked && (container.startupProbe === undefined || target.startupPassed);
}

function mountsOf(container: Container): ContainerStatus['volumeMounts'] {
  return (container.volumeMounts ?? []).map(({ name, mountPath, readOnly, recursiveReadOnly }) => ({
    name,
    mountPath,
    ...(readOnly === true ? { readOnly, recursiveReadOnly: recursiveReadOnly === 'Enabled' ? 'Enabled' : 'Disabled' } : {}),
  }));
}

function userOf(pod: Pod, container: Container, target: ContainerRecord | undefined): ContainerStatus['user'] {
  // The image is looked up with the next start; until then what was said of this container holds.
  if (target?.image === undefined && target?.user !== undefined) return target.user;
  const uid =
    container.securityContext?.runAsUser ??
    pod.spec.securityContext?.runAsUser ??
    (/^\d+/.test(target?.image?.user ?? '') ? Number.parseInt(target!.image!.user!, 10) : target?.image?.user === undefined ? 0 : undefined);
  if (uid === undefined || target?.current === undefined) return undefined;
  const gid = container.securityContext?.runAsGroup ?? pod.spec.securityContext?.runAsGroup ?? 0;
  const groups = new Set([
    gid,
    ...(pod.spec.securityContext?.supplementalGroups ?? []),
    ...(pod.spec.securityContext?.fsGroup === undefined ? [] : [pod.spec.securityContext.fsGroup]),
  ]);
  return { linux: { uid, gid, supplementalGroups: [...groups] } };
}

function containerStatus(input: StatusInput, container: Container, idle: string): ContainerStatus {
  const target = input.record.containers.get(container.name);
  const { current } = target ?? {};
  const shown = current ?? target?.previous;
  const mounts = mountsOf(container);
  const resources = target?.resources ?? (current === undefined ? undefined : container.resources);
  const user = userOf(input.pod, container, target);
  const ephemeral = target?.kind === 'ephemeral';
  // Before the pod's own containers began, one that is missing has not failed: it was never due.
  const began = target?.kind !== 'init' && input.pod.spec.containers.some(({ name }) => input.record.containers.get(name)?.current !== undefined);
  return {
    name: container.name,
    state: stateOf(target, input.over, began, idle),
    lastState: lastStateOf(target, input.over),
    ready: readyOf(container, target),
    restartCount: Math.max(0, shown?.attempt ?? 0),
    image: current?.image ?? container.image,
    imageID: shown?.imageId ?? '',
    ...(shown === undefined ? {} : { containerID: containerId(shown) }),
    ...(ephemeral ? {} : { started: startedOf(container, target) }),
    ...(resources === undefined || container.resources?.requests === undefined || ephemeral ? {} : { allocatedResources: container.resources.requests }),
    ...(resources === undefined || ephemeral ? {} : { resources }),
    ...(mounts === undefined || mounts.length === 0 ? {} : { volumeMounts: mounts }),
    ...(user === undefined ? {} : { user }),
  };
}

export function podStatus(input: StatusInput): PodStatus {
  const { pod, record, over } = input;
  const hasInit = (pod.spec.initContainers ?? []).length > 0;
  const init = (pod.spec.initContainers ?? []).map((container) => containerStatus(input, container, 'PodInitializing'));
  const app = pod.spec.containers.map((container) => containerStatus(input, container, hasInit ? 'PodInitializing' : 'ContainerCreating'));
  const ephemeral = (pod.spec.ephemeralContainers ?? []).map((container) => containerStatus(input, container, 'ContainerCreating'));
  const computed = phaseOf(pod, init, app, over);
  // A pod that ended does not come back, whatever its containers look like.
  const before = pod.status?.phase;
  const phase =
    before === 'Succeeded' || before === 'Failed'
      ? before
      : record.ended === undefined
        ? before === 'Running' && computed === 'Pending'
          ? 'Running'
          : computed
        : over || record.containers.size === 0
          ? 'Failed'
          : computed;
  const ips = record.sandbox?.ips ?? [];
  const known = ips.length > 0 ? ips : (pod.status?.podIPs ?? []).map(({ ip }) => ip);
  const conditions = conditionsOf({ pod, record, phase, init, app, now: input.now });
  const { ended } = record;
  const generation = pod.metadata.generation;
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    phase,
    conditions,
    ...(ended === undefined ? {} : { reason: ended.reason, message: ended.message }),
    hostIP: input.hostIPs[0] ?? '',
    hostIPs: input.hostIPs.map((ip) => ({ ip })),
    ...(known.length === 0 ? {} : { podIP: known[0]!, podIPs: known.map((ip) => ({ ip })) }),
    ...(record.startTime === undefined ? {} : { startTime: record.startTime }),
    ...(init.length === 0 ? {} : { initContainerStatuses: init }),
    containerStatuses: app,
    ...(ephemeral.length === 0 ? {} : { ephemeralContainerStatuses: ephemeral }),
  };
}
