/** How many replicas bring the pods' use of a resource to its target. */
import { parseTime } from '#control/time.ts';
import type { Pod } from '#kinds/generated/types.ts';
import { findCondition } from '../shared/conditions.ts';
import { type Usage, requestsOf } from './metrics.ts';

/** Use while a container starts says little. */
const CPU_INITIALIZATION_MS = 300_000;
/** Readiness that was lost this early was never won. */
const INITIAL_READINESS_MS = 30_000;

export interface Tolerance {
  readonly up: number;
  readonly down: number;
}

export const isWithin = (ratio: number, { up, down }: Tolerance): boolean => 1 - down <= ratio && ratio <= 1 + up;

/** Percent of what is asked for, or thousandths of a unit for each pod. */
export type Target = { readonly utilization: number } | { readonly average: number };

export interface Proposal {
  readonly replicas: number;
  /** Percent; only for a target that is one. */
  readonly utilization?: number;
  readonly average: number;
}

interface Grouped {
  readonly ready: number;
  readonly unready: readonly string[];
  readonly missing: readonly string[];
  readonly ignored: readonly string[];
}

function isUnready({ status }: Pod, usage: Usage, now: number): boolean {
  const ready = findCondition(status?.conditions, 'Ready');
  const started = parseTime(status?.startTime);
  if (ready === undefined || started === undefined) return true;
  const since = parseTime(ready.lastTransitionTime) ?? 0;
  if (started + CPU_INITIALIZATION_MS > now) return ready.status === 'False' || usage.at < since + usage.windowMs;
  return ready.status === 'False' && started + INITIAL_READINESS_MS > since;
}

function grouped(pods: readonly Pod[], metrics: ReadonlyMap<string, Usage>, resource: string, now: number): Grouped {
  let ready = 0;
  const [unready, missing, ignored]: [string[], string[], string[]] = [[], [], []];
  for (const pod of pods) {
    const name = pod.metadata.name!;
    const usage = metrics.get(name);
    if (pod.metadata.deletionTimestamp !== undefined || pod.status?.phase === 'Failed') ignored.push(name);
    else if (pod.status?.phase === 'Pending') unready.push(name);
    else if (usage === undefined) missing.push(name);
    else if (resource === 'cpu' && isUnready(pod, usage, now)) unready.push(name);
    else ready++;
  }
  return { ready, unready, missing, ignored };
}

interface Ratio {
  readonly ratio: number;
  readonly utilization?: number;
  readonly average: number;
}

function ratioOf(metrics: ReadonlyMap<string, Usage>, requests: ReadonlyMap<string, number>, target: Target): Ratio {
  let [used, asked, count] = [0, 0, 0];
  for (const [name, { value }] of metrics) {
    const request = requests.get(name);
    if ('utilization' in target && request === undefined) continue;
    used += value;
    asked += request ?? 0;
    count++;
  }
  if ('average' in target) {
    const average = Math.trunc(used / count);
    return { ratio: average / target.average, average };
  }
  if (asked === 0) throw new Error('no metrics returned matched known pods');
  const utilization = Math.trunc((used * 100) / asked);
  return { ratio: utilization / target.utilization, utilization, average: Math.trunc(used / count) };
}

export interface Question {
  readonly current: number;
  readonly pods: readonly Pod[];
  readonly metrics: Map<string, Usage>;
  readonly resource: string;
  readonly container: string | undefined;
  readonly target: Target;
  readonly tolerance: Tolerance;
  readonly now: number;
}

/** @throws Error that says why no number can be told. */
export function proposedReplicas({ current, pods, metrics, resource, container, target, tolerance, now }: Question): Proposal {
  if (pods.length === 0) throw new Error('no pods returned by selector while calculating replica count');
  const { ready, unready, missing, ignored } = grouped(pods, metrics, resource, now);
  for (const name of [...ignored, ...unready]) metrics.delete(name);
  if (metrics.size === 0) throw new Error('did not receive metrics for targeted pods (pods might be unready)');
  const requests = 'utilization' in target ? requestsOf(pods, resource, container) : new Map<string, number>();

  const { ratio, ...told } = ratioOf(metrics, requests, target);
  const stay: Proposal = { ...told, replicas: current };
  const upWithUnready = unready.length > 0 && ratio > 1;
  if (!upWithUnready && missing.length === 0) return isWithin(ratio, tolerance) ? stay : { ...told, replicas: Math.ceil(ratio * ready) };

  // of those who do not tell the least helpful is assumed, so that nothing is done that the truth would undo
  const assume = (names: readonly string[], value: (name: string) => number): void => names.forEach((name) => metrics.set(name, { value: value(name), at: now, windowMs: 0 }));
  const atTarget = (name: string): number => ('utilization' in target ? Math.trunc(((requests.get(name) ?? 0) * Math.max(100, target.utilization)) / 100) : target.average);
  if (ratio < 1) assume(missing, atTarget);
  else if (ratio > 1) assume(missing, () => 0);
  if (upWithUnready) assume(unready, () => 0);
  const next = ratioOf(metrics, requests, target).ratio;
  if (isWithin(next, tolerance) || (ratio < 1 && next > 1) || (ratio > 1 && next < 1)) return stay;
  const replicas = Math.ceil(next * metrics.size);
  return (next < 1 && replicas > current) || (next > 1 && replicas < current) ? stay : { ...told, replicas };
}
