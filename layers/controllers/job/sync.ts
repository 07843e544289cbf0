/** One look at a job: count its pods, decide whether it is over, make or delete pods, write the status. */
import type { ControllerContext, Result } from '#control/controller.ts';
import { parseTime, timestamp } from '#control/time.ts';
import type { Job, JobCondition, JobStatus, Pod } from '#kinds/generated/types.ts';
import { type LabelSelectorObject, matches, selectorFromLabelSelector } from '#machinery/labels.ts';
import { claim } from '../shared/owner.ts';
import { isActive, isReady, isTerminating } from '../shared/pods.ts';
import { finishedAt } from './backoff.ts';
import { failJobMessage, judge } from './failure-policy.ts';
import { countIndexes, hasIndex, indexesOf, type Indexes, mergeIndexes, NO_INDEXES, parseIndexes } from './indexes.ts';
import {
  ensureCondition,
  hasFailed,
  hasLimitPerIndex,
  indexFailures,
  indexIgnoredFailures,
  indexOf,
  isIndexed,
  isSuspended,
  isTracked,
  jobCondition,
  JOBS,
  specOf,
  TRACKING_FINALIZER,
  trueCondition,
  validIndexOf,
} from './job-view.ts';
import { type Counts, deletePods, managePods } from './manage.ts';
import { metSuccessPolicy } from './success-policy.ts';
import { track } from './track.ts';

/** Waits of a job whose pods the server refuses: as long as it gets none, within these bounds. */
const REFUSED_WAIT_S = { shortest: 1, longest: 60 };

function claimPods(job: Job, { client, cache }: ControllerContext): Promise<Pod[]> {
  const selector = selectorFromLabelSelector(specOf(job).selector as LabelSelectorObject);
  return claim<Pod>({
    owner: job,
    ownerResource: JOBS,
    resource: 'pods',
    client,
    cache,
    finalizers: [TRACKING_FINALIZER],
    matches: ({ metadata }) => selector.requirements.length > 0 && matches(selector, metadata.labels),
    adoptable: isActive,
  });
}

/** Restarts of containers count instead of pods where pods are not replaced. */
function restartsExceedLimit(job: Job, pods: readonly Pod[]): boolean {
  const { template, backoffLimit = 6 } = specOf(job);
  if (template.spec?.restartPolicy !== 'OnFailure') return false;
  let restarts = 0;
  for (const { status } of pods)
    if (status?.phase === 'Running' || status?.phase === 'Pending')
      for (const { restartCount } of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]) restarts += restartCount;
  return backoffLimit === 0 ? restarts > 0 : restarts >= backoffLimit;
}

function hasIndexFailed(job: Job, pod: Pod): boolean {
  if (!hasFailed(pod, job)) return false;
  const { counts, action } = judge(job, pod);
  return action === 'FailIndex' || (counts && indexFailures(pod) >= specOf(job).backoffLimitPerIndex!);
}

const indexesWhere = (job: Job, pods: readonly Pod[], holds: (pod: Pod) => boolean): Indexes =>
  indexesOf(pods.filter((pod) => isTracked(pod) && holds(pod)).flatMap((pod) => validIndexOf(pod, job) ?? []));

/** By index, the last failed pod of those that shall be tried again: it stays until its successor carries its count on. */
function waitingPods(job: Job, pods: readonly Pod[], active: readonly Pod[], over: Indexes): ReadonlyMap<number, Pod> {
  const running = new Set(active.map(indexOf));
  const tries = (pod: Pod): number => indexFailures(pod) + indexIgnoredFailures(pod);
  const found = new Map<number, Pod>();
  for (const pod of pods) {
    const index = validIndexOf(pod, job);
    if (index === undefined || !isTracked(pod) || !hasFailed(pod, job) || hasIndex(over, index) || running.has(index)) continue;
    const other = found.get(index);
    if (other === undefined || (tries(other) <= tries(pod) && finishedAt(pod) >= finishedAt(other))) found.set(index, pod);
  }
  return found;
}

interface Look {
  readonly job: Job;
  readonly status: JobStatus;
  readonly pods: readonly Pod[];
  readonly failed: number;
  readonly succeededIndexes: Indexes;
  readonly failedIndexes: Indexes | undefined;
}

