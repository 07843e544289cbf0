/** Topology spread constraints: the hard ones filter, the soft ones score. */
import type { LabelSelectorObject } from '#machinery/labels.ts';
import type { TopologySpreadConstraint } from '#kinds/generated/types.ts';
import { nodeIsAskedFor } from '#control/placement/node-selector.ts';
import { untolerated } from '#control/placement/tolerations.ts';
import { formatLabelSelector, type LabelSelector, matches, selectorFromLabelSelector } from '#machinery/labels.ts';
import type { Counter } from '../picture/counters.ts';
import type { NodeInfo } from '../picture/node-info.ts';
import type { PodInfo } from '../picture/pod-info.ts';
import { type Cycle, type FilterPlugin, MAX_SCORE, refusal, type ScorePlugin } from '../plugin.ts';
import { defaultSelector } from './default-selector.ts';

const NAME = 'PodTopologySpread';
const HOSTNAME = 'kubernetes.io/hostname';
const SKEWED = refusal(NAME, "node(s) didn't match pod topology spread constraints", true);
const UNLABELLED = refusal(NAME, "node(s) didn't match pod topology spread constraints (missing required label)", false);

interface Constraint {
  readonly maxSkew: number;
  readonly topologyKey: string;
  readonly selector: LabelSelector;
  readonly minDomains: number;
  readonly honorAffinity: boolean;
  readonly honorTaints: boolean;
}

function constraintOf(pod: PodInfo, constraint: TopologySpreadConstraint): Constraint {
  const selector = selectorFromLabelSelector(constraint.labelSelector as LabelSelectorObject | undefined);
  const extra = (constraint.matchLabelKeys ?? []).filter((key) => pod.labels[key] !== undefined).map((key) => ({ key, operator: 'In' as const, values: [pod.labels[key]!] }));
  return {
    maxSkew: constraint.maxSkew,
    topologyKey: constraint.topologyKey,
    selector: extra.length === 0 ? selector : { ...selector, requirements: [...selector.requirements, ...extra] },
    minDomains: constraint.minDomains ?? 1,
    honorAffinity: (constraint.nodeAffinityPolicy ?? 'Honor') === 'Honor',
    honorTaints: constraint.nodeTaintsPolicy === 'Honor',
  };
}

/** Pods of this namespace that the selector matches and that stay. */
function counterOf({ picture }: Cycle, namespace: string, selector: LabelSelector): Counter {
  const text = selector.nothing === true ? '!' : formatLabelSelector(selector);
  return picture.counters.get(`spread ${namespace} ${text}`, (pod) => pod.namespace === namespace && !pod.terminating && matches(selector, pod.labels));
}

function included({ honorAffinity, honorTaints }: Constraint, pod: PodInfo, { node }: NodeInfo): boolean {
  if (honorAffinity && !nodeIsAskedFor(pod.pod, node)) return false;
  return !honorTaints || untolerated(node.spec?.taints, pod.pod.spec?.tolerations, ({ effect }) => effect === 'NoSchedule' || effect === 'NoExecute') === undefined;
}

const hasAll = (node: NodeInfo, constraints: readonly Constraint[]): boolean => constraints.every(({ topologyKey }) => node.labels[topologyKey] !== undefined);

