/**
 * The one way an existing object changes: PUT, every kind of PATCH, and both through any door of the object (its own, `/status`, ...).
 * `change` makes the new object from the current one; it is asked again when somebody else wrote in between and the client did not insist on
 * a version.
 */
import type { Kind, StoredSubresource } from '#kinds/kind.ts';
import { equalBut } from '#machinery/json.ts';
import type { KubeObject, ObjectMeta } from '#machinery/object.ts';
import { validateObjectMeta, validateObjectMetaUpdate } from '#machinery/object-meta.ts';
import { badRequest, conflict, invalidObject, isAlreadyExists, notFound } from '#machinery/status.ts';
import { StoreConflict } from '#store/errors.ts';
import { admission } from '../admission/chain.ts';
import { type Call, kindContext, refOf } from '../context.ts';
import { parseBytes, remember } from '../write/body.ts';
import { type FieldTracker, trackUpdate } from '../write/managed-fields.ts';
import { commit, keyOf, putOf, removeOf, toServed, withVersion } from '../write/store-write.ts';
import { create } from './create.ts';

export interface UpdateInput {
  /** The new object from the current one (never changed in place); `undefined` current where creating is allowed. */
  readonly change: (current: KubeObject | undefined) => KubeObject | Promise<KubeObject>;
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly options?: Readonly<Record<string, unknown>>;
  /** What is not there is created (server-side apply, leases). */
  readonly mayCreate: boolean;
  /** Sets managedFields itself (server-side apply). */
  readonly tracker?: FieldTracker;
  /** The subresource that admission is told of, where the write does not go through a door of the object's own (`scale`). */
  readonly admittedAs?: string;
}

export interface UpdateResult {
  readonly object: KubeObject;
  readonly created: boolean;
}

/** A patch without a resourceVersion is tried again this often, as in Kubernetes. */
const CONFLICT_TRIES = 5;
const TOGETHER_TRIES = 16;

/** What clients may not change, and the server fills in when they leave it out. */
function keepSystemFields(now: KubeObject, old: KubeObject): void {
  const { metadata } = now;
  const was = old.metadata;
  if (metadata.uid === undefined || metadata.uid === '') metadata.uid = was.uid!;
  if (was.creationTimestamp !== undefined && was.creationTimestamp !== null) metadata.creationTimestamp = was.creationTimestamp;
  if (was.deletionTimestamp === undefined) delete metadata.deletionTimestamp;
  else metadata.deletionTimestamp = was.deletionTimestamp;
  if (was.deletionGracePeriodSeconds === undefined) delete metadata.deletionGracePeriodSeconds;
  else metadata.deletionGracePeriodSeconds = was.deletionGracePeriodSeconds;
  if (was.generation === undefined) delete metadata.generation;
  else metadata.generation = was.generation;
  delete metadata.selfLink;
}

const NO_SPEC: ReadonlySet<string> = new Set(['metadata', 'status', 'apiVersion', 'kind']);

function specDiffers(kind: Kind, now: KubeObject, old: KubeObject): boolean {
  if (kind.specChanged !== undefined) return kind.specChanged(now, old);
  return !equalBut(now, old, NO_SPEC);
}

export function subresourceOf(call: Call): StoredSubresource | undefined {
  return call.subresource === '' ? undefined : call.kind.stored.find(({ name }) => name === call.subresource);
}

/** An update that took the last finalizer of an object on its way out removes it. */
function isFinal(kind: Kind, object: KubeObject): boolean {
  const { metadata } = object;
  return (
    metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).length === 0 && (metadata.deletionGracePeriodSeconds ?? 0) === 0 && !(kind.holds?.(object) ?? false)
  );
}

const METADATA: ReadonlySet<string> = new Set(['metadata']);
const WRITTEN: ReadonlySet<string> = new Set(['managedFields', 'resourceVersion']);
const TIME: ReadonlySet<string> = new Set(['time']);

/** Only the times of managedFields differ, or nothing does: no write, and the client sees what there is. */
function sameObject(now: KubeObject, old: KubeObject): boolean {
  const [managers, before] = [now.metadata.managedFields, old.metadata.managedFields];
  return (
    equalBut(now.metadata, old.metadata, WRITTEN) &&
    managers?.length === before?.length &&
    (managers ?? []).every((entry, at) => equalBut(entry, before![at]!, TIME)) &&
    equalBut(now, old, METADATA)
  );
}

/** The object is the one that the URL names, or does not say. @throws ApiError 400 */
function belongs({ kind, name, namespace }: Call, metadata: ObjectMeta): void {
  if ((metadata.name ?? '') !== name) {
    if ((metadata.name ?? '') !== '') throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
    metadata.name = name;
  }
  if (!kind.namespaced) {
    // said in vain, as in Kubernetes
    delete metadata.namespace;
    return;
  }
  if ((metadata.namespace ?? '') === '') metadata.namespace = namespace;
  else if (metadata.namespace !== namespace) throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
}

