/**
 * A write: a resourceVersion from the counter, then one transaction of the object, if it is still what was read, and of its change, if
 * that slot is still empty. No item that many writers share is in the transaction.
 */
import { randomUUID } from 'node:crypto';
import { PutItemCommand, TransactWriteItemsCommand, type CancellationReason, type TransactWriteItem } from '@aws-sdk/client-dynamodb';
import type { Clock } from '#machinery/clock.ts';
import { StoreConflict, StoreUnavailable } from '../errors.ts';
import type { Actor, Write } from '../port.ts';
import { packed, parts as partsOf } from './body.ts';
import { reasonsOf, type Calls } from './calls.ts';
import type { Counters } from './counter.ts';
import type { Fence } from './fence.ts';
import type { Heads } from './heads.ts';
import type { Kept } from './history.ts';
import { part, sortKey } from './keys.ts';
import type { ExtraItem, Moving } from './node-work.ts';
import { keyItem, type Reader } from './reader.ts';
import { binary, changeItem, changeText, goneItem, isGone, LoggedChange, number, objectItem, storedObject, string, type Item, type Slot, type Stored } from './records.ts';
import type { Registry } from './registry.ts';
import { LOOSE, LooseWrites } from './loose.ts';
import type { ResourceLog } from './resource-log.ts';
import { Turns } from './turns.ts';

/** Times that a writer takes another slot because a reader has closed the one it had: each costs a grace period of waiting. */
const SLOTS = 8;
/** Actions that DynamoDB takes in one transaction. */
const ACTIONS = 100;

export interface CommitParts {
  readonly cluster: string;
  readonly calls: Calls;
  readonly reader: Reader;
  readonly counters: Counters;
  readonly fence: Fence;
  readonly heads: Heads;
  readonly registry: Registry;
  readonly kept: Kept;
  readonly clock: Clock;
  readonly extra: (cluster: string, moving: Moving) => readonly ExtraItem[];
}

/** A write and what it meets. */
export interface Step {
  readonly write: Write;
  readonly log: ResourceLog;
  readonly before: Stored | undefined;
}

export interface Made {
  readonly step: Step;
  readonly change: LoggedChange;
  readonly slot: Slot;
  readonly after: Stored | undefined;
  readonly actions: readonly TransactWriteItem[];
}

export class Commits {
  readonly #parts: CommitParts;
  readonly #loose: LooseWrites;
  readonly #turns: Turns;

  constructor(parts: CommitParts) {
    this.#parts = parts;
    this.#loose = new LooseWrites(parts.calls);
    this.#turns = new Turns(async (ms) => parts.calls.pause(ms));
  }

