/** Cron jobs. */
import type { CronJob, CronJobSpec, JobSpec } from '#kinds/generated/types.ts';
import { type FieldError, invalid, notSupported } from '#machinery/field-error.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { specWarnings } from '../core/pod/warnings.ts';
import { type Errors, checkNotNegative, checkOneOf, checkRequired } from '../shared/check.ts';
import { AGE, CONTAINERS, IMAGES, containerImages, containerNames, integer, text } from '../shared/columns.ts';
import { selectorText } from '../shared/selector.ts';
import { statusDoor } from '../shared/workload.ts';
import { CronError, parseCron } from './cron.ts';
import { checkJobSpec, jobTemplateDefaults } from './job-spec.ts';

/** A job's name is the cron job's and 11 characters more; together they may not be longer than a label. */
const NAME_LENGTH = 52;
const IN_SCHEDULE = 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead';

function checkSchedule(errors: Errors, schedule: string): void {
  if (schedule.includes('TZ')) {
    errors.push(invalid('spec.schedule', schedule, IN_SCHEDULE));
    return;
  }
  try {
    parseCron(schedule);
  } catch (error) {
    if (!(error instanceof CronError)) throw error;
    errors.push(invalid('spec.schedule', schedule, error.message));
  }
}

const knownZones = new Map<string, boolean>();

function isZone(name: string): boolean {
  let known = knownZones.get(name);
  if (known === undefined) {
    try {
      known = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '' && !/^[+-]/.test(name);
    } catch {
      known = false;
    }
    if (knownZones.size < 1000) knownZones.set(name, known);
  }
  return known;
}

function checkZone(errors: Errors, zone: string): void {
  const field = 'spec.timeZone';
  if (zone === '') errors.push(invalid(field, zone, 'timeZone must be nil or non-empty string'));
  else if (zone.toLowerCase() === 'local') errors.push(invalid(field, zone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'));
  else if (!isZone(zone)) errors.push(invalid(field, zone, `unknown time zone ${zone}`));
}

function validate({ metadata, spec }: CronJob): FieldError[] {
  const errors: FieldError[] = [];
  const own: Partial<CronJobSpec> = spec ?? {};
  if (checkRequired(errors, 'spec.schedule', own.schedule)) checkSchedule(errors, own.schedule!);
  checkNotNegative(errors, 'spec.startingDeadlineSeconds', own.startingDeadlineSeconds);
  if (own.timeZone !== undefined) checkZone(errors, own.timeZone);
  checkOneOf(errors, 'spec.concurrencyPolicy', own.concurrencyPolicy, ['Allow', 'Forbid', 'Replace']);
  const job: Partial<JobSpec> = own.jobTemplate?.spec ?? {};
  if (job.selector !== undefined) errors.push(invalid('spec.jobTemplate.spec.selector', job.selector, '`selector` will be auto-generated'));
  if (job.manualSelector === true) errors.push(notSupported('spec.jobTemplate.spec.manualSelector', true, ['nil', 'false']));
  checkJobSpec(errors, 'spec.jobTemplate.spec', job);
  checkNotNegative(errors, 'spec.successfulJobsHistoryLimit', own.successfulJobsHistoryLimit);
  checkNotNegative(errors, 'spec.failedJobsHistoryLimit', own.failedJobsHistoryLimit);
  if ((metadata.name ?? '').length > NAME_LENGTH) errors.push(invalid('metadata.name', metadata.name, `must be no more than ${NAME_LENGTH} characters`));
  return errors;
}

export const cronJob = behaviour<CronJob>({
  defaults(object) {
    const spec = object.spec as Partial<CronJobSpec> | undefined;
    if (spec === undefined) return;
    spec.concurrencyPolicy ||= 'Allow';
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
    const template = spec.jobTemplate;
    if (template === undefined) return;
    template.metadata ??= {};
    if (template.metadata.creationTimestamp === null) delete template.metadata.creationTimestamp;
    if (template.spec !== undefined) jobTemplateDefaults(template.spec);
  },
  validate,
  warnings({ spec }) {
    const template = spec?.jobTemplate?.spec?.template;
    return template?.spec === undefined ? [] : specWarnings('spec.jobTemplate.spec.template.spec', template.spec, template.metadata);
  },
  stored: { status: statusDoor<CronJob>() },
  columns: [
    text('Schedule', 'The schedule in Cron format, see https://en.wikipedia.org/wiki/Cron.'),
    text(
      'Timezone',
      'The time zone name for the given schedule, see https://en.wikipedia.org/wiki/List_of_tz_database_time_zones. If not specified, this will default to the time zone of the kube-controller-manager process. The set of valid time zone names and the time zone offset is loaded from the system-wide time zone database by the API server during CronJob validation and the controller manager during execution. If no system-wide time zone database can be found a bundled version of the database is used instead. If the time zone name becomes invalid during the lifetime of a CronJob or due to a change in host configuration, the controller will stop creating new new Jobs and will create a system event with the reason UnknownTimeZone. More information can be found in https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#time-zones',
    ),
    {
      name: 'Suspend',
      type: 'boolean',
      description: 'This flag tells the controller to suspend subsequent executions, it does not apply to already started executions.  Defaults to false.',
    },
    integer('Active', 'A list of pointers to currently running jobs.'),
    text('Last Schedule', 'Information when was the last time the job was successfully scheduled.'),
    AGE,
    CONTAINERS,
    IMAGES,
    text(
      'Selector',
      'A label query over pods that should match the pod count. Normally, the system sets this field for you. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors',
      1,
    ),
  ],
  row: ({ spec, status, metadata }, now) => {
    const template = spec?.jobTemplate?.spec?.template?.spec;
    return {
      cells: [
        spec?.schedule ?? '',
        spec?.timeZone ?? '<none>',
        spec?.suspend === undefined ? '<unset>' : spec.suspend ? 'True' : 'False',
        (status?.active ?? []).length,
        status?.lastScheduleTime === undefined ? '<none>' : age(status.lastScheduleTime, now),
        age(metadata.creationTimestamp, now),
        containerNames(template),
        containerImages(template),
        selectorText(spec?.jobTemplate?.spec?.selector),
      ],
    };
  },
});
