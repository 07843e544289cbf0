/** Who would have to leave a node for a pod to fit, and which node costs least. */
import type { PodDisruptionBudget } from '#kinds/generated/types.ts';
import { parseTime } from '#control/time.ts';
import { type LabelSelectorObject, matches, selectorFromLabelSelector } from '#machinery/labels.ts';
import type { NodeInfo } from '../picture/node-info.ts';
import type { PodInfo } from '../picture/pod-info.ts';
import type { Cycle } from '../plugin.ts';
import { beginFilters } from '../find-node.ts';

export interface Candidate {
  readonly node: NodeInfo;
  /** The most important first. */
  readonly victims: readonly PodInfo[];
  readonly violations: number;
}

export const startOf = ({ pod }: PodInfo): number => parseTime(pod.status?.startTime) ?? Number.MAX_SAFE_INTEGER;
const moreImportant = (a: PodInfo, b: PodInfo): number => b.priority - a.priority || startOf(a) - startOf(b);

/** The pods whose leaving some disruption budget forbids, counting the others against what the budgets allow. */
function splitByBudgets(pods: readonly PodInfo[], cycle: Cycle): { readonly violating: PodInfo[]; readonly others: PodInfo[] } {
  const budgets = cycle.cache.list<PodDisruptionBudget>('poddisruptionbudgets.policy').map((budget) => ({ budget, allowed: budget.status?.disruptionsAllowed ?? 0 }));
  const violating: PodInfo[] = [];
  const others: PodInfo[] = [];
  for (const pod of pods) {
    let violates = false;
    for (const entry of budgets) {
      const { metadata, spec, status } = entry.budget;
      if (metadata.namespace !== pod.namespace || Object.keys(pod.labels).length === 0) continue;
      if (!matches(selectorFromLabelSelector(spec?.selector as LabelSelectorObject | undefined), pod.labels)) continue;
      if (status?.disruptedPods?.[pod.name] !== undefined) continue;
      if (--entry.allowed < 0) violates = true;
    }
    (violates ? violating : others).push(pod);
  }
  return { violating, others };
}

/** The fewest pods whose leaving makes room on this node; undefined where even all of lower priority would not do. */
export function victimsOn(cycle: Cycle, node: NodeInfo): Candidate | undefined {
  const { pod, picture } = cycle;
  const lower = [...node.pods.values()].filter(({ priority }) => priority < pod.priority);
  if (lower.length === 0) return undefined;
  const promised = [...picture.nominated(node.name)].filter((other) => other.uid !== pod.uid && other.priority >= pod.priority);
  const fits = (): boolean => {
    const filter = beginFilters(cycle);
    return typeof filter === 'function' && filter(node) === undefined;
  };
  for (const other of promised) picture.put(node, other);
  for (const { uid } of lower) picture.lift(node, uid);
  const gone = new Set(lower);
  try {
    if (!fits()) return undefined;
    const victims: PodInfo[] = [];
    let violations = 0;
    const { violating, others } = splitByBudgets(lower.sort(moreImportant), cycle);
    const spare = (one: PodInfo): boolean => {
      picture.put(node, one);
      if (fits()) {
        gone.delete(one);
        return true;
      }
      picture.lift(node, one.uid);
      victims.push(one);
      return false;
    };
    for (const one of violating) if (!spare(one)) violations++;
    for (const one of others) spare(one);
    return { node, victims: victims.sort(moreImportant), violations };
  } finally {
    for (const one of gone) picture.put(node, one);
    for (const { uid } of promised) picture.lift(node, uid);
  }
}

/** Fewest broken budgets, then the least important victims, then the fewest, then those that ran the shortest. */
export function cheapest(candidates: readonly Candidate[]): Candidate | undefined {
  const highest = ({ victims }: Candidate): number => victims[0]?.priority ?? Number.MIN_SAFE_INTEGER;
  const sum = ({ victims }: Candidate): number => victims.reduce((total, { priority }) => total + priority + 2 ** 31, 0);
  const earliest = ({ victims }: Candidate): number => Math.min(...victims.filter(({ priority }) => priority === victims[0]?.priority).map(startOf));
  return candidates.toSorted(
    (a, b) => a.violations - b.violations || highest(a) - highest(b) || sum(a) - sum(b) || a.victims.length - b.victims.length || earliest(b) - earliest(a),
  )[0];
}
