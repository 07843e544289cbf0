/** Budgets of voluntary disruptions. */
import type { PodDisruptionBudget } from '#kinds/generated/types.ts';
import { type FieldError, invalid } from '#machinery/field-error.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { checkMaybeOneOf, checkNotNegative, type Errors } from '../shared/check.ts';
import { AGE, integer, text } from '../shared/columns.ts';
import { checkConditions } from '../shared/conditions.ts';
import { checkLabelSelector } from '../shared/selector.ts';
import { checkAtMostAll, checkCountOrPercent, statusDoor } from '../shared/workload.ts';

function check({ spec = {} }: PodDisruptionBudget, mayHaveBadValues: boolean): FieldError[] {
  const errors: Errors = [];
  if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) errors.push(invalid('spec', spec, 'minAvailable and maxUnavailable cannot be both set'));
  for (const name of ['minAvailable', 'maxUnavailable'] as const) {
    checkCountOrPercent(errors, `spec.${name}`, spec[name]);
    checkAtMostAll(errors, `spec.${name}`, spec[name]);
  }
  checkLabelSelector(errors, 'spec.selector', spec.selector, mayHaveBadValues);
  checkMaybeOneOf(errors, 'spec.unhealthyPodEvictionPolicy', spec.unhealthyPodEvictionPolicy, ['AlwaysAllow', 'IfHealthyBudget']);
  return errors;
}

function validateStatus({ status = {} as NonNullable<PodDisruptionBudget['status']> }: PodDisruptionBudget): FieldError[] {
  const errors: Errors = [];
  checkConditions(errors, 'status.conditions', status.conditions);
  for (const name of ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const) checkNotNegative(errors, `status.${name}`, status[name]);
  return errors;
}

const countText = (value: number | string | undefined): string => (value === undefined ? 'N/A' : String(value));

export const podDisruptionBudget = behaviour<PodDisruptionBudget>({
  nameRule: 'pathSegment',
  anyFinalizer: true,
  needsVersion: true,
  validate: (budget) => check(budget, false),
  stored: { status: statusDoor<PodDisruptionBudget>(validateStatus) },
  columns: [
    text('Min Available', 'The minimum number of pods that must be available.'),
    text('Max Unavailable', 'The maximum number of pods that may be unavailable.'),
    integer('Allowed Disruptions', 'Calculated number of pods that may be disrupted at this time.'),
    AGE,
  ],
  row: ({ metadata, spec = {}, status }, now) => ({
    cells: [countText(spec.minAvailable), countText(spec.maxUnavailable), status?.disruptionsAllowed ?? 0, age(metadata.creationTimestamp, now)],
  }),
});
