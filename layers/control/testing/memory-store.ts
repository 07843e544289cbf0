/** A Store in memory, for tests of controllers: one log per resource, watchers told on the spot. */
import { StoreConflict, StoreExpired } from '#store/errors.ts';
import type { Change, ListPage, ListQuery, ObjectKey, Store, StoredObject, WatchListener, Write } from '#store/port.ts';

interface Shelf {
  rv: number;
  readonly objects: Map<string, StoredObject>;
  log: Change[];
  /** Changes at or below this are no longer kept. */
  compacted: number;
  readonly watchers: Set<WatchListener>;
}

const place = ({ namespace, name }: { namespace: string; name: string }): string => `${namespace}\0${name}`;

export interface MemoryStore extends Store {
  /** Forgets the log: watchers hear `expired`, as after an outage. */
  compact(resource: string): void;
  /** While held, watchers hear nothing; what happened meanwhile comes with the release. */
  hold(resource: string): () => void;
}

export function createMemoryStore(): MemoryStore {
  const shelves = new Map<string, Shelf>();
  const held = new Map<string, Change[]>();
  const shelf = (resource: string): Shelf => {
    let found = shelves.get(resource);
    if (found === undefined) {
      found = { rv: 0, objects: new Map(), log: [], compacted: 0, watchers: new Set() };
      shelves.set(resource, found);
    }
    return found;
  };

  function deliver(resource: string, changes: readonly Change[]): void {
    const waiting = held.get(resource);
    if (waiting !== undefined) {
      waiting.push(...changes);
      return;
    }
    const { watchers, rv } = shelf(resource);
    for (const watcher of watchers) watcher.changes(changes, rv);
  }

  function perform(write: Write): { change: Change; rv: number } {
    const on = shelf(write.key.resource);
    const before = on.objects.get(place(write.key));
    const rv = ++on.rv;
    const body = write.body(rv);
    if (write.type === 'remove') {
      on.objects.delete(place(write.key));
      const change: Change = { rv, type: 'removed', key: write.key, uid: before!.uid, body, after: before!, before: before! };
      on.log.push(change);
      return { change, rv };
    }
    const now: StoredObject = { key: write.key, rv, uid: write.uid, labels: write.labels, fields: write.fields, body };
    on.objects.set(place(write.key), now);
    const change: Change = {
      rv,
      type: before === undefined ? 'created' : 'updated',
      key: write.key,
      uid: write.uid,
      body,
      after: now,
      ...(before === undefined ? {} : { before }),
    };
    on.log.push(change);
    return { change, rv };
  }

  return {
    get: (key: ObjectKey) => Promise.resolve(shelf(key.resource).objects.get(place(key))),
    list(query: ListQuery): Promise<ListPage> {
      const on = shelf(query.resource);
      const after = query.after === undefined ? undefined : place(query.after);
      const all = [...on.objects.values()]
        .filter(({ key }) => (query.namespace === undefined || key.namespace === query.namespace) && (query.name === undefined || key.name === query.name))
        .filter((object) => query.match?.(object, object.key) ?? true)
        .sort((a, b) => (place(a.key) < place(b.key) ? -1 : 1))
        .filter(({ key }) => after === undefined || place(key) > after);
      const items = query.limit === undefined ? all : all.slice(0, query.limit);
      return Promise.resolve({ rv: on.rv, items, more: items.length < all.length });
    },
    commit(writes) {
      for (const write of writes) {
        const current = shelf(write.key.resource).objects.get(place(write.key));
        if ('absent' in write.if ? current !== undefined : current?.rv !== write.if.rv) return Promise.reject(new StoreConflict(write.key, current));
      }
      const done = writes.map(perform);
      for (const { change } of done) deliver(change.key.resource, [change]);
      return Promise.resolve(done.map(({ rv }) => rv));
    },
    advance(resource) {
      shelf(resource).rv++;
      return Promise.resolve();
    },
    frontier: (resource) => Promise.resolve(shelf(resource).rv),
    watch(resource, after, listener) {
      const on = shelf(resource);
      if (after < on.compacted) return Promise.reject(new StoreExpired(after, on.compacted));
      const missed = on.log.filter(({ rv }) => rv > after);
      if (missed.length > 0) listener.changes(missed, on.rv);
      on.watchers.add(listener);
      return Promise.resolve(() => {
        on.watchers.delete(listener);
      });
    },
    previous: () => Promise.resolve(undefined),
    count: (resource, namespace) => Promise.resolve([...shelf(resource).objects.values()].filter(({ key }) => namespace === undefined || key.namespace === namespace).length),
    resources: () => Promise.resolve([...shelves].filter(([, { objects }]) => objects.size > 0).map(([name]) => name)),
    close: () => Promise.resolve(),
    compact(resource) {
      const on = shelf(resource);
      on.log = [];
      on.compacted = on.rv;
      const told = [...on.watchers];
      on.watchers.clear();
      for (const watcher of told) watcher.expired();
    },
    hold(resource) {
      held.set(resource, []);
      return () => {
        const waiting = held.get(resource) ?? [];
        held.delete(resource);
        if (waiting.length > 0) deliver(resource, waiting);
      };
    },
  };
}
