/**
 * Events are written without a transaction, for half the price: first the object, then its change. A writer that dies in between leaves an
 * object that watchers have not heard of, and nobody was told that it was written. All other promises hold: slots and preconditions are the same.
 */
import { ConditionalCheckFailedException, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { StoreConflict } from '../errors.ts';
import type { ResourceName } from '../port.ts';
import { conditionFailed, type Calls } from './calls.ts';
import type { Made } from './commit.ts';
import { isGone, number, numberOf, storedObject, type Item } from './records.ts';

export const LOOSE: ReadonlySet<ResourceName> = new Set(['events', 'events.events.k8s.io']);

export class LooseWrites {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** `holder`: the resourceVersion that the object must have now; undefined: there must be none. */
  async write({ actions, change }: Made, holder: number | undefined): Promise<'done' | 'slot lost' | StoreConflict> {
    const [object, slot] = actions.map(({ Put }) => Put!.Item!);
    const met = await this.#put(object!, {
      ConditionExpression: holder === undefined ? 'attribute_not_exists(pk) OR (attribute_exists(gone) AND rv < :rv)' : 'rv = :rv AND attribute_not_exists(gone)',
      ExpressionAttributeValues: { ':rv': number(holder ?? change.rv) },
    });
    // this very state: the answer to an earlier try was lost
    if (met !== undefined && numberOf(met, 'rv') !== change.rv)
      return new StoreConflict(change.key, isGone(met) || met['body'] === undefined ? undefined : storedObject(change.key.resource, met));
    const found = await this.#put(slot!, { ConditionExpression: 'attribute_not_exists(pk)' });
    return found === undefined || found['type'] !== undefined ? 'done' : 'slot lost';
  }

  /** What stood in the way. */
  async #put(item: Item, condition: { readonly ConditionExpression: string; readonly ExpressionAttributeValues?: Item }): Promise<Item | undefined> {
    try {
      await this.#calls.send(async (client, options) =>
        client.send(new PutItemCommand({ TableName: this.#calls.table, Item: item, ...condition, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }), options),
      );
      return undefined;
    } catch (error) {
      if (!conditionFailed(error)) throw error;
      return (error as ConditionalCheckFailedException).Item ?? {};
    }
  }
}
