/** One pod, one look: the best node, or why there is none. */
import type { Random } from '#machinery/clock.ts';
import type { NodeInfo } from './picture/node-info.ts';
import type { PodInfo } from './picture/pod-info.ts';
import type { Cycle, NodeFilter, Refusal, Scorer } from './plugin.ts';
import { FILTERS, SCORES } from './plugins/index.ts';

export interface Diagnosis {
  /** How many nodes there are. */
  readonly nodes: number;
  readonly refusals: ReadonlyMap<NodeInfo, Refusal>;
  /** Refused for all nodes at once, before any was looked at. */
  readonly overall: Refusal | undefined;
  /** Whose change may help. */
  readonly plugins: ReadonlySet<string>;
}
export type Found = { readonly node: NodeInfo } | { readonly failed: Diagnosis };

/** Clusters up to this size are searched whole, and larger ones until as many as this fit at least. */
const SEARCHED_WHOLE = 100;

/** How many fitting nodes are enough to choose from; Kubernetes' adaptive percentage. */
export function enough(total: number): number {
  if (total <= SEARCHED_WHOLE) return total;
  const percent = Math.max(5, 50 - Math.floor(total / 125));
  return Math.max(SEARCHED_WHOLE, Math.floor((total * percent) / 100));
}

/** All plugins that have a say, as one filter. */
export function beginFilters(cycle: Cycle): NodeFilter | Refusal {
  const filters: NodeFilter[] = [];
  for (const plugin of FILTERS) {
    const filter = plugin.begin(cycle);
    if (filter === undefined) continue;
    if (typeof filter !== 'function') return filter;
    filters.push(filter);
  }
  return (node) => {
    for (const filter of filters) {
      const refused = filter(node);
      if (refused !== undefined) return refused;
    }
    return undefined;
  };
}

/** Pods that are to have room on the node, which others must leave to them. */
function promised(cycle: Cycle, node: NodeInfo): PodInfo[] {
  const { pod, picture } = cycle;
  return [...picture.nominated(node.name)].filter((other) => other.uid !== pod.uid && other.priority >= pod.priority);
}

/** The filter with the promised pods in place: the pod must fit with them, and without (its affinity must not hang on pods that never come). */
function filterWithPromised(cycle: Cycle, plain: NodeFilter, node: NodeInfo): Refusal | undefined {
  const others = cycle.picture.anyNominated ? promised(cycle, node) : [];
  if (others.length === 0) return plain(node);
  for (const other of others) cycle.picture.put(node, other);
  try {
    const filter = beginFilters(cycle);
    const refused = typeof filter === 'function' ? filter(node) : filter;
    if (refused !== undefined) return refused;
  } finally {
    for (const other of others) cycle.picture.lift(node, other.uid);
  }
  return plain(node);
}

function best(cycle: Cycle, nodes: readonly NodeInfo[], random: Random): NodeInfo {
  if (nodes.length === 1) return nodes[0]!;
  const totals = new Float64Array(nodes.length);
  const scorers: (readonly [Scorer, number])[] = [];
  for (const plugin of SCORES) {
    const scorer = plugin.begin(cycle, nodes);
    if (scorer !== undefined) scorers.push([scorer, plugin.weight]);
  }
  for (const [scorer, weight] of scorers) {
    if (scorer.normalize === undefined) {
      for (let i = 0; i < nodes.length; i++) totals[i]! += weight * scorer.score(nodes[i]!);
      continue;
    }
    const scores = nodes.map((node) => scorer.score(node));
    scorer.normalize(scores, nodes);
    for (let i = 0; i < nodes.length; i++) totals[i]! += weight * scores[i]!;
  }
  let chosen = 0;
  let ties = 1;
  for (let i = 1; i < nodes.length; i++) {
    if (totals[i]! > totals[chosen]!) {
      chosen = i;
      ties = 1;
    } else if (totals[i] === totals[chosen] && random() * ++ties < 1) chosen = i;
  }
  return nodes[chosen]!;
}

/** Searches go on where the last one ended, so that all nodes get their turn. */
export function createFinder(random: Random): (cycle: Cycle) => Found {
  let start = 0;
  return (cycle) => {
    const { nodes } = cycle.picture;
    const refusals = new Map<NodeInfo, Refusal>();
    const filter = beginFilters(cycle);
    if (typeof filter !== 'function') return { failed: { nodes: nodes.length, refusals, overall: filter, plugins: new Set([filter.plugin]) } };
    const fitting: NodeInfo[] = [];
    const wanted = enough(nodes.length);
    let looked = 0;
    for (; looked < nodes.length && fitting.length < wanted; looked++) {
      const node = nodes[(start + looked) % nodes.length]!;
      const refused = filterWithPromised(cycle, filter, node);
      if (refused === undefined) fitting.push(node);
      else refusals.set(node, refused);
    }
    if (fitting.length > 0) {
      start = (start + looked) % nodes.length;
      return { node: best(cycle, fitting, random) };
    }
    return { failed: { nodes: nodes.length, refusals, overall: undefined, plugins: new Set([...refusals.values()].map(({ plugin }) => plugin)) } };
  };
}
