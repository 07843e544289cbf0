/**
 * A controller is `reconcile(key)`: level-triggered, it reads the state, decides, writes once. It never trusts the message that
 * woke it, may be called twice for one change or once for ten, and may be thrown away between any two lines.
 */
import type { Clock, Ids, Random } from '#machinery/clock.ts';
import type { KubeObject } from '#machinery/object.ts';
import type { Client, Resource } from './client.ts';

/** `namespace/name`, or `name` for cluster-scoped objects. */
export type Key = string;

export interface Result {
  /** Look again after this time, whatever happens until then. */
  readonly requeueAfterSeconds?: number;
}

/** Objects known at some recent resourceVersion: fed by the change log, shared by the controllers of a process. Never change what it returns. */
export interface Cache {
  get<T extends KubeObject>(resource: Resource, namespace: string, name: string): T | undefined;
  list<T extends KubeObject>(resource: Resource, namespace?: string): readonly T[];
  /** Objects whose controller owner reference has this uid. */
  ownedBy<T extends KubeObject>(resource: Resource, uid: string): readonly T[];
  /** Objects of a namespace that have no controller owner reference: those that a controller may adopt. */
  orphans<T extends KubeObject>(resource: Resource, namespace: string): readonly T[];
  /** Every object, of any resource that is kept, with an owner reference (controller or not) to this uid. */
  dependents(uid: string): readonly Dependent[];
  /** The resources that are kept. */
  resources(): readonly Resource[];
  /** The last resourceVersion that this cache has seen of a resource; 0 where it does not keep it. */
  version(resource: Resource): number;
}

export interface Dependent {
  readonly resource: Resource;
  readonly object: KubeObject;
}

export interface ControllerContext {
  readonly client: Client;
  readonly cache: Cache;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly random: Random;
  /** Records a Kubernetes Event on an object, aggregated as client-go does. */
  event(object: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string): void;
}

/** A change as controllers see it: `old` is absent for a created, `now` for a removed object. */
export interface Mapped<T extends KubeObject = KubeObject> {
  readonly old?: T;
  readonly now?: T;
}

export interface Watch {
  readonly resource: Resource;
  /** `metadata`: the controller needs no more of these objects, and reads the rest through its client. Absent: whole objects. */
  readonly keep?: 'metadata';
  /** The keys of this controller that a change concerns; absent: the changed object's own key. */
  keys?(change: Mapped, cache: Cache): readonly Key[];
}

export interface Controller {
  readonly name: string;
  readonly watches: readonly Watch[];
  /** Resources it reads from the cache besides those it watches. */
  readonly reads?: readonly Resource[];
  /**
   * Watches the metadata of every resource that can be listed, watched and deleted, those that are defined later too: the
   * objects that `keys` sees have no more than `metadata` where no other controller reads the resource whole.
   */
  readonly watchesAll?: { keys(change: Mapped, cache: Cache, resource: Resource): readonly Key[] };
  /** How many keys at once; 1 where the work is global. */
  readonly concurrency?: number;
  reconcile(key: Key, context: ControllerContext): Promise<Result>;
}
