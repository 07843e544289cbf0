/**
 * LIST: objects are read page by page while others write, and the log makes an exact snapshot of them. For the newest state the changes
 * since before the first page are laid over the objects; for an older one the changes since then are undone.
 */
import type { Clock } from '#machinery/clock.ts';
import { StoreTooNew } from '../errors.ts';
import type { ListPage, ListQuery, StoredObject } from '../port.ts';
import type { Past } from './past.ts';
import type { Reader } from './reader.ts';
import { fromSortKey, sortKey } from './keys.ts';
import { indexedOf, isGone, numberOf, storedObject, type Item, type LoggedChange } from './records.ts';
import type { ResourceLog } from './resource-log.ts';
import { BEHIND_BLANK, END, order, Scan, type Position } from './scan.ts';

/** How long a reader waits for a resourceVersion that is still to come: what kube-apiserver does (milliseconds). */
const FUTURE_WAIT = 3_000;
/** Objects read at least in one piece where a selector will skip some. */
const PIECE = 200;
/** Seconds after which an object that has expired is not shown, also where nobody has come to remove it. */
export const EXPIRED_FOR = 60;

/** One object of a page on its way; its body is looked for when it is known to be in the page. */
interface Entry extends Pick<StoredObject, 'key' | 'labels' | 'fields'> {
  /** The resourceVersion of an object's first state, where the object was read as it is. */
  readonly created?: number;
  readonly whole: () => StoredObject | Promise<StoredObject>;
}

export class Lists {
  readonly #reader: Reader;
  readonly #past: Past;
  readonly #clock: Clock;

  constructor(reader: Reader, past: Past, clock: Clock) {
    this.#reader = reader;
    this.#past = past;
    this.#clock = clock;
  }

