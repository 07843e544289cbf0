/** What controllers ask of pods (Kubernetes' `api/v1/pod` and `controller_utils`). */
import { parseTime } from '#control/time.ts';
import type { Pod } from '#kinds/generated/types.ts';

export const isTerminal = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

/** Counts towards replicas: neither ended nor on its way out. */
export const isActive = (pod: Pod): boolean => !isTerminal(pod) && pod.metadata.deletionTimestamp === undefined;

/** Ended or leaving, not gone. */
export const isTerminating = (pod: Pod): boolean => !isTerminal(pod) && pod.metadata.deletionTimestamp !== undefined;

const ready = (pod: Pod) => pod.status?.conditions?.find(({ type }) => type === 'Ready');

export const isReady = (pod: Pod): boolean => ready(pod)?.status === 'True';

/** Since when the pod is ready, in ms; undefined while it is not. */
export function readySince(pod: Pod): number | undefined {
  const condition = ready(pod);
  return condition?.status === 'True' ? parseTime(condition.lastTransitionTime) : undefined;
}

export function isAvailable(pod: Pod, minReadySeconds: number, now: number): boolean {
  if (!isReady(pod)) return false;
  if (minReadySeconds === 0) return true;
  const since = readySince(pod);
  return since !== undefined && since + minReadySeconds * 1000 <= now;
}

/** Milliseconds until the first pod that is ready becomes available; undefined when none waits for that. */
export function nextAvailable(pods: readonly Pod[], minReadySeconds: number, now: number): number | undefined {
  if (minReadySeconds === 0) return undefined;
  let next: number | undefined;
  for (const pod of pods) {
    const since = readySince(pod);
    if (since === undefined) continue;
    const left = since + minReadySeconds * 1000 - now;
    if (left > 0 && (next === undefined || left < next)) next = left;
  }
  return next;
}

/** Restarts of the containers that run for the pod's whole life, sidecars apart. */
export function restarts(pod: Pod): { readonly containers: number; readonly sidecars: number } {
  let containers = 0;
  let sidecars = 0;
  for (const { restartCount } of pod.status?.containerStatuses ?? []) containers = Math.max(containers, restartCount ?? 0);
  const restartable = new Set((pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name));
  for (const { name, restartCount } of pod.status?.initContainerStatuses ?? []) if (restartable.has(name)) sidecars = Math.max(sidecars, restartCount ?? 0);
  return { containers, sidecars };
}
