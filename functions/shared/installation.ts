/** What every function of an installation stands on. The engines behind it are chosen by the function's entry, once per environment. */
import type { ClusterRecord, Clusters } from '#cloud/clusters/port.ts';
import type { Clock, Ids, Random } from '#machinery/clock.ts';
import type { Queue } from '#queue/port.ts';
import type { Store } from '#store/port.ts';
import type { Log } from './log.ts';

export interface Queues {
  /** Keys of controllers, of all clusters. */
  readonly reconcile: Queue;
  /** Pods without a node, and what may help them; one group per cluster. */
  readonly schedule: Queue;
  readonly nodes: NodeBells;
}

/** The doorbells of nodes, one queue each. */
export interface NodeBells {
  /** Makes the node's queue where it is not there. */
  ensure(cluster: string, node: string): Promise<void>;
  remove(cluster: string, node: string): Promise<void>;
  /** False where the node has no queue: it is new, or gone, or hears of changes by HTTP. */
  ring(cluster: string, node: string, bodies: readonly string[]): Promise<boolean>;
}

/** A store of an engine without timers: what expired is removed when somebody says so. */
export interface SweptStore extends Store {
  /** How many objects of the resource were removed because their time is over. */
  sweep?(resource: string): Promise<number>;
}

export interface Installation {
  readonly clusters: Clusters;
  /** The partition of the table that is a node's own, and the name of its queue; absent where nodes have neither. */
  placeOfNode?(cluster: ClusterRecord, node: string): { readonly table: string; readonly partition: string; readonly queue: string };
  /** Removes the items of a deleted cluster until `until` says that there is no more time; absent where nothing outlives it. */
  sweepCluster?(clusterId: string, until: () => boolean): Promise<{ readonly removed: number; readonly done: boolean }>;
  /** By the first part of the cluster's keys. */
  openStore(clusterId: string): Promise<SweptStore>;
  readonly queues: Queues;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly random: Random;
  readonly log: Log;
  /** PEM: who signs what the installation's doors show; published in every namespace. */
  readonly caBundle: string;
  /** Where nodes and pods reach the API server by an address. */
  readonly api: { readonly address: string; readonly port: number };
}
