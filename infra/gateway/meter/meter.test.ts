import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetItemCommand, PutItemCommand, QueryCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDynamoClient } from '#store/dynamodb/client.ts';
import { localTable, type LocalTable } from '#store/dynamodb/testing/local.ts';
import { dynamodbLocal, skipWithoutDynamodbLocal, START_LIMIT } from '#test/helpers/dynamodb-local.ts';
import { type Ledger, openLedger, readLedger } from './ledger.ts';
import { billOf, type Call, priceOf } from './prices.ts';
import { openWire, type Wire } from './wire.ts';

const call = (more: Partial<Call>): Call => ({ at: 0, by: 'x', service: 'other', action: 'y', ...more });

test('a call costs what AWS takes for it', () => {
  expect(priceOf(call({ service: 'dynamodb', writeUnits: 1e6, readUnits: 2e6 }))).toBeCloseTo(0.875);
  expect(priceOf(call({ service: 'sqs' })) * 1e6).toBeCloseTo(0.4);
  expect(priceOf(call({ service: 'lambda', gbSeconds: 1 }))).toBeCloseTo(0.0000135334);
  expect(billOf([call({ service: 'sqs', action: 'SendMessage' }), call({ service: 'sqs', action: 'SendMessage' }), call({})])).toMatchObject({
    requests: 3,
    sqsRequests: 2,
    dollars: expect.closeTo(0.8e-6, 12) as number,
  });
});

describe.skipIf(skipWithoutDynamodbLocal('the counting of calls'))('the wire', () => {
  let local: LocalTable;
  let wire: Wire;
  let ledger: Ledger;
  const file = join(mkdtempSync(join(tmpdir(), 'paperplane-meter-')), 'ledger');
  beforeAll(async () => {
    local = await localTable();
    ledger = openLedger(file);
    wire = await openWire({ to: new URL(await dynamodbLocal()), ledger, owner: (key) => (key === 'ASIANODE' ? 'node' : undefined) });
  }, START_LIMIT);
  afterAll(async () => {
    await wire.close();
    await local.remove();
  });

  test('notes who asked for what, and what it consumed', async () => {
    const client = createDynamoClient({ endpoint: wire.url, region: 'us-east-1', credentials: { accessKeyId: 'ASIANODE', secretAccessKey: 's' } });
    const named = createDynamoClient({ endpoint: wire.url, region: 'us-east-1', credentials: { accessKeyId: 'ASIANODE', secretAccessKey: 's' }, userAgentAppId: 'api' });
    const key = { pk: { S: 'a' }, sk: { S: 'b' } };
    const large = { ...key, body: { B: Buffer.alloc(1500, 1) } };
    await client.send(new PutItemCommand({ TableName: local.table, Item: large }));
    expect((await named.send(new GetItemCommand({ TableName: local.table, Key: key, ConsistentRead: true }))).Item?.['body']?.B).toHaveLength(1500);
    await named.send(new QueryCommand({ TableName: local.table, KeyConditionExpression: 'pk = :pk', ExpressionAttributeValues: { ':pk': { S: 'a' } } }));
    await named.send(
      new TransactWriteItemsCommand({ TransactItems: [{ Put: { TableName: local.table, Item: large } }, { Delete: { TableName: local.table, Key: { ...key, sk: { S: 'c' } } } }] }),
    );
    await expect(named.send(new PutItemCommand({ TableName: local.table, Item: key, ConditionExpression: 'attribute_not_exists(pk)' }))).rejects.toThrow('conditional');
    client.destroy();
    named.destroy();
    ledger.close();
    expect(readLedger(file).map(({ by, action, writeUnits, readUnits }) => [by, action, writeUnits, readUnits])).toEqual([
      ['node', 'PutItem', 2, 0],
      ['api', 'GetItem', 0, 1],
      ['api', 'Query', 0, 0.5],
      ['api', 'TransactWriteItems', 6, 0],
      ['api', 'PutItem', 1, 0],
    ]);
  });
});
