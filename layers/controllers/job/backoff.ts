/**
 * How long a job waits before it makes another pod after failures: 10 seconds, doubled with each failure since the last success, 10
 * minutes at most. It is read off the pods, which a job keeps after they end, so that no memory of a process is needed.
 */
import type { ContainerStatus, Job, Pod } from '#kinds/generated/types.ts';
import { parseTime } from '#control/time.ts';
import { findCondition } from '../shared/conditions.ts';
import { hasFailed, indexFailures, indexIgnoredFailures } from './job-view.ts';

const FIRST_MS = 10_000;
const LONGEST_MS = 600_000;

/** Undefined unless every one of them has ended. */
function lastFinish(statuses: readonly ContainerStatus[]): number | undefined {
  const times = statuses.map(({ state }) => parseTime(state?.terminated?.finishedAt));
  return times.length === 0 || times.includes(undefined) ? undefined : Math.max(...(times as number[]));
}

/** When the pod ended, in ms: by its containers, its readiness, its deletion, or at last its creation. */
export function finishedAt({ metadata, spec, status }: Pod): number {
  const sidecars = new Set((spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name));
  const containers = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name))];
  const ended = lastFinish(containers);
  if (ended !== undefined) return ended;
  const ready = findCondition(status?.conditions, 'Ready');
  const unreadySince = ready?.status === 'False' ? parseTime(ready.lastTransitionTime) : undefined;
  if (unreadySince !== undefined) return unreadySince;
  const deletion = parseTime(metadata.deletionTimestamp);
  if (deletion !== undefined) return deletion - (metadata.deletionGracePeriodSeconds ?? 0) * 1000;
  return parseTime(metadata.creationTimestamp) ?? 0;
}

function remaining(failures: number, last: number, now: number): number {
  if (failures === 0) return 0;
  const wait = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 10));
  return Math.max(0, last + wait - now);
}

/** Milliseconds until the job may make another pod. */
export function jobBackoff(job: Job, pods: readonly Pod[], now: number): number {
  let lastSuccess = Number.NEGATIVE_INFINITY;
  for (const pod of pods) if (pod.status?.phase === 'Succeeded') lastSuccess = Math.max(lastSuccess, finishedAt(pod));
  let [failures, last] = [0, 0];
  for (const pod of pods) {
    if (!hasFailed(pod, job)) continue;
    const at = finishedAt(pod);
    if (at <= lastSuccess) continue;
    failures++;
    last = Math.max(last, at);
  }
  return remaining(failures, last, now);
}

/** Milliseconds until the index whose last pod failed may have another one. */
export function indexBackoff(failed: Pod | undefined, now: number): number {
  return failed === undefined ? 0 : remaining(indexFailures(failed) + indexIgnoredFailures(failed) + 1, finishedAt(failed), now);
}
