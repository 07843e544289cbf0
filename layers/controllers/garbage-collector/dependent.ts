/** Decides over one object that has owners: keep it, drop references to owners that are gone, or delete it. */
import type { ControllerContext } from '#control/controller.ts';
import type { KindRegistry } from '#kinds/kind.ts';
import type { KubeObject } from '#machinery/object.ts';
import { isConflict, isInvalid, isNotFound } from '#machinery/status.ts';
import { FOREGROUND, hasFinalizer, isLeaving, ORPHAN, ownerFates, waitsForDependents } from './owners.ts';

type Context = Pick<ControllerContext, 'cache' | 'client' | 'event'>;

/** Server-side there is one strategic patch for all built-in kinds; custom resources take the list whole, guarded by their version. */
export async function dropReferences(resource: string, object: KubeObject, uids: ReadonlySet<string>, { client }: Pick<ControllerContext, 'client'>): Promise<void> {
  const { namespace = '', name, uid, resourceVersion } = object.metadata;
  const left = (object.metadata.ownerReferences ?? []).filter((reference) => !uids.has(reference.uid));
  if (left.length === object.metadata.ownerReferences?.length) return;
  await client.patch(resource, namespace, name!, { type: 'merge', body: { metadata: { uid, resourceVersion, ownerReferences: left.length === 0 ? null : left } } });
}

/** A dependent that is itself owner in a circle of foreground deletions would block for good: it stops blocking its owners. */
async function unblock(resource: string, object: KubeObject, { client }: Context): Promise<void> {
  const { namespace = '', name, uid, resourceVersion, ownerReferences = [] } = object.metadata;
  if (!ownerReferences.some(({ blockOwnerDeletion }) => blockOwnerDeletion === true)) return;
  const next = ownerReferences.map((reference) => ({ ...reference, blockOwnerDeletion: false }));
  await client.patch(resource, namespace, name!, { type: 'merge', body: { metadata: { uid, resourceVersion, ownerReferences: next } } });
}

async function remove(resource: string, object: KubeObject, propagationPolicy: 'Background' | 'Foreground' | 'Orphan', { client }: Context): Promise<void> {
  const { namespace = '', name, uid, resourceVersion } = object.metadata;
  // the version too: what was judged must be what is deleted
  await client.delete(resource, namespace, name!, { propagationPolicy, preconditions: { uid: uid!, resourceVersion: resourceVersion! } });
}

export async function judge(resource: string, object: KubeObject, context: Context, registry: KindRegistry): Promise<void> {
  if (isLeaving(object) && !waitsForDependents(object)) return;
  const owners = await ownerFates(object, context.cache, context.client, registry);
  if (owners.length === 0) return;
  const impossible = owners.find(({ fate }) => fate === 'impossible');
  if (impossible !== undefined) {
    const { kind, name, uid } = impossible.reference;
    context.event(
      object,
      'Warning',
      'OwnerRefInvalidNamespace',
      `ownerRef [${impossible.reference.apiVersion}/${kind}, namespace: , name: ${name}, uid: ${uid}] does not exist in namespace ""`,
    );
    return;
  }
  if (owners.some(({ fate }) => fate === 'unknown')) return;
  const gone = owners.filter(({ fate }) => fate === 'dangling');
  const waiting = owners.filter(({ fate }) => fate === 'waiting');
  const uids = new Set([...gone, ...waiting].map(({ reference }) => reference.uid));
  const { namespace = '' } = object.metadata;
  try {
    if (owners.some(({ fate }) => fate === 'solid')) {
      if (uids.size > 0) await dropReferences(resource, object, uids, context);
      return;
    }
    if (isLeaving(object)) return;
    for (const { reference } of gone) {
      const elsewhere = ownerElsewhere(reference.uid, namespace, context);
      if (elsewhere !== undefined) {
        const { apiVersion, kind, name, uid } = reference;
        context.event(
          object,
          'Warning',
          'OwnerRefInvalidNamespace',
          `ownerRef [${apiVersion}/${kind}, namespace: ${namespace}, name: ${name}, uid: ${uid}] does not exist in namespace "${namespace}"`,
        );
      }
    }
    if (waiting.length > 0) {
      const dependents = context.cache.dependents(object.metadata.uid!);
      if (dependents.length > 0) {
        if (dependents.some(({ object: one }) => waitsForDependents(one))) {
          await unblock(resource, object, context);
          return;
        }
        await remove(resource, object, 'Foreground', context);
        return;
      }
    }
    const policy = hasFinalizer(object, ORPHAN) ? 'Orphan' : hasFinalizer(object, FOREGROUND) ? 'Foreground' : 'Background';
    await remove(resource, object, policy, context);
  } catch (error) {
    // changed or gone since it was judged: its change brings it back here
    if (!isNotFound(error) && !isConflict(error) && !isInvalid(error)) throw error;
    if (isConflict(error)) throw error;
  }
}

/** Whether an object of that uid lives in another namespace: then the reference was never right. */
function ownerElsewhere(uid: string, namespace: string, { cache }: Context): boolean | undefined {
  const sibling = cache.dependents(uid).find(({ object }) => (object.metadata.namespace ?? '') !== namespace);
  return sibling === undefined ? undefined : true;
}
