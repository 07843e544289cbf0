/** Every 15 s the size that brings each target's pods to what their autoscaler asks for. */
import type { Controller, ControllerContext, Key, Mapped } from '#control/controller.ts';
import { keyOf } from '#control/dispatcher.ts';
import { timestamp } from '#control/time.ts';
import { quantityOf } from '#kinds/core/pod/validate-resources.ts';
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerCondition, MetricSpec, MetricStatus, Pod } from '#kinds/generated/types.ts';
import type { Kind, KindRegistry } from '#kinds/kind.ts';
import { type LabelSelector, matches, parseLabelSelector } from '#machinery/labels.ts';
import type { KubeObject } from '#machinery/object.ts';
import { milliValue } from '#machinery/quantity.ts';
import { withCondition } from '../shared/conditions.ts';
import { namespaceOf, sameJson, splitKey } from '../shared/keys.ts';
import { noMetricsApi, type ReadMetricsApi } from './custom-metrics.ts';
import { type Found, messageOf, MetricError } from './found.ts';
import { type ReadMetrics, noMetrics, usageOf } from './metrics.ts';
import { otherMetric, quantity } from './other-metrics.ts';
import { type Memory, emptyMemory, paced, remember } from './pace.ts';
import { type Target, type Tolerance, proposedReplicas } from './replicas.ts';

export const AUTOSCALERS = 'horizontalpodautoscalers.autoscaling';
const PERIOD_S = 15;
const TOLERANCE = 0.1;

type Status = NonNullable<HorizontalPodAutoscaler['status']>;

/** Replicas of the target: asked for, and there. */
interface Size {
  readonly current: number;
  readonly status: number;
}

interface Computed {
  /** Absent where nothing may be done. */
  readonly found?: { readonly replicas: number; readonly name: string };
  readonly statuses: MetricStatus[];
}

export interface AutoscalerOptions {
  readonly registry: KindRegistry;
  /** Absent: the cluster serves no metrics. */
  readonly metrics?: ReadMetrics;
  /** Absent: no server of custom or external metrics can be reached. */
  readonly metricsApi?: ReadMetricsApi;
}

const numberAt = (object: KubeObject, path: readonly string[]): number => {
  const value = path.reduce<unknown>((found, field) => (found as Record<string, unknown> | undefined)?.[field], object);
  return typeof value === 'number' ? value : 0;
};

function targetKind({ spec }: HorizontalPodAutoscaler, registry: KindRegistry): Kind {
  const { apiVersion = '', kind = '' } = spec!.scaleTargetRef;
  const slash = apiVersion.indexOf('/');
  const [group, version] = slash < 0 ? ['', apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)];
  const found = registry.byKind(group, version, kind);
  if (found === undefined) throw new Error(`no matches for kind ${JSON.stringify(kind)} in group ${JSON.stringify(group)}`);
  if (found.scale === undefined) throw new Error('the server could not find the requested resource');
  return found;
}

function toleranceOf({ spec }: HorizontalPodAutoscaler): Tolerance {
  const of = (text: string | undefined): number => (text === undefined ? TOLERANCE : Number(quantityOf(text).nano) / 1e9);
  return { up: of(spec!.behavior?.scaleUp?.tolerance), down: of(spec!.behavior?.scaleDown?.tolerance) };
}

/** One reconcile: the status that it writes grows as it goes. */
class Run {
  readonly #autoscaler: HorizontalPodAutoscaler;
  readonly #context: ControllerContext;
  readonly #readMetrics: ReadMetrics;
  readonly #registry: KindRegistry;
  readonly #metricsApi: ReadMetricsApi;
  readonly #memories: ReadonlyMap<string, Memory>;
  readonly #now: number;
  #status: Status;

  constructor(autoscaler: HorizontalPodAutoscaler, context: ControllerContext, options: Required<AutoscalerOptions>, memories: ReadonlyMap<string, Memory>) {
    this.#autoscaler = autoscaler;
    this.#context = context;
    this.#readMetrics = options.metrics;
    this.#registry = options.registry;
    this.#metricsApi = options.metricsApi;
    this.#memories = memories;
    this.#now = context.clock.now();
    this.#status = { desiredReplicas: 0, ...autoscaler.status };
  }

