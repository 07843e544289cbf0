/** Stateful sets. */
import type { PersistentVolumeClaim, StatefulSet, StatefulSetSpec } from '#kinds/generated/types.ts';
import { type FieldError, forbidden, invalid, notSupported, required } from '#machinery/field-error.ts';
import { semanticEqual } from '#machinery/json.ts';
import { isDNS1123Label } from '#machinery/names.ts';
import { annotationErrors, labelErrors } from '#machinery/object-meta.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { checkClaimSpec, claimSpecDefaults, claimWarnings } from '../core/persistent-volume-claim-spec.ts';
import { podTemplateDefaults } from '../core/pod/defaults.ts';
import { checkPodAnnotations, checkPodTemplate } from '../core/pod/validate.ts';
import { type Errors, checkNotNegative, checkText } from '../shared/check.ts';
import { AGE, CONTAINERS, IMAGES, containerImages, containerNames, text } from '../shared/columns.ts';
import {
  checkAtMostAll,
  checkCountOrPercent,
  checkRestarting,
  checkSelects,
  checkWorkloadSelector,
  goText,
  isNone,
  selectorOf,
  statusDoor,
  strategyText,
  templateWarnings,
} from '../shared/workload.ts';
import { checkCollisions, checkCounts, checkWithin } from './status.ts';

/** A rolling update that says nothing. */
const UNSET = { partition: 0, maxUnavailable: null };
const RETENTION: readonly string[] = ['Retain', 'Delete'];
const MUTABLE = ['replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy', 'minReadySeconds'] as const;

function checkStrategy(errors: Errors, spec: Partial<StatefulSetSpec>): void {
  const field = 'spec.updateStrategy';
  const { type = '', rollingUpdate: rolling } = spec.updateStrategy ?? {};
  switch (type) {
    case '':
      errors.push(required(field));
      return;
    case 'OnDelete':
      if (rolling !== undefined) errors.push(invalid(`${field}.rollingUpdate`, goText(rolling, UNSET), "only allowed for updateStrategy 'RollingUpdate'"));
      return;
    case 'RollingUpdate':
      checkNotNegative(errors, `${field}.rollingUpdate.partition`, rolling?.partition);
      if (rolling?.maxUnavailable !== undefined) {
        checkCountOrPercent(errors, `${field}.rollingUpdate.maxUnavailable`, rolling.maxUnavailable);
        if (isNone(rolling.maxUnavailable)) errors.push(invalid(`${field}.rollingUpdate.maxUnavailable`, rolling.maxUnavailable, 'cannot be 0'));
        checkAtMostAll(errors, `${field}.rollingUpdate.maxUnavailable`, rolling.maxUnavailable);
      }
      return;
    default:
      errors.push(invalid(field, strategyText(spec.updateStrategy, UNSET), "must be 'RollingUpdate' or 'OnDelete'"));
  }
}

function validate({ spec }: StatefulSet): FieldError[] {
  const errors: FieldError[] = [];
  const own: Partial<StatefulSetSpec> = spec ?? {};
  const { podManagementPolicy = '', template } = own;
  if (podManagementPolicy === '') errors.push(required('spec.podManagementPolicy'));
  else if (podManagementPolicy !== 'OrderedReady' && podManagementPolicy !== 'Parallel')
    errors.push(invalid('spec.podManagementPolicy', podManagementPolicy, "must be 'OrderedReady' or 'Parallel'"));
  checkStrategy(errors, own);
  for (const name of ['whenDeleted', 'whenScaled'] as const) {
    const policy = own.persistentVolumeClaimRetentionPolicy?.[name];
    if (own.persistentVolumeClaimRetentionPolicy !== undefined && !RETENTION.includes(policy ?? ''))
      errors.push(notSupported(`spec.persistentVolumeClaimRetentionPolicy.${name}`, policy ?? '', RETENTION));
  }
  checkNotNegative(errors, 'spec.replicas', own.replicas);
  checkNotNegative(errors, 'spec.minReadySeconds', own.minReadySeconds);
  checkNotNegative(errors, 'spec.ordinals.start', own.ordinals?.start);
  checkWorkloadSelector(errors, 'spec.selector', own.selector, 'statefulset');
  checkSelects(errors, 'spec.template', own.selector, template);
  errors.push(...labelErrors(template?.metadata?.labels, 'spec.template.labels'), ...annotationErrors(template?.metadata?.annotations, 'spec.template.annotations'));
  checkPodAnnotations(errors, 'spec.template.annotations', template?.metadata?.annotations, template?.spec ?? { containers: [] });
  checkRestarting(errors, 'spec.template', template, 'StatefulSet');
  return errors;
}

