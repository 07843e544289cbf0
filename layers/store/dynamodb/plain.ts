/**
 * Leases: one conditional write of one item, one write unit, nothing else. They have no counter and no log, so resourceVersions come from the
 * clock (larger than the one before, and than any this process has seen), a list is not a snapshot, older states are not kept, and a
 * watch looks at all of them every now and then: it tells of the newest state of each, never of those between.
 */
import { ConditionalCheckFailedException, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { Clock } from '#machinery/clock.ts';
import { StoreConflict, StoreExpired, StoreUnavailable } from '../errors.ts';
import type { Change, ListPage, ListQuery, ObjectKey, ResourceName, WatchListener, Write } from '../port.ts';
import { type Beats, withBeat } from './beats.ts';
import { packed, parts } from './body.ts';
import { conditionFailed, type Calls } from './calls.ts';
import type { Heads } from './heads.ts';
import type { Kept } from './history.ts';
import type { Partitions } from './keys.ts';
import { keyItem, type Reader } from './reader.ts';
import { isGone, LoggedChange, number, numberOf, objectItem, storedObject, type Item, type Stored } from './records.ts';
import type { Registry } from './registry.ts';
import { order } from './scan.ts';

export const PLAIN: ReadonlySet<ResourceName> = new Set(['leases.coordination.k8s.io']);

/** Milliseconds between two looks of a watch: a lease is renewed every ten seconds. */
const LOOK_EVERY = 2_000;

interface Watcher {
  readonly listener: WatchListener;
  at: number;
  closed: boolean;
}

export interface PlainParts {
  readonly calls: Calls;
  readonly reader: Reader;
  readonly clock: Clock;
  readonly kept: Kept;
  readonly heads: Heads;
  readonly registry: Registry;
  readonly beats: Beats;
  readonly failed: (error: unknown) => void;
}

/** A lease as it is now, or as it was when it was removed. */
interface State {
  readonly state: Stored;
  readonly gone: boolean;
}

export class PlainResource {
  readonly #calls: Calls;
  readonly #reader: Reader;
  readonly #clock: Clock;
  readonly #kept: Kept;
  readonly #heads: Heads;
  readonly #registry: Registry;
  readonly #beats: Beats;
  readonly #failed: (error: unknown) => void;
  readonly #partitions: Partitions;
  readonly #resource: ResourceName;
  #seen = 1;
  #registered = false;
  readonly #watchers = new Set<Watcher>();
  #cancel: (() => void) | undefined;

  constructor(parts: PlainParts, resource: ResourceName, partitions: Partitions) {
    this.#calls = parts.calls;
    this.#reader = parts.reader;
    this.#clock = parts.clock;
    this.#kept = parts.kept;
    this.#heads = parts.heads;
    this.#registry = parts.registry;
    this.#beats = parts.beats;
    this.#failed = parts.failed;
    this.#resource = resource;
    this.#partitions = partitions;
  }

  async get(key: ObjectKey, consistent: boolean): Promise<Stored | undefined> {
    const [object, beat] = await Promise.all([this.#reader.object(this.#partitions, key, consistent), this.#beats.has(key) ? this.#beats.of(key, consistent) : undefined]);
    if (object === undefined) return undefined;
    const state = withBeat(object, beat);
    this.#seen = Math.max(this.#seen, state.rv);
    return state;
  }

  async commit(writes: readonly Write[]): Promise<readonly number[]> {
    const [write] = writes;
    if (write === undefined || writes.length > 1) throw new StoreUnavailable(`${this.#resource} are written one at a time`);
    const { key } = write;
    const now = this.#clock.now();
    const read = 'rv' in write.if ? write.if.rv : undefined;
    const rv = Math.max(now, (read ?? 0) + 1, this.#seen + 1);
    const before = read === undefined ? undefined : this.#heads.at(key, read);
    // where the state before is not known the first one is not either, and it was not this one
    const created = read === undefined ? rv : (before?.created ?? 1);
    const { uid, labels, fields } = write.type === 'put' ? write : (before ?? { uid: '', labels: {}, fields: {} });
    const state: Stored = { key, rv, uid, labels, fields, body: write.body(rv), time: now, created, parts: 0 };
    const body = packed(state.body);
    if (parts(body) !== undefined) throw new StoreUnavailable(`${key.namespace}/${key.name} is too large to be kept outside transactions`);
    const item = { ...objectItem(state, body), ...(write.type === 'remove' && { gone: { BOOL: true }, ttl: number(this.#kept.ttl(now)) }) };
    if (read === undefined && !this.#registered) {
      await this.#registry.note(this.#resource, 1);
      this.#registered = true;
    }
    const beats = this.#beats.has(key);
    if (beats && read === undefined) await this.#beats.begin(key);
    try {
      await this.#calls.send(async (client, options) =>
        client.send(
          new PutItemCommand({
            TableName: this.#calls.table,
            Item: { ...keyItem(this.#partitions.object(key)), ...item },
            // beats count on top of the object's own resourceVersion, and every other write goes above both
            ConditionExpression: read === undefined ? 'attribute_not_exists(pk) OR attribute_exists(gone)' : `rv ${beats ? '<=' : '='} :read AND attribute_not_exists(gone)`,
            ...(read !== undefined && { ExpressionAttributeValues: { ':read': number(read) } }),
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          }),
          options,
        ),
      );
    } catch (error) {
      if (!conditionFailed(error)) throw error;
      const current = (error as ConditionalCheckFailedException).Item;
      const alive = current === undefined || isGone(current) ? undefined : ((await this.get(key, true)) ?? storedObject(this.#resource, current));
      // our own: the answer to an earlier try was lost
      const landed = current !== undefined && numberOf(current, 'rv') === rv && Buffer.compare(current['body']!.B!, body) === 0;
      if (!landed) throw new StoreConflict(key, alive);
    }
    this.#seen = Math.max(this.#seen, rv);
    if (write.type === 'put') this.#heads.note(state);
    else {
      this.#heads.forget(key);
      if (beats) await this.#beats.end(key);
    }
    return [rv];
  }

  async frontier(): Promise<number> {
    return Math.max(1, ...(await this.#all()).map(({ state }) => state.rv));
  }

  async list({ namespace, name, after, limit = 0, match, version }: ListQuery): Promise<ListPage> {
    const states = await this.#all();
    const newest = Math.max(1, ...states.map(({ state }) => state.rv));
    const objects = states
      .filter(({ gone }) => !gone)
      .map(({ state }) => state)
      .filter(({ key }) => (namespace === undefined || key.namespace === namespace) && (name === undefined || key.name === name) && (after === undefined || order(key, after) > 0))
      .filter((object) => match?.(object, object.key) !== false)
      .sort((left, right) => order(left.key, right.key));
    return { rv: typeof version === 'object' ? version.at : newest, items: limit > 0 ? objects.slice(0, limit) : objects, more: limit > 0 && objects.length > limit };
  }

  async watch(after: number, listener: WatchListener): Promise<() => void> {
    // what was removed before is no longer known
    if (after > 1 && this.#kept.over(after, this.#clock.now())) throw new StoreExpired(after, this.#clock.now() - this.#kept.seconds * 1000);
    const watcher = { listener, at: after, closed: false };
    this.#watchers.add(watcher);
    this.#poll(0);
    return () => {
      watcher.closed = true;
      this.#watchers.delete(watcher);
    };
  }

  #poll(ms: number): void {
    if (this.#watchers.size === 0 || (this.#cancel !== undefined && ms > 0)) return;
    this.#cancel?.();
    this.#cancel = this.#clock.after(ms, () => {
      void this.#look().finally(() => {
        this.#cancel = undefined;
        this.#poll(LOOK_EVERY);
      });
    });
  }

  async #look(): Promise<void> {
    try {
      const states = (await this.#all()).toSorted((left, right) => left.state.rv - right.state.rv);
      for (const watcher of this.#watchers) {
        const changes = states.filter(({ state }) => state.rv > watcher.at).map(({ state, gone }) => change(state, gone, watcher.at));
        const last = changes.at(-1)?.rv;
        if (last === undefined || watcher.closed) continue;
        watcher.at = last;
        this.#tell(watcher, changes, last);
      }
    } catch (error) {
      this.#failed(error);
    }
  }

  #tell(watcher: Watcher, changes: readonly Change[], frontier: number): void {
    try {
      watcher.listener.changes(changes, frontier);
    } catch (error) {
      this.#failed(error);
      watcher.closed = true;
      this.#watchers.delete(watcher);
      try {
        watcher.listener.expired();
      } catch (another) {
        this.#failed(another);
      }
    }
  }

  async #all(): Promise<readonly State[]> {
    const all = await Promise.all(
      this.#partitions.objects.map(async (pk) => {
        const items: Item[] = [];
        for (let from: Item | undefined; ;) {
          const page = await this.#reader.page(pk, { low: ' ', high: '\u{10ffff}' }, from === undefined ? {} : { from });
          items.push(...page.items);
          from = page.next;
          if (from === undefined) return items;
        }
      }),
    );
    const items = all.flat();
    const states = await this.#beats.all(items.map((item) => storedObject(this.#resource, item)));
    for (const { rv } of states) this.#seen = Math.max(this.#seen, rv);
    return states.map((state, index) => ({ state, gone: isGone(items[index]!) }));
  }

  close(): void {
    this.#cancel?.();
    this.#watchers.clear();
  }
}

/** What a watcher that was at `at` is told of a state. Labels before are those after: they are not kept, and leases have none that change. */
function change(state: Stored, gone: boolean, at: number): LoggedChange {
  const indexed = { labels: state.labels, fields: state.fields };
  const type = gone ? 'removed' : state.created > at ? 'created' : 'updated';
  return new LoggedChange({
    rv: state.rv,
    type,
    key: state.key,
    uid: state.uid,
    body: state.body,
    after: indexed,
    before: type === 'created' ? undefined : indexed,
    previous: 0,
    time: state.time,
    created: state.created,
  });
}
