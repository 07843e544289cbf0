/** Reads of items, strongly consistent unless said otherwise, with the parts of large bodies put together. */
import { BatchGetItemCommand, GetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { StoreUnavailable } from '../errors.ts';
import type { ObjectKey, ResourceName } from '../port.ts';
import { joined } from './body.ts';
import type { Calls } from './calls.ts';
import { part, type Partitions } from './keys.ts';
import { isGone, type Item, numberOf, type Slot, slotOf, type Stored, storedObject, string } from './records.ts';

interface Key {
  readonly pk: string;
  readonly sk: string;
}

/** Keys in one BatchGetItem. */
const BATCH = 100;
/** Up to so many slots are read by their keys: one request instead of one for each stripe. */
const BY_KEY = 50;
/** An object whose parts belong to another state was written while it was read; so often in a row it is damage. */
const TORN_READS = 20;

export const keyItem = ({ pk, sk }: Key): Item => ({ pk: string(pk), sk: string(sk) });

export class Reader {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  async item(key: Key, consistent = true): Promise<Item | undefined> {
    const { Item: item } = await this.#calls.send(async (client, options) =>
      client.send(new GetItemCommand({ TableName: this.#calls.table, Key: keyItem(key), ConsistentRead: consistent }), options),
    );
    return item;
  }

  async items(keys: readonly Key[]): Promise<Item[]> {
    const found: Item[] = [];
    const read = async (some: Item[]): Promise<void> => {
      let left = some;
      for (let tries = 0; left.length > 0; tries++) {
        const wanted = left;
        const answer = await this.#calls.send(async (client, options) =>
          client.send(new BatchGetItemCommand({ RequestItems: { [this.#calls.table]: { Keys: wanted, ConsistentRead: true } } }), options),
        );
        found.push(...(answer.Responses?.[this.#calls.table] ?? []));
        const rest = answer.UnprocessedKeys?.[this.#calls.table]?.Keys ?? [];
        // 16 MB are an answer's most; an answer with nothing in it is a throttle
        if (rest.length === left.length) {
          if (tries > TORN_READS) throw new StoreUnavailable(`table ${this.#calls.table} does not answer: reads are throttled`);
          await this.#calls.pause(2 ** Math.min(tries, 6) * 10);
        }
        left = rest;
      }
    };
    const batches: Item[][] = [];
    for (let start = 0; start < keys.length; start += BATCH) batches.push(keys.slice(start, start + BATCH).map(keyItem));
    await Promise.all(batches.map(read));
    return found;
  }

  /** One page of a partition in the order of sort keys, from `low` (inclusive, or exclusive as `after`) to `high` (inclusive). */
  async page(
    pk: string,
    range: { readonly low: string; readonly high: string },
    options: { readonly limit?: number; readonly from?: Item; readonly live?: boolean; readonly consistent?: boolean } = {},
  ): Promise<{ readonly items: readonly Item[]; readonly next: Item | undefined }> {
    const { limit, from, live = false, consistent = true } = options;
    const { Items = [], LastEvaluatedKey } = await this.#calls.send(async (client, signal) =>
      client.send(
        new QueryCommand({
          TableName: this.#calls.table,
          ConsistentRead: consistent,
          KeyConditionExpression: 'pk = :pk AND sk BETWEEN :low AND :high',
          ExpressionAttributeValues: { ':pk': string(pk), ':low': string(range.low), ':high': string(range.high) },
          ...(limit !== undefined && { Limit: limit }),
          ...(from !== undefined && { ExclusiveStartKey: from }),
          ...(live && { FilterExpression: 'attribute_not_exists(gone)' }),
        }),
        signal,
      ),
    );
    return { items: Items, next: LastEvaluatedKey };
  }

  /** How many live objects lie between; what was read is paid for. */
  async count(pk: string, range: { readonly low: string; readonly high: string }, consistent = true): Promise<number> {
    let total = 0;
    for (let from: Item | undefined; ;) {
      const start = from;
      const { Count = 0, LastEvaluatedKey } = await this.#calls.send(async (client, options) =>
        client.send(
          new QueryCommand({
            TableName: this.#calls.table,
            ConsistentRead: consistent,
            Select: 'COUNT',
            KeyConditionExpression: 'pk = :pk AND sk BETWEEN :low AND :high',
            FilterExpression: 'attribute_not_exists(gone)',
            ExpressionAttributeValues: { ':pk': string(pk), ':low': string(range.low), ':high': string(range.high) },
            ...(start !== undefined && { ExclusiveStartKey: start }),
          }),
          options,
        ),
      );
      total += Count;
      from = LastEvaluatedKey;
      if (from === undefined) return total;
    }
  }

  /** Undefined where there is none; a removed object's item where one is left. */
  async object(partitions: Partitions, key: ObjectKey, consistent = true): Promise<Stored | undefined> {
    for (let tries = 0; ; tries++) {
      const item = await this.item(partitions.object(key), consistent || tries > 0);
      if (item === undefined || isGone(item)) return undefined;
      const whole = await this.objectOf(key.resource, item);
      if (whole !== undefined) return whole;
      if (tries === TORN_READS) throw new StoreUnavailable(`${key.resource} ${key.namespace}/${key.name} is not whole`);
    }
  }

  /** Undefined where the parts of the body are of another state than the item. */
  async objectOf(resource: ResourceName, item: Item): Promise<Stored | undefined> {
    if (item['body'] !== undefined) return storedObject(resource, item);
    const body = await this.bodyOf(item);
    return body && storedObject(resource, item, body);
  }

  /** As it is stored. */
  async bodyOf(item: Item): Promise<Uint8Array | undefined> {
    return item['body']?.B ?? this.#parts(item, numberOf(item, 'rv'));
  }

  async #parts(item: Item, rv: number): Promise<Uint8Array | undefined> {
    const key = { pk: item['pk']!.S!, sk: item['sk']!.S! };
    const parts = await this.items(Array.from({ length: numberOf(item, 'parts') }, (_, index) => part(key, index)));
    if (parts.length !== numberOf(item, 'parts') || parts.some((one) => numberOf(one, 'rv') !== rv)) return undefined;
    const place = (one: Item): number => Number(one['sk']!.S!.slice(key.sk.length + 2));
    return joined(parts.sort((left, right) => place(left) - place(right)).map((one) => one['body']!.B!));
  }

  /** The filled slots in [from, to], in no order. */
  async slots(partitions: Partitions, resource: ResourceName, from: number, to: number): Promise<Slot[]> {
    if (to - from < BY_KEY)
      return this.slotsAt(
        partitions,
        resource,
        Array.from({ length: to - from + 1 }, (_, index) => from + index),
      );
    const range = { low: partitions.change(from).sk, high: partitions.change(to).sk };
    const found: Item[] = [];
    await Promise.all(
      partitions.changes.map(async (pk) => {
        for (let next: Item | undefined; ;) {
          const page = await this.page(pk, range, next === undefined ? {} : { from: next });
          found.push(...page.items);
          next = page.next;
          if (next === undefined) return;
        }
      }),
    );
    return this.#slotsOf(resource, found);
  }

  async slotsAt(partitions: Partitions, resource: ResourceName, rvs: readonly number[]): Promise<Slot[]> {
    if (rvs.length === 0) return [];
    return this.#slotsOf(resource, await this.items(rvs.map((rv) => partitions.change(rv))));
  }

  async #slotsOf(resource: ResourceName, items: readonly Item[]): Promise<Slot[]> {
    const slots: Slot[] = [];
    for (const item of items) {
      if (item['parts'] === undefined) {
        slots.push(slotOf(resource, item));
        continue;
      }
      const body = await this.#parts(item, Number(item['sk']!.S!));
      // parts are written with their item and go with it: only history that has just run out looks like this
      if (body !== undefined) slots.push(slotOf(resource, item, body));
    }
    return slots;
  }
}