export async function update(call: Call, input: UpdateInput): Promise<UpdateResult> {
  const { kind, parts, namespace, name } = call;
  const context = kindContext(call);
  const door = subresourceOf(call);
  const admitted = input.admittedAs === undefined ? call : { ...call, subresource: input.admittedAs };
  for (let conflicts = 1, together = 1; ;) {
    const stored = await parts.store.get(keyOf(kind, namespace, name));
    if (stored === undefined) {
      if (!input.mayCreate || call.subresource !== '') throw notFound(refOf(kind), name);
      const object = await input.change(undefined);
      belongs(call, object.metadata);
      if ((object.metadata.uid ?? '') !== '') throw conflict(refOf(kind), name, `Precondition failed: UID in precondition: ${object.metadata.uid}, UID in object meta: `);
      delete object.metadata.resourceVersion;
      try {
        const created = await create(call, {
          object,
          dryRun: input.dryRun,
          fieldManager: input.fieldManager,
          ...(input.options === undefined ? {} : { options: input.options }),
          ...(input.tracker === undefined ? {} : { tracker: input.tracker }),
        });
        return { object: created, created: true };
      } catch (error) {
        // somebody else made it meanwhile: then it is an update
        if (!isAlreadyExists(error) || ++conflicts > CONFLICT_TRIES) throw error;
        continue;
      }
    }
    const old = toServed(kind, parseBytes(stored.body));
    const object = await input.change(old);
    const { metadata } = object;
    belongs(call, metadata);
    if ((metadata.uid ?? '') !== '' && metadata.uid !== stored.uid)
      throw conflict(refOf(kind), name, `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${stored.uid}`);
    const insists = (metadata.resourceVersion ?? '') !== '';
    if (insists && metadata.resourceVersion !== String(stored.rv) && metadata.resourceVersion !== '0') throw conflict(refOf(kind), name);
    metadata.resourceVersion = String(stored.rv);
    keepSystemFields(object, old);
    kind.defaults?.(object);
    // as in a create: what is added or taken back below is not the client's
    if (input.tracker === undefined) trackUpdate(call, old, object, input.fieldManager);
    else input.tracker(object, old);
    if (door === undefined) kind.prepareForUpdate?.(object, old, context);
    else door.prepareForUpdate(object, old, context);
    const chain = admission(admitted, {
      operation: 'UPDATE',
      name,
      object,
      oldObject: old,
      dryRun: input.dryRun,
      ...(input.options === undefined ? {} : { options: input.options }),
    });
    if ((await chain.mutate()) || door !== undefined || kind.preparesWhole !== true) kind.defaults?.(object);
    // what comes through `/status` tells what was seen, and asks for nothing
    if (kind.hasGeneration && door?.name !== 'status' && specDiffers(kind, object, old)) metadata.generation = (old.metadata.generation ?? 0) + 1;
    await chain.allocate();
    const errors = [
      // every object's name is part of a path; what more its kind asks of it was asked when it was made
      ...validateObjectMeta(metadata, door !== undefined || kind.nameCheckedOnce === true ? { ...kind, nameRule: 'pathSegment' } : kind),
      ...validateObjectMetaUpdate(metadata, old.metadata),
      ...(door === undefined
        ? [...(kind.ratchets === true ? [] : (kind.validate?.(object, context) ?? [])), ...(kind.validateUpdate?.(object, old, context) ?? [])]
        : (door.validateUpdate?.(object, old, context) ?? [])),
    ];
    if (errors.length > 0) throw invalidObject(kind.group, kind.kind, name, errors);
    if (door === undefined) call.warnings.push(...(kind.warnings?.(object, old) ?? []));
    await chain.validate();
    if (input.dryRun) return { object, created: false };
    const final = isFinal(kind, object);
    if (!final && sameObject(object, old)) {
      if (kind.convert === undefined) remember(old, stored.body);
      return { object: withVersion(old, stored.rv), created: false };
    }
    if (final) await chain.removing();
    try {
      const rv = await commit(call, final ? removeOf(call, object, stored.rv) : putOf(call, object, { rv: stored.rv }), chain.writes);
      return { object: withVersion(object, rv), created: false };
    } catch (error) {
      if (!(error instanceof StoreConflict)) throw error;
      if (error.key.resource !== kind.storage || error.key.name !== name) {
        if (++together > TOGETHER_TRIES) throw conflict(refOf(kind), name, 'what it needs was taken by others again and again; please try again');
        continue;
      }
      if (error.current === undefined) throw notFound(refOf(kind), name);
      if (insists || ++conflicts > CONFLICT_TRIES) throw conflict(refOf(kind), name);
    }
  }
}
