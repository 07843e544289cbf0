/**
 * Counts each pod exactly once. A finished pod's uid is first written into the status (`uncountedTerminatedPods`), then its finalizer is
 * taken away, then the uid becomes a number: wherever this is interrupted, the next look finds out what is left to do.
 */
import type { ControllerContext } from '#control/controller.ts';
import type { Job, JobCondition, JobStatus, Pod, UncountedTerminatedPods } from '#kinds/generated/types.ts';
import { judge } from './failure-policy.ts';
import { countIndexes, hasIndex, type Indexes, indexesOf, indexesText, mergeIndexes } from './indexes.ts';
import { ensureCondition, hasFailed, indexOf, isIndexed, isTracked, jobCondition, JOBS, specOf, trueCondition, validIndexOf } from './job-view.ts';
import { type Counts, removeFinalizer } from './manage.ts';

/** Uids that a status may hold at once, to stay below about 20 kB; Kubernetes' MaxUncountedPods. */
const MAX_UNCOUNTED = 500;

export interface Tracking {
  readonly job: Job;
  /** A copy of the job's own, to be written. */
  readonly status: JobStatus;
  readonly pods: readonly Pod[];
  readonly counts: Counts;
  readonly before: { readonly succeeded: ReadonlySet<string>; readonly failed: ReadonlySet<string> };
  readonly countedIndexes: Indexes;
  readonly failedIndexes: Indexes | undefined;
  readonly waiting: ReadonlyMap<number, Pod>;
  readonly finish: JobCondition | undefined;
  readonly changed: boolean;
}

const uidOf = ({ metadata }: Pod): string => metadata.uid!;
const uncountedOf = (status: JobStatus): UncountedTerminatedPods => (status.uncountedTerminatedPods ??= {});

/** Uids of pods that lost their finalizer become numbers. */
function settle(status: JobStatus, tracked: ReadonlySet<string>): boolean {
  const uncounted = uncountedOf(status);
  let changed = false;
  for (const name of ['succeeded', 'failed'] as const) {
    const uids = uncounted[name] ?? [];
    const left = uids.filter((uid) => tracked.has(uid));
    if (left.length === uids.length) continue;
    changed = true;
    status[name] = (status[name] ?? 0) + uids.length - left.length;
    uncounted[name] = left;
  }
  return changed;
}

function mayLetGo({ job, finish, waiting }: Tracking, pod: Pod): boolean {
  if (job.metadata.deletionTimestamp !== undefined || finish !== undefined || pod.status?.phase === 'Succeeded') return true;
  if (!hasFailed(pod, job)) return false;
  const index = indexOf(pod);
  return index === undefined || waiting.get(index)?.metadata.uid !== pod.metadata.uid;
}

interface Collected {
  readonly released: readonly Pod[];
  readonly succeededIndexes: readonly number[];
  readonly changed: boolean;
  /** There were more than one status may hold. */
  readonly full: boolean;
}

function collect(tracking: Tracking): Collected {
  const { job, status, before, countedIndexes, finish } = tracking;
  const indexed = isIndexed(job);
  const pods = indexed ? tracking.pods.toSorted((a, b) => (indexOf(a) ?? -1) - (indexOf(b) ?? -1)) : tracking.pods;
  const uncounted = uncountedOf(status);
  const [succeeded, failed] = [[...(uncounted.succeeded ?? [])], [...(uncounted.failed ?? [])]];
  const released: Pod[] = [];
  const succeededIndexes: number[] = [];
  let [changed, full] = [false, false];
  for (const pod of pods) {
    if (!isTracked(pod) || !mayLetGo(tracking, pod)) continue;
    released.push(pod);
    const uid = uidOf(pod);
    const index = indexed ? validIndexOf(pod, job) : undefined;
    if (pod.status?.phase === 'Succeeded' && !before.failed.has(uid)) {
      if (!indexed && !before.succeeded.has(uid)) succeeded.push(uid);
      else if (indexed && index !== undefined && !hasIndex(countedIndexes, index)) succeededIndexes.push(index);
      else continue;
      changed = true;
    } else if (hasFailed(pod, job) || (finish !== undefined && finish.type !== 'SuccessCriteriaMet')) {
      // with the end of the job every pod that has not ended has failed
      if (before.failed.has(uid) || (indexed && index === undefined) || !judge(job, pod).counts) continue;
      failed.push(uid);
      changed = true;
    }
    // the rest comes with the next look, which the writes of this one bring about
    if (succeededIndexes.length + succeeded.length + failed.length >= MAX_UNCOUNTED) {
      full = true;
      break;
    }
  }
  if (succeeded.length > 0) uncounted.succeeded = succeeded;
  if (failed.length > 0) uncounted.failed = failed;
  return { released, succeededIndexes, changed, full };
}

