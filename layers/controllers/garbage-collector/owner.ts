/** The two ways in which an owner waits for its dependents before it goes. */
import type { ControllerContext } from '#control/controller.ts';
import type { KindRegistry } from '#kinds/kind.ts';
import type { KubeObject } from '#machinery/object.ts';
import { isConflict, isInvalid, isNotFound } from '#machinery/status.ts';
import { dropReferences, judge } from './dependent.ts';
import { FOREGROUND, ORPHAN } from './owners.ts';

type Context = Pick<ControllerContext, 'cache' | 'client' | 'event'>;

/** Dependents worked on at once. */
const AT_ONCE = 20;

async function removeFinalizer(resource: string, object: KubeObject, finalizer: string, { client }: Context): Promise<void> {
  const { namespace = '', name, uid, resourceVersion, finalizers = [] } = object.metadata;
  const left = finalizers.filter((one) => one !== finalizer);
  await client
    .patch(resource, namespace, name!, { type: 'merge', body: { metadata: { uid, resourceVersion, finalizers: left.length === 0 ? null : left } } })
    .catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
}

async function each<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += AT_ONCE) await Promise.all(items.slice(at, at + AT_ONCE).map(act));
}

/** Lets the dependents go free, then the owner go. */
export async function orphanDependents(resource: string, owner: KubeObject, context: Context): Promise<void> {
  const uids = new Set([owner.metadata.uid!]);
  await each(context.cache.dependents(owner.metadata.uid!), async (dependent) => {
    try {
      await dropReferences(dependent.resource, dependent.object, uids, context);
    } catch (error) {
      if (!isNotFound(error) && !isInvalid(error)) throw error;
    }
  });
  await removeFinalizer(resource, owner, ORPHAN, context);
}

/** Deletes the dependents; the owner goes when none is left that blocks it. */
export async function deleteDependents(resource: string, owner: KubeObject, context: Context, registry: KindRegistry): Promise<void> {
  const { uid } = owner.metadata;
  const dependents = context.cache.dependents(uid!);
  const blocks = ({ object }: { object: KubeObject }): boolean =>
    object.metadata.ownerReferences?.some((reference) => reference.uid === uid && reference.blockOwnerDeletion === true) === true;
  if (!dependents.some(blocks)) {
    await removeFinalizer(resource, owner, FOREGROUND, context);
    return;
  }
  await each(dependents, async (dependent) => {
    if (dependent.object.metadata.deletionTimestamp !== undefined) return;
    try {
      await judge(dependent.resource, dependent.object, context, registry);
    } catch (error) {
      // its own change brings both back
      if (!isConflict(error)) throw error;
    }
  });
}