  #say(type: string, status: 'True' | 'False', reason: string, message: string): void {
    this.#status.conditions = withCondition<HorizontalPodAutoscalerCondition>(this.#status.conditions, { type, status, reason, message }, this.#now);
  }

  #warn(reason: string, message: string): void {
    this.#context.event(this.#autoscaler, 'Warning', reason, message);
  }

  async #write(): Promise<void> {
    if (sameJson(this.#status, this.#autoscaler.status ?? {})) return;
    await this.#context.client.update<HorizontalPodAutoscaler>(AUTOSCALERS, { ...this.#autoscaler, status: this.#status }, 'status');
  }

  #numbers(currentReplicas: number, desiredReplicas: number, currentMetrics: readonly MetricStatus[]): void {
    const { lastScaleTime, conditions } = this.#status;
    this.#status = {
      ...(conditions === undefined ? {} : { conditions }),
      ...(currentMetrics.length === 0 ? {} : { currentMetrics: [...currentMetrics] }),
      ...(currentReplicas === 0 ? {} : { currentReplicas }),
      desiredReplicas,
      ...(lastScaleTime === undefined ? {} : { lastScaleTime }),
    };
  }

  async #target(): Promise<{ readonly kind: Kind; readonly object: KubeObject } | undefined> {
    try {
      const kind = targetKind(this.#autoscaler, this.#registry);
      return { kind, object: await this.#context.client.get(kind.storage, namespaceOf(this.#autoscaler), this.#autoscaler.spec!.scaleTargetRef.name) };
    } catch (error) {
      this.#warn('FailedGetScale', messageOf(error));
      this.#say('AbleToScale', 'False', 'FailedGetScale', `the HPA controller was unable to get the target's current scale: ${messageOf(error)}`);
      return undefined;
    }
  }

  async run(memory: Memory): Promise<void> {
    const { minReplicas: min = 1, maxReplicas: max } = this.#autoscaler.spec!;
    const target = await this.#target();
    if (target === undefined) return this.#write();
    const { kind, object } = target;
    this.#say('AbleToScale', 'True', 'SucceededGetScale', "the HPA controller was able to get the target's current scale");
    const current = numberAt(object, kind.scale!.specReplicas);
    if (memory.recommendations.length === 0) memory.recommendations.push({ at: this.#now, value: current });

    let desired = current;
    let reason = '';
    let statuses: readonly MetricStatus[] = [];
    if (current === 0) this.#say('ScalingActive', 'False', 'ScalingDisabled', 'scaling is disabled since the replica count of the target is zero');
    else if (current > max) [desired, reason] = [max, 'Current number of replicas above Spec.MaxReplicas'];
    else if (current < min) [desired, reason] = [min, 'Current number of replicas below Spec.MinReplicas'];
    else {
      const computed = await this.#compute(kind.scale!.selector(object), { current, status: numberAt(object, kind.scale!.statusReplicas) }, memory);
      statuses = computed.statuses;
      if (computed.found === undefined) {
        this.#numbers(current, this.#status.desiredReplicas, statuses);
        return this.#write();
      }
      const { replicas, name } = computed.found;
      if (replicas > current) reason = `${name} above target`;
      else if (replicas < current) reason = 'All metrics below target';
      const step = paced(this.#autoscaler, { current, wanted: replicas, min, max }, memory, this.#now);
      this.#say('AbleToScale', 'True', step.able.reason, step.able.message);
      this.#say('ScalingLimited', step.limited.status, step.limited.reason, step.limited.message);
      desired = step.replicas;
    }
    if (desired !== current && !(await this.#rescale(kind, object, current, desired, reason, memory))) {
      this.#numbers(current, this.#status.desiredReplicas, statuses);
      return this.#write();
    }
    this.#numbers(current, desired, statuses);
    if (desired !== current) this.#status.lastScaleTime = timestamp(this.#now);
    return this.#write();
  }

  async #rescale({ storage }: Kind, { metadata }: KubeObject, current: number, desired: number, reason: string, memory: Memory): Promise<boolean> {
    const scale = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: metadata.name!, namespace: metadata.namespace! }, spec: { replicas: desired } };
    try {
      await this.#context.client.update(storage, scale, 'scale');
    } catch (error) {
      this.#warn('FailedRescale', `New size: ${desired}; reason: ${reason}; error: ${messageOf(error)}`);
      this.#say('AbleToScale', 'False', 'FailedUpdateScale', `the HPA controller was unable to update the target scale: ${messageOf(error)}`);
      return false;
    }
    this.#say('AbleToScale', 'True', 'SucceededRescale', `the HPA controller was able to update the target scale to ${desired}`);
    this.#context.event(this.#autoscaler, 'Normal', 'SuccessfulRescale', `New size: ${desired}; reason: ${reason}`);
    if (this.#autoscaler.spec!.behavior !== undefined) remember(memory, current, desired, this.#now);
    return true;
  }

  #selector(text: string, memory: Memory): LabelSelector | undefined {
    const refuse = (event: string, reason: string, said: string, message = said): undefined => {
      this.#warn(event, message);
      this.#say('ScalingActive', 'False', reason, said);
      this.#warn('FailedComputeMetricsReplicas', message);
      return undefined;
    };
    if (text === '') return refuse('SelectorRequired', 'InvalidSelector', "the HPA target's scale is missing a selector", 'selector is required');
    let selector: LabelSelector;
    try {
      selector = parseLabelSelector(text);
    } catch (error) {
      return refuse('InvalidSelector', 'InvalidSelector', `couldn't convert selector into a corresponding internal selector object: ${messageOf(error)}`);
    }
    memory.selector = text;
    const own = keyOf(this.#autoscaler);
    const pods = this.#pods(selector);
    const others = [...this.#memories].filter(([key, other]) => key !== own && splitKey(key).namespace === namespaceOf(this.#autoscaler) && this.#selectsAny(other.selector, pods));
    if (others.length === 0) return selector;
    const keys = [own, ...others.map(([key]) => key)].map((key) => `{${splitKey(key).name} ${splitKey(key).namespace}}`);
    return refuse('AmbiguousSelector', 'AmbiguousSelector', `pods by selector ${text} are controlled by multiple HPAs: [${keys.join(' ')}]`);
  }

  #selectsAny(text: string, pods: readonly Pod[]): boolean {
    if (text === '') return false;
    const selector = parseLabelSelector(text);
    return pods.some(({ metadata }) => matches(selector, metadata.labels));
  }

  #pods(selector: LabelSelector): readonly Pod[] {
    return this.#context.cache.list<Pod>('pods', namespaceOf(this.#autoscaler)).filter(({ metadata }) => matches(selector, metadata.labels));
  }

  async #compute(selectorText: string, size: Size, memory: Memory): Promise<Computed> {
    const selector = this.#selector(selectorText, memory);
    if (selector === undefined) return { statuses: [] };
    const statuses: MetricStatus[] = [];
    let best: Found | undefined;
    let first: MetricError | undefined;
    let failures = 0;
    const { metrics = [] } = this.#autoscaler.spec!;
    for (const metric of metrics) {
      try {
        const found = await this.#one(metric, selector, selectorText, size);
        statuses.push(found.status);
        if (best === undefined || found.replicas > best.replicas) best = found;
      } catch (error) {
        if (!(error instanceof MetricError)) throw error;
        this.#warn(error.reason, error.message);
        statuses.push({ type: '' });
        failures++;
        first ??= error;
      }
    }
    // what is known may add pods; to take some away all has to be known
    if (first !== undefined && (best === undefined || best.replicas < size.current)) {
      this.#say('ScalingActive', 'False', first.reason, `the HPA was unable to compute the replica count: ${first.message}`);
      this.#warn('FailedComputeMetricsReplicas', `invalid metrics (${failures} invalid out of ${metrics.length}), first error is: ${first.whole}`);
      return { statuses };
    }
    this.#say('ScalingActive', 'True', 'ValidMetricFound', `the HPA was able to successfully calculate a replica count from ${best!.name}`);
    return { found: best!, statuses };
  }

  async #one(metric: MetricSpec, selector: LabelSelector, selectorText: string, { current, status }: Size): Promise<Found> {
    const source = metric.resource ?? metric.containerResource;
    if (source === undefined) {
      const tolerance = toleranceOf(this.#autoscaler);
      const [read, registry, namespace] = [this.#metricsApi, this.#registry, namespaceOf(this.#autoscaler)];
      return otherMetric(metric, { read, registry, namespace, selectorText, pods: this.#pods(selector), current, status, tolerance, now: this.#now });
    }
    const { name: resource, target } = source;
    const container = metric.containerResource?.container;
    const isUtilization = target.averageValue === undefined;
    try {
      if (isUtilization && target.averageUtilization === undefined)
        throw new Error('invalid resource metric source: neither an average utilization target nor an average value (usage) target was set');
      const wanted: Target = isUtilization ? { utilization: target.averageUtilization! } : { average: Number(milliValue(quantityOf(target.averageValue!))) };
      const proposal = await this.#proposal(resource, container, wanted, selector, selectorText, current, isUtilization ? 'utilization' : 'usage');
      const averageValue = quantity(proposal.average, resource === 'memory' ? 'BinarySI' : 'DecimalSI');
      const value = { ...(proposal.utilization === undefined ? {} : { averageUtilization: proposal.utilization }), averageValue };
      return {
        replicas: proposal.replicas,
        name: isUtilization ? `${resource} ${container === undefined ? '' : 'container '}resource utilization (percentage of request)` : `${resource} resource`,
        status:
          container === undefined
            ? { type: 'Resource', resource: { name: resource, current: value } }
            : { type: 'ContainerResource', containerResource: { name: resource, container, current: value } },
      };
    } catch (error) {
      const text = messageOf(error);
      throw container === undefined
        ? new MetricError('FailedGetResourceMetric', text, `failed to get ${resource} resource metric value: ${text}`)
        : new MetricError('FailedGetContainerResourceMetric', text, `failed to get ${container} container metric value: ${text}`);
    }
  }

  async #proposal(resource: string, container: string | undefined, target: Target, selector: LabelSelector, selectorText: string, current: number, what: string) {
    const namespace = namespaceOf(this.#autoscaler);
    const failed = (error: unknown, before = ''): Error => new Error(`failed to get ${resource} ${what}: ${before}${messageOf(error)}`);
    const unable = `unable to get metrics for resource ${resource}: `;
    let items;
    try {
      items = await this.#readMetrics(namespace, selectorText);
    } catch (error) {
      throw failed(error, `${unable}unable to fetch metrics from resource metrics API: `);
    }
    let metrics;
    try {
      metrics = usageOf(items, resource, container, namespace);
    } catch (error) {
      throw failed(error, unable);
    }
    try {
      return proposedReplicas({ current, pods: this.#pods(selector), metrics, resource, container, target, tolerance: toleranceOf(this.#autoscaler), now: this.#now });
    } catch (error) {
      throw failed(error);
    }
  }
}

/** Its own writes of the status are no reason to look again. */
function changedKeys({ old, now }: Mapped): readonly Key[] {
  const spec = (object: KubeObject | undefined): unknown => object?.['spec'];
  return old !== undefined && now !== undefined && sameJson(spec(old), spec(now)) ? [] : [keyOf((now ?? old)!)];
}

export function horizontalPodAutoscalerController({ registry, metrics = noMetrics, metricsApi = noMetricsApi }: AutoscalerOptions): Controller {
  const memories = new Map<string, Memory>();
  return {
    name: 'horizontal-pod-autoscaler',
    watches: [{ resource: AUTOSCALERS, keys: changedKeys }],
    reads: ['pods'],
    async reconcile(key, context) {
      const { namespace, name } = splitKey(key);
      const autoscaler = context.cache.get<HorizontalPodAutoscaler>(AUTOSCALERS, namespace, name);
      if (autoscaler === undefined) {
        memories.delete(key);
        return {};
      }
      const memory = memories.get(key) ?? emptyMemory();
      memories.set(key, memory);
      await new Run(autoscaler, context, { registry, metrics, metricsApi }, memories).run(memory);
      return { requeueAfterSeconds: PERIOD_S };
    },
  };
}
