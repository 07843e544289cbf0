/** Jobs. */
import type { Job, JobSpec, PodTemplateSpec } from '#kinds/generated/types.ts';
import { type FieldError, invalid, required } from '#machinery/field-error.ts';
import { semanticEqual } from '#machinery/json.ts';
import { isDNS1123Label } from '#machinery/names.ts';
import { age, humanDuration, parseTime } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { specWarnings } from '../core/pod/warnings.ts';
import { type Errors, checkImmutable } from '../shared/check.ts';
import { AGE, CONTAINERS, IMAGES, containerImages, containerNames, text } from '../shared/columns.ts';
import { checkLabelSelector, isReadable, selectorText, selects } from '../shared/selector.ts';
import { keepSpec } from '../shared/workload.ts';
import { checkJobSpec, jobSpecDefaults } from './job-spec.ts';
import { validateJobStatus } from './job-status.ts';

const UID = 'batch.kubernetes.io/controller-uid';
const NAME = 'batch.kubernetes.io/job-name';
/** Each label in its old and its new spelling. */
const UIDS: readonly string[] = ['controller-uid', UID];
const NAMES: readonly string[] = ['job-name', NAME];

/** Pods of a job are told apart from all others by its uid. */
function generateSelector(job: Job): void {
  const spec = job.spec as Partial<JobSpec> | undefined;
  if (spec?.template === undefined) return;
  const { name = '', uid = '' } = job.metadata;
  const meta = (spec.template.metadata ??= {});
  const labels: Record<string, string> = { ...meta.labels };
  for (const key of NAMES) labels[key] ??= name;
  for (const key of UIDS) labels[key] ??= uid;
  meta.labels = labels;
  spec.selector = { ...spec.selector, matchLabels: { ...spec.selector?.matchLabels } };
  spec.selector.matchLabels![UID] ??= uid;
}

function checkGenerated(errors: Errors, job: Job): void {
  const spec = job.spec as Partial<JobSpec>;
  if (spec.manualSelector === true || spec.selector === undefined) return;
  const { name = '', uid = '' } = job.metadata;
  const labels = spec.template?.metadata?.labels ?? {};
  const expected: Readonly<Record<string, string>> = { 'controller-uid': uid, 'job-name': name, [UID]: uid, [NAME]: name };
  for (const [key, value] of Object.entries(expected)) {
    const field = `spec.template.metadata.labels[${key}]`;
    if (labels[key] === undefined) errors.push(required(field, `must be '${value}'`));
    else if (labels[key] !== value) errors.push(invalid(field, labels[key], `must be '${value}'`));
  }
  if (isReadable(spec.selector) && !selects(spec.selector, expected)) errors.push(invalid('spec.selector', spec.selector, '`selector` not auto-generated'));
}

