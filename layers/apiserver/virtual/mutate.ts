/** Changes of a stored object that go around its doors: what bindings and evictions do to pods and budgets. */
import type { KubeObject } from '#machinery/object.ts';
import { conflict, notFound } from '#machinery/status.ts';
import { StoreConflict } from '#store/errors.ts';
import { type Call, refOf } from '../context.ts';
import { parseBytes } from '../write/body.ts';
import { commit, keyOf, putOf, withVersion } from '../write/store-write.ts';
import type { VirtualRequest } from './port.ts';

const TRIES = 16;

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
  observedGeneration?: number;
}

/** A call for an object of this storage, made on behalf of the request's user. */
export function callFor({ services, user, requestId }: VirtualRequest, storage: string, namespace: string, name: string): Call {
  return { parts: services, kind: services.registry.byStorage(storage)!, user, namespace, name, subresource: '', warnings: [], requestId };
}

export async function readObject<T extends KubeObject>(call: Call): Promise<T> {
  const stored = await call.parts.store.get(keyOf(call.kind, call.namespace, call.name));
  if (stored === undefined) throw notFound(refOf(call.kind), call.name);
  return parseBytes<T>(stored.body);
}

/** Reads, lets `change` change the object in place, writes; again from the start when somebody else wrote in between. */
export async function mutate<T extends KubeObject>(call: Call, dryRun: boolean, change: (object: T) => void): Promise<T> {
  for (let tries = 1; ; tries++) {
    const object = await readObject<T>(call);
    change(object);
    if (dryRun) return object;
    const rv = Number(object.metadata.resourceVersion);
    try {
      return withVersion(object, await commit(call, putOf(call, object, { rv }), [])) as T;
    } catch (error) {
      if (!(error instanceof StoreConflict)) throw error;
      if (error.current === undefined) throw notFound(refOf(call.kind), call.name);
      if (tries >= TRIES) throw conflict(refOf(call.kind), call.name);
    }
  }
}

/** Sets a condition by type; its transition time moves only with its status. */
export function setCondition(conditions: Condition[], condition: Condition, now: string): void {
  const old = conditions.find(({ type }) => type === condition.type);
  const next = { ...condition, lastTransitionTime: old !== undefined && old.status === condition.status && old.lastTransitionTime !== undefined ? old.lastTransitionTime : now };
  if (old === undefined) conditions.push(next);
  else Object.assign(old, next);
}
