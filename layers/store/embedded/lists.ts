/** LIST: exact snapshots, now or at an older resourceVersion, from memory with the newer changes undone. */
import type { Clock } from '#machinery/clock.ts';
import { StoreExpired, StoreTooNew, StoreUnavailable } from '../errors.ts';
import type { ListPage, ListQuery, StoredObject } from '../port.ts';
import type { BodyCache } from './body-cache.ts';
import { compareUtf8, slotKey } from './keys.ts';
import type { LogReader } from './log-reader.ts';
import { hasBody, type Head } from './records.ts';
import type { Resource } from './resource.ts';
import type { Position, Slot, Table } from './table.ts';

/** How long a reader waits for a resourceVersion that is still to come: what kube-apiserver does (milliseconds). */
const FUTURE_WAIT = 3_000;
/** Log rows walked in one piece on the way back, and bodies read in one piece: 1 to 3 ms. */
const UNDO_PIECE = 500;
const BODY_PIECE = 250;
/** Old versions kept worked out for each resource, for the next page of the same list; larger ones are worked out anew. */
const KEPT_UNDOS = 2;
const KEPT_STATES = 5_000;

/** For each key that changed in (at, upTo] its state at `at`; `undefined`: there was none. */
interface Undo {
  readonly at: number;
  upTo: number;
  readonly states: Map<string, Head | undefined>;
}

export class Lists {
  readonly #reader: LogReader;
  readonly #cache: BodyCache;
  readonly #clock: Clock;
  readonly #undos = new WeakMap<Resource, Undo[]>();

  constructor(reader: LogReader, cache: BodyCache, clock: Clock) {
    this.#reader = reader;
    this.#cache = cache;
    this.#clock = clock;
  }

  async list(resource: Resource, table: Table, query: ListQuery): Promise<ListPage> {
    const at = typeof query.version === 'object' ? query.version.at : undefined;
    const needed = Math.max(at ?? 0, query.notBefore ?? 0);
    if (needed > resource.frontier) await this.reached(resource, needed);
    const undo = at === undefined || at === resource.frontier ? undefined : await this.#undo(resource, at);
    // from here to the end of `select` nothing may be awaited: the snapshot is what memory holds in this moment
    if (undo !== undefined) this.#catchUp(resource, undo);
    const rv = at ?? resource.frontier;
    const { slots, heads, more, remaining } = select(table, query, undo?.states);
    const items = hasBodies(heads) ? heads : await this.#bodies(resource, slots, heads);
    return { rv, items, more, ...(remaining !== undefined && { remaining }) };
  }

