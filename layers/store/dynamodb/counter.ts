/** The last resourceVersion handed out, by a plain ADD outside any transaction, and a hint where readers may begin. */
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { conditionFailed, type Calls } from './calls.ts';
import type { Kept } from './history.ts';
import { COUNTER_SORT_KEY, type Partitions } from './keys.ts';
import { keyItem, type Reader } from './reader.ts';
import { type Item, number, numberOf } from './records.ts';

export interface Count {
  /** The last resourceVersion handed out; 1 where none was. */
  readonly last: number;
  /** Every slot up to here is filled, and this one by a change (1: nothing is known). */
  readonly settled: number;
  /** Milliseconds since the epoch at which the last was handed out; 0: never. */
  readonly time: number;
}

// the item counts from 0, and the first write gets 2
const countOf = (item: Item | undefined): Count =>
  item === undefined ? { last: 1, settled: 1, time: 0 } : { last: numberOf(item, 'n') + 1, settled: Math.max(1, numberOf(item, 'settled')), time: numberOf(item, 'time') };

type Waiting = Map<string, { readonly resolve: (item: Item | undefined) => void; readonly reject: (error: unknown) => void }[]>;

export class Counters {
  readonly #calls: Calls;
  readonly #reader: Reader;
  readonly #kept: Kept;
  /** Who waits for which counter, until this turn is over. */
  #waiting: Waiting | undefined;

  constructor(calls: Calls, reader: Reader, kept: Kept) {
    this.#calls = calls;
    this.#reader = reader;
    this.#kept = kept;
  }

  /** Counters that are asked for in the same turn are read in one request: who keeps many resources looks at all of them. */
  async read({ counter }: Partitions, consistent = true): Promise<Count> {
    return countOf(await (consistent ? this.#together(counter) : this.#reader.item({ pk: counter, sk: COUNTER_SORT_KEY }, false)));
  }

  #together(counter: string): Promise<Item | undefined> {
    const waiting = (this.#waiting ??= this.#beginTurn());
    return new Promise((resolve, reject) => {
      const one = { resolve, reject };
      const others = waiting.get(counter);
      if (others === undefined) waiting.set(counter, [one]);
      else others.push(one);
    });
  }

  #beginTurn(): Waiting {
    const waiting: Waiting = new Map();
    setImmediate(() => {
      this.#waiting = undefined;
      void this.#readAll(waiting);
    });
    return waiting;
  }

  async #readAll(waiting: Waiting): Promise<void> {
    const counters = [...waiting.keys()];
    const key = (counter: string): { readonly pk: string; readonly sk: string } => ({ pk: counter, sk: COUNTER_SORT_KEY });
    try {
      const only = counters.length === 1 ? await this.#reader.item(key(counters[0]!)) : undefined;
      const items = counters.length === 1 ? (only === undefined ? [] : [only]) : await this.#reader.items(counters.map(key));
      const found = new Map(items.map((item) => [item['pk']!.S!, item]));
      for (const [counter, all] of waiting) for (const { resolve } of all) resolve(found.get(counter));
    } catch (error) {
      for (const all of waiting.values()) for (const { reject } of all) reject(error);
    }
  }

  /**
   * Hands out `count` resourceVersions, the last of which is the answer. One that is asked twice because an answer was lost leaves a hole.
   * After a long silence the hint moves to where the silence began: the changes before may be gone, and a reader must not take them for holes.
   */
  async add(partitions: Partitions, count: number, now: number): Promise<number> {
    const quiet = now - this.#kept.settledAfter;
    try {
      return await this.#add(partitions, count, now, { update: '', condition: 'attribute_not_exists(#time) OR #time > :quiet', quiet });
    } catch (error) {
      if (!conditionFailed(error)) throw error;
    }
    try {
      return await this.#add(partitions, count, now, { update: ', settled = n + :one', condition: '#time <= :quiet', quiet });
    } catch (error) {
      if (!conditionFailed(error)) throw error;
      // somebody else ended the silence
      return this.add(partitions, count, now);
    }
  }

  async #add(
    { counter }: Partitions,
    count: number,
    now: number,
    { update, condition, quiet }: { readonly update: string; readonly condition: string; readonly quiet: number },
  ): Promise<number> {
    const { Attributes } = await this.#calls.send(async (client, options) =>
      client.send(
        new UpdateItemCommand({
          TableName: this.#calls.table,
          Key: keyItem({ pk: counter, sk: COUNTER_SORT_KEY }),
          UpdateExpression: `ADD n :count SET #time = :now${update}`,
          ConditionExpression: condition,
          ExpressionAttributeNames: { '#time': 'time' },
          ExpressionAttributeValues: { ':count': number(count), ':now': number(now), ':quiet': number(quiet), ...(update !== '' && { ':one': number(1) }) },
          ReturnValues: 'UPDATED_NEW',
        }),
        options,
      ),
    );
    return numberOf(Attributes ?? {}, 'n') + 1;
  }

  /** Moves the hint forward. */
  async settle({ counter }: Partitions, settled: number): Promise<void> {
    try {
      await this.#calls.send(async (client, options) =>
        client.send(
          new UpdateItemCommand({
            TableName: this.#calls.table,
            Key: keyItem({ pk: counter, sk: COUNTER_SORT_KEY }),
            UpdateExpression: 'SET settled = :settled',
            ConditionExpression: 'attribute_exists(pk) AND (attribute_not_exists(settled) OR settled < :settled)',
            ExpressionAttributeValues: { ':settled': number(settled) },
          }),
          options,
        ),
      );
    } catch (error) {
      // somebody was further
      if (!conditionFailed(error)) throw error;
    }
  }
}
