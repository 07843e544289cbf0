/**
 * A node renews its lease by itself, by one plain update of one small item that its credentials may touch: one write unit. The lease that the
 * API shows is the object together with this item. The count of beats is added to the object's resourceVersion: those come from the clock in
 * milliseconds, which is always ahead of a count that grows by one in ten seconds, so they only ever rise, whatever the node's clock says.
 */
import { ConditionalCheckFailedException, DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { ObjectKey } from '../port.ts';
import type { Calls } from './calls.ts';
import { BEAT_SORT_KEY, workPartition } from './keys.ts';
import { keyItem, type Reader } from './reader.ts';
import { number, numberOf, type Item, type Stored } from './records.ts';

const NAMESPACE = 'kube-node-lease';
const encoder = new TextEncoder();
const decoder = new TextDecoder();

interface LeaseBody {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly spec?: { readonly renewTime?: string };
}

/** The item as a node writes it: `beats`, and `renewed` in the form of renewTime. */
export function withBeat(lease: Stored, beat: Item | undefined): Stored {
  const beats = beat === undefined ? 0 : numberOf(beat, 'beats');
  if (beats === 0) return lease;
  const rv = lease.rv + beats;
  const body = JSON.parse(decoder.decode(lease.body)) as LeaseBody;
  const renewed = beat!['renewed']?.S ?? '';
  const renewTime = renewed > (body.spec?.renewTime ?? '') ? renewed : body.spec?.renewTime;
  return { ...lease, rv, body: encoder.encode(JSON.stringify({ ...body, metadata: { ...body.metadata, resourceVersion: String(rv) }, spec: { ...body.spec, renewTime } })) };
}

export class Beats {
  readonly #calls: Calls;
  readonly #reader: Reader;
  readonly #cluster: string;
  readonly #nodeKey: (node: string) => string;

  constructor(calls: Calls, reader: Reader, cluster: string, nodeKey: (node: string) => string) {
    this.#calls = calls;
    this.#reader = reader;
    this.#cluster = cluster;
    this.#nodeKey = nodeKey;
  }

  has({ namespace }: ObjectKey): boolean {
    return namespace === NAMESPACE;
  }

  #place({ name }: ObjectKey): { readonly pk: string; readonly sk: string } {
    return { pk: workPartition(this.#cluster, this.#nodeKey(name)), sk: BEAT_SORT_KEY };
  }

  async of(key: ObjectKey, consistent: boolean): Promise<Item | undefined> {
    return this.#reader.item(this.#place(key), consistent);
  }

  /** Leases with their beats, in the same order. */
  async all(leases: readonly Stored[]): Promise<readonly Stored[]> {
    const places = leases.map(({ key }) => (this.has(key) ? this.#place(key) : undefined));
    const items = await this.#reader.items(places.filter((place) => place !== undefined));
    const found = new Map(items.map((item) => [item['pk']!.S!, item]));
    return leases.map((lease, index) => withBeat(lease, places[index] && found.get(places[index].pk)));
  }

  /** Made with the lease: a node only ever updates it, and so learns that its lease is gone. */
  async begin(key: ObjectKey): Promise<void> {
    try {
      const Item = { ...keyItem(this.#place(key)), beats: number(0) };
      await this.#calls.send(async (client, options) =>
        client.send(new PutItemCommand({ TableName: this.#calls.table, Item, ConditionExpression: 'attribute_not_exists(pk)' }), options),
      );
    } catch (error) {
      // of the lease that is there, or was: it counts on
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
  }

  async end(key: ObjectKey): Promise<void> {
    await this.#calls.send(async (client, options) => client.send(new DeleteItemCommand({ TableName: this.#calls.table, Key: keyItem(this.#place(key)) }), options));
  }
}
