/** Deployments. */
import type { Deployment, DeploymentSpec } from '#kinds/generated/types.ts';
import { type FieldError, forbidden, invalid, notSupported, required } from '#machinery/field-error.ts';
import { semanticEqual } from '#machinery/json.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { podTemplateDefaults } from '../core/pod/defaults.ts';
import { type Errors, checkImmutable, checkNotNegative } from '../shared/check.ts';
import { AGE, CONTAINERS, IMAGES, containerImages, containerNames, text } from '../shared/columns.ts';
import {
  checkAtMostAll,
  checkCountOrPercent,
  checkTemplateOf,
  checkWorkloadSelector,
  isNone,
  namedTemplateWarnings,
  selectorOf,
  statusDoor,
  strategyText,
} from '../shared/workload.ts';
import { checkCollisions, checkCounts, checkWithin } from './status.ts';

/** Ten minutes. */
const PROGRESS_SECONDS = 600;

function checkStrategy(errors: Errors, { strategy }: DeploymentSpec): void {
  const field = 'spec.strategy';
  const rolling = strategy?.rollingUpdate;
  switch (strategy?.type) {
    case 'Recreate':
      if (rolling !== undefined) errors.push(forbidden(`${field}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'"));
      return;
    case 'RollingUpdate':
      if (rolling === undefined) {
        errors.push(required(`${field}.rollingUpdate`, 'this should be defaulted and never be nil'));
        return;
      }
      checkCountOrPercent(errors, `${field}.rollingUpdate.maxUnavailable`, rolling.maxUnavailable);
      checkCountOrPercent(errors, `${field}.rollingUpdate.maxSurge`, rolling.maxSurge);
      if (isNone(rolling.maxUnavailable) && isNone(rolling.maxSurge))
        errors.push(invalid(`${field}.rollingUpdate.maxUnavailable`, rolling.maxUnavailable ?? 0, 'may not be 0 when `maxSurge` is 0'));
      checkAtMostAll(errors, `${field}.rollingUpdate.maxUnavailable`, rolling.maxUnavailable);
      return;
    default:
      errors.push(notSupported(field, strategyText(strategy, { maxUnavailable: 0, maxSurge: 0 }), ['Recreate', 'RollingUpdate']));
  }
}

function validate({ spec }: Deployment): FieldError[] {
  const errors: FieldError[] = [];
  const own: Partial<DeploymentSpec> = spec ?? {};
  checkNotNegative(errors, 'spec.replicas', own.replicas);
  checkWorkloadSelector(errors, 'spec.selector', own.selector, 'deployment');
  checkTemplateOf(errors, 'spec.template', own.selector, own.template, 'ReplicaSet');
  checkStrategy(errors, own as DeploymentSpec);
  checkNotNegative(errors, 'spec.minReadySeconds', own.minReadySeconds);
  checkNotNegative(errors, 'spec.revisionHistoryLimit', own.revisionHistoryLimit);
  const progress = own.progressDeadlineSeconds;
  checkNotNegative(errors, 'spec.progressDeadlineSeconds', progress);
  if (progress !== undefined && progress <= (own.minReadySeconds ?? 0)) errors.push(invalid('spec.progressDeadlineSeconds', progress, 'must be greater than minReadySeconds'));
  return errors;
}

function validateStatus(now: Deployment, old: Deployment): FieldError[] {
  const errors: FieldError[] = [];
  const { status } = now;
  checkCounts(errors, status, ['observedGeneration', 'replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas', 'unavailableReplicas', 'terminatingReplicas']);
  checkWithin(errors, status, ['updatedReplicas', 'readyReplicas', 'availableReplicas'], 'replicas', 'cannot be greater than status.replicas');
  checkWithin(errors, status, ['availableReplicas'], 'readyReplicas', 'cannot be greater than readyReplicas');
  checkCollisions(errors, status, old.status);
  return errors;
}

export const deployment = behaviour<Deployment>({
  defaults(object) {
    const spec = object.spec as DeploymentSpec | undefined;
    if (spec === undefined) return;
    spec.replicas ??= 1;
    const strategy = (spec.strategy ??= {});
    strategy.type ||= 'RollingUpdate';
    if (strategy.type === 'RollingUpdate') {
      const rolling = (strategy.rollingUpdate ??= {});
      rolling.maxUnavailable ??= '25%';
      rolling.maxSurge ??= '25%';
    }
    spec.revisionHistoryLimit ??= 10;
    spec.progressDeadlineSeconds ??= PROGRESS_SECONDS;
    podTemplateDefaults(spec.template);
  },
  validate,
  validateUpdate(now, old) {
    const errors: FieldError[] = [];
    checkImmutable(errors, 'spec.selector', now.spec?.selector, old.spec?.selector);
    return errors;
  },
  // annotations are copied to replica sets: the controller must look at a change of them as at one of the spec
  specChanged: (now, old) => !semanticEqual(now.spec, old.spec) || !semanticEqual(now.metadata.annotations, old.metadata.annotations),
  warnings: namedTemplateWarnings,
  stored: { status: statusDoor<Deployment>(validateStatus, true) },
  scale: { specReplicas: ['spec', 'replicas'], statusReplicas: ['status', 'replicas'], selector: selectorOf },
  columns: [
    text('Ready', 'Number of the pod with ready state'),
    text('Up-to-date', 'Total number of non-terminating pods targeted by this deployment that have the desired template spec.'),
    text('Available', 'Total number of available non-terminating pods (ready for at least minReadySeconds) targeted by this deployment.'),
    AGE,
    CONTAINERS,
    IMAGES,
    text(
      'Selector',
      "Label selector for pods. Existing ReplicaSets whose pods are selected by this will be the ones affected by this deployment. It must match the pod template's labels.",
      1,
    ),
  ],
  row: (object, now) => {
    const { spec, status, metadata } = object;
    return {
      cells: [
        `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
        status?.updatedReplicas ?? 0,
        status?.availableReplicas ?? 0,
        age(metadata.creationTimestamp, now),
        containerNames(spec?.template?.spec),
        containerImages(spec?.template?.spec),
        selectorOf(object),
      ],
    };
  },
});
