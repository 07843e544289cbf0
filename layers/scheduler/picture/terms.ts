/** The affinity terms of the pods that are placed, equal ones together, with the nodes that they are on: few, however many pods have them. */
import type { NodeInfo } from './node-info.ts';
import type { PodInfo, Term } from './pod-info.ts';

export interface PlacedTerm {
  readonly term: Term;
  readonly byNode: Map<NodeInfo, number>;
}

class TermTable {
  readonly #terms = new Map<string, PlacedTerm>();

  change(term: Term, node: NodeInfo, by: number): void {
    let placed = this.#terms.get(term.signature);
    if (placed === undefined) {
      placed = { term, byNode: new Map() };
      this.#terms.set(term.signature, placed);
    }
    const count = (placed.byNode.get(node) ?? 0) + by;
    if (count === 0) placed.byNode.delete(node);
    else placed.byNode.set(node, count);
    if (placed.byNode.size === 0) this.#terms.delete(term.signature);
  }

  dropNode(node: NodeInfo): void {
    for (const [signature, { byNode }] of this.#terms) if (byNode.delete(node) && byNode.size === 0) this.#terms.delete(signature);
  }

  all(): Iterable<PlacedTerm> {
    return this.#terms.values();
  }

  get size(): number {
    return this.#terms.size;
  }
}

export class PlacedTerms {
  /** Required anti-affinity: counts of pods. */
  readonly anti = new TermTable();
  /** Required affinity: counts of pods; a mild pull on others. */
  readonly affinity = new TermTable();
  /** Preferred (anti-)affinity: sums of weights, negative for anti-affinity. */
  readonly preferred = new TermTable();

  changed(node: NodeInfo, pod: PodInfo, sign: 1 | -1): void {
    for (const term of pod.antiAffinity) this.anti.change(term, node, sign);
    for (const term of pod.affinity) this.affinity.change(term, node, sign);
    for (const term of pod.preferredAffinity) this.preferred.change(term, node, sign * term.weight);
    for (const term of pod.preferredAntiAffinity) this.preferred.change(term, node, -sign * term.weight);
  }

  dropNode(node: NodeInfo): void {
    for (const table of [this.anti, this.affinity, this.preferred]) table.dropNode(node);
  }
}
