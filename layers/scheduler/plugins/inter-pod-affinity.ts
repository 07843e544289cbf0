/** Affinity and anti-affinity between pods: what the pod asks of others, and what others that are placed ask of it. */
import type { Counter } from '../picture/counters.ts';
import type { NodeInfo } from '../picture/node-info.ts';
import { type Term, termMatches } from '../picture/pod-info.ts';
import { type Cycle, type FilterPlugin, MAX_SCORE, refusal, type ScorePlugin } from '../plugin.ts';

const NAME = 'InterPodAffinity';
const AFFINITY = refusal(NAME, "node(s) didn't match pod affinity rules", false);
const ANTI = refusal(NAME, "node(s) didn't match pod anti-affinity rules", true);
const EXISTING = refusal(NAME, "node(s) didn't satisfy existing pods anti-affinity rules", true);
/** How much a placed pod's required affinity pulls others to it; Kubernetes' hardPodAffinityWeight. */
const HARD_WEIGHT = 1;

/** Sums of counts by topology domain. */
function domains(counts: Iterable<readonly [NodeInfo, number]>, topologyKey: string, into = new Map<string, number>()): Map<string, number> {
  for (const [node, count] of counts) {
    const domain = node.labels[topologyKey];
    if (domain !== undefined) into.set(domain, (into.get(domain) ?? 0) + count);
  }
  return into;
}

/** Pods that match all of the terms at once. */
function counterOf({ picture }: Cycle, terms: readonly Term[]): Counter {
  return picture.counters.get(`affinity ${terms.map(({ signature }) => signature).join(' & ')}`, (pod) => terms.every((term) => termMatches(term, pod, picture.labelsOfNamespace)));
}

export const interPodAffinity: FilterPlugin = {
  name: NAME,
  begin(cycle) {
    const { pod, picture } = cycle;
    const { affinity, antiAffinity } = pod;
    const forbidden = new Map<string, Set<string>>();
    for (const { term, byNode } of picture.terms.anti.all()) {
      if (!termMatches(term, pod, picture.labelsOfNamespace)) continue;
      const values = forbidden.get(term.topologyKey) ?? new Set<string>();
      for (const node of byNode.keys()) {
        const domain = node.labels[term.topologyKey];
        if (domain !== undefined) values.add(domain);
      }
      forbidden.set(term.topologyKey, values);
    }
    if (affinity.length === 0 && antiAffinity.length === 0 && forbidden.size === 0) return undefined;
    const wanted = affinity.length === 0 ? [] : affinity.map((term) => ({ key: term.topologyKey, counts: domains(counterOf(cycle, affinity).byNode, term.topologyKey) }));
    // the first of a group that wants to be together has nobody to go to yet: anywhere is right
    const first = wanted.every(({ counts }) => counts.size === 0) && affinity.every((term) => termMatches(term, pod, picture.labelsOfNamespace));
    const avoided = antiAffinity.map((term) => ({ key: term.topologyKey, counts: domains(counterOf(cycle, [term]).byNode, term.topologyKey) }));
    return (node) => {
      for (const { key, counts } of wanted) {
        const domain = node.labels[key];
        if (domain === undefined || (!first && !counts.has(domain))) return AFFINITY;
      }
      for (const { key, counts } of avoided) {
        const domain = node.labels[key];
        if (domain !== undefined && counts.has(domain)) return ANTI;
      }
      for (const [key, values] of forbidden) {
        const domain = node.labels[key];
        if (domain !== undefined && values.has(domain)) return EXISTING;
      }
      return undefined;
    };
  },
};

export const interPodAffinityScore: ScorePlugin = {
  name: NAME,
  weight: 2,
  begin(cycle) {
    const { pod, picture } = cycle;
    /** By topology key, then domain. */
    const sums = new Map<string, Map<string, number>>();
    const add = (key: string, counts: Iterable<readonly [NodeInfo, number]>, weight: number): void => {
      const into = sums.get(key) ?? new Map<string, number>();
      for (const [domain, count] of domains(counts, key)) into.set(domain, (into.get(domain) ?? 0) + count * weight);
      if (into.size > 0) sums.set(key, into);
    };
    for (const term of pod.preferredAffinity) add(term.topologyKey, counterOf(cycle, [term]).byNode, term.weight);
    for (const term of pod.preferredAntiAffinity) add(term.topologyKey, counterOf(cycle, [term]).byNode, -term.weight);
    for (const { term, byNode } of picture.terms.affinity.all()) if (termMatches(term, pod, picture.labelsOfNamespace)) add(term.topologyKey, byNode, HARD_WEIGHT);
    for (const { term, byNode } of picture.terms.preferred.all()) if (termMatches(term, pod, picture.labelsOfNamespace)) add(term.topologyKey, byNode, 1);
    if (sums.size === 0) return undefined;
    return {
      score({ labels }) {
        let score = 0;
        for (const [key, values] of sums) {
          const domain = labels[key];
          if (domain !== undefined) score += values.get(domain) ?? 0;
        }
        return score;
      },
      normalize(scores) {
        const [min, max] = [Math.min(...scores), Math.max(...scores)];
        for (let i = 0; i < scores.length; i++) scores[i] = max === min ? 0 : Math.floor((MAX_SCORE * (scores[i]! - min)) / (max - min));
      },
    };
  },
};
