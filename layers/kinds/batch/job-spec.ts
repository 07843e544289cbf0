/** The spec of a job: of its own, and in the template of a cron job. */
import type { JobSpec, PodFailurePolicy, PodFailurePolicyRule, PodTemplateSpec, SuccessPolicy } from '#kinds/generated/types.ts';
import { duplicate, invalid, notSupported, required, tooLong, tooMany } from '#machinery/field-error.ts';
import { isDNS1123Subdomain, isQualifiedName } from '#machinery/names.ts';
import { podTemplateDefaults } from '../core/pod/defaults.ts';
import { checkPodTemplate } from '../core/pod/validate.ts';
import { type Errors, checkNotNegative, checkText } from '../shared/check.ts';

const MAX_INT32 = 2_147_483_647;
/** Above this many completions the other limits of indexed jobs shrink. */
const MANY_COMPLETIONS = 100_000;
const MAX_PARALLELISM = 100_000;
const MAX_WHEN_MANY = 10_000;
const MANAGER_LENGTH = 63;
export const BUILT_IN_MANAGER = 'kubernetes.io/job-controller';

/** What is filled in even inside a cron job, where the rest waits until there is a job. */
export function jobTemplateDefaults(spec: Partial<JobSpec>): void {
  for (const { onPodConditions } of spec.podFailurePolicy?.rules ?? []) for (const pattern of onPodConditions ?? []) pattern.status ||= 'True';
  podTemplateDefaults(spec.template as PodTemplateSpec | undefined);
}

export function jobSpecDefaults(spec: Partial<JobSpec>): void {
  // neither given: one pod, once
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : MAX_INT32;
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.manualSelector ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed';
  jobTemplateDefaults(spec);
}

function checkIndexed(errors: Errors, field: string, spec: Partial<JobSpec>): void {
  const { completions, parallelism = 0, maxFailedIndexes, backoffLimitPerIndex } = spec;
  if (completions === undefined) errors.push(required(`${field}.completions`, 'when completion mode is Indexed'));
  if (parallelism > MAX_PARALLELISM) errors.push(invalid(`${field}.parallelism`, parallelism, `must be less than or equal to ${MAX_PARALLELISM} when completion mode is Indexed`));
  if (completions !== undefined && maxFailedIndexes !== undefined && maxFailedIndexes > completions)
    errors.push(invalid(`${field}.maxFailedIndexes`, maxFailedIndexes, 'must be less than or equal to completions'));
  if (maxFailedIndexes !== undefined && maxFailedIndexes > MANY_COMPLETIONS)
    errors.push(invalid(`${field}.maxFailedIndexes`, maxFailedIndexes, `must be less than or equal to ${MANY_COMPLETIONS}`));
  if (completions === undefined || completions <= MANY_COMPLETIONS || backoffLimitPerIndex === undefined) return;
  const why = `must be less than or equal to ${MAX_WHEN_MANY} when completions are above ${MANY_COMPLETIONS} and used with backoff limit per index`;
  if (maxFailedIndexes === undefined) errors.push(required(`${field}.maxFailedIndexes`, `must be specified when completions is above ${MANY_COMPLETIONS}`));
  if (parallelism > MAX_WHEN_MANY) errors.push(invalid(`${field}.parallelism`, parallelism, why));
  if (maxFailedIndexes !== undefined && maxFailedIndexes > MAX_WHEN_MANY) errors.push(invalid(`${field}.maxFailedIndexes`, maxFailedIndexes, why));
}

const ACTIONS: readonly string[] = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const RULES = 20;
const PATTERNS = 20;
const EXIT_CODES = 255;