  /** Waits until the frontier is at `rv`. @throws StoreTooNew */
  async reached(resource: Resource, rv: number): Promise<void> {
    if (resource.frontier >= rv) return;
    const arrived = await new Promise<boolean>((resolve) => {
      const cancel = this.#clock.after(FUTURE_WAIT, () => {
        resource.waiting.delete(waiter);
        resolve(false);
      });
      const waiter = {
        rv,
        reached: () => {
          cancel();
          resolve(true);
        },
      };
      resource.waiting.add(waiter);
    });
    if (!arrived) throw new StoreTooNew(rv, resource.frontier);
  }

  async #undo(resource: Resource, at: number): Promise<Undo> {
    const known = this.#undos.get(resource)?.find((undo) => undo.at === at);
    const undo = known ?? { at, upTo: at, states: new Map<string, Head | undefined>() };
    for (let until = 0; at >= resource.floor && undo.upTo < (until = resource.recent.since(resource.frontier));) {
      const rows = this.#reader.before(resource.id, resource.name, undo.upTo, until, UNDO_PIECE);
      for (const row of rows) note(undo, row.namespace, row.name, row.before);
      // two lists may walk the same undo; each row is noted once, because only the first change of a key counts
      undo.upTo = Math.max(undo.upTo, rows.at(-1)?.rv ?? until);
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (at < resource.floor) throw new StoreExpired(at, resource.floor);
    const kept = [undo, ...(this.#undos.get(resource) ?? []).filter((other) => other !== undo && other.at >= resource.floor)];
    this.#undos.set(resource, kept.filter(({ states }) => states.size <= KEPT_STATES).slice(0, KEPT_UNDOS));
    return undo;
  }

  #catchUp(resource: Resource, undo: Undo): void {
    const newer = resource.recent.after(undo.upTo, resource.frontier);
    if (newer === undefined) throw new StoreUnavailable('changes left memory faster than they could be undone');
    for (const { key, before } of newer) note(undo, key.namespace, key.name, before);
    undo.upTo = resource.frontier;
  }

  /** Reads the bodies that memory does not hold, and keeps those of objects that are still the same. */
  async #bodies(resource: Resource, slots: readonly (Slot | undefined)[], heads: readonly Head[]): Promise<StoredObject[]> {
    const items: StoredObject[] = [];
    let read = 0;
    for (const [index, head] of heads.entries()) {
      if (hasBody(head)) {
        items.push(head);
        continue;
      }
      const whole = this.whole(resource, head, slots[index]);
      // superseded while we read, and trimmed: history is shorter than one list takes
      if (whole === undefined) throw new StoreExpired(head.rv, resource.floor);
      items.push(whole);
      if (++read % BODY_PIECE === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    return items;
  }

  whole(resource: Resource, head: Head, slot: Slot | undefined): StoredObject | undefined {
    if (hasBody(head)) return head;
    const body = this.#reader.body(resource.id, head.rv);
    if (body === undefined) return undefined;
    const { key, rv, uid, labels, fields } = head;
    const whole = { key, rv, uid, labels, fields, body };
    if (slot?.head === head) {
      slot.head = whole;
      this.#cache.count(slot);
    }
    return whole;
  }
}

/** Only the oldest change behind `at` says what stood at `at`. */
function note(undo: Undo, namespace: string, name: string, before: Head | undefined): void {
  const key = slotKey(namespace, name);
  if (!undo.states.has(key)) undo.states.set(key, before);
}

const hasBodies = (heads: readonly Head[]): heads is readonly StoredObject[] => heads.every(hasBody);

interface Selected {
  readonly heads: readonly Head[];
  /** Where each head stands in the table; absent for older states. */
  readonly slots: readonly (Slot | undefined)[];
  readonly more: boolean;
  readonly remaining: number | undefined;
}

/** One page, in key order; `undone` puts older states in place of those in the table. */
function select(table: Table, query: ListQuery, undone: ReadonlyMap<string, Head | undefined> | undefined): Selected {
  if (query.name !== undefined && query.namespace !== undefined) return single(table, query, query.namespace, query.name, undone);
  const { namespace, name, after, match } = query;
  const limit = query.limit === undefined || query.limit <= 0 ? Infinity : query.limit;
  const heads: Head[] = [];
  const slots: (Slot | undefined)[] = [];
  let more = false;
  let surplus = 0;
  const countRest = match === undefined && name === undefined;
  /** False ends the walk. */
  const take = (head: Head, slot: Slot | undefined): boolean => {
    if (name !== undefined && head.key.name !== name) return true;
    if (match !== undefined && !match(head, head.key)) return true;
    if (heads.length === limit) {
      more = true;
      surplus++;
      return countRest && undone !== undefined;
    }
    if (slot !== undefined) slot.touched = true;
    heads.push(head);
    slots.push(slot);
    return true;
  };
  if (undone === undefined || undone.size === 0) table.walk(namespace, after, (slot) => take(slot.head, slot));
  else walkUndone(table, undone, namespace, after, take);
  if (!more || !countRest) return { heads, slots, more, remaining: undefined };
  return { heads, slots, more, remaining: undone === undefined || undone.size === 0 ? table.behind(namespace, heads.at(-1)!.key) : surplus };
}

/** The table with older states in the place of newer ones, and with what is gone since put back in order. */
function walkUndone(
  table: Table,
  undone: ReadonlyMap<string, Head | undefined>,
  namespace: string | undefined,
  after: Position | undefined,
  take: (head: Head, slot: Slot | undefined) => boolean,
): void {
  const gone = [...undone.values()]
    .filter((head): head is Head => head !== undefined)
    .filter(({ key }) => (namespace === undefined || key.namespace === namespace) && (after === undefined || order(key, after) > 0))
    .filter(({ key }) => table.get(key.namespace, key.name) === undefined)
    .sort((left, right) => order(left.key, right.key));
  let next = 0;
  let ended = false;
  table.walk(namespace, after, (slot) => {
    while (next < gone.length && order(gone[next]!.key, slot.head.key) < 0) if (!take(gone[next++]!, undefined)) return !(ended = true);
    const key = slotKey(slot.head.key.namespace, slot.head.key.name);
    const old = undone.get(key);
    if (old === undefined && undone.has(key)) return true;
    return !(ended = !take(old ?? slot.head, old === undefined ? slot : undefined));
  });
  while (!ended && next < gone.length) ended = !take(gone[next++]!, undefined);
}

const order = (left: Position, right: Position): number => compareUtf8(left.namespace, right.namespace) || compareUtf8(left.name, right.name);

function single(table: Table, query: ListQuery, namespace: string, name: string, undone: ReadonlyMap<string, Head | undefined> | undefined): Selected {
  const key = slotKey(namespace, name);
  const slot = undone?.has(key) === true ? undefined : table.get(namespace, name);
  const head = slot?.head ?? undone?.get(key);
  const behind = query.after === undefined || order({ namespace, name }, query.after) > 0;
  if (head === undefined || !behind || query.match?.(head, head.key) === false) return { heads: [], slots: [], more: false, remaining: undefined };
  if (slot !== undefined) slot.touched = true;
  return { heads: [head], slots: [slot], more: false, remaining: undefined };
}