/** The condition that the job is on its way to, if any. What an earlier look decided stands; then failures, then successes are asked. */
function endOf({ job, status, pods, failed, succeededIndexes, failedIndexes }: Look, now: number): JobCondition | undefined {
  const { backoffLimit = 6, activeDeadlineSeconds, maxFailedIndexes, completions = 0 } = specOf(job);
  const met = trueCondition(status, 'SuccessCriteriaMet');
  if (met !== undefined) return met;
  const target = trueCondition(status, 'FailureTarget');
  if (target !== undefined) return target;
  const failure = (reason: string, message: string): JobCondition => jobCondition('FailureTarget', 'True', reason, message, now);
  const message = failJobMessage(job, pods);
  if (message !== undefined) return failure('PodFailurePolicy', message);
  if (failed > backoffLimit || restartsExceedLimit(job, pods)) return failure('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
  const started = parseTime(status.startTime);
  if (activeDeadlineSeconds !== undefined && started !== undefined && !isSuspended(job) && now - started >= activeDeadlineSeconds * 1000)
    return failure('DeadlineExceeded', 'Job was active longer than specified deadline');
  if (!isIndexed(job)) return undefined;
  const failedCount = countIndexes(failedIndexes ?? NO_INDEXES);
  if (failedIndexes !== undefined && maxFailedIndexes !== undefined && failedCount > maxFailedIndexes)
    return failure('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes');
  if (failedCount > 0 && failedCount + countIndexes(succeededIndexes) >= completions) return failure('FailedIndexes', 'Job has failed indexes');
  const rule = metSuccessPolicy(job, succeededIndexes);
  return rule === undefined ? undefined : jobCondition('SuccessCriteriaMet', 'True', 'SuccessPolicy', rule, now);
}

/** Says that a job is suspended or goes on. Answers whether that is news. */
function noteSuspension(job: Job, status: JobStatus, { clock, event }: ControllerContext): boolean {
  const now = clock.now();
  if (isSuspended(job)) {
    if (!ensureCondition(status, jobCondition('Suspended', 'True', 'JobSuspended', 'Job suspended', now))) return false;
    event(job, 'Normal', 'Suspended', 'Job suspended');
    delete status.startTime;
    return true;
  }
  if (!ensureCondition(status, jobCondition('Suspended', 'False', 'JobResumed', 'Job resumed', now))) return false;
  event(job, 'Normal', 'Resumed', 'Job resumed');
  // the deadline counts from here: it must not run out while nothing runs
  status.startTime = timestamp(now);
  return true;
}

function isComplete(job: Job, succeeded: number, { active }: Counts): boolean {
  const { completions } = specOf(job);
  return active === 0 && (completions === undefined ? succeeded > 0 : succeeded >= completions);
}

function refusedWait(job: Job, pods: readonly Pod[], now: number): number {
  const since = Math.max(parseTime(job.metadata.creationTimestamp) ?? now, ...pods.map(({ metadata }) => parseTime(metadata.creationTimestamp) ?? 0));
  return Math.min(REFUSED_WAIT_S.longest, Math.max(REFUSED_WAIT_S.shortest, (now - since) / 1000));
}

export async function syncJob(job: Job, context: ControllerContext): Promise<Result> {
  const now = context.clock.now();
  const status = structuredClone(job.status ?? {});
  const uncounted = (status.uncountedTerminatedPods ??= {});
  const before = { succeeded: new Set(uncounted.succeeded), failed: new Set(uncounted.failed) };
  const pods = await claimPods(job, context);
  const active = pods.filter(isActive);
  const counts: Counts = { active: active.length, ready: active.filter(isReady).length, terminating: pods.filter(isTerminating).length };

  const fresh = (seen: ReadonlySet<string>, ended: (pod: Pod) => boolean): Pod[] =>
    pods.filter((pod) => isTracked(pod) && !seen.has(pod.metadata.uid!) && (!isIndexed(job) || validIndexOf(pod, job) !== undefined) && ended(pod));
  const newlyFailed = fresh(before.failed, (pod) => hasFailed(pod, job)).filter((pod) => judge(job, pod).counts).length;
  const succeededPods = fresh(before.succeeded, (pod) => pod.status?.phase === 'Succeeded').length;
  const countedIndexes = isIndexed(job) ? parseIndexes(status.completedIndexes, specOf(job).completions ?? 0) : NO_INDEXES;
  const succeededIndexes = isIndexed(job)
    ? mergeIndexes(
        countedIndexes,
        indexesWhere(job, pods, (pod) => pod.status?.phase === 'Succeeded'),
      )
    : NO_INDEXES;
  const failedIndexes = hasLimitPerIndex(job)
    ? mergeIndexes(
        parseIndexes(status.failedIndexes, specOf(job).completions ?? 0),
        indexesWhere(job, pods, (pod) => hasIndexFailed(job, pod)),
      )
    : undefined;
  const succeeded = isIndexed(job) ? countIndexes(succeededIndexes) : (status.succeeded ?? 0) + succeededPods + before.succeeded.size;
  const failed = (status.failed ?? 0) + newlyFailed + before.failed.size;
  const waiting = failedIndexes === undefined ? new Map<number, Pod>() : waitingPods(job, pods, active, mergeIndexes(succeededIndexes, failedIndexes));
  if (status.startTime === undefined && !isSuspended(job)) status.startTime = timestamp(now);

  let finish = endOf({ job, status, pods, failed, succeededIndexes, failedIndexes }, now);
  let error: unknown;
  let waitMs: number | undefined;
  let changed = false;
  if (finish !== undefined) {
    error = await deletePods(job, active, counts, false, context);
    // not over while pods of it may run
    if (counts.active > 0) finish = undefined;
  } else {
    const managed = job.metadata.deletionTimestamp === undefined;
    if (managed) ({ error, waitMs } = await managePods({ job, pods, active, succeeded, succeededIndexes, failedIndexes, waiting }, counts, context));
    if (isComplete(job, succeeded, counts)) finish = jobCondition('SuccessCriteriaMet', 'True', 'CompletionsReached', 'Reached expected number of succeeded pods', now);
    else if (managed) changed = noteSuspension(job, status, context);
  }
  const { active: was = 0, ready, terminating } = job.status ?? {};
  changed ||= was !== counts.active || ready !== counts.ready || terminating !== counts.terminating;
  Object.assign(status, { active: counts.active, ready: counts.ready, terminating: counts.terminating });
  await track({ job, status, pods, counts, before, countedIndexes, failedIndexes, waiting, finish, changed }, context);

  if (error !== undefined) return { requeueAfterSeconds: refusedWait(job, pods, now) };
  const { activeDeadlineSeconds } = specOf(job);
  const started = parseTime(status.startTime);
  const deadline =
    finish === undefined && activeDeadlineSeconds !== undefined && started !== undefined && !isSuspended(job) ? started + activeDeadlineSeconds * 1000 - now : undefined;
  // past the deadline it is the pods on their way out that are waited for: they tell of their end themselves
  const waits = [waitMs, deadline !== undefined && deadline > 0 ? deadline : undefined].filter((ms) => ms !== undefined);
  return waits.length === 0 ? {} : { requeueAfterSeconds: Math.min(...waits) / 1000 };
}
