/** Autoscalers as autoscaling/v1 shows them: what that version has no fields for is kept in annotations. */
import type {
  AutoscalingV1HorizontalPodAutoscaler,
  CrossVersionObjectReference,
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerCondition,
  HorizontalPodAutoscalerSpec,
  HorizontalPodAutoscalerStatus,
  MetricIdentifier,
  MetricSpec,
  MetricStatus,
  MetricTarget,
} from '#kinds/generated/types.ts';
import type { KubeObject } from '#machinery/object.ts';
import { behaviour } from '../behaviour.ts';
import { AUTOSCALER_COLUMNS, autoscalerRow, checkAutoscaler, checkAutoscalerStatus, CPU_UTILIZATION, cpuMetric } from './horizontal-pod-autoscaler.ts';

type V1 = AutoscalingV1HorizontalPodAutoscaler;
type Selector = MetricIdentifier['selector'];

const METRICS = 'autoscaling.alpha.kubernetes.io/metrics';
const CURRENT_METRICS = 'autoscaling.alpha.kubernetes.io/current-metrics';
const CONDITIONS = 'autoscaling.alpha.kubernetes.io/conditions';
const BEHAVIOR = 'autoscaling.alpha.kubernetes.io/behavior';
const OF_SPEC = [METRICS, BEHAVIOR];
const OF_STATUS = [CURRENT_METRICS, CONDITIONS];

/** A metric of autoscaling/v1, as the annotation has it. */
interface OldMetric {
  type: string;
  object?: { target: CrossVersionObjectReference; metricName: string; targetValue: string; selector?: Selector; averageValue?: string };
  pods?: { metricName: string; targetAverageValue: string; selector?: Selector };
  resource?: { name: string; targetAverageUtilization?: number; targetAverageValue?: string };
  containerResource?: { name: string; targetAverageUtilization?: number; targetAverageValue?: string; container: string };
  external?: { metricName: string; metricSelector?: Selector; targetValue?: string; targetAverageValue?: string };
}

interface OldStatus {
  type: string;
  object?: { target: CrossVersionObjectReference; metricName: string; currentValue: string; selector?: Selector; averageValue?: string };
  pods?: { metricName: string; currentAverageValue: string; selector?: Selector };
  resource?: { name: string; currentAverageUtilization?: number; currentAverageValue: string };
  containerResource?: { name: string; currentAverageUtilization?: number; currentAverageValue: string; container: string };
  external?: { metricName: string; metricSelector?: Selector; currentValue: string; currentAverageValue?: string };
}

/** Without the members that are undefined. */
const given = <T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> };

const ZERO = '0';
const identifier = (name: string, selector: Selector): MetricIdentifier => given({ name, selector }) as MetricIdentifier;
const targetOf = (type: string, parts: Omit<MetricTarget, 'type'> | { [K in keyof MetricTarget]?: MetricTarget[K] | undefined }): MetricTarget =>
  given({ type, ...parts }) as MetricTarget;

function oldMetric({ type, object, pods, resource, containerResource, external }: MetricSpec): OldMetric {
  return given({
    type,
    object:
      object &&
      given({
        target: object.describedObject,
        metricName: object.metric.name,
        targetValue: object.target.value ?? ZERO,
        selector: object.metric.selector,
        averageValue: object.target.averageValue,
      }),
    pods: pods && given({ metricName: pods.metric.name, targetAverageValue: pods.target.averageValue ?? ZERO, selector: pods.metric.selector }),
    resource: resource && given({ name: resource.name, targetAverageUtilization: resource.target.averageUtilization, targetAverageValue: resource.target.averageValue }),
    containerResource:
      containerResource &&
      given({
        name: containerResource.name,
        targetAverageUtilization: containerResource.target.averageUtilization,
        targetAverageValue: containerResource.target.averageValue,
        container: containerResource.container,
      }),
    external:
      external &&
      given({ metricName: external.metric.name, metricSelector: external.metric.selector, targetValue: external.target.value, targetAverageValue: external.target.averageValue }),
  }) as OldMetric;
}

