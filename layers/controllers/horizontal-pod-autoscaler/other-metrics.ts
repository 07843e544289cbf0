/** Replicas by metrics of pods, of another object and of what is outside the cluster. */
import type { MetricSpec, MetricTarget, MetricValueStatus, Pod } from '#kinds/generated/types.ts';
import type { KindRegistry } from '#kinds/kind.ts';
import { quantityOf } from '#kinds/core/pod/validate-resources.ts';
import { formatQuantity, milliValue } from '#machinery/quantity.ts';
import { isReady } from '../shared/pods.ts';
import { externalMetric, objectMetric, podsMetric, printed, type ReadMetricsApi } from './custom-metrics.ts';
import { type Found, messageOf, MetricError } from './found.ts';
import { isWithin, proposedReplicas, type Tolerance } from './replicas.ts';

const NANO_PER_MILLI = 1_000_000n;

export interface Situation {
  readonly read: ReadMetricsApi;
  readonly registry: KindRegistry;
  readonly namespace: string;
  readonly selectorText: string;
  readonly pods: readonly Pod[];
  /** What the target asks for, and what it has. */
  readonly current: number;
  readonly status: number;
  readonly tolerance: Tolerance;
  readonly now: number;
}

const milli = (text: string): number => Number(milliValue(quantityOf(text)));
/** @param value in thousandths */
export const quantity = (value: number, format: 'DecimalSI' | 'BinarySI' = 'DecimalSI'): string => formatQuantity({ nano: BigInt(value) * NANO_PER_MILLI, format });

interface Proposed {
  readonly replicas: number;
  readonly current: MetricValueStatus;
}

/** A value for all: as many as bring each ready pod's share of it to where it was wanted. */
function byValue(usage: number, target: number, { current, pods, tolerance }: Situation): Proposed {
  const told = { value: quantity(usage) };
  const ratio = usage / target;
  if (isWithin(ratio, tolerance)) return { replicas: current, current: told };
  if (pods.length === 0) throw new Error('unable to calculate ready pods: no pods returned by selector while calculating replica count');
  const ready = pods.filter((pod) => pod.status?.phase === 'Running' && isReady(pod)).length;
  return { replicas: Math.ceil(ratio * ready), current: told };
}

/** A value for each. */
function byShare(usage: number, target: number, { status, tolerance }: Situation): Proposed {
  const replicas = isWithin(usage / (target * status), tolerance) ? status : Math.ceil(usage / target);
  return { replicas, current: { averageValue: quantity(status === 0 ? usage : Math.ceil(usage / status)) } };
}

interface Wording {
  readonly reason: string;
  /** Of a failure, for the whole: in the words of a value, and of one for each pod. */
  readonly failed: (text: string, share: boolean) => string;
  readonly untargeted: string;
}

async function byTarget({ value, averageValue }: MetricTarget, read: () => Promise<number>, situation: Situation, words: Wording): Promise<Proposed> {
  if (value === undefined && averageValue === undefined) throw new MetricError(words.reason, words.untargeted, words.untargeted);
  const share = averageValue !== undefined;
  try {
    const usage = await read();
    return share ? byShare(usage, milli(averageValue), situation) : byValue(usage, milli(value!), situation);
  } catch (error) {
    throw new MetricError(words.reason, messageOf(error), words.failed(messageOf(error), share));
  }
}

/** @throws MetricError */
export async function otherMetric({ type, pods, object, external }: MetricSpec, situation: Situation): Promise<Found> {
  const { read, registry, namespace, selectorText, current, tolerance, now } = situation;
  if (pods !== undefined) {
    const { metric, target } = pods;
    try {
      const metrics = await podsMetric(read, namespace, selectorText, metric).catch((error: unknown) => {
        throw new Error(`unable to get metric ${metric.name}: ${messageOf(error)}`);
      });
      const average = milli(target.averageValue!);
      const proposal = proposedReplicas({ current, pods: situation.pods, metrics, resource: '', container: undefined, target: { average }, tolerance, now });
      const status = { type: 'Pods', pods: { metric, current: { averageValue: quantity(proposal.average) } } };
      return { replicas: proposal.replicas, name: `pods metric ${metric.name}`, status };
    } catch (error) {
      throw new MetricError('FailedGetPodsMetric', messageOf(error), `failed to get pods metric value: ${messageOf(error)}`);
    }
  }
  if (object !== undefined) {
    const { metric, target, describedObject } = object;
    const usage = (): Promise<number> =>
      objectMetric(read, registry, namespace, describedObject, metric).catch((error: unknown) => {
        throw new Error(`unable to get metric ${metric.name}: ${describedObject.kind} on ${namespace} ${describedObject.name}/${messageOf(error)}`);
      });
    const proposed = await byTarget(target, usage, situation, {
      reason: 'FailedGetObjectMetric',
      failed: (text, share) => `failed to get object metric value: ${share ? `failed to get ${metric.name} object metric: ` : ''}${text}`,
      untargeted: 'invalid object metric source: neither a value target nor an average value target was set',
    });
    const name = target.averageValue === undefined ? `${describedObject.kind} metric ${metric.name}` : `external metric ${metric.name}(${printed(metric.selector)})`;
    return { replicas: proposed.replicas, name, status: { type: 'Object', object: { describedObject, metric, current: proposed.current } } };
  }
  if (external !== undefined) {
    const { metric, target } = external;
    const usage = (): Promise<number> =>
      externalMetric(read, namespace, metric).catch((error: unknown) => {
        throw new Error(`unable to get external metric ${namespace}/${metric.name}/${printed(metric.selector)}: ${messageOf(error)}`);
      });
    const proposed = await byTarget(target, usage, situation, {
      reason: 'FailedGetExternalMetric',
      failed: (text, share) =>
        `failed to get ${metric.name} external metric value: ${share ? `failed to get ${metric.name} external metric` : `failed to get external metric ${metric.name}`}: ${text}`,
      untargeted: 'invalid external metric source: neither a value target nor an average value target was set',
    });
    return {
      replicas: proposed.replicas,
      name: `external metric ${metric.name}(${printed(metric.selector)})`,
      status: { type: 'External', external: { metric, current: proposed.current } },
    };
  }
  const text = `unknown metric source type ${JSON.stringify(type)}`;
  throw new MetricError('InvalidMetricSourceType', text, text);
}
