import { clone } from '#machinery/json.ts';
import type { KubeObject } from '#machinery/object.ts';
import { generateName, validateObjectMeta } from '#machinery/object-meta.ts';
import { alreadyExists, badRequest, conflict, generateNameConflict, invalidObject } from '#machinery/status.ts';
import { StoreConflict } from '#store/errors.ts';
import { admission } from '../admission/chain.ts';
import { type Call, kindContext, refOf, timestamp } from '../context.ts';
import { type FieldTracker, trackUpdate } from '../write/managed-fields.ts';
import { commit, keyOf, putOf, withVersion } from '../write/store-write.ts';

export interface CreateInput {
  readonly object: KubeObject;
  /** Makes `object` anew for another try; the first may then work on `object` itself. Absent: every try works on a copy of it. */
  readonly again?: () => KubeObject;
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly options?: Readonly<Record<string, unknown>>;
  /** Sets managedFields itself (server-side apply). */
  readonly tracker?: FieldTracker;
}

/** Names made from generateName are tried this often before the client is told (since Kubernetes 1.31). */
const NAME_TRIES = 8;
/** A write that must move with others (an allocated address) is decided anew this often when one of them was taken meanwhile. */
const TOGETHER_TRIES = 16;

/** Fills in what the server owns; the object is as decoded and defaulted. */
function begin(call: Call, object: KubeObject): void {
  const { kind, namespace, parts } = call;
  const { metadata } = object;
  if (metadata.resourceVersion !== undefined && metadata.resourceVersion !== '') throw badRequest('resourceVersion should not be set on objects to be created');
  if (kind.namespaced) {
    if (metadata.namespace === undefined || metadata.namespace === '') metadata.namespace = namespace;
    else if (metadata.namespace !== namespace) throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
  } else delete metadata.namespace;
  delete metadata.resourceVersion;
  delete metadata.selfLink;
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  metadata.uid = parts.ids.uid();
  metadata.creationTimestamp = timestamp(parts.clock.now());
  if (kind.hasGeneration) metadata.generation = 1;
  else delete metadata.generation;
}

export async function create(call: Call, input: CreateInput): Promise<KubeObject> {
  const { kind, parts } = call;
  const generated = (input.object.metadata.name ?? '') === '' && (input.object.metadata.generateName ?? '') !== '';
  const tries = generated ? NAME_TRIES : 1;
  for (let named = 1, together = 1; ;) {
    // every try begins with what the client sent: admission may have left its marks on an earlier one
    const object = input.again === undefined ? clone(input.object) : named + together > 2 ? input.again() : input.object;
    begin(call, object);
    if (generated) object.metadata.name = generateName(object.metadata.generateName!, (length) => parts.ids.suffix(length));
    const name = object.metadata.name ?? '';
    const context = kindContext(call);
    kind.defaults?.(object);
    // only what the client said and its defaults are the client's: not what the kind, admission or an allocator adds below
    if (input.tracker === undefined) trackUpdate(call, undefined, object, input.fieldManager);
    else input.tracker(object, undefined);
    kind.prepareForCreate?.(object, context);
    const chain = admission(call, {
      operation: 'CREATE',
      name,
      object,
      oldObject: undefined,
      dryRun: input.dryRun,
      ...(input.options === undefined ? {} : { options: input.options }),
    });
    if ((await chain.mutate()) || kind.preparesWhole !== true) kind.defaults?.(object);
    await chain.allocate();
    const errors = [...validateObjectMeta(object.metadata, kind), ...(kind.validate?.(object, context) ?? []), ...(kind.validateCreate?.(object, context) ?? [])];
    if (errors.length > 0) throw invalidObject(kind.group, kind.kind, name, errors);
    call.warnings.push(...(kind.warnings?.(object, undefined) ?? []));
    await chain.validate();
    if (input.dryRun) {
      if ((await parts.store.get(keyOf(kind, object.metadata.namespace ?? '', name))) !== undefined) throw alreadyExists(refOf(kind), name);
      return object;
    }
    try {
      return withVersion(object, await commit(call, putOf(call, object, { absent: true }), chain.writes));
    } catch (error) {
      if (!(error instanceof StoreConflict)) throw error;
      if (error.key.resource !== kind.storage || error.key.name !== name) {
        if (++together > TOGETHER_TRIES) throw conflict(refOf(kind), name, 'what it needs was taken by others again and again; please try again');
      } else if (!generated) throw alreadyExists(refOf(kind), name);
      else if (++named > tries) throw generateNameConflict(refOf(kind), name);
    }
  }
}
