/** A node's heartbeat: one plain update of its own item, and what the API makes of it. */
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { skipWithoutDynamodbLocal, START_LIMIT } from '#test/helpers/dynamodb-local.ts';
import type { Put, StoredObject } from '../port.ts';
import { ACTOR } from '../testing/fixtures.ts';
import { openDynamoStore, type DynamoOptions, type DynamoStore } from './store.ts';
import { ATTEMPT, localTable, type LocalTable } from './testing/local.ts';
import { createMovingClock } from './testing/moving-clock.ts';

const LEASES = 'leases.coordination.k8s.io';
const key = (name: string) => ({ resource: LEASES, namespace: 'kube-node-lease', name });
const lease = (name: string, at?: number, renewTime = '2026-01-01T00:00:00.000000Z'): Put => ({
  type: 'put',
  key: key(name),
  if: at === undefined ? { absent: true } : { rv: at },
  uid: name,
  labels: {},
  fields: {},
  body: (rv) => Buffer.from(JSON.stringify({ metadata: { name, resourceVersion: String(rv) }, spec: { holderIdentity: name, renewTime } })),
});
const parsed = (object: StoredObject | undefined) =>
  JSON.parse(Buffer.from(object!.body).toString()) as { metadata: { resourceVersion: string }; spec: { renewTime: string; holderIdentity: string } };

describe.skipIf(skipWithoutDynamodbLocal('heartbeats on DynamoDB'))('a heartbeat', { timeout: 60_000 }, () => {
  let local: LocalTable;
  let store: DynamoStore;
  let client: DynamoOptions['client'];
  beforeAll(async () => {
    local = await localTable();
    client = local.client();
    store = openDynamoStore({
      client,
      table: local.table,
      cluster: 'c.1',
      clock: createMovingClock(),
      random: Math.random,
      times: { attempt: ATTEMPT },
      nodeKey: (node) => `AROA:${node}`,
    });
  }, START_LIMIT);
  afterAll(async () => {
    await store.close();
    await local.remove();
  });
  const beat = (node: string, at: string) =>
    client.send(
      new UpdateItemCommand({
        TableName: local.table,
        Key: { pk: { S: `c.1/n/AROA:${node}` }, sk: { S: '~lease' } },
        UpdateExpression: 'SET renewed = :at ADD beats :one',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeValues: { ':at': { S: at }, ':one': { N: '1' } },
        ReturnConsumedCapacity: 'TOTAL',
      }),
    );

  test('is one write unit and shows in the lease: its time, and a higher resourceVersion', async () => {
    const [rv] = await store.commit([lease('a')], ACTOR);
    const { ConsumedCapacity: consumed } = await beat('a', '2026-01-01T00:00:10.000000Z');
    expect(consumed?.CapacityUnits).toBe(1);
    await beat('a', '2026-01-01T00:00:20.000000Z');
    const found = await store.get(key('a'));
    expect(found?.rv).toBe(rv! + 2);
    expect(parsed(found)).toEqual({ metadata: { name: 'a', resourceVersion: String(rv! + 2) }, spec: { holderIdentity: 'a', renewTime: '2026-01-01T00:00:20.000000Z' } });
    const listed = await store.list({ resource: LEASES, version: 'latest' });
    expect(listed.items.map((item) => parsed(item).spec.renewTime)).toEqual(['2026-01-01T00:00:20.000000Z']);
    expect(listed.rv).toBe(rv! + 2);
  });

  test('of a clock that goes wrong takes no time back', async () => {
    await store.commit([lease('b', undefined, '2026-06-01T00:00:00.000000Z')], ACTOR);
    await beat('b', '2025-01-01T00:00:00.000000Z');
    expect(parsed(await store.get(key('b'))).spec.renewTime).toBe('2026-06-01T00:00:00.000000Z');
  });

  test('lets others write the lease at what they have read, and no older', async () => {
    const [rv] = await store.commit([lease('d')], ACTOR);
    await beat('d', '2026-01-01T00:00:10.000000Z');
    const read = (await store.get(key('d')))!.rv;
    const [written] = await store.commit([lease('d', read)], ACTOR);
    expect(written).toBeGreaterThan(read);
    await expect(store.commit([lease('d', rv)], ACTOR)).rejects.toMatchObject({ code: 'STORE_CONFLICT' });
    await expect(store.commit([lease('d', read)], ACTOR)).rejects.toMatchObject({ code: 'STORE_CONFLICT' });
  });

  test('without a lease is refused, so that the node makes one again', async () => {
    await expect(beat('e', '2026-01-01T00:00:10.000000Z')).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' });
    await store.commit([lease('e')], ACTOR);
    await beat('e', '2026-01-01T00:00:10.000000Z');
    const read = (await store.get(key('e')))!;
    await store.commit([{ type: 'remove', key: key('e'), if: { rv: read.rv }, body: () => read.body }], ACTOR);
    expect(await store.get(key('e'))).toBeUndefined();
    await expect(beat('e', '2026-01-01T00:00:20.000000Z')).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' });
    const [again] = await store.commit([lease('e')], ACTOR);
    expect(again).toBeGreaterThan(read.rv);
  });

  test('is told to who watches leases', async () => {
    const [rv] = await store.commit([lease('f')], ACTOR);
    const seen: string[] = [];
    const stop = await store.watch(LEASES, rv!, {
      changes: (changes) =>
        void seen.push(...changes.filter(({ key: { name } }) => name === 'f').map((change) => JSON.parse(Buffer.from(change.body).toString()).spec.renewTime as string)),
      expired: () => undefined,
    });
    await beat('f', '2026-01-01T00:00:30.000000Z');
    await expect.poll(() => seen, { timeout: 20_000 }).toContain('2026-01-01T00:00:30.000000Z');
    stop();
  });

  test('a pod that comes to a node stands in the partition that the node may read', async () => {
    await store.commit(
      [
        {
          type: 'put',
          key: { resource: 'pods', namespace: 'default', name: 'p' },
          if: { absent: true },
          uid: 'u',
          labels: {},
          fields: { 'spec.nodeName': 'a' },
          body: () => Buffer.from('{}'),
        },
      ],
      ACTOR,
    );
    expect(await store.nodeWork('a')).toEqual([{ namespace: 'default', name: 'p', uid: 'u' }]);
  });
});
