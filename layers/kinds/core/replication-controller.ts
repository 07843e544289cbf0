import type { ReplicationController } from '../generated/types.ts';
import { type FieldError, invalid, required } from '#machinery/field-error.ts';
import { formatLabelSelector, matches, selectorFromMap } from '#machinery/labels.ts';
import { labelErrors } from '#machinery/object-meta.ts';
import { behaviour } from '../behaviour.ts';
import { defaultPodTemplate, validatePodTemplate } from './pod/template.ts';
import { AGE, ageOf, column, CONTAINER_COLUMNS, containerCells, labelsText } from '../shared/cells.ts';

function validate({ spec }: ReplicationController): FieldError[] {
  if (spec === undefined) return [required('spec')];
  const errors: FieldError[] = [];
  for (const field of ['minReadySeconds', 'replicas'] as const) if ((spec[field] ?? 0) < 0) errors.push(invalid(`spec.${field}`, spec[field], 'must be greater than or equal to 0'));
  if (Object.keys(spec.selector ?? {}).length === 0) errors.push(required('spec.selector'));
  errors.push(...labelErrors(spec.selector, 'spec.selector'));
  if (spec.template === undefined) errors.push(required('spec.template'));
  else {
    if (Object.keys(spec.selector ?? {}).length > 0 && !matches(selectorFromMap(spec.selector), spec.template.metadata?.labels)) errors.push(invalid('spec.template.metadata.labels', spec.template.metadata?.labels ?? {}, '`selector` does not match template `labels`'));
    errors.push(...validatePodTemplate(spec.template, 'spec.template'));
  }
  return errors;
}

export const replicationController = behaviour<ReplicationController>({
  defaultPropagation: 'Orphan',
  fields: { 'status.replicas': ({ status }) => String(status?.replicas ?? 0) },
  defaults(object) {
    const spec = (object.spec ??= {});
    const labels = spec.template?.metadata?.labels;
    if (labels !== undefined) {
      if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels };
      if (Object.keys(object.metadata.labels ?? {}).length === 0) object.metadata.labels = { ...labels };
    }
    spec.replicas ??= 1;
    if (spec.template !== undefined) defaultPodTemplate(spec.template);
  },
  prepareForCreate(object) {
    object.status = { replicas: 0 };
  },
  validate,
  scale: { specReplicas: ['spec', 'replicas'], statusReplicas: ['status', 'replicas'], selector: ({ spec }) => formatLabelSelector(selectorFromMap(spec?.selector)) },
  columns: [
    column('Desired', 'Number of desired pods.', 'integer'),
    column('Current', 'The number of pods that exist.', 'integer'),
    column('Ready', 'The number of ready pods.', 'integer'),
    AGE,
    ...CONTAINER_COLUMNS,
    column('Selector', 'Label keys and values that must match in order to be controlled by this replication controller.', 'string', 1),
  ],
  row: ({ spec, status, metadata }, now) => ({ cells: [spec?.replicas ?? 0, status?.replicas ?? 0, status?.readyReplicas ?? 0, ageOf(metadata.creationTimestamp, now), ...containerCells(spec?.template?.spec?.containers), labelsText(spec?.selector)] }),
});