export const topologySpread: FilterPlugin = {
  name: NAME,
  begin(cycle) {
    const { pod, picture } = cycle;
    const hard = (pod.pod.spec?.topologySpreadConstraints ?? []).filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule').map((one) => constraintOf(pod, one));
    if (hard.length === 0) return undefined;
    const checks = hard.map((constraint) => {
      const { byNode } = counterOf(cycle, pod.namespace, constraint.selector);
      const perDomain = new Map<string, number>();
      for (const node of picture.nodes) {
        if (!hasAll(node, hard) || !included(constraint, pod, node)) continue;
        const domain = node.labels[constraint.topologyKey]!;
        perDomain.set(domain, (perDomain.get(domain) ?? 0) + (byNode.get(node) ?? 0));
      }
      const least = perDomain.size < constraint.minDomains ? 0 : Math.min(...perDomain.values());
      return { constraint, perDomain, least, self: matches(constraint.selector, pod.labels) ? 1 : 0 };
    });
    return (node) => {
      for (const { constraint, perDomain, least, self } of checks) {
        const domain = node.labels[constraint.topologyKey];
        if (domain === undefined) return UNLABELLED;
        if ((perDomain.get(domain) ?? 0) + self - least > constraint.maxSkew) return SKEWED;
      }
      return undefined;
    };
  },
};

/** What Kubernetes spreads pods of one service or workload by where they say nothing themselves. */
const DEFAULTS = [
  { topologyKey: HOSTNAME, maxSkew: 3 },
  { topologyKey: 'topology.kubernetes.io/zone', maxSkew: 5 },
];

function softConstraints(cycle: Cycle): { readonly constraints: readonly Constraint[]; readonly own: boolean } {
  const { pod } = cycle;
  const own = pod.pod.spec?.topologySpreadConstraints ?? [];
  if (own.length > 0) return { constraints: own.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'ScheduleAnyway').map((one) => constraintOf(pod, one)), own: true };
  const selector = defaultSelector(pod, cycle.cache);
  if (selector === undefined) return { constraints: [], own: false };
  return { constraints: DEFAULTS.map((one) => ({ ...one, selector, minDomains: 1, honorAffinity: true, honorTaints: false })), own: false };
}

export const topologySpreadScore: ScorePlugin = {
  name: NAME,
  weight: 2,
  begin(cycle, nodes) {
    const { pod, picture } = cycle;
    const { constraints, own } = softConstraints(cycle);
    if (constraints.length === 0) return undefined;
    // a user's constraint asks for its label; those of the house take what is there
    const ignored = new Set(own ? nodes.filter((node) => !hasAll(node, constraints)) : []);
    const parts = constraints.map((constraint) => {
      const { byNode } = counterOf(cycle, pod.namespace, constraint.selector);
      const { topologyKey, maxSkew } = constraint;
      if (topologyKey === HOSTNAME) return { topologyKey, maxSkew, weight: Math.log(nodes.length - ignored.size + 2), count: (node: NodeInfo) => byNode.get(node) ?? 0 };
      const perDomain = new Map<string, number>();
      for (const node of nodes) {
        const domain = node.labels[topologyKey];
        if (domain !== undefined && !ignored.has(node)) perDomain.set(domain, 0);
      }
      for (const [node, count] of byNode) {
        const domain = node.labels[topologyKey];
        if (domain === undefined || !perDomain.has(domain) || !included(constraint, pod, node) || (own && !hasAll(node, constraints))) continue;
        perDomain.set(domain, perDomain.get(domain)! + count);
      }
      return { topologyKey, maxSkew, weight: Math.log(perDomain.size + 2), count: (node: NodeInfo) => perDomain.get(node.labels[topologyKey]!) ?? 0 };
    });
    void picture;
    return {
      score(node) {
        if (ignored.has(node)) return -1;
        let score = 0;
        for (const { topologyKey, maxSkew, weight, count } of parts) if (node.labels[topologyKey] !== undefined) score += count(node) * weight + (maxSkew - 1);
        return Math.round(score);
      },
      normalize(scores) {
        let min = Number.MAX_SAFE_INTEGER;
        let max = 0;
        for (const score of scores) {
          if (score < 0) continue;
          min = Math.min(min, score);
          max = Math.max(max, score);
        }
        for (let i = 0; i < scores.length; i++) {
          const score = scores[i]!;
          scores[i] = score < 0 ? 0 : max === 0 ? MAX_SCORE : Math.floor((MAX_SCORE * (max + min - score)) / max);
        }
      },
    };
  },
};