function newMetric({ type, object, pods, resource, containerResource, external }: OldMetric): MetricSpec {
  const usage = (source: { targetAverageUtilization?: number; targetAverageValue?: string }): MetricTarget =>
    targetOf(source.targetAverageUtilization === undefined ? 'AverageValue' : 'Utilization', {
      averageValue: source.targetAverageValue,
      averageUtilization: source.targetAverageUtilization,
    });
  return given({
    type,
    object: object && {
      describedObject: object.target,
      metric: identifier(object.metricName, object.selector),
      target:
        object.averageValue === undefined
          ? targetOf('Value', { value: object.targetValue })
          : targetOf('AverageValue', { value: object.targetValue === ZERO ? undefined : object.targetValue, averageValue: object.averageValue }),
    },
    pods: pods && { metric: identifier(pods.metricName, pods.selector), target: targetOf('AverageValue', { averageValue: pods.targetAverageValue }) },
    resource: resource && { name: resource.name, target: usage(resource) },
    containerResource: containerResource && { name: containerResource.name, container: containerResource.container, target: usage(containerResource) },
    external: external && {
      metric: identifier(external.metricName, external.metricSelector),
      target: targetOf(external.targetValue === undefined ? 'AverageValue' : 'Value', { value: external.targetValue, averageValue: external.targetAverageValue }),
    },
  }) as MetricSpec;
}

function oldStatus({ type, object, pods, resource, containerResource, external }: MetricStatus): OldStatus {
  const usage = ({ averageUtilization, averageValue }: { averageUtilization?: number; averageValue?: string }) => ({
    currentAverageUtilization: averageUtilization,
    currentAverageValue: averageValue ?? ZERO,
  });
  return given({
    type,
    object:
      object &&
      given({
        target: object.describedObject,
        metricName: object.metric.name,
        currentValue: object.current.value ?? ZERO,
        selector: object.metric.selector,
        averageValue: object.current.averageValue,
      }),
    pods: pods && given({ metricName: pods.metric.name, currentAverageValue: pods.current.averageValue ?? ZERO, selector: pods.metric.selector }),
    resource: resource && given({ name: resource.name, ...usage(resource.current) }),
    containerResource: containerResource && given({ name: containerResource.name, ...usage(containerResource.current), container: containerResource.container }),
    external:
      external &&
      given({
        metricName: external.metric.name,
        metricSelector: external.metric.selector,
        currentValue: external.current.value ?? ZERO,
        currentAverageValue: external.current.averageValue,
      }),
  }) as OldStatus;
}

function newStatus({ type, object, pods, resource, containerResource, external }: OldStatus): MetricStatus {
  const usage = (source: { currentAverageUtilization?: number; currentAverageValue: string }) =>
    given({ averageValue: source.currentAverageValue, averageUtilization: source.currentAverageUtilization });
  return given({
    type,
    object: object && {
      describedObject: object.target,
      metric: identifier(object.metricName, object.selector),
      current: given({ value: object.currentValue, averageValue: object.averageValue }),
    },
    pods: pods && { metric: identifier(pods.metricName, pods.selector), current: { averageValue: pods.currentAverageValue } },
    resource: resource && { name: resource.name, current: usage(resource) },
    containerResource: containerResource && { name: containerResource.name, container: containerResource.container, current: usage(containerResource) },
    external: external && {
      metric: identifier(external.metricName, external.metricSelector),
      current: given({ value: external.currentValue, averageValue: external.currentAverageValue }),
    },
  }) as MetricStatus;
}

/** The annotation's keys begin with capitals: Kubernetes writes its internal type there. */
function withKeys(value: unknown, rename: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => withKeys(item, rename));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [rename(key), withKeys(part, rename)]));
}
const capital = (key: string): string => key.charAt(0).toUpperCase() + key.slice(1);
const small = (key: string): string => key.charAt(0).toLowerCase() + key.slice(1);

/** What an annotation holds; undefined for what a user broke. */
function read<T>(annotations: Readonly<Record<string, string>> | undefined, name: string): T | undefined {
  const text = annotations?.[name];
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}

const isCpu = ({ type, resource }: MetricSpec): boolean => type === 'Resource' && resource?.name === 'cpu' && resource.target.averageUtilization !== undefined;

function withAnnotations(metadata: KubeObject['metadata'], added: Readonly<Record<string, string>>): KubeObject['metadata'] {
  const annotations = { ...Object.fromEntries(Object.entries(metadata.annotations ?? {}).filter(([name]) => ![...OF_SPEC, ...OF_STATUS].includes(name))), ...added };
  const { annotations: before, ...rest } = metadata;
  return before === undefined && Object.keys(annotations).length === 0 ? rest : { ...rest, annotations };
}

