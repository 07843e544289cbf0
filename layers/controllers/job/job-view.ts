/** What the job controller asks of jobs and their pods. */
import type { Job, JobCondition, JobSpec, JobStatus, Pod } from '#kinds/generated/types.ts';
import { BUILT_IN_MANAGER } from '#kinds/batch/job-spec.ts';
import { timestamp } from '#control/time.ts';
import { findCondition } from '../shared/conditions.ts';

export const JOBS = 'jobs.batch';
export const TRACKING_FINALIZER = 'batch.kubernetes.io/job-tracking';
export const INDEX = 'batch.kubernetes.io/job-completion-index';
export const INDEX_FAILURES = 'batch.kubernetes.io/job-index-failure-count';
export const INDEX_IGNORED_FAILURES = 'batch.kubernetes.io/job-index-ignored-failure-count';

export const specOf = (job: Job): JobSpec => job.spec!;
export const isSuspended = (job: Job): boolean => specOf(job).suspend === true;
export const isIndexed = (job: Job): boolean => specOf(job).completionMode === 'Indexed';
export const hasLimitPerIndex = (job: Job): boolean => specOf(job).backoffLimitPerIndex !== undefined;
/** Another controller looks after it. */
export const isForeign = ({ spec }: Job): boolean => spec?.managedBy !== undefined && spec.managedBy !== BUILT_IN_MANAGER;
/** A pod on its way out is replaced only when it has ended. */
export const replacesFailedOnly = (job: Job): boolean => specOf(job).podReplacementPolicy === 'Failed' || specOf(job).podFailurePolicy !== undefined;

export const trueCondition = (status: JobStatus | undefined, type: string): JobCondition | undefined => {
  const condition = findCondition(status?.conditions, type);
  return condition?.status === 'True' ? condition : undefined;
};
export const isFinished = ({ status }: Job): boolean => trueCondition(status, 'Complete') !== undefined || trueCondition(status, 'Failed') !== undefined;

export function jobCondition(type: string, status: 'True' | 'False', reason: string, message: string, now: number): JobCondition {
  return { type, status, lastProbeTime: timestamp(now), lastTransitionTime: timestamp(now), reason, message };
}

/** Writes the condition into the list; one that was never there does not become False. Answers whether anything changed. */
export function ensureCondition(status: JobStatus, next: JobCondition): boolean {
  const list = (status.conditions ??= []);
  const at = list.findIndex(({ type }) => type === next.type);
  const old = list[at];
  if (old === undefined) {
    if (next.status === 'False') return false;
    list.push(next);
    return true;
  }
  if (old.status === next.status && (old.reason ?? '') === next.reason && (old.message ?? '') === next.message) return false;
  list[at] = next;
  return true;
}

export const isTracked = (pod: Pod): boolean => pod.metadata.finalizers?.includes(TRACKING_FINALIZER) === true;

/** Pods that are deleted count as failed, so that one whose node never speaks again is replaced; unless only failed ones are. */
export function hasFailed(pod: Pod, job: Job): boolean {
  if (pod.status?.phase === 'Failed') return true;
  return !replacesFailedOnly(job) && pod.metadata.deletionTimestamp !== undefined && pod.status?.phase !== 'Succeeded';
}

/** The pod's completion index; undefined where it has none that makes sense. */
export function indexOf({ metadata }: Pod): number | undefined {
  const text = metadata.annotations?.[INDEX];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** The index of a pod of an indexed job, if it is below the job's completions. */
export function validIndexOf(pod: Pod, job: Job): number | undefined {
  const index = indexOf(pod);
  return index !== undefined && index < (specOf(job).completions ?? 0) ? index : undefined;
}

const MAX_INT32 = 2_147_483_647;

function countOf({ metadata }: Pod, annotation: string): number {
  const text = metadata.annotations?.[annotation];
  const value = text !== undefined && /^\d+$/.test(text) ? Number(text) : 0;
  return value > MAX_INT32 ? 0 : value;
}

export const indexFailures = (pod: Pod): number => countOf(pod, INDEX_FAILURES);
export const indexIgnoredFailures = (pod: Pod): number => countOf(pod, INDEX_IGNORED_FAILURES);
