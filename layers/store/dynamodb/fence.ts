/** Fills a slot with nothing, where it is empty: of a writer and a reader exactly one wins it. */
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { Clock } from '#machinery/clock.ts';
import { conditionFailed, type Calls } from './calls.ts';
import type { Kept } from './history.ts';
import type { Partitions } from './keys.ts';
import { keyItem } from './reader.ts';
import { noChangeItem, type Slot } from './records.ts';

/** Slots filled at the same time: a writer that died with many leaves a range of them. */
const AT_ONCE = 16;

export class Fence {
  readonly #calls: Calls;
  readonly #clock: Clock;
  readonly #kept: Kept;

  constructor(calls: Calls, clock: Clock, kept: Kept) {
    this.#calls = calls;
    this.#clock = clock;
    this.#kept = kept;
  }

  /** Answers the slots that this call filled; the others were filled by their writers or by another reader. */
  async close(partitions: Partitions, rvs: readonly number[]): Promise<Slot[]> {
    const closed: Slot[] = [];
    for (let start = 0; start < rvs.length; start += AT_ONCE) {
      await Promise.all(
        rvs.slice(start, start + AT_ONCE).map(async (rv) => {
          const slot = await this.closeOne(partitions, rv);
          if (slot !== undefined) closed.push(slot);
        }),
      );
    }
    return closed;
  }

  /** Fills one slot; undefined: it was filled. `mark`: the frontier moves to it. */
  async closeOne(partitions: Partitions, rv: number, mark = false): Promise<Slot | undefined> {
    const time = this.#clock.now();
    try {
      await this.#calls.send(async (client, options) =>
        client.send(
          new PutItemCommand({
            TableName: this.#calls.table,
            Item: { ...keyItem(partitions.change(rv)), ...noChangeItem(time, this.#kept.ttl(time), mark) },
            ConditionExpression: 'attribute_not_exists(pk)',
          }),
          options,
        ),
      );
      return { rv, time, last: rv, mark };
    } catch (error) {
      if (!conditionFailed(error)) throw error;
      return undefined;
    }
  }
}
