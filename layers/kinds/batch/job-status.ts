/** Writes through `/status` of a job: a finished job stays finished, and the counts fit together. */
import type { Job, JobStatus } from '#kinds/generated/types.ts';
import { type FieldError, duplicate, invalid, required } from '#machinery/field-error.ts';
import { type Errors, checkNotNegative } from '../shared/check.ts';
import { indexCount } from './job-spec.ts';

const isTrue = (status: JobStatus | undefined, type: string): boolean => (status?.conditions ?? []).some((condition) => condition.type === type && condition.status === 'True');
const finished = (status: JobStatus | undefined): boolean => isTrue(status, 'Complete') || isTrue(status, 'Failed');

function checkConditions(errors: Errors, status: JobStatus, old: JobStatus | undefined): void {
  const field = 'status.conditions';
  for (const type of ['Complete', 'Failed', 'FailureTarget', 'SuccessCriteriaMet'])
    if (isTrue(old, type) && !isTrue(status, type)) errors.push(invalid(field, status.conditions ?? [], `cannot disable the terminal ${type}=True condition`));
  for (const [a, b] of [
    ['Complete', 'Failed'],
    ['Complete', 'FailureTarget'],
    ['SuccessCriteriaMet', 'Failed'],
    ['SuccessCriteriaMet', 'FailureTarget'],
  ] as const)
    if (isTrue(status, a) && isTrue(status, b)) errors.push(invalid(field, status.conditions ?? [], `cannot set ${a}=True and ${b}=true conditions`));
  if (isTrue(status, 'Failed') && !isTrue(status, 'FailureTarget') && !isTrue(old, 'Failed'))
    errors.push(invalid(field, status.conditions ?? [], 'cannot set Failed=True condition without the FailureTarget=true condition'));
  if (isTrue(status, 'Complete') && !isTrue(status, 'SuccessCriteriaMet') && !isTrue(old, 'Complete'))
    errors.push(invalid(field, status.conditions ?? [], 'cannot set Complete=True condition without the SuccessCriteriaMet=true condition'));
}

function checkUncounted(errors: Errors, status: JobStatus): void {
  const seen = new Set<string>();
  for (const name of ['succeeded', 'failed'] as const)
    (status.uncountedTerminatedPods?.[name] ?? []).forEach((uid, index) => {
      const field = `status.uncountedTerminatedPods.${name}[${index}]`;
      if (uid === '') errors.push(invalid(field, uid, 'must not be empty'));
      else if (seen.has(uid)) errors.push(duplicate(field, uid));
      seen.add(uid);
    });
}

function checkTimes(errors: Errors, status: JobStatus, old: Job): void {
  const complete = isTrue(status, 'Complete');
  if (complete && status.completionTime === undefined) errors.push(required('status.completionTime', 'completionTime is required for Complete jobs'));
  if (!complete && status.completionTime !== undefined)
    errors.push(invalid('status.completionTime', status.completionTime, 'cannot set completionTime when there is no Complete=True condition'));
  if (status.completionTime !== undefined && status.startTime !== undefined && status.completionTime < status.startTime)
    errors.push(invalid('status.completionTime', status.completionTime, 'completionTime cannot be set before startTime'));
  const started = old.status?.startTime;
  if (started !== undefined && status.startTime !== started && old.spec?.suspend !== true)
    errors.push(
      status.startTime === undefined
        ? required('status.startTime', 'startTime cannot be removed for unsuspended job')
        : invalid('status.startTime', status.startTime, 'cannot be changed for unsuspended job'),
    );
}

export function validateJobStatus(now: Job, old: Job): FieldError[] {
  const errors: FieldError[] = [];
  const status = now.status ?? {};
  for (const name of ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const) checkNotNegative(errors, `status.${name}`, status[name]);
  checkUncounted(errors, status);
  if ((status.ready ?? 0) > (status.active ?? 0)) errors.push(invalid('status.ready', status.ready, 'cannot set more ready pods than active'));
  const indexed = old.spec?.completionMode === 'Indexed';
  for (const name of ['completedIndexes', 'failedIndexes'] as const) {
    const text = status[name];
    if (!text) continue;
    if (!indexed) errors.push(invalid(`status.${name}`, text, `cannot set ${name} when non-indexed completion mode`));
    else {
      const count = indexCount(text, old.spec?.completions ?? 0);
      if (typeof count === 'string') errors.push(invalid(`status.${name}`, text, `error parsing ${name}: ${count}`));
    }
  }
  checkConditions(errors, status, old.status);
  checkTimes(errors, status, old);
  if (finished(status)) {
    if ((status.active ?? 0) > 0) errors.push(invalid('status.active', status.active, 'active>0 is invalid for finished job'));
    if ((status.terminating ?? 0) > 0) errors.push(invalid('status.terminating', status.terminating, 'terminating>0 is invalid for finished job'));
  }
  return errors;
}
