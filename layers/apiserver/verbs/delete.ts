/** Deleting: at once, with a grace period, or after finalizers (Kubernetes' `registry/rest/delete.go` and the store's `Delete`). */
import type { KubeObject } from '#machinery/object.ts';
import { invalid, notSupported } from '#machinery/field-error.ts';
import { conflict, invalidObject, notFound } from '#machinery/status.ts';
import { StoreConflict } from '#store/errors.ts';
import { admission } from '../admission/chain.ts';
import { type Call, refOf, timestamp } from '../context.ts';
import { copyOf } from '../write/copy.ts';
import { parseBytes } from '../write/body.ts';
import { commit, keyOf, putOf, removeOf, toServed, withVersion } from '../write/store-write.ts';

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: string;
  readonly orphanDependents?: boolean;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun: boolean;
}

export interface DeleteResult {
  /** The object as it is now, or as it was last. */
  readonly object: KubeObject;
  /** Gone for good, not merely marked. */
  readonly removed: boolean;
}

const ORPHAN = 'orphan';
const FOREGROUND = 'foregroundDeletion';
const TRIES = 16;

export function checkDeleteOptions(options: DeleteOptions): void {
  const { propagationPolicy: policy } = options;
  if (policy !== undefined && options.orphanDependents !== undefined)
    throw invalidObject('meta.k8s.io', 'DeleteOptions', '', [invalid('propagationPolicy', policy, 'orphanDependents and deletionPropagation cannot be both set')]);
  if (policy !== undefined && !['Foreground', 'Background', 'Orphan'].includes(policy)) {
    throw invalidObject('meta.k8s.io', 'DeleteOptions', '', [notSupported('propagationPolicy', policy, ['Foreground', 'Background', 'Orphan', 'nil'])]);
  }
}

/** The finalizers that the way of deletion asks for; those of another way go. */
function finalizersFor(call: Call, object: KubeObject, options: DeleteOptions): string[] {
  const had = object.metadata.finalizers ?? [];
  let want: string | undefined;
  if (options.orphanDependents !== undefined) want = options.orphanDependents ? ORPHAN : undefined;
  else if (options.propagationPolicy !== undefined) want = options.propagationPolicy === 'Orphan' ? ORPHAN : options.propagationPolicy === 'Foreground' ? FOREGROUND : undefined;
  // said earlier, by an update or a first delete
  else if (had.includes(ORPHAN) || had.includes(FOREGROUND)) return had;
  else if (call.kind.defaultPropagation === 'Orphan') want = ORPHAN;
  const others = had.filter((finalizer) => finalizer !== ORPHAN && finalizer !== FOREGROUND);
  return want === undefined ? others : [...others, want];
}

export async function remove(call: Call, options: DeleteOptions): Promise<DeleteResult> {
  const { kind, parts, namespace, name } = call;
  for (let tries = 1; ; tries++) {
    const stored = await parts.store.get(keyOf(kind, namespace, name));
    if (stored === undefined) throw notFound(refOf(kind), name);
    const old = toServed(kind, parseBytes(stored.body));
    const { uid, resourceVersion } = options.preconditions ?? {};
    // upstream names the kind here, not the resource
    const ref = { group: kind.group, resource: kind.kind };
    if (uid !== undefined && uid !== stored.uid)
      throw conflict(ref, name, `the UID in the precondition (${uid}) does not match the UID in record (${stored.uid}). The object might have been deleted and then recreated`);
    if (resourceVersion !== undefined && resourceVersion !== String(stored.rv))
      throw conflict(
        ref,
        name,
        `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${stored.rv}). The object might have been modified`,
      );
    const chain = admission(call, { operation: 'DELETE', name, object: undefined, oldObject: old, options: options as unknown as Record<string, unknown>, dryRun: options.dryRun });
    await chain.mutate();
    await chain.validate();

    const object = copyOf(old, old);
    const { metadata } = object;
    const finalizers = finalizersFor(call, object, options);
    if (finalizers.length > 0) metadata.finalizers = finalizers;
    else delete metadata.finalizers;
    const grace = kind.gracePeriod?.(object, options.gracePeriodSeconds) ?? 0;
    const deletedBefore = metadata.deletionTimestamp !== undefined;
    let graceful = false;
    if (grace > 0) {
      if (!deletedBefore || grace < (metadata.deletionGracePeriodSeconds ?? 0)) {
        // a second request may only shorten what the first gave
        const began = deletedBefore ? Date.parse(metadata.deletionTimestamp!) - (metadata.deletionGracePeriodSeconds ?? 0) * 1000 : parts.clock.now();
        metadata.deletionTimestamp = timestamp(began + grace * 1000);
        metadata.deletionGracePeriodSeconds = grace;
      }
      graceful = true;
    } else if (!deletedBefore) {
      metadata.deletionTimestamp = timestamp(parts.clock.now());
      metadata.deletionGracePeriodSeconds = 0;
    } else metadata.deletionGracePeriodSeconds = 0;
    if ((metadata.generation ?? 0) > 0 && !deletedBefore) metadata.generation = metadata.generation! + 1;

    const keep = graceful || finalizers.length > 0 || (kind.holds?.(object) ?? false);
    if (keep) kind.prepareForDelete?.(object);
    if (options.dryRun) return { object, removed: !keep };
    if (keep && JSON.stringify(object) === JSON.stringify(old)) return { object: withVersion(old, stored.rv), removed: false };
    if (!keep) await chain.removing();
    try {
      const rv = await commit(call, keep ? putOf(call, object, { rv: stored.rv }) : removeOf(call, object, stored.rv), chain.writes);
      return { object: withVersion(object, rv), removed: !keep };
    } catch (error) {
      if (!(error instanceof StoreConflict)) throw error;
      if (tries >= TRIES) throw conflict(refOf(kind), name);
    }
  }
}
