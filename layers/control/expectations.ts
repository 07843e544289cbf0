/**
 * Read-your-writes. A reconcile of a key begins only when the cache has seen everything that earlier reconciles of that key
 * wrote; otherwise a controller that just created three pods and is woken by the first of them would count one and create two more.
 *
 * The rule: of each write through the key's client we keep the resource and the resourceVersion that the API server answered,
 * and wait until the cache's version of that resource is not below it. A delete answers no resourceVersion, so there we wait
 * until the cache no longer holds that uid, or holds it with a deletionTimestamp. Nothing is lost with the memory that holds
 * this: a process that starts anew lists at the latest version first, which shows every write that was acknowledged before;
 * and a worker that keeps its cache between requests catches up with the change log to the counter before it begins.
 */
import type { KubeObject } from '#machinery/object.ts';
import type { FedCache } from './cache/cache.ts';
import type { Client, Resource } from './client.ts';

type Expectation =
  | { readonly resource: Resource; readonly version: number }
  | { readonly resource: Resource; readonly namespace: string; readonly name: string; readonly uid: string };

export interface Expectations {
  /** The client with its writes noted for the owner, which is a controller's key. `reads`: what the controller reads from the cache; no other write matters to it. */
  recording(client: Client, owner: string, reads?: (resource: Resource) => boolean): Client;
  /** Resolves at once when nothing is expected. False: the cache is still behind after `ms`. */
  met(owner: string, ms: number): Promise<boolean>;
}

export function createExpectations(cache: FedCache, after: (ms: number, callback: () => void) => () => void): Expectations {
  const byOwner = new Map<string, Expectation[]>();

  function seen(one: Expectation): boolean {
    if ('version' in one) return cache.version(one.resource) >= one.version;
    const held = cache.get(one.resource, one.namespace, one.name);
    return held === undefined || held.metadata.uid !== one.uid || held.metadata.deletionTimestamp !== undefined;
  }

  function note(owner: string, expectation: Expectation): void {
    if (seen(expectation)) return;
    const known = byOwner.get(owner);
    if (known === undefined) byOwner.set(owner, [expectation]);
    else known.push(expectation);
  }

  /** Forgets what has been seen; true when nothing is left. */
  function clear(owner: string): boolean {
    const left = (byOwner.get(owner) ?? []).filter((one) => !seen(one));
    if (left.length === 0) byOwner.delete(owner);
    else byOwner.set(owner, left);
    return left.length === 0;
  }

  function recording(client: Client, owner: string, reads: (resource: Resource) => boolean = () => true): Client {
    const kept = new Set<Resource>(cache.resources().filter(reads));
    const wrote = <T extends KubeObject>(resource: Resource, object: T): T => {
      const version = Number(object.metadata?.resourceVersion);
      if (kept.has(resource) && version > 0) note(owner, { resource, version });
      return object;
    };
    return {
      get: (resource, namespace, name) => client.get(resource, namespace, name),
      list: (resource, options) => client.list(resource, options),
      create: async (resource, object, subresource) => wrote(resource, await client.create(resource, object, subresource)),
      update: async (resource, object, subresource) => wrote(resource, await client.update(resource, object, subresource)),
      patch: async (resource, namespace, name, patch, subresource) => wrote(resource, await client.patch(resource, namespace, name, patch, subresource)),
      async delete(resource, namespace, name, options) {
        const uid = options?.preconditions?.uid ?? cache.get(resource, namespace, name)?.metadata.uid;
        await client.delete(resource, namespace, name, options);
        if (kept.has(resource) && uid !== undefined) note(owner, { resource, namespace, name, uid });
      },
      as: (user, groups) => recording(client.as(user, groups), owner, reads),
    };
  }

  function met(owner: string, ms: number): Promise<boolean> {
    if (!byOwner.has(owner) || clear(owner)) return Promise.resolve(true);
    return new Promise((resolve) => {
      const finish = (answer: boolean): void => {
        cancel();
        unsubscribe();
        resolve(answer);
      };
      const unsubscribe = cache.subscribe(() => {
        if (clear(owner)) finish(true);
      });
      const cancel = after(ms, () => finish(clear(owner)));
    });
  }

  return { recording, met };
}
