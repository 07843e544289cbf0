/** What has become of an object's owners. */
import type { Client } from '#control/client.ts';
import type { Cache } from '#control/controller.ts';
import type { KindRegistry } from '#kinds/kind.ts';
import type { KubeObject, OwnerReference } from '#machinery/object.ts';
import { isNotFound } from '#machinery/status.ts';

export const FOREGROUND = 'foregroundDeletion';
export const ORPHAN = 'orphan';

export const isLeaving = ({ metadata: { deletionTimestamp } }: KubeObject): boolean => deletionTimestamp !== undefined;
export const hasFinalizer = ({ metadata: { finalizers } }: KubeObject, finalizer: string): boolean => finalizers?.includes(finalizer) === true;
/** Deleted with its dependents going first. */
export const waitsForDependents = (object: KubeObject): boolean => isLeaving(object) && hasFinalizer(object, FOREGROUND);

export type Fate =
  /** There: keeps its dependents. */
  | 'solid'
  /** Gone, or replaced by another of the same name. */
  | 'dangling'
  /** In foreground deletion. */
  | 'waiting'
  /** A namespaced owner of an object without a namespace: cannot be, and decides nothing. */
  | 'impossible'
  /** Of a resource that is not served (yet): decides nothing. */
  | 'unknown';

export interface OwnerFate {
  readonly reference: OwnerReference;
  readonly fate: Fate;
}

/** Where an owner reference points to. An owner in another namespace does not exist: names are looked up in the dependent's own. */
function placeOf(reference: OwnerReference, dependent: KubeObject, registry: KindRegistry): { resource: string; namespace: string } | 'impossible' | 'unknown' {
  const slash = reference.apiVersion.indexOf('/');
  const [group, version] = slash < 0 ? ['', reference.apiVersion] : [reference.apiVersion.slice(0, slash), reference.apiVersion.slice(slash + 1)];
  const kind = registry.byKind(group, version, reference.kind) ?? registry.kinds().find((one) => one.group === group && one.kind === reference.kind);
  if (kind === undefined) return 'unknown';
  const namespace = dependent.metadata.namespace ?? '';
  if (kind.namespaced && namespace === '') return 'impossible';
  return { resource: kind.storage, namespace: kind.namespaced ? namespace : '' };
}

async function fateOf(reference: OwnerReference, dependent: KubeObject, cache: Cache, client: Client, registry: KindRegistry): Promise<Fate> {
  const place = placeOf(reference, dependent, registry);
  if (typeof place === 'string') return place;
  let owner = cache.get(place.resource, place.namespace, reference.name);
  if (owner?.metadata.uid !== reference.uid) {
    // the cache may be behind; a death sentence wants the server's word
    try {
      owner = await client.get(place.resource, place.namespace, reference.name);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return 'dangling';
    }
  }
  if (owner.metadata.uid !== reference.uid) return 'dangling';
  return waitsForDependents(owner) ? 'waiting' : 'solid';
}

export function ownerFates(dependent: KubeObject, cache: Cache, client: Client, registry: KindRegistry): Promise<OwnerFate[]> {
  return Promise.all((dependent.metadata.ownerReferences ?? []).map(async (reference) => ({ reference, fate: await fateOf(reference, dependent, cache, client, registry) })));
}

/** The owner as the cache has it, by its uid. */
export function cachedOwner(
  reference: OwnerReference,
  dependent: KubeObject,
  cache: Cache,
  registry: KindRegistry,
): { readonly resource: string; readonly owner: KubeObject } | undefined {
  const place = placeOf(reference, dependent, registry);
  if (typeof place === 'string') return undefined;
  const owner = cache.get(place.resource, place.namespace, reference.name);
  return owner?.metadata.uid === reference.uid ? { resource: place.resource, owner } : undefined;
}
