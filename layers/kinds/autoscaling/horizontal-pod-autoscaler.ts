/** Horizontal pod autoscalers, in the version that they are stored in. */
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec, HPAScalingPolicy, HPAScalingRules } from '#kinds/generated/types.ts';
import { type FieldError, invalid, notSupported, required } from '#machinery/field-error.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { quantityOf } from '../core/pod/validate-resources.ts';
import { type Errors, NOT_NEGATIVE, POSITIVE, checkNotNegative } from '../shared/check.ts';
import { AGE, text } from '../shared/columns.ts';
import { statusDoor } from '../shared/workload.ts';
import { checkMetrics, checkObjectReference, metricsText } from './metrics.ts';

/** Of what the pods ask for, where nothing else is said. */
export const CPU_UTILIZATION = 80;
const LONGEST_WINDOW_S = 3600;
const LONGEST_PERIOD_S = 1800;
const PERIOD_S = 15;
const UP: HPAScalingRules = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: PERIOD_S },
    { type: 'Percent', value: 100, periodSeconds: PERIOD_S },
  ],
};
const DOWN: HPAScalingRules = { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: PERIOD_S }] };

/** What the autoscaler follows where its own rules are silent. */
export const scaleUpRules = (rules: HPAScalingRules | undefined): HPAScalingRules => ({ ...structuredClone(UP), ...rules });
export const scaleDownRules = (rules: HPAScalingRules | undefined): HPAScalingRules => ({ ...structuredClone(DOWN), ...rules });

export const cpuMetric = (averageUtilization: number): NonNullable<HorizontalPodAutoscalerSpec['metrics']>[number] => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
});

function checkPolicy(errors: Errors, field: string, { type = '', value = 0, periodSeconds = 0 }: Partial<HPAScalingPolicy>): void {
  if (type !== 'Pods' && type !== 'Percent') errors.push(notSupported(`${field}.type`, type, ['Percent', 'Pods']));
  if (value <= 0) errors.push(invalid(`${field}.value`, value, POSITIVE));
  if (periodSeconds <= 0) errors.push(invalid(`${field}.periodSeconds`, periodSeconds, POSITIVE));
  if (periodSeconds > LONGEST_PERIOD_S) errors.push(invalid(`${field}.periodSeconds`, periodSeconds, `must be less than or equal to ${LONGEST_PERIOD_S}`));
}

function checkRules(errors: Errors, field: string, { stabilizationWindowSeconds: window = 0, selectPolicy, policies = [], tolerance }: HPAScalingRules): void {
  if (window < 0) errors.push(invalid(`${field}.stabilizationWindowSeconds`, window, 'must be greater than or equal to zero'));
  if (window > LONGEST_WINDOW_S) errors.push(invalid(`${field}.stabilizationWindowSeconds`, window, `must be less than or equal to ${LONGEST_WINDOW_S}`));
  if (selectPolicy !== undefined && !['Disabled', 'Max', 'Min'].includes(selectPolicy))
    errors.push(notSupported(`${field}.selectPolicy`, selectPolicy, ['Disabled', 'Max', 'Min']));
  if (policies.length === 0) errors.push(required(`${field}.policies`, 'must specify at least one Policy'));
  policies.forEach((policy, index) => checkPolicy(errors, `${field}.policies[${index}]`, policy));
  if (tolerance !== undefined && quantityOf(tolerance).nano < 0n) errors.push(invalid(`${field}.tolerance`, tolerance, NOT_NEGATIVE));
}

/** `old` is absent for a create: what has not changed may stay wrong. */
export function checkAutoscaler({ spec }: HorizontalPodAutoscaler, old: HorizontalPodAutoscaler | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const { minReplicas, maxReplicas = 0, scaleTargetRef: target, metrics = [], behavior }: Partial<HorizontalPodAutoscalerSpec> = spec ?? {};
  const lowest = old?.spec?.minReplicas === 0 ? 0 : 1;
  if (minReplicas !== undefined && minReplicas < lowest) errors.push(invalid('spec.minReplicas', minReplicas, `must be greater than or equal to ${lowest}`));
  if (maxReplicas === 0) errors.push(required('spec.maxReplicas', 'must be set and greater than 0'));
  else if (maxReplicas < 0) errors.push(invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to 1'));
  if (minReplicas !== undefined && maxReplicas < minReplicas) errors.push(invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`'));
  const was = old?.spec?.scaleTargetRef;
  const same = old !== undefined && was?.kind === target?.kind && (was?.apiVersion ?? '') === (target?.apiVersion ?? '');
  checkObjectReference(errors, 'spec.scaleTargetRef', target, same || target?.kind === 'ReplicationController');
  checkMetrics(errors, 'spec.metrics', metrics, minReplicas);
  if (behavior?.scaleUp !== undefined) checkRules(errors, 'spec.behavior.scaleUp', behavior.scaleUp);
  if (behavior?.scaleDown !== undefined) checkRules(errors, 'spec.behavior.scaleDown', behavior.scaleDown);
  return errors;
}

export function checkAutoscalerStatus({ status }: HorizontalPodAutoscaler): FieldError[] {
  const errors: FieldError[] = [];
  checkNotNegative(errors, 'status.currentReplicas', status?.currentReplicas);
  checkNotNegative(errors, 'status.desiredReplicas', status?.desiredReplicas);
  return errors;
}

export const AUTOSCALER_COLUMNS = [
  text(
    'Reference',
    'scaleTargetRef points to the target resource to scale, and is used to the pods for which metrics should be collected, as well as to actually change the replica count.',
  ),
  text('Targets', 'metrics contains the specifications for which to use to calculate the desired replica count (the maximum replica count across all metrics will be used).'),
  text('MinPods', 'minReplicas is the lower limit for the number of replicas to which the autoscaler can scale down.  It defaults to 1 pod.'),
  text('MaxPods', 'maxReplicas is the upper limit for the number of replicas to which the autoscaler can scale up. It cannot be less that minReplicas.'),
  text('Replicas', 'currentReplicas is current number of replicas of pods managed by this autoscaler, as last seen by the autoscaler.'),
  AGE,
];

export const autoscalerRow = ({ metadata, spec, status }: HorizontalPodAutoscaler, now: number) => ({
  cells: [
    `${spec?.scaleTargetRef?.kind ?? ''}/${spec?.scaleTargetRef?.name ?? ''}`,
    metricsText(spec?.metrics ?? [], status?.currentMetrics ?? []),
    spec?.minReplicas === undefined ? '<unset>' : String(spec.minReplicas),
    spec?.maxReplicas ?? 0,
    status?.currentReplicas ?? 0,
    age(metadata.creationTimestamp, now),
  ],
});

export const horizontalPodAutoscaler = behaviour<HorizontalPodAutoscaler>({
  defaults({ spec }) {
    if (spec === undefined) return;
    spec.minReplicas ??= 1;
    if ((spec.metrics ?? []).length === 0) spec.metrics = [cpuMetric(CPU_UTILIZATION)];
    if (spec.behavior === undefined) return;
    spec.behavior.scaleUp = scaleUpRules(spec.behavior.scaleUp);
    spec.behavior.scaleDown = scaleDownRules(spec.behavior.scaleDown);
  },
  // what an update may leave as it was depends on the old object: `validateUpdate` says it all
  validate: (autoscaler) => (autoscaler.metadata.resourceVersion === undefined ? checkAutoscaler(autoscaler, undefined) : []),
  validateUpdate: checkAutoscaler,
  stored: { status: statusDoor<HorizontalPodAutoscaler>(checkAutoscalerStatus) },
  columns: AUTOSCALER_COLUMNS,
  row: autoscalerRow,
});