/** The template as pods will have it: its name's host and its claims' volumes are the controller's to fill in. */
function checkTemplate({ spec }: StatefulSet): FieldError[] {
  const errors: FieldError[] = [];
  const template = spec?.template;
  if (template?.spec === undefined) return errors;
  const { hostname: _, subdomain: __, ...rest } = template.spec;
  const names = new Set((spec?.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name ?? ''));
  const volumes = [...[...names].map((name) => ({ name, persistentVolumeClaim: { claimName: name } })), ...(rest.volumes ?? []).filter(({ name }) => !names.has(name))];
  checkPodTemplate(errors, 'spec.template', { ...template, spec: { ...rest, ...(volumes.length === 0 ? {} : { volumes }) } });
  return errors;
}

function validateCreate(object: StatefulSet): FieldError[] {
  const errors: FieldError[] = [];
  const { serviceName, volumeClaimTemplates = [] } = object.spec ?? {};
  if (serviceName) checkText(errors, 'spec.serviceName', serviceName, isDNS1123Label(serviceName));
  volumeClaimTemplates.forEach(({ spec = {} }, index) => checkClaimSpec(errors, `spec.volumeClaimTemplates[${index}].spec`, spec));
  return [...errors, ...checkTemplate(object)];
}

function validateUpdate(now: StatefulSet, old: StatefulSet): FieldError[] {
  // a template that was wrong before may stay so
  const errors = checkTemplate(old).length > 0 ? [] : checkTemplate(now);
  const fixed = ({ spec }: StatefulSet): object => {
    const rest: Record<string, unknown> = { ...spec };
    for (const name of MUTABLE) delete rest[name];
    return rest;
  };
  if (semanticEqual(fixed(now), fixed(old))) return errors;
  return [
    ...errors,
    forbidden(
      'spec',
      "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ),
  ];
}

function validateStatus(now: StatefulSet, old: StatefulSet): FieldError[] {
  const errors: FieldError[] = [];
  const { status } = now;
  checkCounts(errors, status, ['replicas', 'readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas', 'observedGeneration']);
  checkCollisions(errors, status, old.status);
  checkWithin(errors, status, ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'], 'replicas', 'cannot be greater than status.replicas');
  checkWithin(errors, status, ['availableReplicas'], 'readyReplicas', 'cannot be greater than status.readyReplicas');
  return errors;
}

function claimTemplateDefaults(claim: PersistentVolumeClaim): void {
  claim.apiVersion ||= 'v1';
  claim.kind ||= 'PersistentVolumeClaim';
  claim.metadata ??= {};
  if (claim.metadata.creationTimestamp === null) delete claim.metadata.creationTimestamp;
  claimSpecDefaults((claim.spec ??= {}));
  if (!claim.status?.phase) claim.status = { ...claim.status, phase: 'Pending' };
}

export const statefulSet = behaviour<StatefulSet>({
  nameRule: 'label',
  defaults(object) {
    const spec = object.spec as StatefulSetSpec | undefined;
    if (spec === undefined) return;
    spec.podManagementPolicy ||= 'OrderedReady';
    const strategy = (spec.updateStrategy ??= {});
    if (!strategy.type) {
      strategy.type = 'RollingUpdate';
      strategy.rollingUpdate ??= { partition: 0 };
    }
    if (strategy.type === 'RollingUpdate' && strategy.rollingUpdate !== undefined) strategy.rollingUpdate.partition ??= 0;
    const retention = (spec.persistentVolumeClaimRetentionPolicy ??= {});
    retention.whenDeleted ||= 'Retain';
    retention.whenScaled ||= 'Retain';
    spec.replicas ??= 1;
    spec.revisionHistoryLimit ??= 10;
    podTemplateDefaults(spec.template);
    for (const claim of spec.volumeClaimTemplates ?? []) claimTemplateDefaults(claim);
  },
  validate,
  validateCreate,
  validateUpdate,
  warnings(object, old) {
    const found = templateWarnings(object, old);
    (object.spec?.volumeClaimTemplates ?? []).forEach(({ spec }, index) => {
      found.push(...claimWarnings(`spec.volumeClaimTemplates[${index}]${old === undefined ? '' : '.Spec'}`, spec));
    });
    if ((object.spec?.revisionHistoryLimit ?? 0) < 0) found.push('spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended');
    return found;
  },
  stored: { status: statusDoor<StatefulSet>(validateStatus) },
  scale: { specReplicas: ['spec', 'replicas'], statusReplicas: ['status', 'replicas'], selector: selectorOf },
  columns: [text('Ready', 'Number of the pod with ready state'), AGE, CONTAINERS, IMAGES],
  row: ({ spec, status, metadata }, now) => ({
    cells: [
      `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
      age(metadata.creationTimestamp, now),
      containerNames(spec?.template?.spec),
      containerImages(spec?.template?.spec),
    ],
  }),
});
