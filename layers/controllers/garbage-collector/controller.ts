/** The garbage collector: objects whose owners are all gone go too, in the order that the owner's deletion asked for. */
import type { Controller, ControllerContext, Key, Mapped, Result } from '#control/controller.ts';
import type { Resource } from '#control/client.ts';
import type { KindRegistry } from '#kinds/kind.ts';
import type { KubeObject } from '#machinery/object.ts';
import { sameJson } from '../shared/keys.ts';
import { judge } from './dependent.ts';
import { gcKey, parseGcKey } from './keys.ts';
import { deleteDependents, orphanDependents } from './owner.ts';
import { cachedOwner, FOREGROUND, hasFinalizer, isLeaving, ORPHAN, waitsForDependents } from './owners.ts';

export function garbageCollector({ registry }: { readonly registry: KindRegistry }): Controller {
  async function reconcile(key: Key, context: ControllerContext): Promise<Result> {
    const { resource, namespace, name } = parseGcKey(key);
    const object = context.cache.get(resource, namespace, name);
    if (object === undefined) return {};
    if (isLeaving(object)) {
      if (hasFinalizer(object, ORPHAN)) {
        await orphanDependents(resource, object, context);
        return {};
      }
      if (hasFinalizer(object, FOREGROUND)) {
        await deleteDependents(resource, object, context, registry);
        return {};
      }
    }
    await judge(resource, object, context, registry);
    return {};
  }

  /** Owners in foreground deletion, which may have waited for just this. */
  function waitingOwners(object: KubeObject, cache: ControllerContext['cache']): Key[] {
    return (object.metadata.ownerReferences ?? []).flatMap((reference) => {
      const found = cachedOwner(reference, object, cache, registry);
      return found !== undefined && waitsForDependents(found.owner) ? [gcKey(found.resource, found.owner)] : [];
    });
  }

  /** Most changes concern nobody: an object is looked at when its owners, its finalizers or its deletion changed, or an owner of its own. */
  function keys({ old, now }: Mapped, cache: ControllerContext['cache'], resource: Resource): readonly Key[] {
    if (now === undefined) {
      const gone = old!;
      return [...cache.dependents(gone.metadata.uid!).map((dependent) => gcKey(dependent.resource, dependent.object)), ...waitingOwners(gone, cache)];
    }
    const { metadata } = now;
    const references = metadata.ownerReferences ?? [];
    if (references.length === 0 && metadata.deletionTimestamp === undefined) return [];
    const found: Key[] = [];
    const ownersMoved = !sameJson(old?.metadata.ownerReferences, metadata.ownerReferences);
    const leaves = isLeaving(now) && (hasFinalizer(now, ORPHAN) || hasFinalizer(now, FOREGROUND));
    const leavingMoved = old?.metadata.deletionTimestamp !== metadata.deletionTimestamp || !sameJson(old?.metadata.finalizers, metadata.finalizers);
    // all owners known and none waiting: nothing to judge
    const alone = references.some((reference) => {
      const owner = cachedOwner(reference, now, cache, registry)?.owner;
      return owner === undefined || waitsForDependents(owner);
    });
    if ((ownersMoved && alone) || (leaves && leavingMoved)) found.push(gcKey(resource, now));
    if (ownersMoved && old !== undefined) found.push(...waitingOwners(old, cache));
    return found;
  }

  return { name: 'generic-garbage-collector', watches: [], watchesAll: { keys }, concurrency: 20, reconcile };
}
