/** From an object to the store's write, and from the store's conflicts to what a client is told. */
import type { Kind } from '#kinds/kind.ts';
import type { KubeObject } from '#machinery/object.ts';
import { storeAccident } from '../http/store-accident.ts';
import { StoreUnavailable } from '#store/errors.ts';
import type { ObjectKey, Precondition, Put, Remove, Write } from '#store/port.ts';
import type { Call } from '../context.ts';
import { bodyFor, remember } from './body.ts';

export const keyOf = (kind: Kind, namespace: string, name: string): ObjectKey => ({ resource: kind.storage, namespace: kind.namespaced ? namespace : '', name });

/** The form an object is stored in: kinds with several versions keep one. */
export const toStored = (kind: Kind, object: KubeObject): KubeObject => (kind.convert === undefined ? object : kind.convert.toStored(object));
export const toServed = (kind: Kind, object: KubeObject): KubeObject => (kind.convert === undefined ? object : kind.convert.toServed(object));

function fieldsOf(kind: Kind, object: KubeObject): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const name in kind.fields) fields[name] = kind.fields[name]!(object);
  return fields;
}

/** The body of a write of the object; what was written last is remembered where it is what clients are served. */
function bodyOf(kind: Kind, object: KubeObject): (rv: number) => Uint8Array {
  const make = bodyFor(toStored(kind, object));
  if (kind.convert !== undefined) return make;
  return (rv) => {
    const bytes = make(rv);
    remember(object, bytes);
    return bytes;
  };
}

export function putOf(call: Call, object: KubeObject, precondition: Precondition): Put {
  const { kind, parts } = call;
  return {
    type: 'put',
    key: keyOf(kind, object.metadata.namespace ?? '', object.metadata.name!),
    if: precondition,
    uid: object.metadata.uid!,
    labels: object.metadata.labels ?? {},
    fields: fieldsOf(kind, object),
    body: bodyOf(kind, object),
    ...(kind.ttlSeconds === undefined ? {} : { expiresAt: Math.ceil(parts.clock.now() / 1000) + kind.ttlSeconds }),
  };
}

export function removeOf(call: Call, object: KubeObject, rv: number): Remove {
  return { type: 'remove', key: keyOf(call.kind, object.metadata.namespace ?? '', object.metadata.name!), if: { rv }, body: bodyOf(call.kind, object) };
}

/** Commits, and answers with the resourceVersion of the first write. StoreConflict passes through: what it means is the verb's to say. */
export async function commit(call: Call, first: Write, more: readonly Write[]): Promise<number> {
  try {
    const [rv] = await call.parts.store.commit([first, ...more], { user: call.user.name, requestId: call.requestId });
    return rv!;
  } catch (error) {
    if (error instanceof StoreUnavailable) throw storeAccident(error);
    throw error;
  }
}

export function withVersion(object: KubeObject, rv: number): KubeObject {
  object.metadata.resourceVersion = String(rv);
  return object;
}
