/** The embedded engine: one process, one directory, SQLite through node:sqlite. */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Clock } from '#machinery/clock.ts';
import { StoreExpired, StoreUnavailable } from '../errors.ts';
import type { Change, ListPage, ListQuery, ObjectKey, ResourceName, Store, StoredObject, WatchListener, Write } from '../port.ts';
import { appendHere, type Appender } from './appender.ts';
import { BodyCache } from './body-cache.ts';
import { lockDirectory } from './directory-lock.ts';
import { Expiry } from './expiry.ts';
import { GroupCommit } from './group-commit.ts';
import { History, type HistoryLimits } from './history.ts';
import { Lists } from './lists.ts';
import { LogReader } from './log-reader.ts';
import { LogWriter } from './log-writer.ts';
import { RecentBudget } from './recent-changes.ts';
import { LoggedChange, NOBODY } from './records.ts';
import { Resource } from './resource.ts';
import { MAX_RESOURCES, openForReading, prepareFile, type Synchronous } from './schema.ts';
import { Watchers } from './watchers.ts';
import { appendInThread } from './writer-thread.ts';

export { StoreLocked } from './directory-lock.ts';
export { StoreFormatError } from './schema.ts';

export interface EmbeddedOptions {
  /** A folder of its own (made where missing), or `:memory:` for a store that ends with its process. */
  readonly directory: string;
  /** A directory belongs to one cluster for good. */
  readonly cluster: string;
  readonly clock: Clock;
  readonly history?: Partial<HistoryLimits>;
  /** Bytes of object bodies held in memory. */
  readonly cacheBytes?: number;
  /** Bytes of recent changes held in memory. */
  readonly recentBytes?: number;
  /** `NORMAL` loses acknowledged writes in a power cut: only for the test that shows so. */
  readonly synchronous?: Synchronous;
  /** Hears of what nobody waits for: a listener that threw, a sweep that failed, a writer that died (the store must then be opened anew). */
  readonly onError?: (error: unknown) => void;
}

/** An hour of history, as long as Events live: enough for any `continue` token and for a look back. */
const HISTORY: HistoryLimits = { seconds: 3600, bytes: 256 << 20 };
/** 50,000 objects of the usual 2.4 KB. What does not fit is read from the disk's cache, some 20 us each. */
const CACHE_BYTES = 128 << 20;
/** Some 3,000 updates of such objects, each with the state before it: half a minute of the busiest cluster this is for. */
const RECENT_BYTES = 16 << 20;

const NOTHING = new Uint8Array();

/**
 * @throws StoreLocked another process has the directory open
 * @throws StoreFormatError the directory is another cluster's, or was written by a newer version
 */
