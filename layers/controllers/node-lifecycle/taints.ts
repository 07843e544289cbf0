/** The taints that follow from a node's conditions; all others are the users' and stay. */
import { timestamp } from '#control/time.ts';
import type { Node, Taint } from '#kinds/generated/types.ts';

export const NOT_READY = 'node.kubernetes.io/not-ready';
export const UNREACHABLE = 'node.kubernetes.io/unreachable';
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';

/** Condition, the status that is bad, and the taint it makes. */
const RULES: readonly (readonly [type: string, status: string, taint: string])[] = [
  ['Ready', 'False', NOT_READY],
  ['Ready', 'Unknown', UNREACHABLE],
  ['MemoryPressure', 'True', 'node.kubernetes.io/memory-pressure'],
  ['DiskPressure', 'True', 'node.kubernetes.io/disk-pressure'],
  ['PIDPressure', 'True', 'node.kubernetes.io/pid-pressure'],
  ['NetworkUnavailable', 'True', 'node.kubernetes.io/network-unavailable'],
];
const OURS = new Set([...RULES.map(([, , key]) => key), UNSCHEDULABLE]);

export const conditionStatus = (node: Node, type: string): string | undefined => node.status?.conditions?.find((condition) => condition.type === type)?.status;

/** `evict`: whether a node that is not ready may lose its pods (NoExecute); no taint moves while it is as it should be. */
export function wantedTaints(node: Node, evict: boolean, now: number): Taint[] {
  const old = node.spec?.taints ?? [];
  const wanted = new Map<string, Taint>();
  const want = (key: string, effect: 'NoSchedule' | 'NoExecute'): void => {
    wanted.set(`${key}:${effect}`, old.find((taint) => taint.key === key && taint.effect === effect) ?? { key, effect, timeAdded: timestamp(now) });
  };
  for (const [type, status, key] of RULES) if (conditionStatus(node, type) === status) want(key, 'NoSchedule');
  if (node.spec?.unschedulable === true) want(UNSCHEDULABLE, 'NoSchedule');
  const ready = conditionStatus(node, 'Ready');
  // not heard of yet: what admission put there stays until the agent speaks
  if (ready === undefined && old.some(({ key, effect }) => key === NOT_READY && effect === 'NoSchedule')) want(NOT_READY, 'NoSchedule');
  if (evict && ready === 'False') want(NOT_READY, 'NoExecute');
  if (evict && ready === 'Unknown') want(UNREACHABLE, 'NoExecute');
  const isOurs = ({ key, effect }: Taint): boolean => OURS.has(key) && (effect === 'NoSchedule' || (effect === 'NoExecute' && (key === NOT_READY || key === UNREACHABLE)));
  const kept = old.filter((taint) => !isOurs(taint) || wanted.delete(`${taint.key}:${taint.effect}`));
  return [...kept, ...wanted.values()];
}