  async list(log: ResourceLog, query: ListQuery): Promise<ListPage> {
    const at = typeof query.version === 'object' ? query.version.at : undefined;
    const needed = Math.max(at ?? 0, query.notBefore ?? 0);
    if (needed > log.position && !(await log.reached(needed, FUTURE_WAIT))) throw new StoreTooNew(needed, log.frontier);
    await log.open();
    const collected = log.collect();
    try {
      const newer = at === undefined ? [] : await log.changes(at, collected.from);
      const limit = query.limit === undefined || query.limit <= 0 ? Infinity : query.limit;
      const read = new Pieces(this.#reader, log, query, limit, Math.floor(this.#clock.now() / 1000) - EXPIRED_FOR);
      for (;;) {
        await read.more();
        await log.current();
        // from here to the end of `merged` nothing may be awaited: position, changes and objects belong together
        const over = at === undefined ? newest(collected.changes) : this.#undone(log, [...newer, ...collected.changes]);
        const entries = merged(read, over, query, log.position);
        const rv = at ?? Math.max(log.frontier, needed);
        if (entries.length <= limit && !read.ended) continue;
        const items = await Promise.all(entries.slice(0, limit).map(async ({ whole }) => whole()));
        const more = entries.length > limit;
        // of the first page only: who pages on knows how many the pages since have taken off
        const counted = more && at === undefined && query.after === undefined && query.match === undefined && query.name === undefined;
        return { rv, items, more, ...(counted && { remaining: await this.#behind(log, query, items.at(-1)!.key) }) };
      }
    } finally {
      collected.end();
    }
  }

  /** How many objects lie behind this one: what clients show as an estimate, so no snapshot of it is made. */
  async #behind({ partitions }: ResourceLog, { namespace }: ListQuery, last: StoredObject['key']): Promise<number> {
    const range = { low: `${sortKey(last.namespace, last.name)}\u0000`, high: namespace === undefined ? END : `${namespace}${BEHIND_BLANK}` };
    const stripes = namespace === undefined ? partitions.objects : [partitions.of(namespace)];
    const counts = await Promise.all(stripes.map(async (pk) => this.#reader.count(pk, range, false)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** For each key that changed the state before its first change; `undefined`: there was none. */
  #undone(log: ResourceLog, changes: readonly LoggedChange[]): Map<string, Entry | undefined> {
    const states = new Map<string, Entry | undefined>();
    for (const { key, uid, before, previous } of changes) {
      const place = sortKey(key.namespace, key.name);
      if (states.has(place)) continue;
      states.set(
        place,
        before && {
          key,
          ...before,
          whole: async () => ({ key, uid, ...before, rv: previous, body: await this.#past.body(log, previous) }),
        },
      );
    }
    return states;
  }
}

/** For each key that changed its newest state; `undefined`: it is gone. */
function newest(changes: readonly LoggedChange[]): Map<string, Entry | undefined> {
  const states = new Map<string, Entry | undefined>();
  for (const { key, uid, rv, after, body, type } of changes) {
    states.set(sortKey(key.namespace, key.name), type === 'removed' ? undefined : { key, ...after, whole: () => ({ key, rv, uid, ...after, body }) });
  }
  return states;
}

/** The objects of a query, read as far as its page needs. */
class Pieces {
  readonly entries: Entry[] = [];
  readonly #reader: Reader;
  readonly #log: ResourceLog;
  readonly #query: ListQuery;
  readonly #limit: number;
  readonly #expired: number;
  readonly #scan: Scan | undefined;
  #matching = 0;
  #single = false;

  constructor(reader: Reader, log: ResourceLog, query: ListQuery, limit: number, expired: number) {
    this.#reader = reader;
    this.#log = log;
    this.#query = query;
    this.#limit = limit;
    this.#expired = expired;
    const { namespace, name, after, match } = query;
    if (namespace !== undefined && name !== undefined) return;
    const piece = limit === Infinity ? undefined : match === undefined && name === undefined ? limit + 1 : Math.max(limit + 1, PIECE);
    this.#scan = new Scan(reader, log.partitions, { namespace, after, piece });
  }

  get ended(): boolean {
    return this.#scan?.ended ?? this.#single;
  }

  /** Every object up to here has been read; undefined: every object. */
  get upTo(): Position | undefined {
    return this.ended ? undefined : this.entries.at(-1)?.key;
  }

  /** Reads on until there is more than a page, or the end. */
  async more(): Promise<void> {
    const { resource, namespace, name, match } = this.#query;
    if (this.#scan === undefined) {
      const item = await this.#reader.item(this.#log.partitions.object({ namespace: namespace!, name: name! }));
      this.#single = true;
      if (item !== undefined && !isGone(item)) await this.#add(resource, item);
      return;
    }
    do {
      for (const item of await this.#scan.next()) await this.#add(resource, item);
    } while (!this.#scan.ended && this.#matching <= this.#limit);
    // asked again, it must bring something new
    this.#matching = match === undefined ? this.#matching - 1 : 0;
  }

  async #add(resource: string, item: Item): Promise<void> {
    if (item['expires'] !== undefined && numberOf(item, 'expires') < this.#expired) return;
    const key = { resource, ...fromSortKey(item['sk']!.S!) };
    const indexed = indexedOf(item);
    const inline = item['body'] !== undefined;
    // parts must be read before the log is: they have no history of their own
    const whole = inline ? undefined : ((await this.#reader.objectOf(resource, item)) ?? (await this.#reader.object(this.#log.partitions, key)));
    if (!inline && whole === undefined) return;
    this.entries.push({ key, ...indexed, created: numberOf(item, item['created'] === undefined ? 'rv' : 'created'), whole: () => whole ?? storedObject(resource, item) });
    if ((this.#query.name === undefined || this.#query.name === key.name) && this.#query.match?.(indexed, key) !== false) this.#matching++;
  }
}

/** What the query asks for of the objects read and of the states laid over them, in order. */
function merged(read: Pieces, over: ReadonlyMap<string, Entry | undefined>, query: ListQuery, position: number): Entry[] {
  const { namespace, name, after, match } = query;
  const { upTo } = read;
  const wanted = ({ key, labels, fields, created = 0 }: Entry): boolean =>
    // made outside transactions, and its change is still to come
    created <= position &&
    (namespace === undefined || key.namespace === namespace) &&
    (name === undefined || key.name === name) &&
    (after === undefined || order(key, after) > 0) &&
    (upTo === undefined || order(key, upTo) <= 0) &&
    match?.({ labels, fields }, key) !== false;
  if (over.size === 0) return read.entries.filter(wanted);
  const entries = read.entries.filter(({ key }) => !over.has(sortKey(key.namespace, key.name)));
  for (const entry of over.values()) if (entry !== undefined) entries.push(entry);
  return entries.filter(wanted).sort((left, right) => order(left.key, right.key));
}