function checkExitCodes(errors: Errors, field: string, rule: NonNullable<PodFailurePolicyRule['onExitCodes']>, containers: ReadonlySet<string>): void {
  const { operator = '', values = [], containerName } = rule;
  if (operator === '') errors.push(required(`${field}.operator`));
  else if (operator !== 'In' && operator !== 'NotIn') errors.push(notSupported(`${field}.operator`, operator, ['In', 'NotIn']));
  if (containerName !== undefined && !containers.has(containerName))
    errors.push(invalid(`${field}.containerName`, containerName, 'must be one of the container or initContainer names in the pod template'));
  if (values.length === 0) errors.push(invalid(`${field}.values`, values, 'at least one value is required'));
  else if (values.length > EXIT_CODES) errors.push(tooMany(`${field}.values`, values.length, EXIT_CODES));
  let [ordered, last] = [true, Number.NEGATIVE_INFINITY];
  values.forEach((value, index) => {
    if (operator === 'In' && value === 0) errors.push(invalid(`${field}.values[${index}]`, value, 'must not be 0 for the In operator'));
    if (values.indexOf(value) < index) errors.push(duplicate(`${field}.values[${index}]`, value));
    if (value < last) ordered = false;
    last = value;
  });
  if (!ordered) errors.push(invalid(`${field}.values`, values, 'must be ordered'));
}

function checkFailurePolicy(errors: Errors, field: string, policy: PodFailurePolicy, spec: Partial<JobSpec>): void {
  const rules = policy.rules ?? [];
  if (rules.length > RULES) errors.push(tooMany(`${field}.rules`, rules.length, RULES));
  const template = spec.template?.spec;
  const containers = new Set([...(template?.containers ?? []), ...(template?.initContainers ?? [])].map(({ name }) => name));
  rules.forEach(({ action = '', onExitCodes, onPodConditions = [] }, index) => {
    const at = `${field}.rules[${index}]`;
    if (action === '') errors.push(required(`${at}.action`, `valid values: [${ACTIONS.map((one) => JSON.stringify(one)).join(' ')}]`));
    else if (action === 'FailIndex') {
      if (spec.backoffLimitPerIndex === undefined) errors.push(invalid(`${at}.action`, action, 'requires the backoffLimitPerIndex to be set'));
    } else if (!ACTIONS.includes(action)) errors.push(notSupported(`${at}.action`, action, ACTIONS));
    if (onExitCodes !== undefined) checkExitCodes(errors, `${at}.onExitCodes`, onExitCodes, containers);
    if (onPodConditions.length > PATTERNS) errors.push(tooMany(`${at}.onPodConditions`, onPodConditions.length, PATTERNS));
    onPodConditions.forEach(({ type, status = '' }, number) => {
      const pattern = `${at}.onPodConditions[${number}]`;
      checkText(errors, `${pattern}.type`, type ?? '', isQualifiedName(type ?? ''));
      if (status === '') errors.push(required(`${pattern}.status`, 'valid values: ["False" "True" "Unknown"]'));
      else if (!['False', 'True', 'Unknown'].includes(status)) errors.push(notSupported(`${pattern}.status`, status, ['False', 'True', 'Unknown']));
    });
    if (onExitCodes !== undefined && onPodConditions.length > 0) errors.push(invalid(at, undefined, 'specifying both OnExitCodes and OnPodConditions is not supported'));
    if (onExitCodes === undefined && onPodConditions.length === 0) errors.push(invalid(at, undefined, 'specifying one of OnExitCodes and OnPodConditions is required'));
  });
}

/** `0-3,5`: ascending, without overlaps; the count of indexes, or why it is no such list. */
export function indexCount(text: string, completions: number): number | string {
  let [count, last] = [0, -1];
  for (const part of text.split(',')) {
    const bounds = part.split('-');
    if (bounds.length > 2 || bounds.some((bound) => !/^\d+$/.test(bound)))
      return `cannot convert string to integer for index: ${JSON.stringify(bounds.find((bound) => !/^\d+$/.test(bound)) ?? part)}`;
    const [from, to] = [Number(bounds[0]), Number(bounds[1] ?? bounds[0])];
    if (from <= last) return `non-increasing order, previous: ${last}, current: ${from}`;
    if (to < from || (bounds.length === 2 && to === from)) return `non-increasing order, previous: ${from}, current: ${to}`;
    if (to >= completions) return `too large index: ${JSON.stringify(String(to))}`;
    count += to - from + 1;
    last = to;
  }
  return count;
}

