/**
 * The store as one version of a custom resource sees it: what is read is converted, pruned and defaulted as the definition says now, what
 * is written is converted to the version that is stored. The verbs above know nothing of it.
 */
import type { Kind } from '#kinds/kind.ts';
import type { KubeObject } from '#machinery/object.ts';
import { forbiddenRequest } from '#machinery/status.ts';
import type { Change, Indexed, ListPage, ListQuery, ObjectKey, Store, StoredObject, WatchListener, Write } from '#store/port.ts';
import { bodyFor, parseBytes } from '../write/body.ts';
import type { Convert } from './convert.ts';

export interface StoreView extends Store {
  /** The kind is no more, or is another now: watches end, and their clients come again. */
  end(): void;
}

/** Objects read from the store at once when fewer than asked for match in the version that is served. */
const PAGE = 500;

export function storeView(store: Store, kind: Kind, convert: Convert): StoreView {
  const { definition, storageVersion, storedFields, terminating, refresh } = kind.custom!;
  const { storage } = kind;
  const isStored = kind.version === storageVersion;
  // all that is there was written under this very definition, or its conversion
  const asStored = isStored && definition.metadata.generation === 1;
  const hasFields = Object.keys(kind.fields).length > 0;
  const watching = new Set<WatchListener>();
  /** Watchers of one change share what it became. */
  const shown = new WeakMap<Change, Promise<Change>>();

  function indexed(labels: Indexed['labels'], object: KubeObject, by = kind.fields): Indexed {
    const fields: Record<string, string> = {};
    for (const name in by) fields[name] = by[name]!(object);
    return { labels, fields };
  }

  async function served(bodies: readonly Uint8Array[]): Promise<readonly KubeObject[]> {
    const objects = await convert(
      definition,
      bodies.map((body) => parseBytes(body)),
      kind.version,
    );
    for (const object of objects) refresh(object);
    return objects;
  }

  const bytes = (object: KubeObject): Uint8Array => Buffer.from(JSON.stringify(object));

  async function servedItems(items: readonly StoredObject[]): Promise<readonly StoredObject[]> {
    if (items.length === 0) return items;
    const objects = await served(items.map(({ body }) => body));
    return items.map(({ key, rv, uid, labels, fields }, at) => ({
      key,
      rv,
      uid,
      labels,
      fields: hasFields ? indexed(labels, objects[at]!).fields : fields,
      body: bytes(objects[at]!),
    }));
  }

  // engines' changes and objects work some of their fields out when asked: they are not for spreading
  async function servedChange(change: Change): Promise<Change> {
    const { rv, type, key, uid, after, before } = change;
    const [object] = await served([change.body]);
    const body = bytes(object!);
    if (!hasFields) return { rv, type, key, uid, body, after, ...(before === undefined ? {} : { before }) };
    const previous = before === undefined ? undefined : await store.previous(change);
    const [old] = previous === undefined ? [] : await served([previous]);
    return {
      rv,
      type,
      key,
      uid,
      body,
      after: indexed(after.labels, object!),
      ...(before === undefined ? {} : { before: old === undefined ? before : indexed(before.labels, old) }),
    };
  }

  function changeOf(change: Change): Promise<Change> {
    let promise = shown.get(change);
    if (promise === undefined) shown.set(change, (promise = servedChange(change)));
    return promise;
  }

  /** Conversions take their time: what comes later waits its turn. */
  function ordered(listener: WatchListener): WatchListener {
    let last: Promise<void> = Promise.resolve();
    return {
      changes(changes, frontier) {
        last = last.then(async () => listener.changes(await Promise.all(changes.map(changeOf)), frontier)).catch(() => listener.expired());
      },
      expired() {
        last = last.then(() => listener.expired());
      },
    };
  }

  /** Selectors look at what is served, so that the store cannot match: pages are read until one is full. */
  async function filtered(query: ListQuery): Promise<ListPage> {
    const { match, limit = Infinity, ...rest } = query;
    const items: StoredObject[] = [];
    let page = await store.list({ ...rest, limit: PAGE });
    const { rv } = page;
    for (;;) {
      const all = await servedItems(page.items);
      for (const [at, item] of all.entries()) {
        if (!match!(item, item.key)) continue;
        if (items.length >= limit) return { rv, items, more: true };
        items.push(item);
        if (items.length >= limit && at === all.length - 1 && !page.more) return { rv, items, more: false };
      }
      if (!page.more || page.items.length === 0) return { rv, items, more: false };
      const { namespace, name } = page.items.at(-1)!.key;
      page = await store.list({ ...rest, version: { at: rv }, after: { namespace, name }, limit: PAGE });
    }
  }

  async function toStored(write: Write): Promise<Write> {
    if (write.key.resource !== storage) return write;
    if (terminating && write.type === 'put' && 'absent' in write.if)
      throw forbiddenRequest({ group: kind.group, resource: kind.plural }, write.key.name, 'create not allowed while custom resource definition is terminating');
    if (isStored) return write;
    const [object] = await convert(definition, [parseBytes(write.body(1))], storageVersion);
    const body = bodyFor(object!);
    return {
      ...write,
      ...(write.type === 'put' ? indexed(write.labels, object!, storedFields) : {}),
      body(rv) {
        // what the client is answered is noted on the way
        write.body(rv);
        return body(rv);
      },
    };
  }

  const mine = (key: ObjectKey): boolean => key.resource === storage;
  return {
    async get(key, version) {
      const found = await store.get(key, version);
      if (found === undefined || asStored || !mine(key)) return found;
      return (await servedItems([found]))[0];
    },
    async list(query) {
      if (asStored || query.resource !== storage) return store.list(query);
      if (hasFields && query.match !== undefined) return filtered(query);
      const page = await store.list(query);
      return { ...page, items: await servedItems(page.items) };
    },
    async commit(writes, actor) {
      return store.commit(isStored && !terminating ? writes : await Promise.all(writes.map(toStored)), actor);
    },
    frontier: (resource) => store.frontier(resource),
    advance: (resource) => store.advance(resource),
    async watch(resource, after, listener) {
      if (resource !== storage) return store.watch(resource, after, listener);
      const inner = asStored ? listener : ordered(listener);
      const stop = await store.watch(resource, after, inner);
      watching.add(inner);
      return () => {
        watching.delete(inner);
        stop();
      };
    },
    async previous(change) {
      const body = await store.previous(change);
      if (body === undefined || asStored || !mine(change.key)) return body;
      return bytes((await served([body]))[0]!);
    },
    count: (resource, namespace) => store.count(resource, namespace),
    resources: () => store.resources(),
    close: () => store.close(),
    end() {
      for (const listener of watching) listener.expired();
      watching.clear();
    },
  };
}
