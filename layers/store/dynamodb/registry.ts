/** The resources that a cluster ever wrote: one small item each, so that nobody has to search the table for them. */
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { ResourceName } from '../port.ts';
import type { Calls } from './calls.ts';
import { RESOURCE_PREFIX } from './keys.ts';
import { keyItem, type Reader } from './reader.ts';

/** The item is put again by each of the first writes: the very first writer may have died before it came to it. */
const FIRST_WRITES = 8;

export class Registry {
  readonly #calls: Calls;
  readonly #reader: Reader;
  readonly #cluster: string;

  constructor(calls: Calls, reader: Reader, cluster: string) {
    this.#calls = calls;
    this.#reader = reader;
    this.#cluster = cluster;
  }

  /** To be called with a resourceVersion that was just handed out, before it is used. */
  async note(resource: ResourceName, rv: number): Promise<void> {
    if (rv > FIRST_WRITES) return;
    const item = keyItem({ pk: this.#cluster, sk: `${RESOURCE_PREFIX}${resource}` });
    await this.#calls.send(async (client, options) => client.send(new PutItemCommand({ TableName: this.#calls.table, Item: item }), options));
  }

  async all(): Promise<readonly ResourceName[]> {
    const names: ResourceName[] = [];
    const range = { low: RESOURCE_PREFIX, high: `${RESOURCE_PREFIX}~` };
    for (let options: Parameters<Reader['page']>[2] = {}; ;) {
      const { items, next } = await this.#reader.page(this.#cluster, range, options);
      for (const item of items) names.push(item['sk']!.S!.slice(RESOURCE_PREFIX.length));
      if (next === undefined) return names;
      options = { from: next };
    }
  }
}
