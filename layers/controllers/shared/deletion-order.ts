/** Which of a set's pods go first when there are too many (Kubernetes' `ActivePodsWithRanks`). */
import { parseTime } from '#control/time.ts';
import type { Pod } from '#kinds/generated/types.ts';
import { isReady, readySince, restarts } from './pods.ts';

const PHASES: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';

function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.[DELETION_COST];
  return text !== undefined && /^(0|[+-]?[1-9]\d*)$/.test(text) ? Number(text) : 0;
}

/** Ages are compared by their order of magnitude, so that of pods about as old chance (their uids) decides and no zone is emptied. */
function magnitude(at: number | undefined, now: number): number {
  if (at === undefined) return 0;
  const age = now - at;
  return age <= 0 ? -1 : Math.floor(Math.log2(age * 1_000_000));
}

const younger = (a: number | undefined, b: number | undefined, now: number, tie: number): number => {
  const [left, right] = [magnitude(a, now), magnitude(b, now)];
  return left === right ? tie : left - right;
};

/**
 * The pods in the order in which they should go. `crowd` says how many pods of the same work run on a pod's node: where two
 * share a node one of them goes before a pod that is alone.
 */
export function inDeletionOrder(pods: readonly Pod[], crowd: (pod: Pod) => number, now: number): Pod[] {
  const compare = (a: Pod, b: Pod): number => {
    const assigned = Number((a.spec?.nodeName ?? '') !== '') - Number((b.spec?.nodeName ?? '') !== '');
    if (assigned !== 0) return assigned;
    const phase = (PHASES[a.status?.phase ?? 'Pending'] ?? 0) - (PHASES[b.status?.phase ?? 'Pending'] ?? 0);
    if (phase !== 0) return phase;
    const ready = Number(isReady(a)) - Number(isReady(b));
    if (ready !== 0) return ready;
    const cost = deletionCost(a) - deletionCost(b);
    if (cost !== 0) return cost;
    const together = crowd(b) - crowd(a);
    if (together !== 0) return together;
    const uid = (a.metadata.uid ?? '') < (b.metadata.uid ?? '') ? -1 : 1;
    const [readyA, readyB] = [readySince(a), readySince(b)];
    if (readyA !== undefined && readyB !== undefined && readyA !== readyB) return younger(readyA, readyB, now, uid);
    const [restartsA, restartsB] = [restarts(a), restarts(b)];
    if (restartsA.containers !== restartsB.containers) return restartsB.containers - restartsA.containers;
    if (restartsA.sidecars !== restartsB.sidecars) return restartsB.sidecars - restartsA.sidecars;
    const [createdA, createdB] = [parseTime(a.metadata.creationTimestamp), parseTime(b.metadata.creationTimestamp)];
    return createdA === createdB ? uid : younger(createdA, createdB, now, uid);
  };
  return pods.toSorted(compare);
}

/** `crowd` of a set of related pods. */
export function crowdOf(related: readonly Pod[]): (pod: Pod) => number {
  const byNode = new Map<string, number>();
  for (const { spec } of related) if (spec?.nodeName !== undefined) byNode.set(spec.nodeName, (byNode.get(spec.nodeName) ?? 0) + 1);
  return ({ spec }) => (spec?.nodeName === undefined ? 0 : (byNode.get(spec.nodeName) ?? 0));
}
