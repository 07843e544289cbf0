/**
 * The Store port: what the API server and the controllers ask of the place where objects live.
 *
 * Promises every engine keeps (the contract suite beside this file checks them):
 * - a `commit` that resolved is durable, and every later `list`, `get` and watch shows it;
 * - resourceVersions of one resource are positive, strictly increasing integers, and readers see changes in that order
 *   without a hole: the *frontier* is the highest resourceVersion below which every change is known;
 * - a list is an exact snapshot at the resourceVersion that it names;
 * - a change is delivered once to each watcher, in order, also across a reconnect from the last resourceVersion seen.
 */

/** `pods`, `deployments.apps`: the plural and, but for the core group, a dot and the group. */
export type ResourceName = string;

export interface ObjectKey {
  readonly resource: ResourceName;
  /** Empty for cluster-scoped objects. */
  readonly namespace: string;
  readonly name: string;
}

/** What selectors are matched against without opening the body. */
export interface Indexed {
  readonly labels: Readonly<Record<string, string>>;
  /** The kind's selectable fields, such as `spec.nodeName`; `metadata.name` and `metadata.namespace` come from the key. */
  readonly fields: Readonly<Record<string, string>>;
}

export interface StoredObject extends Indexed {
  readonly key: ObjectKey;
  readonly rv: number;
  readonly uid: string;
  /** Canonical JSON (UTF-8), `metadata.resourceVersion` inside. Never changed in place. */
  readonly body: Uint8Array;
}

export type Precondition =
  /** No object may be there. */
  | { readonly absent: true }
  /** The object must be there at exactly this resourceVersion. */
  | { readonly rv: number };

export interface Put extends Indexed {
  readonly type: 'put';
  readonly key: ObjectKey;
  readonly if: Precondition;
  readonly uid: string;
  /** Called once the resourceVersion is known; may be called again with another one. */
  readonly body: (rv: number) => Uint8Array;
  /** Seconds since the epoch after which the engine removes the object by itself (Events). */
  readonly expiresAt?: number;
}

export interface Remove {
  readonly type: 'remove';
  readonly key: ObjectKey;
  readonly if: { readonly rv: number };
  /** The last state, with the resourceVersion of the removal inside. */
  readonly body: (rv: number) => Uint8Array;
}

export type Write = Put | Remove;

/** Who made a change: kept in the change log, where audit reads it. */
export interface Actor {
  readonly user: string;
  readonly requestId?: string;
}

/** One entry of a resource's change log. Instances are shared between watchers: the same change is the same object. */
export interface Change {
  readonly rv: number;
  readonly type: 'created' | 'updated' | 'removed';
  readonly key: ObjectKey;
  readonly uid: string;
  /** The state after the change; for `removed` the last state with the removal's resourceVersion. */
  readonly body: Uint8Array;
  readonly after: Indexed;
  /** Absent for `created`. */
  readonly before?: Indexed;
}

export interface ListQuery {
  readonly resource: ResourceName;
  /** Absent: all namespaces. */
  readonly namespace?: string;
  /** One object by name (`metadata.name` selectors). */
  readonly name?: string;
  /**
   * `latest`: everything acknowledged before the call; `any`: whatever is at hand, at least `notBefore` where given;
   * `{ at }`: exactly the state at that resourceVersion (StoreExpired when it is too old).
   */
  readonly version: 'latest' | 'any' | { readonly at: number };
  readonly notBefore?: number;
  /** Continue after this object, in key order (namespace, then name, by UTF-8 bytes). */
  readonly after?: { readonly namespace: string; readonly name: string };
  readonly limit?: number;
  /** Objects that do not match are skipped and do not count against the limit. */
  readonly match?: (indexed: Indexed, key: ObjectKey) => boolean;
}

export interface ListPage {
  /** The resourceVersion the page is a snapshot of. */
  readonly rv: number;
  readonly items: readonly StoredObject[];
  /** True when objects that match may follow. */
  readonly more: boolean;
  /** How many follow, where the query has no `match` and they were counted; the first page of the newest state always says it. */
  readonly remaining?: number;
}

export interface WatchListener {
  /** Changes after the last ones delivered, in order; `frontier` is at or above the last of them. May be empty of changes. */
  changes(changes: readonly Change[], frontier: number): void;
  /** The changes after the last delivered are no longer kept: nothing more comes. */
  expired(): void;
}

export interface Store {
  /** `version` as in ListQuery; `undefined` where there is no such object. */
  get(key: ObjectKey, version?: 'latest' | 'any'): Promise<StoredObject | undefined>;
  list(query: ListQuery): Promise<ListPage>;
  /**
   * All writes or none, each with a resourceVersion of its own resource (returned in order).
   * @throws StoreConflict the first write whose precondition did not hold
   * @throws StoreUnavailable the outcome is unknown or the store cannot take writes (full disk, lost connection)
   */
  commit(writes: readonly Write[], actor: Actor): Promise<readonly number[]>;
  /**
   * The highest resourceVersion that readers may speak of. 1 where the resource was never written, and the first write gets 2 or more:
   * the list of an empty resource then has a resourceVersion that a client can watch from ("0" would mean "any").
   */
  frontier(resource: ResourceName): Promise<number>;
  /**
   * Delivers the changes after `after` (exclusive), past and future, until the answer is called.
   * @throws StoreExpired (or later `expired()`) when `after` is older than what is kept
   */
  watch(resource: ResourceName, after: number, listener: WatchListener): Promise<() => void>;
  /** Uses up a resourceVersion, so that what is read from now on carries another one than what was read before; watchers hear of no change. */
  advance(resource: ResourceName): Promise<void>;
  /** The state that `change` replaced, for the DELETED event of a selector that no longer matches; `undefined` for `created`. */
  previous(change: Change): Promise<Uint8Array | undefined>;
  /** How many objects a resource has, in all namespaces or in one. */
  count(resource: ResourceName, namespace?: string): Promise<number>;
  /** All resources that hold an object; there may be some among them that only held one once. */
  resources(): Promise<readonly ResourceName[]>;
  close(): Promise<void>;
}
