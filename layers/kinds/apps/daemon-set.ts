/** Daemon sets. */
import type { DaemonSet, DaemonSetSpec } from '#kinds/generated/types.ts';
import { type FieldError, invalid, notSupported, required } from '#machinery/field-error.ts';
import { semanticEqual } from '#machinery/json.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { podTemplateDefaults } from '../core/pod/defaults.ts';
import { checkPodTemplate } from '../core/pod/validate.ts';
import { type Errors, checkImmutable, checkNotNegative } from '../shared/check.ts';
import { AGE, CONTAINERS, IMAGES, containerImages, containerNames, integer, text } from '../shared/columns.ts';
import { checkLabelSelector, isEmptySelector, mapText, selectorText } from '../shared/selector.ts';
import { checkAtMostAll, checkCountOrPercent, checkRestarting, checkSelects, isNone, statusDoor, strategyText, templateWarnings } from '../shared/workload.ts';
import { checkCollisions, checkCounts } from './status.ts';

/** Where apps/v1 keeps the count of template changes that older versions had as a field. */
const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';
const templateGeneration = ({ metadata }: DaemonSet): number => {
  const value = Number(metadata.annotations?.[TEMPLATE_GENERATION]);
  return Number.isSafeInteger(value) ? value : 0;
};

function checkStrategy(errors: Errors, { updateStrategy }: Partial<DaemonSetSpec>): void {
  const field = 'spec.updateStrategy';
  switch (updateStrategy?.type) {
    case 'OnDelete':
      return;
    case 'RollingUpdate': {
      const rolling = updateStrategy.rollingUpdate;
      if (rolling === undefined) {
        errors.push(required(`${field}.rollingUpdate`));
        return;
      }
      const { maxUnavailable, maxSurge } = rolling;
      for (const [name, value] of [
        ['maxUnavailable', maxUnavailable],
        ['maxSurge', maxSurge],
      ] as const) {
        checkCountOrPercent(errors, `${field}.rollingUpdate.${name}`, value);
        checkAtMostAll(errors, `${field}.rollingUpdate.${name}`, value);
      }
      if (!isNone(maxUnavailable) && !isNone(maxSurge)) errors.push(invalid(`${field}.rollingUpdate.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero'));
      if (isNone(maxUnavailable) && isNone(maxSurge)) errors.push(required(`${field}.rollingUpdate.maxUnavailable`, 'cannot be 0 when maxSurge is 0'));
      return;
    }
    default:
      errors.push(notSupported(field, strategyText(updateStrategy, { maxUnavailable: 0, maxSurge: 0 }), ['RollingUpdate', 'OnDelete']));
  }
}

function validate({ spec }: DaemonSet): FieldError[] {
  const errors: FieldError[] = [];
  const own: Partial<DaemonSetSpec> = spec ?? {};
  // a selector that is not there chooses nothing
  if (own.selector === undefined || own.selector === null)
    errors.push(invalid('spec.template.metadata.labels', own.template?.metadata?.labels ?? {}, '`selector` does not match template `labels`'));
  checkLabelSelector(errors, 'spec.selector', own.selector);
  checkSelects(errors, 'spec.template', own.selector, own.template);
  if (own.selector !== undefined && own.selector !== null && isEmptySelector(own.selector))
    errors.push(invalid('spec.selector', own.selector, 'empty selector is invalid for daemonset'));
  checkPodTemplate(errors, 'spec.template', own.template);
  checkRestarting(errors, 'spec.template', own.template, 'DaemonSet');
  checkNotNegative(errors, 'spec.minReadySeconds', own.minReadySeconds);
  checkStrategy(errors, own);
  checkNotNegative(errors, 'spec.revisionHistoryLimit', own.revisionHistoryLimit);
  return errors;
}

function validateStatus(now: DaemonSet, old: DaemonSet): FieldError[] {
  const errors: FieldError[] = [];
  const { status } = now;
  checkCounts(errors, status, [
    'currentNumberScheduled',
    'numberMisscheduled',
    'desiredNumberScheduled',
    'numberReady',
    'observedGeneration',
    'updatedNumberScheduled',
    'numberAvailable',
    'numberUnavailable',
  ]);
  checkCollisions(errors, status, old.status);
  return errors;
}

const STATUS_DOOR = statusDoor<DaemonSet>(validateStatus);

export const daemonSet = behaviour<DaemonSet>({
  defaults(object) {
    // every version of Kubernetes says it, so it counts as said by whoever writes the object
    object.metadata.annotations = { ...object.metadata.annotations, [TEMPLATE_GENERATION]: String(templateGeneration(object)) };
    const spec = object.spec as DaemonSetSpec | undefined;
    if (spec === undefined) return;
    const strategy = (spec.updateStrategy ??= {});
    strategy.type ||= 'RollingUpdate';
    if (strategy.type === 'RollingUpdate') {
      const rolling = (strategy.rollingUpdate ??= {});
      rolling.maxUnavailable ??= 1;
      rolling.maxSurge ??= 0;
    }
    spec.revisionHistoryLimit ??= 10;
    podTemplateDefaults(spec.template);
  },
  prepareForCreate(object) {
    object.metadata.annotations = { ...object.metadata.annotations, [TEMPLATE_GENERATION]: String(Math.max(1, templateGeneration(object))) };
  },
  prepareForUpdate(object, old) {
    const changed = !semanticEqual(object.spec?.template, old.spec?.template);
    object.metadata.annotations = { ...object.metadata.annotations, [TEMPLATE_GENERATION]: String(templateGeneration(old) + (changed ? 1 : 0)) };
  },
  validate,
  validateUpdate(now, old) {
    const errors: FieldError[] = [];
    checkImmutable(errors, 'spec.selector', now.spec?.selector, old.spec?.selector);
    return errors;
  },
  warnings: templateWarnings,
  stored: {
    status: {
      ...STATUS_DOOR,
      prepareForUpdate(object, old, context) {
        STATUS_DOOR.prepareForUpdate(object, old, context);
        // it belongs to the spec
        object.metadata.annotations = { ...object.metadata.annotations, [TEMPLATE_GENERATION]: String(templateGeneration(old)) };
      },
    },
  },
  columns: [
    integer(
      'Desired',
      'The total number of nodes that should be running the daemon pod (including nodes correctly running the daemon pod). More info: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/',
    ),
    integer(
      'Current',
      'The number of nodes that are running at least 1 daemon pod and are supposed to run the daemon pod. More info: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/',
    ),
    integer('Ready', 'numberReady is the number of nodes that should be running the daemon pod and have one or more of the daemon pod running with a Ready Condition.'),
    integer('Up-to-date', 'The total number of nodes that are running updated daemon pod'),
    integer(
      'Available',
      'The number of nodes that should be running the daemon pod and have one or more of the daemon pod running and available (ready for at least spec.minReadySeconds)',
    ),
    text(
      'Node Selector',
      "NodeSelector is a selector which must be true for the pod to fit on a node. Selector which must match a node's labels for the pod to be scheduled on that node. More info: https://kubernetes.io/docs/concepts/configuration/assign-pod-node/",
    ),
    AGE,
    CONTAINERS,
    IMAGES,
    text(
      'Selector',
      "A label query over pods that are managed by the daemon set. Must match in order to be controlled. It must match the pod template's labels. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors",
      1,
    ),
  ],
  row: ({ spec, status, metadata }, now) => ({
    cells: [
      status?.desiredNumberScheduled ?? 0,
      status?.currentNumberScheduled ?? 0,
      status?.numberReady ?? 0,
      status?.updatedNumberScheduled ?? 0,
      status?.numberAvailable ?? 0,
      mapText(spec?.template?.spec?.nodeSelector),
      age(metadata.creationTimestamp, now),
      containerNames(spec?.template?.spec),
      containerImages(spec?.template?.spec),
      selectorText(spec?.selector),
    ],
  }),
});
