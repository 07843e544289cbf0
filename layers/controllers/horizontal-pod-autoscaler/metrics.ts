/** What pods use, as the resource metrics API (metrics.k8s.io) tells it. */
import type { Pod } from '#kinds/generated/types.ts';
import { milliValue } from '#machinery/quantity.ts';
import { quantityOf } from '#kinds/core/pod/validate-resources.ts';
import { parseTime } from '#control/time.ts';

/** An item of `pods.metrics.k8s.io`. */
export interface PodMetrics {
  readonly metadata: { readonly name: string };
  readonly timestamp: string;
  /** A Go duration. */
  readonly window: string;
  readonly containers: readonly { readonly name: string; readonly usage: Readonly<Record<string, string>> }[];
}

/** Reads the metrics of pods; rejects with what the API server would say where it serves none. */
export type ReadMetrics = (namespace: string, labelSelector: string) => Promise<readonly PodMetrics[]>;

export const noMetrics: ReadMetrics = () => Promise.reject(new Error('the server could not find the requested resource (get pods.metrics.k8s.io)'));

/** In thousandths of the resource's unit. */
export interface Usage {
  value: number;
  readonly at: number;
  readonly windowMs: number;
}

const SECOND_UNITS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1, us: 1e-3, µs: 1e-3, ns: 1e-6 };
const durationMs = (text: string): number =>
  [...text.matchAll(/(\d+(?:\.\d+)?)(ms|us|µs|ns|h|m|s)/g)].reduce((sum, [, value, unit]) => sum + Number(value) * SECOND_UNITS[unit!]!, 0);

/** By pod; a container that does not tell leaves its pod out. */
export function usageOf(metrics: readonly PodMetrics[], resource: string, container: string | undefined, namespace: string): Map<string, Usage> {
  if (metrics.length === 0) throw new Error('no metrics returned from resource metrics API');
  const found = new Map<string, Usage>();
  for (const { metadata, timestamp, window, containers } of metrics) {
    const counted = container === undefined ? containers : containers.filter(({ name }) => name === container);
    if (container !== undefined && counted.length === 0) throw new Error(`container ${container} not present in metrics for pod ${namespace}/${metadata.name}`);
    const values = counted.map(({ usage }) => usage[resource]);
    if (values.length === 0 || values.includes(undefined)) continue;
    const value = values.reduce((sum, text) => sum + Number(milliValue(quantityOf(text!))), 0);
    found.set(metadata.name, { value, at: parseTime(timestamp) ?? 0, windowMs: durationMs(window) });
  }
  return found;
}

/** What each pod asks for, in thousandths. */
export function requestsOf(pods: readonly Pod[], resource: string, container: string | undefined): Map<string, number> {
  const found = new Map<string, number>();
  for (const { metadata, spec } of pods) {
    const name = metadata.name!;
    const whole = container === undefined ? spec?.resources?.requests : undefined;
    if (whole !== undefined && Object.keys(whole).length > 0) {
      if (whole[resource] === undefined) throw new Error(`missing pod-level request for ${resource} in Pod ${name}`);
      found.set(name, Number(milliValue(quantityOf(whole[resource]))));
      continue;
    }
    const all = [...(spec?.containers ?? []), ...(spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')];
    const counted = container === undefined ? all : all.filter((one) => one.name === container).slice(0, 1);
    if (container !== undefined && counted.length === 0) throw new Error(`container ${container} not found in Pod ${name}`);
    let sum = 0;
    for (const { name: of, resources } of counted) {
      const text = resources?.requests?.[resource];
      if (text === undefined) throw new Error(`missing request for ${resource} in container ${of} of Pod ${name}`);
      sum += Number(milliValue(quantityOf(text)));
    }
    found.set(name, sum);
  }
  return found;
}
