/** Replication controllers. */
import type { PodTemplateSpec, ReplicationController } from '#kinds/generated/types.ts';
import { type FieldError, forbidden, invalid, notSupported, required } from '#machinery/field-error.ts';
import { formatLabelSelector, selectorFromMap } from '#machinery/labels.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { type Errors, checkNotNegative } from '../shared/check.ts';
import { AGE, CONTAINERS, IMAGES, containerImages, containerNames, integer, text } from '../shared/columns.ts';
import { mapText } from '../shared/selector.ts';
import { podTemplateDefaults } from './pod/defaults.ts';
import { checkPodTemplate } from './pod/validate.ts';
import { specWarnings } from './pod/warnings.ts';

function checkTemplate(errors: Errors, field: string, template: PodTemplateSpec | undefined, selector: Readonly<Record<string, string>>): void {
  if (template === undefined) {
    errors.push(required(field));
    return;
  }
  const labels = template.metadata?.labels ?? {};
  if (Object.keys(selector).some((key) => labels[key] !== selector[key])) errors.push(invalid(`${field}.metadata.labels`, labels, '`selector` does not match template `labels`'));
  checkPodTemplate(errors, field, template);
  const policy = template.spec?.restartPolicy ?? '';
  if (policy !== 'Always') errors.push(notSupported(`${field}.spec.restartPolicy`, policy, ['Always']));
  if (template.spec?.activeDeadlineSeconds !== undefined)
    errors.push(forbidden(`${field}.spec.activeDeadlineSeconds`, 'activeDeadlineSeconds in ReplicationController is not Supported'));
}

function validate({ spec }: ReplicationController): FieldError[] {
  const errors: FieldError[] = [];
  const selector = spec?.selector ?? {};
  checkNotNegative(errors, 'spec.minReadySeconds', spec?.minReadySeconds);
  if (Object.keys(selector).length === 0) errors.push(required('spec.selector'));
  if (spec?.replicas === undefined) errors.push(required('spec.replicas'));
  checkNotNegative(errors, 'spec.replicas', spec?.replicas);
  checkTemplate(errors, 'spec.template', spec?.template, selector);
  return errors;
}

/** Counts of a status, none above what it is part of. Shared with replica sets. */
export function checkReplicaCounts(
  errors: Errors,
  status: {
    readonly replicas?: number;
    readonly fullyLabeledReplicas?: number;
    readonly readyReplicas?: number;
    readonly availableReplicas?: number;
    readonly observedGeneration?: number;
  },
): void {
  const { replicas = 0, fullyLabeledReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = status;
  for (const name of ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'observedGeneration'] as const)
    checkNotNegative(errors, `status.${name}`, status[name]);
  const above = 'cannot be greater than status.replicas';
  if (fullyLabeledReplicas > replicas) errors.push(invalid('status.fullyLabeledReplicas', fullyLabeledReplicas, above));
  if (readyReplicas > replicas) errors.push(invalid('status.readyReplicas', readyReplicas, above));
  if (availableReplicas > replicas) errors.push(invalid('status.availableReplicas', availableReplicas, above));
  if (availableReplicas > readyReplicas) errors.push(invalid('status.availableReplicas', availableReplicas, 'cannot be greater than readyReplicas'));
}

export const replicationController = behaviour<ReplicationController>({
  defaultPropagation: 'Orphan',
  defaults(object) {
    const spec = (object.spec ??= {});
    const labels = spec.template?.metadata?.labels;
    if (labels !== undefined && Object.keys(labels).length > 0) {
      if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels };
      if (Object.keys(object.metadata.labels ?? {}).length === 0) object.metadata.labels = { ...labels };
    }
    spec.replicas ??= 1;
    podTemplateDefaults(spec.template);
  },
  prepareForCreate(object) {
    object.status = { replicas: 0 };
  },
  validate,
  validateUpdate: () => [],
  warnings: ({ spec }) => (spec?.template?.spec === undefined ? [] : specWarnings('spec.template.spec', spec.template.spec, spec.template.metadata)),
  stored: {
    status: {
      prepareForUpdate(object, old) {
        if (old.spec === undefined) delete object.spec;
        else object.spec = old.spec;
      },
      validateUpdate({ status }) {
        const errors: FieldError[] = [];
        checkReplicaCounts(errors, status ?? {});
        return errors;
      },
      resetFields: [['spec']],
    },
  },
  scale: {
    specReplicas: ['spec', 'replicas'],
    statusReplicas: ['status', 'replicas'],
    selector: ({ spec }) => formatLabelSelector(selectorFromMap((spec as ReplicationController['spec'])?.selector)),
  },
  fields: { 'status.replicas': ({ status }) => String(status?.replicas ?? 0) },
  columns: [
    integer('Desired', 'Replicas is the number of desired replicas. This is a pointer to distinguish between explicit zero and unspecified. Defaults to 1.'),
    integer('Current', 'Replicas is the most recently observed number of replicas.'),
    integer('Ready', 'The number of ready replicas for this replication controller.'),
    AGE,
    CONTAINERS,
    IMAGES,
    text('Selector', 'Selector is a label query over pods that should match the Replicas count.', 1),
  ],
  row: ({ spec, status, metadata }, now) => ({
    cells: [
      spec?.replicas ?? 0,
      status?.replicas ?? 0,
      status?.readyReplicas ?? 0,
      age(metadata.creationTimestamp, now),
      containerNames(spec?.template?.spec),
      containerImages(spec?.template?.spec),
      mapText(spec?.selector),
    ],
  }),
});