/** Answers whether the texts or the count of an indexed job changed. */
function writeIndexes({ job, status, countedIndexes, failedIndexes }: Tracking, newly: readonly number[]): boolean {
  const succeeded = mergeIndexes(countedIndexes, indexesOf(newly));
  const text = indexesText(succeeded);
  const failedText = failedIndexes === undefined ? undefined : indexesText(failedIndexes);
  const changed = text !== (job.status?.completedIndexes ?? '') || failedText !== status.failedIndexes;
  status.succeeded = countIndexes(succeeded);
  status.completedIndexes = text;
  if (failedText === undefined) delete status.failedIndexes;
  else status.failedIndexes = failedText;
  return changed;
}

/** What the job was on its way to becomes its end, when nothing is left that could change the counts. */
function conclude(status: JobStatus, end: JobCondition | undefined, { terminating }: Counts): boolean {
  const { succeeded = [], failed = [] } = uncountedOf(status);
  if (end === undefined || succeeded.length + failed.length > 0 || terminating > 0) return false;
  ensureCondition(status, end);
  if (end.type === 'Complete') status.completionTime = end.lastTransitionTime!;
  return true;
}

function announce(job: Job, status: JobStatus, end: JobCondition, { event }: ControllerContext): void {
  const { completions } = specOf(job);
  if (end.type !== 'Complete') {
    event(job, 'Warning', end.reason ?? '', end.message ?? '');
    return;
  }
  if (completions !== undefined && (status.succeeded ?? 0) > completions)
    event(job, 'Warning', 'TooManySucceededPods', 'Too many succeeded pods running after completion count reached');
  event(job, 'Normal', 'Completed', 'Job completed');
}

export async function track(tracking: Tracking, context: ControllerContext): Promise<void> {
  const { client, clock } = context;
  const { finish, pods, counts } = tracking;
  let { job, status } = tracking;
  const tracked = new Set(pods.filter(isTracked).map(uidOf));
  let dirty = settle(status, tracked) || tracking.changed;
  const { released, succeededIndexes, changed, full } = collect(tracking);
  dirty ||= changed;
  if (isIndexed(job)) dirty = writeIndexes(tracking, succeededIndexes) || dirty;

  let end = finish;
  if (finish?.type === 'FailureTarget' || finish?.type === 'SuccessCriteriaMet') {
    // said before the finalizers go, so that whoever looks then knows why
    if (trueCondition(status, finish.type) === undefined) {
      (status.conditions ??= []).push(finish);
      dirty = true;
    }
    end = jobCondition(finish.type === 'FailureTarget' ? 'Failed' : 'Complete', 'True', finish.reason ?? '', finish.message ?? '', clock.now());
  }
  const write = async (): Promise<void> => {
    job = await client.update<Job>(JOBS, { ...job, status }, 'status');
    status = structuredClone(job.status ?? {});
    dirty = false;
  };
  if (dirty) await write();
  const results = await Promise.allSettled(
    released.map(async (pod) => {
      await removeFinalizer(pod, context);
      tracked.delete(uidOf(pod));
    }),
  );
  dirty = settle(status, tracked);
  const failure = results.find((result) => result.status === 'rejected');
  if (failure !== undefined) {
    if (dirty) await write();
    throw failure.reason;
  }
  const finished = !full && conclude(status, end, counts);
  if (!dirty && !finished) return;
  await write();
  if (finished) announce(job, status, end!, context);
}
