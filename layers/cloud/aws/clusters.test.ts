import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '#machinery/system.ts';
import { Calls } from '#store/dynamodb/calls.ts';
import { createTable } from '#store/dynamodb/table.ts';
import { dynamodbLocal, skipWithoutDynamodbLocal } from '#test/helpers/dynamodb-local.ts';
import { ClusterExists, type ClusterRecord, NewerFormat } from '../clusters/port.ts';
import { dynamoClusters } from './clusters.ts';

const record = (name: string): ClusterRecord => ({
  name,
  id: `${name}.1`,
  createdAt: 1,
  serviceAccountKey: 'PEM',
  serviceCIDR: '10.96.0.0/16',
  podCIDR: '10.244.0.0/16',
  access: [{ arn: 'arn:aws:iam::1:role/a', username: 'a', groups: ['system:masters'] }],
});

describe.skipIf(skipWithoutDynamodbLocal('clusters in DynamoDB'))('clusters in DynamoDB', () => {
  const table = `clusters-${process.pid}`;
  let client: DynamoDBClient;
  const calls = () => new Calls(client, table, systemClock, Math.random, 20_000);
  beforeAll(async () => {
    client = new DynamoDBClient({ endpoint: await dynamodbLocal(), region: 'us-east-1', credentials: { accessKeyId: 'x', secretAccessKey: 'x' } });
    await createTable(client, table);
  }, 120_000);

  test('are one item each: made once, found, listed, removed', async () => {
    const clusters = dynamoClusters(calls());
    await clusters.create(record('b'));
    await clusters.create(record('a'));
    await expect(clusters.create(record('a'))).rejects.toThrow(ClusterExists);
    expect(await clusters.get('a')).toEqual(record('a'));
    expect((await clusters.list()).map(({ name }) => name)).toEqual(['a', 'b']);
    expect([await clusters.remove('a'), await clusters.remove('a')]).toEqual([true, false]);
    expect(await clusters.get('a')).toBeUndefined();
    // what it leaves behind is known until somebody has removed it
    expect(await clusters.deleted()).toEqual(['a.1']);
    await clusters.forget('a.1');
    expect(await clusters.deleted()).toEqual([]);
  });

  test('of a newer format are refused in words', async () => {
    await client.send(new PutItemCommand({ TableName: table, Item: { pk: { S: '/clusters' }, sk: { S: 'new' }, format: { N: '9' }, record: { S: '{}' } } }));
    await expect(dynamoClusters(calls()).get('new')).rejects.toThrow(NewerFormat);
  });
});
