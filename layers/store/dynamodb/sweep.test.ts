import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock as clock } from '#machinery/system.ts';
import { skipWithoutDynamodbLocal, START_LIMIT } from '#test/helpers/dynamodb-local.ts';
import type { Put } from '../port.ts';
import { ACTOR } from '../testing/fixtures.ts';
import { Calls } from './calls.ts';
import { openDynamoStore } from './store.ts';
import { sweepCluster } from './sweep.ts';
import { ATTEMPT, localTable, type LocalTable } from './testing/local.ts';

const put = (resource: string, namespace: string, name: string, more: Partial<Put> = {}): Put => ({
  type: 'put',
  key: { resource, namespace, name },
  if: { absent: true },
  uid: name,
  labels: {},
  fields: {},
  body: (rv) => Buffer.from(JSON.stringify({ metadata: { name, namespace, resourceVersion: String(rv) } })),
  ...more,
});

describe.skipIf(skipWithoutDynamodbLocal('the removal of a cluster from DynamoDB'))('a deleted cluster', { timeout: 60_000 }, () => {
  let local: LocalTable;
  beforeAll(async () => {
    local = await localTable();
  }, START_LIMIT);
  afterAll(async () => local.remove());

  async function itemsOf(cluster: string): Promise<readonly string[]> {
    const { Items = [] } = await local.client().send(new ScanCommand({ TableName: local.table, ProjectionExpression: 'pk, sk' }));
    return Items.map(({ pk, sk }) => `${pk!.S} ${sk!.S}`).filter((key) => key.startsWith(`${cluster}/`) || key.startsWith(`${cluster} `));
  }
  async function fill(cluster: string): Promise<void> {
    const client = local.client();
    const store = openDynamoStore({ client, table: local.table, cluster, clock, random: Math.random, timers: false, times: { attempt: ATTEMPT } });
    for (const name of ['n1', 'n2']) await store.commit([put('nodes', '', name)], ACTOR);
    for (let at = 0; at < 30; at++) await store.commit([put('configmaps', `ns-${at % 5}`, `c${at}`)], ACTOR);
    await store.commit([put('pods', 'default', 'p', { fields: { 'spec.nodeName': 'n1' } })], ACTOR);
    await store.commit([put('leases.coordination.k8s.io', 'kube-node-lease', 'n2')], ACTOR);
    const noise = Buffer.from(Array.from({ length: 500_000 }, (_, at) => 33 + ((at * 7919 + (at >> 3) * 104_729) % 90))).toString();
    await store.commit(
      [
        put('secrets', 'default', 'large', {
          body: (rv) => Buffer.from(JSON.stringify({ metadata: { name: 'large', namespace: 'default', resourceVersion: String(rv) }, data: noise })),
        }),
      ],
      ACTOR,
    );
    await store.close();
  }
  const sweep = (cluster: string, until = () => false) =>
    sweepCluster({ calls: new Calls(local.client(), local.table, clock, Math.random, ATTEMPT), cluster, nodeKey: (node) => node, until });

  test('leaves no item, in as many turns as it needs, and its neighbour all', async () => {
    await fill('gone.1');
    await fill('gone.12');
    const neighbour = (await itemsOf('gone.12')).length;
    expect((await itemsOf('gone.1')).length).toBe(neighbour);
    let looks = 0;
    const first = await sweep('gone.1', () => ++looks > 12);
    expect(first.done).toBe(false);
    const second = await sweep('gone.1');
    expect(second.done).toBe(true);
    expect(first.removed + second.removed).toBe(neighbour);
    expect(await itemsOf('gone.1')).toEqual([]);
    expect(await sweep('gone.1')).toEqual({ removed: 0, done: true });
    expect((await itemsOf('gone.12')).length).toBe(neighbour);
  });
});
