/** Cron jobs: a job for each time of the schedule, named after that time so that none is started twice. */
import type { Cache, Controller, ControllerContext, Key, Mapped, Result } from '#control/controller.ts';
import { keyOf } from '#control/dispatcher.ts';
import { parseTime, timestamp } from '#control/time.ts';
import { CronError, parseCron, type Schedule } from '#kinds/batch/cron.ts';
import type { CronJob, Job } from '#kinds/generated/types.ts';
import { isAlreadyExists, isNotFound } from '#machinery/status.ts';
import { isNamespaceTerminating } from '../replicas/manage.ts';
import { JOBS } from '../job/job-view.ts';
import { nameOf, namespaceOf, sameJson, splitKey } from '../shared/keys.ts';
import { controllerOf, controllerReference } from '../shared/owner.ts';
import { deleteJob, isActive, type Look, noteEnds, referenceTo, removeOldJobs } from './active.ts';
import { type Missed, missedTimes, NeverScheduled, nextTime, zoneOffset } from './schedule.ts';

const CRON_JOBS = 'cronjobs.batch';
const SCHEDULED = 'batch.kubernetes.io/cronjob-scheduled-timestamp';
const MINUTE = 60_000;
/** Clocks of two machines differ a little: nobody looks before the time has surely come. */
const PADDING_MS = 100;
/** So many times missed mean a clock that was wrong or a controller that was away. */
const MANY = 100;

interface Plan {
  readonly schedule: Schedule;
  readonly zone: string;
  /** Times at or before this are not looked at. */
  readonly earliest: number;
}

/** RFC 3339 with the zone's offset. */
function zonedTime(at: number, zone: string): string {
  const offset = zoneOffset(at, zone);
  if (offset === 0) return timestamp(at);
  const minutes = Math.abs(offset) / MINUTE;
  const two = (value: number): string => String(Math.trunc(value)).padStart(2, '0');
  return `${timestamp(at + offset).slice(0, -1)}${offset < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`;
}

/** RFC 1123 with a numeric zone, as the message has it. */
const longTime = (at: number): string => new Date(at).toUTCString().replace('GMT', '+0000');

function jobFor(cronJob: CronJob, at: number, zone: string): Job {
  const { metadata, spec } = cronJob.spec.jobTemplate;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: `${nameOf(cronJob)}-${Math.floor(at / MINUTE)}`,
      namespace: namespaceOf(cronJob),
      ...(metadata?.labels === undefined ? {} : { labels: { ...metadata.labels } }),
      annotations: { ...metadata?.annotations, [SCHEDULED]: zonedTime(at, zone) },
      ownerReferences: [controllerReference(cronJob)],
    },
    ...(spec === undefined ? {} : { spec: structuredClone(spec) }),
  };
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function planOf({ cronJob, status }: Look, since: number | undefined, { event }: ControllerContext): Plan | undefined {
  const { schedule, timeZone = 'UTC' } = cronJob.spec;
  try {
    zoneOffset(0, timeZone);
  } catch (error) {
    event(cronJob, 'Warning', 'UnknownTimeZone', `invalid timeZone: ${JSON.stringify(timeZone)}: ${textOf(error)}`);
    return undefined;
  }
  const last = parseTime(status.lastScheduleTime) ?? parseTime(cronJob.metadata.creationTimestamp) ?? 0;
  try {
    return { schedule: parseCron(schedule), zone: timeZone, earliest: Math.max(last, since ?? 0) };
  } catch (error) {
    if (!(error instanceof CronError)) throw error;
    event(cronJob, 'Warning', 'UnparseableSchedule', `unparseable schedule: ${JSON.stringify(schedule)} : ${error.message}`);
    return undefined;
  }
}

function nextLook({ schedule, zone, earliest }: Plan, now: number): Result {
  const { latest, count } = missedTimes(schedule, earliest, now, zone);
  const next = nextTime(schedule, latest ?? (count === 0 ? earliest : now), zone);
  return next === undefined ? {} : { requeueAfterSeconds: Math.max(0, next + PADDING_MS - now) / 1000 };
}

/** Starts the job of a time that has come. False where it is not to be started, or another one started it. */
async function startJob(look: Look, at: number, zone: string, context: ControllerContext): Promise<void> {
  const { cronJob, status } = look;
  const { client, event } = context;
  const wanted = jobFor(cronJob, at, zone);
  let job: Job;
  try {
    job = await client.create<Job>(JOBS, wanted);
    event(cronJob, 'Normal', 'SuccessfulCreate', `Created job ${nameOf(job)}`);
  } catch (error) {
    if (isNamespaceTerminating(error)) return;
    if (!isAlreadyExists(error)) {
      event(cronJob, 'Warning', 'FailedCreate', `Error creating job: ${textOf(error)}`);
      throw error;
    }
    // made by an earlier look that did not get to say so, or by someone else
    job = await client.get<Job>(JOBS, namespaceOf(wanted), nameOf(wanted));
    if (controllerOf(job)?.uid !== cronJob.metadata.uid || isActive(status, job.metadata.uid)) return;
  }
  status.active = [...(status.active ?? []), referenceTo(job)];
  status.lastScheduleTime = timestamp(at);
}

