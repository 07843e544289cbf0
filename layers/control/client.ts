/**
 * How controllers, the scheduler and other parts of the control plane write: through the API server, with its admission,
 * defaulting and validation, as an identity of their own. In one process the engine calls the API server's verbs directly.
 * Errors are the API server's ApiError (machinery/status.ts): isConflict, isNotFound, isAlreadyExists tell them apart.
 */
import type { KubeObject } from '#machinery/object.ts';

/** `pods`, `deployments.apps`: as in the store. The preferred version is meant. */
export type Resource = string;

export interface DeleteParameters {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

export interface Client {
  get<T extends KubeObject>(resource: Resource, namespace: string, name: string): Promise<T>;
  list<T extends KubeObject>(
    resource: Resource,
    options?: { readonly namespace?: string; readonly labelSelector?: string; readonly fieldSelector?: string },
  ): Promise<{ readonly resourceVersion: string; readonly items: readonly T[] }>;
  create<T extends KubeObject>(resource: Resource, object: T, subresource?: { readonly name: string; readonly of: string }): Promise<T>;
  /** PUT; with `subresource` to that door (`status`, `scale`, `finalize`). */
  update<T extends KubeObject>(resource: Resource, object: T, subresource?: string): Promise<T>;
  patch<T extends KubeObject>(
    resource: Resource,
    namespace: string,
    name: string,
    patch: { readonly type: 'merge' | 'strategic' | 'json' | 'apply'; readonly body: unknown; readonly fieldManager?: string; readonly force?: boolean },
    subresource?: string,
  ): Promise<T>;
  delete(resource: Resource, namespace: string, name: string, options?: DeleteParameters): Promise<void>;
  /** Another identity over the same connection (each controller writes under its own service account). */
  as(user: string, groups?: readonly string[]): Client;
}
