/** The quality of service class of a pod (Kubernetes' `apis/core/helper/qos`). */
import type { Pod, ResourceRequirements } from '#kinds/generated/types.ts';
import { compare } from '#machinery/quantity.ts';
import { quantityOf } from './validate-resources.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const COMPUTE = ['cpu', 'memory'] as const;
type Totals = Partial<Record<(typeof COMPUTE)[number], bigint>>;

function add(totals: Totals, list: Readonly<Record<string, string>> | undefined): number {
  let found = 0;
  for (const name of COMPUTE) {
    const text = list?.[name];
    if (text === undefined) continue;
    const { nano } = quantityOf(text);
    if (nano <= 0n) continue;
    totals[name] = (totals[name] ?? 0n) + nano;
    found++;
  }
  return found;
}

function classOf(all: readonly (ResourceRequirements | undefined)[]): QosClass {
  const requests: Totals = {};
  const limits: Totals = {};
  let limited = true;
  for (const resources of all) {
    add(requests, resources?.requests);
    if (add(limits, resources?.limits) < COMPUTE.length) limited = false;
  }
  const [requested, capped] = [Object.keys(requests).length, Object.keys(limits).length];
  if (requested === 0 && capped === 0) return 'BestEffort';
  if (limited && requested === capped && COMPUTE.every((name) => requests[name] === limits[name])) return 'Guaranteed';
  return 'Burstable';
}

export function computeQos({ spec }: Pod): QosClass {
  const whole = spec?.resources;
  if (whole !== undefined && (whole.requests !== undefined || whole.limits !== undefined)) return classOf([whole]);
  return classOf([...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].map(({ resources }) => resources));
}

export const sameQuantity = (a: string | undefined, b: string | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && compare(quantityOf(a), quantityOf(b)) === 0);
