/** How fast an autoscaler may move: its limits, and what it remembers of the last minutes. */
import { scaleDownRules, scaleUpRules } from '#kinds/autoscaling/horizontal-pod-autoscaler.ts';
import type { HorizontalPodAutoscaler, HPAScalingRules } from '#kinds/generated/types.ts';

const DOWN_WINDOW_S = 300;
/** The longest window, and the longest period, that an autoscaler may ask for. */
const REMEMBERED_MS = 3_600_000;
/** Without rules of its own an autoscaler at most doubles, or goes to this number. */
const UP_FACTOR = 2;
const UP_MINIMUM = 4;

interface Sample {
  readonly at: number;
  readonly value: number;
}

/** Of one autoscaler; kept by this process only: after a restart it starts from what is, as upstream does. */
export interface Memory {
  recommendations: Sample[];
  ups: Sample[];
  downs: Sample[];
  selector: string;
}
export const emptyMemory = (): Memory => ({ recommendations: [], ups: [], downs: [], selector: '' });

export interface Step {
  readonly current: number;
  readonly wanted: number;
  readonly min: number;
  readonly max: number;
}

export interface Paced {
  readonly replicas: number;
  readonly able: { readonly reason: string; readonly message: string };
  readonly limited: { readonly status: 'True' | 'False'; readonly reason: string; readonly message: string };
}

const READY = { reason: 'ReadyForNewScale', message: 'recommended size matches current size' };
const WITHIN = { reason: 'DesiredWithinRange', message: 'the desired count is within the acceptable range' };
const UP_LIMIT = { reason: 'ScaleUpLimit', message: 'the desired replica count is increasing faster than the maximum scale rate' };
const DOWN_LIMIT = { reason: 'ScaleDownLimit', message: 'the desired replica count is decreasing faster than the maximum scale rate' };
const TOO_MANY = { reason: 'TooManyReplicas', message: 'the desired replica count is more than the maximum replica count' };
const TOO_FEW = { reason: 'TooFewReplicas', message: 'the desired replica count is less than the minimum replica count' };
const DOWN_STABILIZED = { reason: 'ScaleDownStabilized', message: 'recent recommendations were higher than current one, applying the highest recent recommendation' };
const UP_STABILIZED = { reason: 'ScaleUpStabilized', message: 'recent recommendations were lower than current one, applying the lowest recent recommendation' };

const since = (samples: readonly Sample[], cutoff: number): number[] => samples.filter(({ at }) => at > cutoff).map(({ value }) => value);
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export function remember(memory: Memory, before: number, after: number, now: number): void {
  if (after > before) memory.ups.push({ at: now, value: after - before });
  else memory.downs.push({ at: now, value: before - after });
}

/** As far as the policies let it go; `sign` is 1 upwards and -1 downwards. */
function policyLimit({ selectPolicy, policies = [] }: HPAScalingRules, sign: 1 | -1, current: number, memory: Memory, now: number): number {
  if (selectPolicy === 'Disabled') return current;
  const limits = policies.map(({ type, value, periodSeconds }) => {
    const cutoff = now - periodSeconds * 1000;
    const start = current - sum(since(memory.ups, cutoff)) + sum(since(memory.downs, cutoff));
    if (type === 'Pods') return start + sign * value;
    const scaled = start * (1 + (sign * value) / 100);
    return sign > 0 ? Math.ceil(scaled) : Math.trunc(scaled);
  });
  // the policy that changes most, or least
  const limit = sign > 0 === (selectPolicy !== 'Min') ? Math.max(...limits) : Math.min(...limits);
  return sign > 0 ? Math.max(current, limit) : Math.min(current, limit);
}

function plain({ current, wanted, min, max }: Step, memory: Memory, now: number): Paced {
  const stable = Math.max(wanted, ...since(memory.recommendations, now - DOWN_WINDOW_S * 1000 - 1));
  const fastest = Math.max(UP_FACTOR * current, UP_MINIMUM);
  const [most, why] = max > fastest ? [fastest, UP_LIMIT] : [max, TOO_MANY];
  const able = stable === wanted ? READY : DOWN_STABILIZED;
  if (stable < min) return { replicas: min, able, limited: { status: 'True', ...TOO_FEW } };
  if (stable > most) return { replicas: most, able, limited: { status: 'True', ...why } };
  return { replicas: stable, able, limited: { status: 'False', ...WITHIN } };
}

function ruled({ current, wanted, min, max }: Step, up: HPAScalingRules, down: HPAScalingRules, memory: Memory, now: number): Paced {
  const lowest = Math.min(wanted, ...since(memory.recommendations, now - (up.stabilizationWindowSeconds ?? 0) * 1000));
  const highest = Math.max(wanted, ...since(memory.recommendations, now - (down.stabilizationWindowSeconds ?? DOWN_WINDOW_S) * 1000));
  const stable = Math.min(Math.max(current, lowest), highest);
  const able = stable === wanted ? READY : wanted >= current ? UP_STABILIZED : DOWN_STABILIZED;
  if (stable > current) {
    const fastest = policyLimit(up, 1, current, memory, now);
    const [most, why] = max > fastest ? [fastest, UP_LIMIT] : [max, TOO_MANY];
    if (stable > most) return { replicas: most, able, limited: { status: 'True', ...why } };
  } else if (stable < current) {
    const fastest = policyLimit(down, -1, current, memory, now);
    const [least, why] = min < fastest ? [fastest, DOWN_LIMIT] : [min, TOO_FEW];
    if (stable < least) return { replicas: least, able, limited: { status: 'True', ...why } };
  }
  return { replicas: stable, able, limited: { status: 'False', ...WITHIN } };
}

/** Where the step ends that leads to the wanted size; what was wanted is remembered. */
export function paced({ spec }: HorizontalPodAutoscaler, step: Step, memory: Memory, now: number): Paced {
  for (const list of ['recommendations', 'ups', 'downs'] as const) memory[list] = memory[list].filter(({ at }) => at > now - REMEMBERED_MS);
  const { behavior } = spec!;
  const result = behavior === undefined ? plain(step, memory, now) : ruled(step, scaleUpRules(behavior.scaleUp), scaleDownRules(behavior.scaleDown), memory, now);
  memory.recommendations.push({ at: now, value: step.wanted });
  return result;
}
