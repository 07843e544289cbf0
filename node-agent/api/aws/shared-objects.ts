/**
 * What every node holds (services, endpoint slices): read as a whole once, then kept by bells that carry the objects. Queues keep no order, so the
 * newest resourceVersion wins, and what was removed is remembered for as long as an older bell may still be on its way.
 */
import type { Clock } from '#machinery/clock.ts';
import type { KubeObject } from '#machinery/object.ts';
import { createCache, type ObjectCache } from '../cache.ts';

/** As long as the queue keeps a message. */
const REMEMBERED_MS = 600_000;

interface Removal {
  readonly rv: number;
  readonly at: number;
}

export interface SharedObjects {
  readonly cache: ObjectCache;
  /** A list as it was at `rv`. */
  listed(objects: readonly KubeObject[], rv: number): void;
  /** The object as it was at `rv`; absent: it was removed then. */
  told(key: string, rv: number, object: KubeObject | undefined): void;
  /** Whether this is news: an object that travels without its body need not be read for an old bell. */
  isNews(key: string, rv: number): boolean;
}

const keyOf = ({ metadata }: KubeObject): string => (metadata.namespace === undefined ? metadata.name! : `${metadata.namespace}/${metadata.name}`);
const rvOf = ({ metadata }: KubeObject): number => Number(metadata.resourceVersion ?? 0);

export function createSharedObjects(clock: Clock): SharedObjects {
  const { cache, feed } = createCache<KubeObject>();
  const objects = new Map<string, KubeObject>();
  const removals = new Map<string, Removal>();
  const known = (key: string): number => Math.max(removals.get(key)?.rv ?? 0, objects.has(key) ? rvOf(objects.get(key)!) : 0);

  function remove(key: string, rv: number): void {
    const before = objects.get(key);
    objects.delete(key);
    removals.set(key, { rv, at: clock.now() });
    for (const [old, { at }] of removals) {
      if (clock.now() - at <= REMEMBERED_MS) break;
      removals.delete(old);
    }
    if (before !== undefined) feed.deleted(before);
  }

  return {
    cache,
    isNews: (key, rv) => rv > known(key),
    listed(all, rv) {
      const there = new Map(all.map((object) => [keyOf(object), object]));
      // bells came while the list was on its way: what is newer than it stays
      for (const [key, object] of objects) if (rvOf(object) > rv || (there.has(key) && rvOf(there.get(key)!) < rvOf(object))) there.set(key, object);
      for (const [key, removal] of removals) if (removal.rv > rv) there.delete(key);
      objects.clear();
      for (const [key, object] of there) objects.set(key, object);
      feed.replaced(Array.from(there.values()));
    },
    told(key, rv, object) {
      if (rv <= known(key)) return;
      if (object === undefined) return remove(key, rv);
      removals.delete(key);
      objects.set(key, object);
      feed.changed(object);
    },
  };
}
