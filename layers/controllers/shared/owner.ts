/** Owner references that make a controller the one in charge of an object. */
import { controllerOf } from '#control/cache/owner-index.ts';
import type { Client, Resource } from '#control/client.ts';
import type { Cache, Key, Mapped } from '#control/controller.ts';
import type { KubeObject, OwnerReference } from '#machinery/object.ts';
import { isInvalid, isNotFound } from '#machinery/status.ts';
import { keyOf } from '#control/dispatcher.ts';

export { controllerOf };

export function controllerReference(owner: KubeObject): OwnerReference {
  return { apiVersion: owner.apiVersion, kind: owner.kind, name: owner.metadata.name!, uid: owner.metadata.uid!, controller: true, blockOwnerDeletion: true };
}

export interface ClaimRules<T extends KubeObject> {
  readonly owner: KubeObject;
  readonly ownerResource: Resource;
  readonly resource: Resource;
  readonly client: Client;
  readonly cache: Cache;
  /** What an adopted object gets besides its reference. */
  readonly finalizers?: readonly string[];
  matches(object: T): boolean;
  /** Which objects are taken over: those that are neither ended nor leaving. */
  adoptable(object: T): boolean;
}

/**
 * The objects that belong to the owner: its own that still match, and orphans that match, which are adopted; its own that no longer
 * match are released. Adoption asks the server first whether the owner is still there and is still the same: a deleted owner must
 * not take new children.
 */
export async function claim<T extends KubeObject>({ owner, ownerResource, resource, client, cache, finalizers, matches, adoptable }: ClaimRules<T>): Promise<T[]> {
  const { namespace = '', uid, deletionTimestamp } = owner.metadata;
  const claimed: T[] = [];
  for (const object of cache.ownedBy<T>(resource, uid!)) {
    if (object.metadata.namespace !== owner.metadata.namespace) continue;
    if (matches(object)) claimed.push(object);
    else if (deletionTimestamp === undefined) await release(client, resource, object, uid!);
  }
  if (deletionTimestamp !== undefined) return claimed;
  let mayAdopt: boolean | undefined;
  for (const object of cache.orphans<T>(resource, namespace)) {
    if (object.metadata.deletionTimestamp !== undefined || !matches(object) || !adoptable(object)) continue;
    mayAdopt ??= await isStillThere(client, ownerResource, owner);
    if (!mayAdopt) break;
    try {
      claimed.push(
        await client.patch<T>(resource, namespace, object.metadata.name!, {
          type: 'strategic',
          body: { metadata: { ownerReferences: [controllerReference(owner)], uid: object.metadata.uid, ...(finalizers === undefined ? {} : { finalizers }) } },
        }),
      );
    } catch (error) {
      // gone or replaced meanwhile: not ours to have
      if (!isNotFound(error) && !isInvalid(error)) throw error;
    }
  }
  return claimed;
}

async function isStillThere(client: Client, resource: Resource, owner: KubeObject): Promise<boolean> {
  try {
    const fresh = await client.get(resource, owner.metadata.namespace ?? '', owner.metadata.name!);
    return fresh.metadata.uid === owner.metadata.uid && fresh.metadata.deletionTimestamp === undefined;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

async function release(client: Client, resource: Resource, object: KubeObject, ownerUid: string): Promise<void> {
  try {
    await client.patch(resource, object.metadata.namespace ?? '', object.metadata.name!, {
      type: 'strategic',
      body: { metadata: { ownerReferences: [{ $patch: 'delete', uid: ownerUid }], uid: object.metadata.uid } },
    });
  } catch (error) {
    // gone, or no longer ours
    if (!isNotFound(error) && !isInvalid(error)) throw error;
  }
}

/**
 * The keys of the owners that a change of a dependent concerns: its controller before and after, and, for one that nobody controls,
 * all that select it.
 */
export function ownerKeys(change: Mapped, cache: Cache, ownerResource: Resource, ownerKind: string, selects: (owner: KubeObject, object: KubeObject) => boolean): readonly Key[] {
  const keys = new Set<Key>();
  const resolve = (object: KubeObject | undefined): string | undefined => {
    const reference = object === undefined ? undefined : controllerOf(object);
    if (reference === undefined) return undefined;
    if (reference.kind === ownerKind) {
      const owner = cache.get(ownerResource, object!.metadata.namespace ?? '', reference.name);
      if (owner?.metadata.uid === reference.uid) keys.add(keyOf(owner));
    }
    return reference.uid;
  };
  const before = resolve(change.old);
  const after = resolve(change.now);
  const { old, now } = change;
  if (now === undefined || after !== undefined) return [...keys];
  const labelsMoved = old === undefined || before !== after || !sameLabels(old.metadata.labels, now.metadata.labels);
  if (labelsMoved) for (const owner of cache.list(ownerResource, now.metadata.namespace)) if (selects(owner, now)) keys.add(keyOf(owner));
  return [...keys];
}

function sameLabels(a: Readonly<Record<string, string>> = {}, b: Readonly<Record<string, string>> = {}): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