async function schedule(look: Look, plan: Plan, context: ControllerContext): Promise<void> {
  const { cronJob, status } = look;
  const { clock, client, event } = context;
  const { startingDeadlineSeconds, concurrencyPolicy } = cronJob.spec;
  const now = clock.now();
  const deadline = startingDeadlineSeconds === undefined ? undefined : now - startingDeadlineSeconds * 1000;
  const { latest, count }: Missed = missedTimes(plan.schedule, Math.max(plan.earliest, deadline ?? 0), now, plan.zone);
  if (latest === undefined) return;
  if (count > MANY) event(cronJob, 'Warning', 'TooManyMissedTimes', 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew');
  if (deadline !== undefined && latest < deadline) {
    event(cronJob, 'Warning', 'MissSchedule', `Missed scheduled time to start a job: ${longTime(latest)}`);
    return;
  }
  const name = `${nameOf(cronJob)}-${Math.floor(latest / MINUTE)}`;
  if ((status.active ?? []).some((one) => one.name === name) || parseTime(status.lastScheduleTime) === latest) return;
  if (concurrencyPolicy === 'Forbid' && (status.active ?? []).length > 0) {
    event(cronJob, 'Normal', 'JobAlreadyActive', 'Not starting job because prior execution is running and concurrency policy is Forbid');
    return;
  }
  if (concurrencyPolicy === 'Replace')
    for (const one of status.active ?? []) {
      try {
        const job = await client.get<Job>(JOBS, one.namespace ?? '', one.name ?? '');
        if (!(await deleteJob(look, job, context))) throw new Error(`could not replace job ${one.namespace}/${one.name}`);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  await startJob(look, latest, plan.zone, context);
}

export function cronJobController(): Controller {
  /**
   * Since when a schedule is as it is: times of a schedule that was not there then have not been missed. Losing it may start one job for the
   * latest of them, as a restart of Kubernetes' own controller does.
   */
  const rescheduled = new Map<string, number>();
  const fresh = new Set<string>();

  function ownKeys({ old, now }: Mapped): readonly Key[] {
    const [before, after] = [old as CronJob | undefined, now as CronJob | undefined];
    const { uid } = (after ?? before)!.metadata;
    if (after === undefined) rescheduled.delete(uid!);
    else if (before !== undefined && (before.spec.schedule !== after.spec.schedule || before.spec.timeZone !== after.spec.timeZone)) fresh.add(uid!);
    return [keyOf((after ?? before)!)];
  }

  async function reconcile(key: Key, context: ControllerContext): Promise<Result> {
    const { cache, client, clock, event } = context;
    const { namespace, name } = splitKey(key);
    const cronJob = cache.get<CronJob>(CRON_JOBS, namespace, name);
    if (cronJob === undefined) return {};
    const now = clock.now();
    const uid = cronJob.metadata.uid!;
    if (fresh.delete(uid)) rescheduled.set(uid, now);
    const look: Look = { cronJob, status: structuredClone(cronJob.status ?? {}), jobs: cache.ownedBy<Job>(JOBS, uid) };
    await removeOldJobs(look, context);
    await noteEnds(look, context);
    let result: Result = {};
    const plan = cronJob.metadata.deletionTimestamp === undefined ? planOf(look, rescheduled.get(uid), context) : undefined;
    let failure: unknown;
    if (plan !== undefined && cronJob.spec.suspend !== true)
      try {
        await schedule(look, plan, context);
        const last = parseTime(look.status.lastScheduleTime) ?? 0;
        result = nextLook({ ...plan, earliest: Math.max(plan.earliest, last) }, now);
      } catch (error) {
        if (error instanceof NeverScheduled) event(cronJob, 'Warning', 'InvalidSchedule', `invalid schedule: ${cronJob.spec.schedule} : ${error.message}`);
        else failure = error;
      }
    if (look.status.active?.length === 0) delete look.status.active;
    if (!sameJson(look.status, cronJob.status ?? {})) await client.update<CronJob>(CRON_JOBS, { ...cronJob, status: look.status }, 'status');
    if (failure !== undefined) throw failure;
    return result;
  }

  return {
    name: 'cronjob-controller',
    watches: [
      { resource: CRON_JOBS, keys: ownKeys },
      {
        resource: JOBS,
        keys({ old, now }: Mapped, cache: Cache) {
          const keys = new Set<Key>();
          for (const job of [old, now]) {
            const reference = job === undefined ? undefined : controllerOf(job);
            const owner = reference?.kind === 'CronJob' ? cache.get(CRON_JOBS, namespaceOf(job!), reference.name) : undefined;
            if (owner !== undefined && owner.metadata.uid === reference!.uid) keys.add(keyOf(owner));
          }
          return [...keys];
        },
      },
    ],
    reconcile,
  };
}