  /** One write of a resource that is worth no transaction, and that fits into two items. */
  #loosely(made: readonly Made[]): boolean {
    return made.length === 1 && LOOSE.has(made[0]!.change.key.resource) && made[0]!.actions.length === 2;
  }

  async commit(writes: readonly Write[], logs: readonly ResourceLog[], actor: Actor): Promise<readonly number[]> {
    distinct(writes);
    const keys = writes.map(({ key }) => key);
    return this.#turns.take(keys, async () => this.#commit(writes, logs, actor));
  }

  async #commit(writes: readonly Write[], logs: readonly ResourceLog[], actor: Actor): Promise<readonly number[]> {
    const { heads } = this.#parts;
    const steps = await Promise.all(writes.map(async (write, index) => this.#step(write, logs[index]!)));
    // outside a transaction an object that has lost its slot stands at that slot's resourceVersion
    let holder = steps[0]?.before?.rv;
    for (let tries = 0; tries < SLOTS; tries++) {
      const rvs = await this.#number(steps);
      const made = await this.#make(steps, rvs, actor);
      const outcome = this.#loosely(made) ? await this.#loose.write(made[0]!, holder) : await this.#send(made);
      if (outcome === 'slot lost') holder = rvs[0]!;
      if (outcome === 'slot lost') continue;
      if (outcome !== 'done') {
        await this.#release(steps, rvs);
        throw outcome;
      }
      for (const { after, step } of made) {
        if (after === undefined) heads.forget(step.write.key);
        else heads.note(after);
      }
      for (const [log, mine] of Map.groupBy(made, ({ step }) => step.log)) await log.note(mine.map(({ slot }) => slot));
      return rvs;
    }
    throw new StoreUnavailable(`writes are held up for longer than readers wait: ${SLOTS} slots were closed`);
  }

  /** Uses up a resourceVersion: its slot is filled with nothing, and the frontier moves to it all the same. */
  async advance(log: ResourceLog): Promise<void> {
    const { clock, counters, fence } = this.#parts;
    for (let tries = 0; tries < SLOTS; tries++) {
      const rv = await counters.add(log.partitions, 1, clock.now());
      const slot = await fence.closeOne(log.partitions, rv, true);
      // a reader that did not wait has closed it, or it landed and the answer was lost: the next one then moves it once more
      if (slot === undefined) continue;
      await log.note([slot]);
      return;
    }
    throw new StoreUnavailable(`writes are held up for longer than readers wait: ${SLOTS} slots were closed`);
  }

  /** Reads what the write will replace, where it is not known. */
  async #step(write: Write, log: ResourceLog): Promise<Step> {
    const { heads, reader } = this.#parts;
    if ('absent' in write.if) {
      const there = heads.newest(write.key) !== undefined ? await reader.object(log.partitions, write.key) : undefined;
      if (there !== undefined) throw new StoreConflict(write.key, there);
      return { write, log, before: undefined };
    }
    const known = heads.newest(write.key);
    if (known?.rv === write.if.rv) return { write, log, before: known };
    // resourceVersions never come back: what was newer once is a conflict for ever
    if (known !== undefined && known.rv > write.if.rv) throw new StoreConflict(write.key, known);
    const current = await reader.object(log.partitions, write.key);
    if (current?.rv !== write.if.rv) throw new StoreConflict(write.key, current);
    return { write, log, before: current };
  }

  /** A resourceVersion for each write; those of one resource follow each other. */
  async #number(steps: readonly Step[]): Promise<readonly number[]> {
    const { clock, counters, registry } = this.#parts;
    const rvs: number[] = [];
    await Promise.all(
      [...Map.groupBy(steps.keys(), (index) => steps[index]!.log)].map(async ([log, indexes]) => {
        const last = await counters.add(log.partitions, indexes.length, clock.now());
        await registry.note(log.resource, last);
        for (const [order, index] of indexes.entries()) rvs[index] = last - indexes.length + 1 + order;
      }),
    );
    return rvs;
  }

  async #make(steps: readonly Step[], rvs: readonly number[], actor: Actor): Promise<readonly Made[]> {
    const now = this.#parts.clock.now();
    const last = new Map<ResourceLog, number>();
    for (const [index, { log }] of steps.entries()) last.set(log, rvs[index]!);
    try {
      const made = steps.map((step, index) => this.#one(step, { rv: rvs[index]!, last: last.get(step.log)!, now, actor }));
      const actions = made.reduce((sum, one) => sum + one.actions.length, 0);
      if (actions > ACTIONS) throw new StoreUnavailable(`a commit of ${made.length} writes takes ${actions} actions, and DynamoDB takes ${ACTIONS}`);
      await Promise.all(steps.map(async (step) => this.#keep(step, now)));
      return made;
    } catch (error) {
      await this.#release(steps, rvs);
      throw error;
    }
  }

  #one({ write, log, before }: Step, { rv, last, now, actor }: { readonly rv: number; readonly last: number; readonly now: number; readonly actor: Actor }): Made {
    const { cluster, calls, kept, extra } = this.#parts;
    const { partitions } = log;
    const { key } = write;
    const ttl = kept.ttl(now);
    const body = write.body(rv);
    const stored = packed(body);
    const pieces = partsOf(stored);
    const inline = pieces === undefined ? stored : undefined;
    const remove = write.type === 'remove';
    const indexed = remove ? { labels: before!.labels, fields: before!.fields } : { labels: write.labels, fields: write.fields };
    const uid = remove ? before!.uid : write.uid;
    const created = before?.created ?? rv;
    const after: Stored | undefined = remove
      ? undefined
      : { key, rv, uid, ...indexed, body, time: now, created, parts: pieces?.length ?? 0, ...(write.expiresAt !== undefined && { expiresAt: write.expiresAt }) };
    const change = new LoggedChange({
      rv,
      type: remove ? 'removed' : before === undefined ? 'created' : 'updated',
      key,
      uid,
      body,
      after: { labels: indexed.labels, fields: indexed.fields },
      before: before && { labels: before.labels, fields: before.fields },
      previous: before?.rv ?? 0,
      time: now,
      created,
    });
    const text = packed(changeText(change));
    const textPieces = partsOf(text);
    const objectKey = partitions.object(key);
    const changeKey = partitions.change(rv);
    const put = (item: Item, condition?: Omit<NonNullable<TransactWriteItem['Put']>, 'TableName' | 'Item'>): TransactWriteItem => ({
      Put: { TableName: calls.table, Item: item, ...condition },
    });
    const drop = (item: Item): TransactWriteItem => ({ Delete: { TableName: calls.table, Key: item } });
    const bodyParts = (of: typeof objectKey, all: readonly Uint8Array[] = [], extraAttributes: Item = {}): TransactWriteItem[] =>
      all.map((piece, index) => put({ ...keyItem(part(of, index)), rv: number(rv), body: binary(piece), ...extraAttributes }));
    const surplus = Array.from({ length: Math.max(0, (before?.parts ?? 0) - (after?.parts ?? 0)) }, (_, index) => drop(keyItem(part(objectKey, (after?.parts ?? 0) + index))));
    const actions = [
      put(
        { ...keyItem(objectKey), ...(after === undefined ? goneItem(rv, ttl) : objectItem(after, inline)) },
        { ...condition(before, rv), ReturnValuesOnConditionCheckFailure: 'ALL_OLD' },
      ),
      put(
        {
          ...keyItem(changeKey),
          ...changeItem(change, { key: sortKey(key.namespace, key.name), body: textPieces === undefined ? text : undefined, parts: textPieces?.length ?? 0, last, ttl, actor }),
        },
        { ConditionExpression: 'attribute_not_exists(pk)' },
      ),
      ...(after === undefined ? [] : bodyParts(objectKey, pieces)),
      ...bodyParts(changeKey, textPieces, { ttl: number(ttl) }),
      ...surplus,
      ...extra(cluster, { key, uid, rv, before, after }).map((item) => (item.attributes === undefined ? drop(keyItem(item)) : put({ ...keyItem(item), ...attributes(item) }))),
    ];
    return { step: { write, log, before }, change, slot: { rv, time: now, last, change }, after, actions };
  }

  /** A state whose change is old is kept once more, so that its successor can be undone for as long as that is readable. */
  async #keep({ log, before }: Step, now: number): Promise<void> {
    const { calls, kept } = this.#parts;
    if (before === undefined || !kept.fading(before.time, now)) return;
    const key = log.partitions.kept(before.rv);
    const stored = packed(before.body);
    const pieces = partsOf(stored);
    const rest = { rv: number(before.rv), ttl: number(kept.ttl(now)) };
    const items: Item[] = [
      { ...keyItem(key), ...rest, ...(pieces === undefined ? { body: binary(stored) } : { parts: number(pieces.length) }) },
      ...(pieces ?? []).map((piece, index) => ({ ...keyItem(part(key, index)), ...rest, body: binary(piece) })),
    ];
    await Promise.all(items.map(async (item) => calls.send(async (client, options) => client.send(new PutItemCommand({ TableName: calls.table, Item: item }), options))));
  }

  /** The same transaction with the same token until it is answered: one that has landed is not made twice. */
  async #send(made: readonly Made[]): Promise<'done' | 'slot lost' | StoreConflict> {
    const { calls } = this.#parts;
    const token = randomUUID();
    const items = made.flatMap(({ actions }) => actions);
    try {
      await calls.send(async (client, options) => client.send(new TransactWriteItemsCommand({ TransactItems: items, ClientRequestToken: token }), options));
      return 'done';
    } catch (error) {
      const reasons = reasonsOf(error);
      if (reasons === undefined) throw error;
      return this.#verdict(made, reasons);
    }
  }

  /** What was lost: an object (its first writer won) weighs more than a slot (a reader did not wait). */
  async #verdict(made: readonly Made[], reasons: readonly CancellationReason[]): Promise<'slot lost' | StoreConflict> {
    const { heads, reader } = this.#parts;
    let at = 0;
    for (const { step, actions } of made) {
      const reason = reasons[at];
      at += actions.length;
      if (reason?.Code !== 'ConditionalCheckFailed') continue;
      const { write, log } = step;
      heads.forget(write.key);
      // the refusal brings the object along, but for the parts of a large one
      const item = reason?.Item;
      if (item === undefined || isGone(item)) return new StoreConflict(write.key, undefined);
      const current = item['body'] === undefined ? await reader.object(log.partitions, write.key) : storedObject(write.key.resource, item);
      return new StoreConflict(write.key, current);
    }
    return 'slot lost';
  }

  /** Slots that will not be used are closed, so that nobody waits for them. */
  async #release(steps: readonly Step[], rvs: readonly number[]): Promise<void> {
    for (const [log, indexes] of Map.groupBy(steps.keys(), (index) => steps[index]!.log)) {
      const mine = indexes.map((index) => rvs[index]!);
      // where it fails readers close them when they have waited long enough: the caller has an answer that matters more
      const closed = await this.#parts.fence.close(log.partitions, mine).catch(() => []);
      await log.note(closed);
    }
  }
}

/** The object is what was read. Its new resourceVersion is above: the counter was asked after the read, and a create looks at what a removal left. */
function condition(before: Stored | undefined, rv: number): Omit<NonNullable<TransactWriteItem['Put']>, 'TableName' | 'Item'> {
  return before === undefined
    ? { ConditionExpression: 'attribute_not_exists(pk) OR (attribute_exists(gone) AND rv < :rv)', ExpressionAttributeValues: { ':rv': number(rv) } }
    : { ConditionExpression: 'rv = :read AND attribute_not_exists(gone)', ExpressionAttributeValues: { ':read': number(before.rv) } };
}

function distinct(writes: readonly Write[]): void {
  const keys = new Set(writes.map(({ key }) => `${key.resource} ${sortKey(key.namespace, key.name)}`));
  if (keys.size < writes.length) throw new StoreUnavailable('a commit writes one object twice, which DynamoDB does not take');
}

const attributes = ({ attributes: all = {} }: ExtraItem): Item =>
  Object.fromEntries(Object.entries(all).map(([name, value]) => [name, typeof value === 'number' ? number(value) : string(value)]));