function checkSpec(errors: Errors, spec: Partial<JobSpec>): void {
  checkJobSpec(errors, 'spec', spec);
  if (spec.selector === undefined) errors.push(required('spec.selector'));
  else checkLabelSelector(errors, 'spec.selector', spec.selector);
  // a selector that is not there selects nothing
  const labels = spec.template?.metadata?.labels ?? {};
  if (isReadable(spec.selector) && !selects(spec.selector, labels)) errors.push(invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'));
}

function validate(job: Job): FieldError[] {
  const errors: FieldError[] = [];
  const spec: Partial<JobSpec> = job.spec ?? {};
  checkGenerated(errors, job);
  checkSpec(errors, spec);
  if (spec.completionMode === 'Indexed' && (spec.completions ?? 0) > 0) {
    const host = `${job.metadata.name ?? ''}-${spec.completions! - 1}`;
    if (isDNS1123Label(host).length > 0) errors.push(invalid('metadata.name', job.metadata.name ?? '', `will not able to create pod with invalid DNS label: ${host}`));
  }
  return errors;
}

/** What queueing controllers may still decide for a job that waits. */
function withScheduling(template: PodTemplateSpec, old: PodTemplateSpec, resources: boolean): PodTemplateSpec {
  const spec: Record<string, unknown> = { ...template.spec };
  const was = (old.spec ?? {}) as unknown as Record<string, unknown>;
  const restore = (into: Record<string, unknown>, from: Readonly<Record<string, unknown>>, name: string): void => {
    if (from[name] === undefined) delete into[name];
    else into[name] = from[name];
  };
  for (const name of ['nodeSelector', 'tolerations', 'schedulingGates']) restore(spec, was, name);
  const affinity: Record<string, unknown> = { ...(spec['affinity'] as object) };
  restore(affinity, (was['affinity'] ?? {}) as Record<string, unknown>, 'nodeAffinity');
  if (Object.keys(affinity).length === 0) delete spec['affinity'];
  else spec['affinity'] = affinity;
  if (resources)
    for (const name of ['containers', 'initContainers']) {
      const before = was[name] as readonly Record<string, unknown>[] | undefined;
      const list = spec[name] as readonly Record<string, unknown>[] | undefined;
      if (list !== undefined && before?.length === list.length)
        spec[name] = list.map((container, index) => {
          const copy = { ...container };
          restore(copy, before[index]!, 'resources');
          return copy;
        });
    }
  const metadata: Record<string, unknown> = { ...template.metadata };
  for (const name of ['labels', 'annotations']) restore(metadata, (old.metadata ?? {}) as Record<string, unknown>, name);
  return { ...template, metadata, spec: spec as unknown as NonNullable<PodTemplateSpec['spec']> };
}

/** An elastic job has as many pods as completions. */
function checkCompletions(errors: Errors, now: Partial<JobSpec>, old: Partial<JobSpec>): void {
  if (now.completionMode !== 'Indexed') checkImmutable(errors, 'spec.completions', now.completions, old.completions);
  else if (now.completions !== undefined && now.completions !== old.completions && now.completions !== now.parallelism)
    errors.push(invalid('spec.completions', now.completions, 'can only be modified in tandem with spec.parallelism'));
}

/** Nothing of it runs: what its pods will ask for may still change. */
function isAtRest({ spec, status }: Job): boolean {
  const noted = (status?.conditions ?? []).some((condition) => condition.type === 'Suspended' && condition.status === 'True');
  return spec?.suspend === true && (status?.startTime === undefined || noted) && (status?.active ?? 0) === 0;
}

function validateUpdate(now: Job, old: Job): FieldError[] {
  const errors: FieldError[] = [];
  const [spec, was]: [Partial<JobSpec>, Partial<JobSpec>] = [now.spec ?? {}, old.spec ?? {}];
  checkCompletions(errors, spec, was);
  checkImmutable(errors, 'spec.selector', spec.selector, was.selector);
  const template = isAtRest(old) && spec.template !== undefined && was.template !== undefined ? withScheduling(spec.template, was.template, true) : spec.template;
  if (!semanticEqual(template, was.template)) checkImmutable(errors, 'spec.template', spec.template, was.template);
  for (const name of ['completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'] as const)
    checkImmutable(errors, `spec.${name}`, spec[name], was[name]);
  return errors;
}

const ENDINGS = ['Complete', 'Failed'] as const;

function statusOf({ status, metadata }: Job): string {
  const is = (type: string): boolean => (status?.conditions ?? []).some((condition) => condition.type === type && condition.status === 'True');
  const ending = ENDINGS.find(is);
  if (ending !== undefined) return ending;
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find(is) ?? 'Running';
}

function completionsOf({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec?.completions !== undefined) return `${succeeded}/${spec.completions}`;
  return (spec?.parallelism ?? 0) > 1 ? `${succeeded}/1 of ${spec!.parallelism}` : `${succeeded}/1`;
}

function durationOf({ status }: Job, now: number): string {
  const start = parseTime(status?.startTime);
  return start === undefined ? '' : humanDuration((parseTime(status?.completionTime) ?? now) - start);
}

export const job = behaviour<Job>({
  defaultPropagation: 'Orphan',
  deleteWarning:
    'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
  defaults(object) {
    const spec = object.spec as Partial<JobSpec> | undefined;
    if (spec === undefined) return;
    jobSpecDefaults(spec);
    const labels = spec.template?.metadata?.labels;
    if (labels !== undefined && Object.keys(object.metadata.labels ?? {}).length === 0) object.metadata.labels = { ...labels };
  },
  prepareForCreate(object) {
    if (object.spec?.manualSelector !== true) generateSelector(object);
  },
  validate,
  validateUpdate,
  warnings({ spec, metadata }) {
    const found: string[] = [];
    if (isDNS1123Label(metadata.name ?? '').length > 0)
      found.push(
        `metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [${isDNS1123Label(metadata.name ?? '').join(' ')}]`,
      );
    if (spec?.template?.spec !== undefined) found.push(...specWarnings('spec.template.spec', spec.template.spec, spec.template.metadata));
    return found;
  },
  stored: { status: { prepareForUpdate: keepSpec, validateUpdate: validateJobStatus, resetFields: [['spec']] } },
  fields: { 'status.successful': ({ status }) => String(status?.succeeded ?? 0) },
  columns: [
    text('Status', 'Status of the job.'),
    text(
      'Completions',
      'Specifies the desired number of successfully finished pods the job should be run with.  Setting to null means that the success of any pod signals the success of all pods, and allows parallelism to have any positive value.  Setting to 1 means that parallelism is limited to 1 and the success of that pod signals the success of the job. More info: https://kubernetes.io/docs/concepts/workloads/controllers/jobs-run-to-completion/',
    ),
    text('Duration', 'Time required to complete the job.'),
    AGE,
    CONTAINERS,
    IMAGES,
    text(
      'Selector',
      'A label query over pods that should match the pod count. Normally, the system sets this field for you. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors',
      1,
    ),
  ],
  row: (object, now) => ({
    cells: [
      statusOf(object),
      completionsOf(object),
      durationOf(object, now),
      age(object.metadata.creationTimestamp, now),
      containerNames(object.spec?.template?.spec),
      containerImages(object.spec?.template?.spec),
      selectorText(object.spec?.selector),
    ],
  }),
});