function toServed(object: KubeObject): KubeObject {
  const { metadata, spec, status } = object as HorizontalPodAutoscaler;
  const added: Record<string, string> = {};
  const others = (spec?.metrics ?? []).filter((metric) => !isCpu(metric));
  if (others.length > 0) added[METRICS] = JSON.stringify(others.map(oldMetric));
  if ((status?.currentMetrics ?? []).length > 0) added[CURRENT_METRICS] = JSON.stringify(status!.currentMetrics!.map(oldStatus));
  if (spec?.behavior !== undefined) added[BEHAVIOR] = JSON.stringify(withKeys(spec.behavior, capital));
  if ((status?.conditions ?? []).length > 0) added[CONDITIONS] = JSON.stringify(status!.conditions);
  const used = (status?.currentMetrics ?? []).findLast(({ type, resource }) => type === 'Resource' && resource?.name === 'cpu')?.resource?.current.averageUtilization;
  return {
    ...object,
    apiVersion: 'autoscaling/v1',
    metadata: withAnnotations(metadata, added),
    ...(spec === undefined
      ? {}
      : {
          spec: given({
            scaleTargetRef: spec.scaleTargetRef,
            minReplicas: spec.minReplicas,
            maxReplicas: spec.maxReplicas,
            targetCPUUtilizationPercentage: spec.metrics?.find(isCpu)?.resource?.target.averageUtilization,
          }),
        }),
    ...(status === undefined
      ? {}
      : {
          status: given({
            observedGeneration: status.observedGeneration,
            lastScaleTime: status.lastScaleTime,
            currentReplicas: status.currentReplicas ?? 0,
            desiredReplicas: status.desiredReplicas ?? 0,
            currentCPUUtilizationPercentage: used,
          }),
        }),
  };
}

function toStored(object: KubeObject): KubeObject {
  const { metadata, spec, status } = object as V1;
  const { annotations } = metadata;
  const cpu = spec?.targetCPUUtilizationPercentage;
  const metrics = [...(read<OldMetric[]>(annotations, METRICS) ?? []).map(newMetric), ...(cpu === undefined ? [] : [cpuMetric(cpu)])];
  const behavior = withKeys(read(annotations, BEHAVIOR), small) as HorizontalPodAutoscalerSpec['behavior'];
  const used = status?.currentCPUUtilizationPercentage;
  const current =
    read<OldStatus[]>(annotations, CURRENT_METRICS)?.map(newStatus) ??
    (used === undefined ? undefined : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: used } } }]);
  const { targetCPUUtilizationPercentage: _, ...sharedSpec } = spec ?? ({} as Partial<V1['spec']>);
  const { currentCPUUtilizationPercentage: __, ...sharedStatus } = status ?? ({} as Partial<NonNullable<V1['status']>>);
  return {
    ...object,
    apiVersion: 'autoscaling/v2',
    metadata: withAnnotations(metadata, {}),
    ...(spec === undefined ? {} : { spec: given({ ...sharedSpec, metrics: metrics.length === 0 ? [cpuMetric(CPU_UTILIZATION)] : metrics, behavior: behavior ?? undefined }) }),
    ...(status === undefined
      ? {}
      : {
          status: given({
            ...sharedStatus,
            currentMetrics: current,
            conditions: read<HorizontalPodAutoscalerCondition[]>(annotations, CONDITIONS),
          }) as HorizontalPodAutoscalerStatus,
        }),
  };
}

/** Annotations that stand for fields behind another door stay as they are. */
function keepAnnotations(now: KubeObject, old: KubeObject, names: readonly string[]): void {
  const kept = names.flatMap((name): [string, string][] => (old.metadata.annotations?.[name] === undefined ? [] : [[name, old.metadata.annotations[name]]]));
  const own = Object.entries(now.metadata.annotations ?? {}).filter(([name]) => !names.includes(name));
  if (own.length + kept.length > 0) now.metadata.annotations = Object.fromEntries([...own, ...kept]);
  else delete now.metadata.annotations;
}

/** Rules are about the stored form, whichever form is at hand. */
const asStored = (object: KubeObject): HorizontalPodAutoscaler => (object.apiVersion === 'autoscaling/v1' ? toStored(object) : object) as HorizontalPodAutoscaler;

export const horizontalPodAutoscalerV1 = behaviour<V1>({
  convert: { toServed, toStored },
  defaults({ spec }) {
    if (spec !== undefined) spec.minReplicas ??= 1;
  },
  prepareForCreate(object) {
    for (const name of OF_STATUS) delete object.metadata.annotations?.[name];
  },
  prepareForUpdate: (now, old) => keepAnnotations(now, old, OF_STATUS),
  validate: (object) => (object.metadata.resourceVersion === undefined ? checkAutoscaler(asStored(object), undefined) : []),
  validateUpdate: (now, old) => checkAutoscaler(asStored(now), asStored(old)),
  stored: {
    status: {
      prepareForUpdate(now, old) {
        now.spec = old.spec;
        keepAnnotations(now, old, OF_SPEC);
      },
      validateUpdate: (now) => checkAutoscalerStatus(asStored(now)),
      resetFields: [['spec']],
    },
  },
  columns: AUTOSCALER_COLUMNS,
  row: (object, now) => autoscalerRow(asStored(object), now),
});
