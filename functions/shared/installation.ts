/** What every function of an installation stands on. The engines behind it are chosen by the function's entry, once per environment. */
import type { Clusters } from '#cloud/clusters/port.ts';
import type { Clock, Ids, Random } from '#machinery/clock.ts';
import type { Queue } from '#queue/port.ts';
import type { Store } from '#store/port.ts';
import type { Log } from './log.ts';

export interface Queues {
  /** Keys of controllers, of all clusters. */
  readonly reconcile: Queue;
  /** Pods without a node, and what may help them; one group per cluster. */
  readonly schedule: Queue;
  /** The doorbell of one node; `undefined` where the node has none (it polls by HTTP). */
  node(cluster: string, node: string): Pick<Queue, 'send'> | undefined;
}

/** A store of an engine without timers: what expired is removed when somebody says so. */
export interface SweptStore extends Store {
  /** How many objects of the resource were removed because their time is over. */
  sweep?(resource: string): Promise<number>;
}

export interface Installation {
  readonly clusters: Clusters;
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
