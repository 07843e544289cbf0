/**
 * How many pods of a kind each node has, kept up with every pod that comes or goes. Spreading and affinity ask "how many pods like
 * these are there" for each pod to place; with counters that costs the nodes and not the pods of the cluster.
 */
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';

export interface Counter {
  readonly matches: (pod: PodInfo) => boolean;
  readonly byNode: Map<NodeInfo, number>;
}

/** Kept at once; the one unused for longest goes. Each costs a test per pod that comes or goes. */
const KEPT = 256;

export class Counters {
  readonly #counters = new Map<string, Counter>();
  readonly #nodes: () => Iterable<NodeInfo>;

  constructor(nodes: () => Iterable<NodeInfo>) {
    this.#nodes = nodes;
  }

  /** `signature` stands for the predicate: equal signatures must mean equal predicates. */
  get(signature: string, matches: (pod: PodInfo) => boolean): Counter {
    let counter = this.#counters.get(signature);
    if (counter !== undefined) {
      this.#counters.delete(signature);
      this.#counters.set(signature, counter);
      return counter;
    }
    counter = { matches, byNode: new Map() };
    for (const node of this.#nodes()) {
      let count = 0;
      for (const pod of node.pods.values()) if (matches(pod)) count++;
      if (count > 0) counter.byNode.set(node, count);
    }
    this.#counters.set(signature, counter);
    if (this.#counters.size > KEPT) this.#counters.delete(this.#counters.keys().next().value!);
    return counter;
  }

  /** Forgets all: what predicates lean on (labels of namespaces) changed. */
  clear(): void {
    this.#counters.clear();
  }

  changed(node: NodeInfo, pod: PodInfo, sign: 1 | -1): void {
    for (const { matches, byNode } of this.#counters.values()) {
      if (!matches(pod)) continue;
      const count = (byNode.get(node) ?? 0) + sign;
      if (count === 0) byNode.delete(node);
      else byNode.set(node, count);
    }
  }

  dropNode(node: NodeInfo): void {
    for (const { byNode } of this.#counters.values()) byNode.delete(node);
  }
}
