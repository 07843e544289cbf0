/**
 * A kind is data plus small functions: everything that the API server does with Pods and not with Services stands in one
 * `Kind`, and nothing else in the API server names a kind. Built-in kinds live in a folder per API group, one file each;
 * custom resources are turned into the same shape at run time.
 */
import type { Clock, Ids } from '#machinery/clock.ts';
import type { FieldError } from '#machinery/field-error.ts';
import type { KubeObject, ObjectMeta } from '#machinery/object.ts';
import type { TypeSchema } from '#machinery/schema.ts';
import type { SchemaNode } from './custom/json-schema.ts';
import type { CustomResourceDefinition } from './generated/types.ts';

export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch';

/** What a function of a kind may know besides the object. Not the store: that is admission's and the allocators' affair. */
export interface KindContext {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly user: { readonly name: string; readonly uid?: string; readonly groups: readonly string[]; readonly extra?: Readonly<Record<string, readonly string[]>> };
}

/** A column of the server-side table (kubernetes.md 3.6). Priority 0 is always shown, 1 with `-o wide`. */
export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format?: string;
  readonly description: string;
  readonly priority?: number;
}

export interface TableRow {
  readonly cells: readonly unknown[];
  /** `Completed` for pods that ended. */
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string; readonly message: string }[];
}

/** Deals with one subresource that is stored as part of its object (`status`, `approval`, `ephemeralcontainers`, `resize`, `finalize`, ...). */
export interface StoredSubresource<T extends KubeObject = KubeObject> {
  readonly name: string;
  readonly verbs: readonly Verb[];
  /** What of `incoming` may change through this door: copies the rest from `old` into `incoming`, in place. */
  prepareForUpdate(incoming: T, old: T, context: KindContext): void;
  validateUpdate?(incoming: T, old: T, context: KindContext): FieldError[];
  /** Field paths that appliers through this door may not own, as in `['spec']`. */
  readonly resetFields?: readonly (readonly string[])[];
}

/** What the API server must know of a custom resource besides its kind. */
export interface CustomFacts {
  readonly definition: CustomResourceDefinition;
  /** The version that objects are stored in. */
  readonly storageVersion: string;
  /** Selectable fields of that version, by which the store indexes objects. */
  readonly storedFields: Kind['fields'];
  /** Its instances are being deleted: nothing may be created any more. */
  readonly terminating: boolean;
  /** Told with every answer (a deprecated version). */
  readonly warnings: readonly string[];
  /** The version's schema. */
  readonly schema: SchemaNode;
  /** Brings an object that was converted or stored earlier into the shape of this version, in place: pruned, defaulted. */
  refresh(object: KubeObject): void;
}

export interface Kind<T extends KubeObject = KubeObject> {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly Verb[];
  /** The key in the store, the same for every version of the resource and for aliases (events.k8s.io events are `events`). */
  readonly storage: string;
  readonly schema: TypeSchema;
  /** Set where this is not the version objects are stored in: turns stored into served and back (pure; may share parts). */
  readonly convert?: { toServed(stored: KubeObject): KubeObject; toStored(served: KubeObject): KubeObject };
  /** True where a change of the spec raises `metadata.generation`. */
  readonly hasGeneration: boolean;
  /** PUT to a name that does not exist creates it (leases, events). */
  readonly createOnUpdate?: boolean;
  /** A PUT must say which version of the object it replaces. */
  readonly needsVersion?: true;
  /** How names are checked; `subdomain` (RFC 1123, 253) is the usual one. */
  readonly nameRule: 'subdomain' | 'label' | 'pathSegment';
  /** The rule of names holds when an object is made; what is there already may have a generateName that breaks it. */
  readonly nameCheckedOnce?: true;
  /** Finalizers need no domain and no path: kinds whose metadata only apimachinery looks at. */
  readonly anyFinalizer?: true;
  /** The object itself is in the answer to DELETE, instead of a Status. */
  readonly deleteReturnsObject?: boolean;
  readonly defaultPropagation?: 'Background' | 'Orphan';
  /** Told to who deletes without saying what becomes of dependents. */
  readonly deleteWarning?: string;
  /** Told with every answer (a deprecated type). */
  readonly deprecation?: string;
  /** Objects expire this many seconds after their last write (events). */
  readonly ttlSeconds?: number;