export async function openEmbeddedStore(options: EmbeddedOptions): Promise<Store> {
  if (options.directory === ':memory:') {
    const database = new DatabaseSync(':memory:');
    prepareFile(database, options.cluster);
    return new EmbeddedStore(options, new LogReader(database), appendHere(new LogWriter(database, 'FULL')), () => {});
  }
  // Secrets are in it
  mkdirSync(options.directory, { recursive: true, mode: 0o700 });
  const unlock = lockDirectory(options.directory);
  try {
    const path = join(options.directory, 'store.db');
    // SQLite gives its other files the rights of this one
    closeSync(openSync(path, 'a', 0o600));
    const database = new DatabaseSync(path);
    try {
      prepareFile(database, options.cluster);
    } finally {
      database.close();
    }
    const appender = await appendInThread(path, options.synchronous ?? 'FULL', options.onError ?? (() => {}));
    return new EmbeddedStore(options, new LogReader(openForReading(path)), appender, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

class EmbeddedStore implements Store {
  readonly #reader: LogReader;
  readonly #appender: Appender;
  readonly #unlock: () => void;
  readonly #resources = new Map<ResourceName, Resource>();
  readonly #cache: BodyCache;
  readonly #recent: RecentBudget;
  readonly #commits: GroupCommit;
  readonly #lists: Lists;
  readonly #watchers: Watchers;
  readonly #history: History;
  readonly #expiry: Expiry;
  #lastId = 0;
  #closed = false;

  constructor(options: EmbeddedOptions, reader: LogReader, appender: Appender, unlock: () => void) {
    const { clock, onError = () => {} } = options;
    this.#reader = reader;
    this.#appender = appender;
    this.#unlock = unlock;
    this.#cache = new BodyCache(options.cacheBytes ?? CACHE_BYTES);
    this.#recent = new RecentBudget(options.recentBytes ?? RECENT_BYTES);
    this.#commits = new GroupCommit(appender, reader, clock, (changes) => this.#durable(changes));
    this.#lists = new Lists(reader, this.#cache, clock);
    this.#watchers = new Watchers(reader, onError);
    this.#history = new History(reader, appender, clock, { ...HISTORY, ...options.history }, () => this.#resources.values());
    this.#expiry = new Expiry(this, reader, clock, onError);
    for (const { id, name, floor, last, time, volume, objects } of reader.resources()) {
      this.#resources.set(name, Object.assign(new Resource(id, name, true), { frontier: last, floor, time, volume, objects }));
      this.#lastId = Math.max(this.#lastId, id);
      if (last > floor) this.#history.note();
    }
    this.#expiry.start();
  }

  async get(key: ObjectKey): Promise<StoredObject | undefined> {
    const resource = this.#resource(key.resource);
    const table = resource.table ?? (await resource.load(this.#reader, this.#cache));
    const slot = table.get(key.namespace, key.name);
    if (slot === undefined) return undefined;
    slot.touched = true;
    return this.#lists.whole(resource, slot.head, slot);
  }

  async list(query: ListQuery): Promise<ListPage> {
    const resource = this.#resource(query.resource);
    const table = resource.table ?? (await resource.load(this.#reader, this.#cache));
    return this.#lists.list(resource, table, query);
  }

  async commit(writes: readonly Write[], actor: { readonly user: string; readonly requestId?: string }): Promise<readonly number[]> {
    if (writes.length === 0) return [];
    const resources = writes.map(({ key }) => this.#resource(key.resource));
    for (const resource of resources) if (resource.table === undefined) await resource.load(this.#reader, this.#cache);
    this.#open();
    const rvs = await new Promise<readonly number[]>((resolve, reject) => this.#commits.submit({ writes, resources, actor, resolve, reject }));
    for (const write of writes) if (write.type === 'put' && write.expiresAt !== undefined) this.#expiry.note(write.expiresAt);
    return rvs;
  }

  /** Two changes of a key that no object can have: made and gone within one transaction. */
  async advance(resource: ResourceName): Promise<void> {
    const key = { resource, ...NOBODY };
    let taken = 0;
    const body = (rv: number): Uint8Array => {
      taken = rv;
      return NOTHING;
    };
    const gone = {
      get rv() {
        return taken;
      },
    };
    await this.commit(
      [
        { type: 'put', key, if: { absent: true }, uid: '', labels: {}, fields: {}, body },
        { type: 'remove', key, if: gone, body: () => NOTHING },
      ],
      { user: 'system:store' },
    );
  }

  async frontier(resource: ResourceName): Promise<number> {
    return this.#resource(resource).frontier;
  }

  async watch(name: ResourceName, after: number, listener: WatchListener): Promise<() => void> {
    return this.#watchers.watch(this.#resource(name), after, listener);
  }

  async previous(change: Change): Promise<Uint8Array | undefined> {
    if (change.type === 'created') return undefined;
    if (change instanceof LoggedChange && change.before?.body !== undefined) return change.before.body;
    const resource = this.#resource(change.key.resource);
    const rv = change instanceof LoggedChange ? change.before?.rv : this.#reader.previous(resource.id, change.rv);
    const body = rv === undefined ? undefined : this.#reader.body(resource.id, rv);
    if (body === undefined) throw new StoreExpired(change.rv, resource.floor);
    return body;
  }

  async count(name: ResourceName, namespace?: string): Promise<number> {
    const resource = this.#resource(name);
    if (namespace === undefined) return resource.objects;
    return (resource.table ?? (await resource.load(this.#reader, this.#cache))).count(namespace);
  }

  async resources(): Promise<readonly ResourceName[]> {
    this.#open();
    return [...this.#resources.values()].filter(({ objects }) => objects > 0).map(({ name }) => name);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#expiry.stop();
    this.#history.stop();
    await this.#commits.drained();
    for (const { subscriptions } of this.#resources.values()) {
      for (const subscription of subscriptions) subscription.closed = true;
      subscriptions.clear();
    }
    // the writer last: the last connection to go folds the write-ahead log into the file
    this.#reader.close();
    await this.#appender.close();
    this.#unlock();
  }

  #open(): void {
    if (this.#closed) throw new StoreUnavailable('the store is closed');
  }

  #resource(name: ResourceName): Resource {
    this.#open();
    let resource = this.#resources.get(name);
    if (resource === undefined) {
      if (this.#lastId >= MAX_RESOURCES) throw new StoreUnavailable(`the store holds ${MAX_RESOURCES} resources and takes no more`);
      resource = new Resource(++this.#lastId, name, false);
      this.#resources.set(name, resource);
    }
    return resource;
  }

  /** Changes that the log has: into memory, then to the watchers, all within one turn. */
  #durable(changes: readonly { readonly resource: Resource; readonly change: LoggedChange }[]): void {
    const told = new Map<Resource, LoggedChange[]>();
    for (const { resource, change } of changes) {
      resource.apply(change, this.#cache);
      this.#recent.add(resource.recent, change);
      const list = told.get(resource);
      if (list === undefined) told.set(resource, [change]);
      else list.push(change);
    }
    for (const [resource, list] of told) {
      this.#watchers.publish(resource, list);
      for (const waiter of resource.waiting) {
        if (waiter.rv > resource.frontier) continue;
        resource.waiting.delete(waiter);
        waiter.reached();
      }
    }
    this.#history.note();
  }
}