function checkSuccessPolicy(errors: Errors, field: string, policy: SuccessPolicy, completions: number): void {
  const rules = policy.rules ?? [];
  if (rules.length === 0) errors.push(required(`${field}.rules`, 'at least one rules must be specified when the successPolicy is specified'));
  if (rules.length > RULES) errors.push(tooMany(`${field}.rules`, rules.length, RULES));
  rules.forEach(({ succeededCount, succeededIndexes }, index) => {
    const at = `${field}.rules[${index}]`;
    if (succeededCount === undefined && succeededIndexes === undefined) errors.push(required(at, 'at least one of succeededCount or succeededIndexes must be specified'));
    let total: number | undefined;
    if (succeededIndexes !== undefined) {
      const count = indexCount(succeededIndexes, completions);
      if (typeof count === 'string') errors.push(invalid(`${at}.succeededIndexes`, succeededIndexes, `error parsing succeededIndexes: ${count}`));
      else total = count;
    }
    if (succeededCount === undefined) return;
    checkNotNegative(errors, `${at}.succeededCount`, succeededCount);
    if (succeededCount > completions)
      errors.push(invalid(`${at}.succeededCount`, succeededCount, `must be less than or equal to ${completions} (the number of specified completions)`));
    if (total !== undefined && succeededCount > total)
      errors.push(invalid(`${at}.succeededCount`, succeededCount, `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`));
  });
}

export function checkJobSpec(errors: Errors, field: string, spec: Partial<JobSpec>): void {
  for (const name of ['parallelism', 'completions', 'activeDeadlineSeconds', 'backoffLimit', 'ttlSecondsAfterFinished', 'backoffLimitPerIndex', 'maxFailedIndexes'] as const)
    checkNotNegative(errors, `${field}.${name}`, spec[name]);
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) errors.push(required(`${field}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'));
  if (spec.managedBy !== undefined) {
    const slash = spec.managedBy.indexOf('/');
    if (slash <= 0) errors.push(invalid(`${field}.managedBy`, spec.managedBy, 'must be a domain-prefixed path (such as "acme.io/foo")'));
    else {
      checkText(errors, `${field}.managedBy`, spec.managedBy.slice(0, slash), isDNS1123Subdomain(spec.managedBy.slice(0, slash)));
      if (slash === spec.managedBy.length - 1) errors.push(invalid(`${field}.managedBy`, spec.managedBy, 'must be a domain-prefixed path (such as "acme.io/foo")'));
    }
    if (spec.managedBy.length > MANAGER_LENGTH) errors.push(tooLong(`${field}.managedBy`, MANAGER_LENGTH));
  }
  const mode = spec.completionMode;
  if (mode !== undefined) {
    if (mode === 'Indexed') checkIndexed(errors, field, spec);
    else if (mode !== 'NonIndexed') errors.push(notSupported(`${field}.completionMode`, mode, ['NonIndexed', 'Indexed']));
  }
  if (mode !== 'Indexed')
    for (const name of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const)
      if (spec[name] !== undefined) errors.push(invalid(`${field}.${name}`, spec[name], 'requires indexed completion mode'));
  if (spec.podFailurePolicy !== undefined) checkFailurePolicy(errors, `${field}.podFailurePolicy`, spec.podFailurePolicy, spec);
  if (spec.successPolicy !== undefined) {
    if (mode === 'Indexed') checkSuccessPolicy(errors, `${field}.successPolicy`, spec.successPolicy, spec.completions ?? 0);
    else errors.push(invalid(`${field}.successPolicy`, spec.successPolicy, 'requires indexed completion mode'));
  }
  const replacement = spec.podReplacementPolicy;
  const replacements = spec.podFailurePolicy === undefined ? ['Failed', 'TerminatingOrFailed'] : ['Failed'];
  if (replacement !== undefined && !replacements.includes(replacement)) errors.push(notSupported(`${field}.podReplacementPolicy`, replacement, replacements));
  checkPodTemplate(errors, `${field}.template`, spec.template);
  const restart = spec.template?.spec?.restartPolicy ?? '';
  if (restart === 'Always') errors.push(required(`${field}.template.spec.restartPolicy`, 'valid values: "OnFailure", "Never"'));
  else if (restart !== 'OnFailure' && restart !== 'Never') errors.push(notSupported(`${field}.template.spec.restartPolicy`, restart, ['OnFailure', 'Never']));
  else if (spec.podFailurePolicy !== undefined && restart !== 'Never')
    errors.push(invalid(`${field}.template.spec.restartPolicy`, restart, 'only "Never" is supported when podFailurePolicy is specified'));
}
