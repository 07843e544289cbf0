/**
 * The cluster as the scheduler sees it now: what the cache says, plus the pods that were given a node a moment ago and whose binding the
 * cache does not show yet (assumed), so that nothing is promised twice.
 */
import type { Namespace, Node, Pod } from '#kinds/generated/types.ts';
import { Counters } from './counters.ts';
import { NodeInfo } from './node-info.ts';
import { podInfo, type PodInfo } from './pod-info.ts';
import { PlacedTerms } from './terms.ts';

export const isDone = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed';

export class Picture {
  readonly #nodes = new Map<string, NodeInfo>();
  /** Pods placed on nodes that are not there (yet), by node. */
  readonly #homeless = new Map<string, Map<string, PodInfo>>();
  readonly #place = new Map<string, string>();
  readonly #assumed = new Set<string>();
  readonly #nominated = new Map<string, Map<string, PodInfo>>();
  readonly #nominatedOf = new Map<string, string>();
  /** How many nodes have an image, by name. */
  readonly #images = new Map<string, number>();
  readonly #namespaces = new Map<string, Readonly<Record<string, string>>>();
  readonly counters = new Counters(() => this.#nodes.values());
  readonly terms = new PlacedTerms();
  /** Nodes with zones taking turns, so that a search that stops early has looked into all zones. */
  #order: NodeInfo[] | undefined;

  get nodes(): readonly NodeInfo[] {
    return (this.#order ??= inTurns([...this.#nodes.values()]));
  }
  node(name: string): NodeInfo | undefined {
    return this.#nodes.get(name);
  }
  readonly labelsOfNamespace = (name: string): Readonly<Record<string, string>> | undefined => this.#namespaces.get(name);

  setNode(node: Node): void {
    const name = node.metadata.name!;
    const known = this.#nodes.get(name);
    if (known !== undefined) {
      const zone = zoneOf(known);
      const images = known.images;
      known.update(node);
      this.#countImages(images, known.images);
      if (zone !== zoneOf(known)) this.#order = undefined;
      return;
    }
    const info = new NodeInfo(node);
    this.#nodes.set(name, info);
    this.#countImages(undefined, info.images);
    this.#order = undefined;
    for (const pod of this.#homeless.get(name)?.values() ?? []) this.put(info, pod);
    this.#homeless.delete(name);
  }

  dropNode(name: string): void {
    const info = this.#nodes.get(name);
    if (info === undefined) return;
    this.#nodes.delete(name);
    this.#countImages(info.images, undefined);
    this.#order = undefined;
    this.counters.dropNode(info);
    this.terms.dropNode(info);
    if (info.pods.size > 0) this.#homeless.set(name, new Map(info.pods));
  }

  nodesWithImage(name: string): number {
    return this.#images.get(name) ?? 0;
  }

  setNamespace({ metadata }: Namespace): void {
    const before = this.#namespaces.get(metadata.name!);
    this.#namespaces.set(metadata.name!, metadata.labels ?? {});
    if (JSON.stringify(before) !== JSON.stringify(metadata.labels ?? {})) this.counters.clear();
  }

  /** A pod with a node, as the cache shows it: this is the truth, and ends what was assumed. */
  setPod(pod: Pod): void {
    const uid = pod.metadata.uid!;
    this.#assumed.delete(uid);
    this.#take(uid);
    this.unnominate(uid);
    if (!isDone(pod)) this.#give(pod.spec!.nodeName!, podInfo(pod));
  }

  dropPod(uid: string): void {
    this.#assumed.delete(uid);
    this.#take(uid);
    this.unnominate(uid);
  }

  assume(pod: PodInfo, nodeName: string): void {
    this.#assumed.add(pod.uid);
    this.#give(nodeName, pod);
  }
  isAssumed(uid: string): boolean {
    return this.#assumed.has(uid);
  }
  /** The binding failed. */
  forget(uid: string): void {
    if (this.#assumed.delete(uid)) this.#take(uid);
  }

  /** Takes a pod off its node to see what would be, and `put` gives it back. */
  lift(node: NodeInfo, uid: string): PodInfo | undefined {
    const pod = node.remove(uid);
    if (pod !== undefined) this.#counted(node, pod, -1);
    return pod;
  }
  put(node: NodeInfo, pod: PodInfo): void {
    node.add(pod);
    this.#counted(node, pod, 1);
  }

  nominate(pod: PodInfo, nodeName: string): void {
    this.unnominate(pod.uid);
    let pods = this.#nominated.get(nodeName);
    if (pods === undefined) this.#nominated.set(nodeName, (pods = new Map()));
    pods.set(pod.uid, pod);
    this.#nominatedOf.set(pod.uid, nodeName);
  }
  unnominate(uid: string): void {
    const nodeName = this.#nominatedOf.get(uid);
    if (nodeName === undefined) return;
    this.#nominatedOf.delete(uid);
    const pods = this.#nominated.get(nodeName);
    pods?.delete(uid);
    if (pods?.size === 0) this.#nominated.delete(nodeName);
  }
  nominated(nodeName: string): Iterable<PodInfo> {
    return this.#nominated.get(nodeName)?.values() ?? [];
  }
  get anyNominated(): boolean {
    return this.#nominatedOf.size > 0;
  }

  #countImages(before: ReadonlyMap<string, number> | undefined, after: ReadonlyMap<string, number> | undefined): void {
    const count = (name: string, by: number): void => {
      const sum = (this.#images.get(name) ?? 0) + by;
      if (sum === 0) this.#images.delete(name);
      else this.#images.set(name, sum);
    };
    for (const name of after?.keys() ?? []) if (before?.has(name) !== true) count(name, 1);
    for (const name of before?.keys() ?? []) if (after?.has(name) !== true) count(name, -1);
  }

  #give(nodeName: string, pod: PodInfo): void {
    this.#place.set(pod.uid, nodeName);
    const node = this.#nodes.get(nodeName);
    if (node !== undefined) {
      this.put(node, pod);
      return;
    }
    const waiting = this.#homeless.get(nodeName);
    if (waiting === undefined) this.#homeless.set(nodeName, new Map([[pod.uid, pod]]));
    else waiting.set(pod.uid, pod);
  }
  #take(uid: string): void {
    const nodeName = this.#place.get(uid);
    if (nodeName === undefined) return;
    this.#place.delete(uid);
    const node = this.#nodes.get(nodeName);
    if (node !== undefined) this.lift(node, uid);
    const waiting = this.#homeless.get(nodeName);
    waiting?.delete(uid);
    if (waiting?.size === 0) this.#homeless.delete(nodeName);
  }
  #counted(node: NodeInfo, pod: PodInfo, sign: 1 | -1): void {
    this.counters.changed(node, pod, sign);
    this.terms.changed(node, pod, sign);
  }
}

export const zoneOf = ({ labels }: NodeInfo): string => `${labels['topology.kubernetes.io/region'] ?? ''}/${labels['topology.kubernetes.io/zone'] ?? ''}`;

function inTurns(nodes: NodeInfo[]): NodeInfo[] {
  const zones = [...Map.groupBy(nodes, zoneOf).values()];
  if (zones.length <= 1) return nodes;
  const order: NodeInfo[] = [];
  for (let i = 0; order.length < nodes.length; i++) for (const zone of zones) if (i < zone.length) order.push(zone[i]!);
  return order;
}
