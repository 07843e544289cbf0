/** What a cron job's status says about the jobs it started, brought up to what these jobs are. */
import type { ControllerContext } from '#control/controller.ts';
import { parseTime } from '#control/time.ts';
import type { CronJob, CronJobStatus, Job, ObjectReference } from '#kinds/generated/types.ts';
import { isNotFound } from '#machinery/status.ts';
import { JOBS, trueCondition } from '../job/job-view.ts';
import { nameOf, namespaceOf } from '../shared/keys.ts';

export interface Look {
  readonly cronJob: CronJob;
  /** A copy of the cron job's own, to be written. */
  readonly status: CronJobStatus;
  readonly jobs: readonly Job[];
}

const endOf = ({ status }: Job): 'Complete' | 'Failed' | undefined =>
  trueCondition(status, 'Complete') !== undefined ? 'Complete' : trueCondition(status, 'Failed') !== undefined ? 'Failed' : undefined;

export const isActive = ({ active }: CronJobStatus, uid: string | undefined): boolean => (active ?? []).some((one) => one.uid === uid);

export function forget(status: CronJobStatus, uid: string | undefined): void {
  status.active = (status.active ?? []).filter((one) => one.uid !== uid);
}

export const referenceTo = (job: Job): ObjectReference => ({
  kind: 'Job',
  namespace: namespaceOf(job),
  name: nameOf(job),
  uid: job.metadata.uid!,
  apiVersion: 'batch/v1',
  resourceVersion: job.metadata.resourceVersion!,
});

/** Deletes a job with its pods, says so, and strikes it off the list. False where that failed. */
export async function deleteJob({ cronJob, status }: Look, job: Job, { client, event }: ControllerContext): Promise<boolean> {
  try {
    await client.delete(JOBS, namespaceOf(job), nameOf(job), { propagationPolicy: 'Background', preconditions: { uid: job.metadata.uid! } });
  } catch (error) {
    if (!isNotFound(error)) {
      event(cronJob, 'Warning', 'FailedDelete', `Deleted job: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
  }
  forget(status, job.metadata.uid);
  event(cronJob, 'Normal', 'SuccessfulDelete', `Deleted job ${nameOf(job)}`);
  return true;
}

/** Keeps as many finished jobs of either end as the cron job's limits say, the latest ones. */
export async function removeOldJobs(look: Look, context: ControllerContext): Promise<void> {
  const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = look.cronJob.spec;
  for (const [end, limit] of [
    ['Complete', successfulJobsHistoryLimit],
    ['Failed', failedJobsHistoryLimit],
  ] as const) {
    if (limit === undefined) continue;
    const started = (job: Job): number => parseTime(job.status?.startTime) ?? Number.POSITIVE_INFINITY;
    const ended = look.jobs
      .filter((job) => endOf(job) === end && job.metadata.deletionTimestamp === undefined)
      .toSorted((a, b) => (started(a) === started(b) ? (nameOf(a) < nameOf(b) ? -1 : 1) : started(a) - started(b)));
    for (const job of ended.slice(0, Math.max(0, ended.length - limit))) await deleteJob(look, job, context);
  }
}

/** Jobs that ended leave the list, as those that are gone do. */
export async function noteEnds({ cronJob, status, jobs }: Look, { client, event }: ControllerContext): Promise<void> {
  for (const job of jobs) {
    const end = endOf(job);
    const listed = isActive(status, job.metadata.uid);
    if (end === undefined) {
      if (!listed) event(cronJob, 'Warning', 'UnexpectedJob', `Saw a job that the controller did not create or forgot: ${nameOf(job)}`);
      continue;
    }
    if (listed) {
      forget(status, job.metadata.uid);
      event(cronJob, 'Normal', 'SawCompletedJob', `Saw completed job: ${nameOf(job)}, condition: ${end}`);
    }
    const completed = job.status?.completionTime;
    if (end === 'Complete' && completed !== undefined && (parseTime(status.lastSuccessfulTime) ?? 0) < parseTime(completed)!) status.lastSuccessfulTime = completed;
  }
  const known = new Set(jobs.map(({ metadata }) => metadata.uid));
  for (const { uid, name = '', namespace = '' } of status.active ?? []) {
    if (known.has(uid)) continue;
    try {
      await client.get(JOBS, namespace, name);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      event(cronJob, 'Normal', 'MissingJob', `Active job went missing: ${name}`);
      forget(status, uid);
    }
  }
}
