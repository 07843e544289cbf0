/**
 * Admission: what may still change or refuse a write after it was authorized and decoded. Mutating plugins run first, in the order of the
 * chain, then validating ones. A refusal is a thrown ApiError.
 */
import type { Kind, KindContext } from '#kinds/kind.ts';
import type { KubeObject } from '#machinery/object.ts';
import type { Store, Write } from '#store/port.ts';
import type { User } from '../authn/port.ts';
import type { Reinvocation } from './extension/reinvocation.ts';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

export interface AdmissionAttributes {
  readonly operation: Operation;
  /** Absent for virtual resources without a stored kind behind them. */
  readonly kind: Kind | undefined;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  /** Empty for the object itself. */
  readonly subresource: string;
  readonly namespace: string;
  /** May be empty on CREATE with generateName until the name is made. */
  readonly name: string;
  /** The object as it would be stored; mutating plugins change it in place. Absent for DELETE. */
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
  /** CreateOptions, UpdateOptions, PatchOptions, DeleteOptions or the options of a CONNECT. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly user: User;
  readonly dryRun: boolean;
  /** A text for the `Warning` header. */
  warn(text: string): void;
  /** Something for the audit record of this request. */
  annotate?(key: string, value: string): void;
  /** What mutating plugins know of their two rounds. */
  readonly reinvocation: Reinvocation;
  /**
   * Writes that commit in the same transaction as the object (an allocator's entry, a quota's usage): all or nothing. They are dropped on
   * dry runs. A StoreConflict of one of them makes the whole request run again, admission included.
   */
  addWrites(writes: readonly Write[]): void;
}

export interface AdmissionServices {
  readonly store: Store;
  readonly context: Omit<KindContext, 'user'>;
}

export interface AdmissionPlugin {
  /** As in Kubernetes: `LimitRanger`. */
  readonly name: string;
  handles(attributes: AdmissionAttributes): boolean;
  /** Not called in the second round, which follows when a webhook or a policy changed the object. */
  readonly once?: true;
  /** What `admit` leaves behind has all its defaults: nobody needs to fill them in after it. */
  readonly complete?: true;
  admit?(attributes: AdmissionAttributes, services: AdmissionServices): Promise<void> | void;
  /** What storage gives out (addresses, ports): after it was noted who set which field, before validation. */
  allocate?(attributes: AdmissionAttributes, services: AdmissionServices): Promise<void> | void;
  validate?(attributes: AdmissionAttributes, services: AdmissionServices): Promise<void> | void;
  /**
   * Called when the object of a DELETE, or of an update that takes its last finalizer, is about to be removed for good, with the object as
   * `oldObject`: only to `addWrites` what must go with it.
   */
  removing?(attributes: AdmissionAttributes, services: AdmissionServices): Promise<void> | void;
}