  /** Fills in defaults, in place. Runs on every body read from a client, and again after mutating admission where that, or preparing, may have left some out. */
  defaults?(object: T): void;
  /** Before a create: clears status, computes fields the server owns. In place. */
  prepareForCreate?(object: T, context: KindContext): void;
  /** Before an update through the main door: restores what may not change there (status), in place. `generation` is done outside, by `specChanged`. */
  prepareForUpdate?(object: T, old: T, context: KindContext): void;
  /** What the two leave behind has all its defaults. */
  readonly preparesWhole?: boolean;
  /** Whether generation goes up; absent: whether anything but metadata and status differs. */
  specChanged?(object: T, old: T): boolean;
  /** Everything but metadata, which is checked for all kinds alike. */
  validate?(object: T, context: KindContext): FieldError[];
  /** `validateUpdate` says all there is to say of an update, and `validate` is for creates only (custom resources: what was wrong may stay so). */
  readonly ratchets?: true;
  /** Called besides `validate` on creation: what objects that are there already may still have. */
  validateCreate?(object: T, context: KindContext): FieldError[];
  /** Called besides `validate`: immutable fields. */
  validateUpdate?(object: T, old: T, context: KindContext): FieldError[];
  /** Texts for the `Warning` header. */
  warnings?(object: T, old: T | undefined): string[];
  /** Seconds of grace for a DELETE that may ask for some, `undefined` for kinds that are removed at once. */
  gracePeriod?(object: T, asked: number | undefined): number;
  /** True while an object on its way out must stay for a reason besides its metadata's finalizers (a namespace's own). */
  holds?(object: T): boolean;
  /** Called when a delete marks the object instead of removing it (a namespace becomes Terminating). In place. */
  prepareForDelete?(object: T): void;
  /** Field paths that appliers through the main door may not own, as in `['status']`. */
  readonly resetFields?: readonly (readonly string[])[];

  readonly stored: readonly StoredSubresource<T>[];
  /** Set where the kind is defined by a CustomResourceDefinition. */
  readonly custom?: CustomFacts;
  /** Where `/scale` finds its numbers. */
  readonly scale?: {
    readonly specReplicas: readonly string[];
    readonly statusReplicas: readonly string[];
    /** The selector as text, for `status.selector`. */
    selector(object: T): string;
  };
  /** Selectable fields besides `metadata.name` and `metadata.namespace`; indexed by the store. */
  readonly fields: Readonly<Record<string, (object: T) => string>>;
  /** The names that selectors use, and the field of `fields` that each means; absent: they are the same. */
  readonly fieldLabels?: Readonly<Record<string, string>>;
  /** Columns after `Name`, and their cells. Absent: `Created At`. */
  readonly columns?: readonly Column[];
  row?(object: T, now: number): TableRow;
}

/** A virtual resource that is only created and never stored (reviews, bindings, token requests, evictions) is the API server's; this names it for discovery. */
export interface VirtualResource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly schema: TypeSchema;
}

export interface KindRegistry {
  /** By group, version and plural, as in a URL. */
  byResource(group: string, version: string, plural: string): Kind | undefined;
  byKind(group: string, version: string, kind: string): Kind | undefined;
  /** The preferred version of a storage name such as `deployments.apps`. */
  byStorage(storage: string): Kind | undefined;
  virtual(group: string, version: string, plural: string): VirtualResource | undefined;
  kinds(): readonly Kind[];
  virtuals(): readonly VirtualResource[];
  /** Custom kinds come and go: takes in what the store says now. Absent: nothing ever changes. */
  refresh?(): Promise<void>;
  /** The definitions behind the custom kinds, those among them that are not served. */
  definitions?(): readonly CustomResourceDefinition[];
  /** A schema by its OpenAPI name, such as `io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions`. */
  schema(name: string): TypeSchema | undefined;
}

/** The metadata of an object that went through the API server. */
export type StoredMeta = ObjectMeta & Required<Pick<ObjectMeta, 'name' | 'uid' | 'resourceVersion' | 'creationTimestamp'>>;
