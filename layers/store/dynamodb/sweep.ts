/** Removes every item of a cluster that is no more: all of its partitions follow from the resources that it ever wrote and the nodes that it had. */
import { BatchWriteItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { StoreThrottled } from '../errors.ts';
import type { Calls } from './calls.ts';
import { fromSortKey, Partitions, STRIPES, workPartition } from './keys.ts';
import { keyItem, Reader } from './reader.ts';
import { indexedOf } from './records.ts';
import { Registry } from './registry.ts';

/** Items in one BatchWriteItem. */
const BATCH = 25;
/** Their objects are called like nodes, or lie on them. */
const NAMES_NODES: ReadonlySet<string> = new Set(['nodes', 'leases.coordination.k8s.io', 'pods']);
/** A batch of which nothing is taken, so often in a row, is a table that is throttled. */
const REFUSED = 10;

export interface Sweep {
  /** Items that were removed. */
  readonly removed: number;
  /** False where `until` ended it before everything was gone. */
  readonly done: boolean;
}

export interface SweepOptions {
  readonly calls: Calls;
  /** The first part of the cluster's keys. */
  readonly cluster: string;
  readonly nodeKey: (node: string) => string;
  /** True once there is no more time. */
  readonly until: () => boolean;
}

/** May be repeated, and done by several at once. @throws StoreUnavailable */
export async function sweepCluster({ calls, cluster, nodeKey, until }: SweepOptions): Promise<Sweep> {
  const reader = new Reader(calls);
  let removed = 0;

  async function removeAll(keys: readonly { readonly pk: string; readonly sk: string }[]): Promise<void> {
    for (let start = 0; start < keys.length; start += BATCH) {
      let left = keys.slice(start, start + BATCH).map((key) => ({ DeleteRequest: { Key: keyItem(key) } }));
      for (let refused = 0; left.length > 0;) {
        const wanted = left;
        const { UnprocessedItems } = await calls.send(async (client, options) => client.send(new BatchWriteItemCommand({ RequestItems: { [calls.table]: wanted } }), options));
        left = (UnprocessedItems?.[calls.table] ?? []) as typeof left;
        removed += wanted.length - left.length;
        refused = left.length === wanted.length ? refused + 1 : 0;
        if (refused > REFUSED) throw new StoreThrottled(`table ${calls.table} is throttled: it takes no removals`);
        if (refused > 0) await calls.pause(2 ** refused * 10);
      }
    }
  }

  /** False where time ended first. */
  async function empty(pk: string): Promise<boolean> {
    for (;;) {
      if (until()) return false;
      const query = new QueryCommand({
        TableName: calls.table,
        ConsistentRead: true,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: pk } },
        ProjectionExpression: 'pk, sk',
      });
      const { Items = [], LastEvaluatedKey } = await calls.send(async (client, options) => client.send(query, options));
      await removeAll(Items.map((item) => ({ pk, sk: item['sk']?.S ?? '' })));
      if (LastEvaluatedKey === undefined) return true;
    }
  }

  const resources = await new Registry(calls, reader, cluster).all();
  // the work of nodes first: what says which nodes there were must still be there when this is repeated
  const nodes = new Set<string>();
  for (const resource of resources.filter((name) => NAMES_NODES.has(name)))
    for (const pk of new Partitions(cluster, resource, STRIPES).objects) for (const name of await nodesIn(pk, resource)) nodes.add(name);
  for (const node of nodes) if (!(await empty(workPartition(cluster, nodeKey(node))))) return { removed, done: false };
  for (const resource of resources) {
    const { counter, objects, changes } = new Partitions(cluster, resource, STRIPES);
    for (const pk of [...objects, ...changes, counter]) for (const one of [`${pk}/p`, pk]) if (!(await empty(one))) return { removed, done: false };
  }
  // the register itself is what a repetition begins with
  return (await empty(cluster)) ? { removed, done: true } : { removed, done: false };

  async function nodesIn(pk: string, resource: string): Promise<readonly string[]> {
    const names: string[] = [];
    for (let options: Parameters<Reader['page']>[2] = {}; ;) {
      const { items, next } = await reader.page(pk, { low: ' ', high: '~' }, options);
      for (const item of items) {
        const name = resource === 'pods' ? indexedOf(item).fields['spec.nodeName'] : fromSortKey(item['sk']?.S ?? '').name;
        if (name !== undefined && name !== '') names.push(name);
      }
      if (next === undefined) return names;
      options = { from: next };
    }
  }
}
