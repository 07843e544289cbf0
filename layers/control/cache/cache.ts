/**
 * The Cache port's engine over the change log: each resource is listed once and then followed; whoever reads it shares it.
 * A log that no longer reaches back far enough is met with a new list, and the difference is told as changes.
 */
import type { Clock, Random } from '#machinery/clock.ts';
import type { KubeObject } from '#machinery/object.ts';
import { StoreExpired } from '#store/errors.ts';
import type { Store, StoredObject } from '#store/port.ts';
import { backoff } from '../backoff.ts';
import type { Resource } from '../client.ts';
import type { Cache, Dependent, Mapped } from '../controller.ts';
import { OwnerIndex } from './owner-index.ts';
import { type Keep, ResourceCache } from './resource-cache.ts';

/** Objects per page when a resource is first read: bounds what is held as bytes and as objects at once. */
const PAGE = 500;
const NONE: readonly never[] = [];

export type ChangeListener = (resource: Resource, changes: readonly Mapped[]) => void;

/** A cache that fills itself, and whose changes can be followed. */
export interface FedCache extends Cache {
  /** Begins to keep a resource; resolves when it has been read once. Kept resources stay as they are: `keep` must be known before. */
  follow(resource: Resource, keep: Keep): Promise<void>;
  /** Everything that follows a change hears of it after the cache has it. The answer ends it. */
  subscribe(listener: ChangeListener): () => void;
  /** Resolves when the cache has seen `rv` of the resource (at once where it does not keep it). */
  until(resource: Resource, rv: number): Promise<void>;
  stop(): void;
}

export interface FedCacheOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** Told of a store that does not answer; the cache goes on trying. */
  onError?(resource: Resource, error: unknown): void;
}

export function createFedCache({ store, clock, random, onError }: FedCacheOptions): FedCache {
  const owners = new OwnerIndex();
  const caches = new Map<Resource, ResourceCache>();
  const following = new Map<Resource, Promise<void>>();
  const listeners = new Set<ChangeListener>();
  const ends = new Set<() => void>();
  let stopped = false;

  function tell(resource: Resource, changes: readonly Mapped[]): void {
    if (changes.length === 0 || stopped) return;
    for (const listener of listeners) listener(resource, changes);
  }

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const cancel = clock.after(ms, () => {
        ends.delete(end);
        resolve();
      });
      const end = (): void => {
        cancel();
        resolve();
      };
      ends.add(end);
    });

  async function read(cache: ResourceCache): Promise<number> {
    const first = await store.list({ resource: cache.resource, version: 'latest', limit: PAGE });
    const items: StoredObject[] = [...first.items];
    for (let page = first; page.more;) {
      const last = page.items.at(-1);
      if (last === undefined) break;
      page = await store.list({ resource: cache.resource, version: { at: first.rv }, limit: PAGE, after: last.key });
      items.push(...page.items);
    }
    tell(cache.resource, cache.replace(items, first.rv));
    return first.rv;
  }

  /** One list and the watch behind it; resolves with the reason for the next list, once this watch ended. */
  async function readAndWatch(cache: ResourceCache, onRead: () => void): Promise<void> {
    const from = await read(cache);
    onRead();
    let expired: () => void = () => undefined;
    const over = new Promise<void>((resolve) => {
      expired = resolve;
    });
    const end = await store.watch(cache.resource, from, {
      changes: (changes, frontier) => {
        if (!stopped) tell(cache.resource, cache.apply(changes, frontier));
      },
      expired,
    });
    if (stopped) {
      end();
      return;
    }
    const finish = (): void => {
      end();
      expired();
    };
    ends.add(finish);
    await over;
    ends.delete(finish);
  }

  function follow(resource: Resource, keep: Keep): Promise<void> {
    const known = following.get(resource);
    if (known !== undefined) return known;
    const cache = new ResourceCache(resource, keep, owners);
    caches.set(resource, cache);
    const ready = new Promise<void>((resolve) => {
      void (async () => {
        for (let attempt = 0; !stopped;) {
          try {
            await readAndWatch(cache, () => {
              attempt = 0;
              resolve();
            });
          } catch (error) {
            if (stopped) break;
            // an expired log is the ordinary reason to list again
            if (error instanceof StoreExpired) continue;
            onError?.(resource, error);
            await pause(backoff(attempt++, { firstMs: 50, maxMs: 10_000 }, random));
          }
        }
        resolve();
      })();
    });
    following.set(resource, ready);
    return ready;
  }

  return {
    follow,
    get: <T extends KubeObject>(resource: Resource, namespace: string, name: string) => caches.get(resource)?.get(namespace, name) as T | undefined,
    list: <T extends KubeObject>(resource: Resource, namespace?: string) => (caches.get(resource)?.list(namespace) ?? NONE) as readonly T[],
    ownedBy: <T extends KubeObject>(resource: Resource, uid: string) => owners.ownedBy(resource, uid) as T[],
    orphans: <T extends KubeObject>(resource: Resource, namespace: string) => (caches.get(resource)?.orphans(namespace) ?? NONE) as readonly T[],
    dependents: (uid): readonly Dependent[] => owners.dependents(uid),
    resources: () => [...caches.keys()],
    version: (resource) => caches.get(resource)?.version ?? 0,
    until: (resource, rv) => caches.get(resource)?.until(rv) ?? Promise.resolve(),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop() {
      stopped = true;
      for (const end of ends) end();
      ends.clear();
    },
  };
}
