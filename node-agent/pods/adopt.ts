/** Takes on what runs already: after a restart of the agent, containers are found by their labels and not started anew. */
import type { ContainerState } from '../runtime/port.ts';
import { LABEL, attemptOf } from './labels.ts';
import type { Pod } from './pod.ts';
import { newRecord, recordOf, type Attempt, type ContainerRecord, type PodRecord } from './record.ts';

export const isSandbox = (state: ContainerState): boolean => state.labels[LABEL.type] === 'podsandbox';

function attemptFrom(state: ContainerState): Attempt {
  return {
    id: state.id,
    attempt: attemptOf(state),
    hash: state.labels[LABEL.hash] ?? '',
    sandboxId: state.labels[LABEL.sandboxId] ?? '',
    image: state.image,
    imageId: `docker://${state.imageId}`,
    // Ends are filled in by an inspection of their own.
    phase: state.phase === 'created' ? 'created' : 'running',
    hooked: true,
    ...(state.startedAt === undefined ? {} : { startedAt: state.startedAt }),
  };
}

function kindOf(pod: Pod, name: string): ContainerRecord['kind'] {
  if (pod.spec.initContainers?.some((container) => container.name === name) === true) return 'init';
  if (pod.spec.ephemeralContainers?.some((container) => container.name === name) === true) return 'ephemeral';
  return 'app';
}

/** What the API server says of containers that Docker no longer has: they ended, and how is known or not. */
function fromStatus(pod: Pod, record: PodRecord, sandboxId: string): void {
  const all = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? []), ...(pod.status?.ephemeralContainerStatuses ?? [])];
  for (const status of all) {
    if (status.containerID === undefined || record.containers.has(status.name)) continue;
    const ended = status.state?.terminated ?? status.lastState?.terminated;
    const target = recordOf(record, status.name, kindOf(pod, status.name));
    target.current = {
      id: status.containerID.replace(/^docker:\/\//, ''),
      attempt: status.restartCount,
      hash: '',
      // A regular init container that succeeded need not run again in a sandbox that still stands.
      sandboxId: ended?.exitCode === 0 ? sandboxId : '',
      image: status.image,
      imageId: status.imageID,
      phase: 'exited',
      exitCode: ended?.exitCode ?? 137,
      reason: ended?.reason ?? 'ContainerStatusUnknown',
      message: ended?.message ?? (ended === undefined ? 'The container could not be located when the pod was terminated' : ''),
      hooked: true,
      ...(typeof ended?.startedAt === 'string' ? { startedAt: ended.startedAt } : {}),
      ...(typeof ended?.finishedAt === 'string' ? { finishedAt: ended.finishedAt } : {}),
    };
  }
}

export interface Adopted {
  readonly record: PodRecord;
  /** Dead or doubtful containers, whose end must still be looked up. */
  readonly unsettled: readonly { readonly name: string; readonly attempt: Attempt }[];
  /** Nobody needs these: older sandboxes, all but the last two of a container. */
  readonly superfluous: readonly string[];
}

export function adopt(pod: Pod, states: readonly ContainerState[]): Adopted {
  const record = newRecord();
  const unsettled: { name: string; attempt: Attempt }[] = [];
  const superfluous: string[] = [];
  const newestFirst = [...states].sort((a, b) => attemptOf(b) - attemptOf(a) || b.createdAt.localeCompare(a.createdAt));
  for (const state of newestFirst) {
    if (isSandbox(state)) {
      if (record.sandbox === undefined) record.sandbox = { id: state.id, attempt: attemptOf(state), phase: state.phase, ips: [], ready: Promise.resolve() };
      else superfluous.push(state.id);
      continue;
    }
    const name = state.labels[LABEL.containerName] ?? '';
    const target = recordOf(record, name, kindOf(pod, name));
    const attempt = attemptFrom(state);
    if (target.current === undefined) target.current = attempt;
    else if (target.previous === undefined && state.phase === 'exited') target.previous = attempt;
    else {
      superfluous.push(state.id);
      continue;
    }
    if (state.phase !== 'created') unsettled.push({ name, attempt });
  }
  fromStatus(pod, record, record.sandbox?.id ?? '');
  if (pod.status?.startTime !== undefined) record.startTime = pod.status.startTime;
  for (const status of [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]) {
    const target = record.containers.get(status.name);
    // What the probes had found holds until they find otherwise: a restart of the agent makes nobody unready.
    if (target?.current?.phase === 'running' && status.containerID === `docker://${target.current.id}`) {
      target.startupPassed = status.started === true;
      target.readinessPassed = status.ready;
      if (status.user !== undefined) target.user = status.user;
      if (status.imageID !== '') target.current.imageId = status.imageID;
    }
  }
  return { record, unsettled, superfluous };
}
