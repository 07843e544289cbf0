/** A node with what is on it. Numbers move with each pod that comes or goes; nothing is summed up anew. */
import type { Node } from '#kinds/generated/types.ts';
import type { HostPort, PodInfo } from './pod-info.ts';
import { addTo, fromList, nothing, type Resources, unitsOf } from './resources.ts';

export class NodeInfo {
  node: Node;
  allocatable: Resources = nothing();
  /** How many pods the node takes. */
  podLimit = 0;
  /** Bytes of each image name that is on the node. */
  images: ReadonlyMap<string, number> = new Map();
  readonly requested = nothing();
  readonly load = { cpu: 0, memory: 0 };
  readonly pods = new Map<string, PodInfo>();
  readonly #ports = new Map<string, number>();

  constructor(node: Node) {
    this.node = node;
    this.update(node);
  }

  get name(): string {
    return this.node.metadata.name!;
  }

  get labels(): Readonly<Record<string, string>> {
    return this.node.metadata.labels ?? {};
  }

  update(node: Node): void {
    this.node = node;
    const list = node.status?.allocatable ?? node.status?.capacity;
    this.allocatable = fromList(list);
    this.podLimit = list?.['pods'] === undefined ? 0 : unitsOf(list['pods']);
    const images = new Map<string, number>();
    for (const { names, sizeBytes } of node.status?.images ?? []) for (const name of names ?? []) images.set(name, sizeBytes ?? 0);
    this.images = images;
  }

  add(pod: PodInfo): void {
    this.pods.set(pod.uid, pod);
    this.#count(pod, 1);
  }

  remove(uid: string): PodInfo | undefined {
    const pod = this.pods.get(uid);
    if (pod === undefined) return undefined;
    this.pods.delete(uid);
    this.#count(pod, -1);
    return pod;
  }

  #count(pod: PodInfo, sign: 1 | -1): void {
    addTo(this.requested, pod.request.exact, sign);
    this.load.cpu += sign * pod.request.load.cpu;
    this.load.memory += sign * pod.request.load.memory;
    for (const { ip, protocol, port } of pod.ports) {
      const key = `${protocol} ${port} ${ip}`;
      const count = (this.#ports.get(key) ?? 0) + sign;
      if (count === 0) this.#ports.delete(key);
      else this.#ports.set(key, count);
    }
  }

  /** A wildcard address clashes with every address of its port and protocol. */
  clashes({ ip, protocol, port }: HostPort): boolean {
    if (this.#ports.size === 0) return false;
    if (ip !== '0.0.0.0') return this.#ports.has(`${protocol} ${port} ${ip}`) || this.#ports.has(`${protocol} ${port} 0.0.0.0`);
    const prefix = `${protocol} ${port} `;
    for (const key of this.#ports.keys()) if (key.startsWith(prefix)) return true;
    return false;
  }
}
