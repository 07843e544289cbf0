import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '#machinery/system.ts';
import { openMemoryQueue } from '#queue/memory/queue.ts';
import type { Queue } from '#queue/port.ts';
import { createTable, deleteTable } from '#store/dynamodb/table.ts';
import { dynamodbLocal, skipWithoutDynamodbLocal } from '#test/helpers/dynamodb-local.ts';
import { type Lambda, openLambda } from '../lambda/service.ts';
import { KIND, type Nastiness } from '../lambda/spec.ts';
import { functionOf } from '../testing/functions.ts';
import { type Mapping, mapQueue } from './queue.ts';
import { matches } from './filter.ts';
import { mapStream } from './stream.ts';

/** Writes down what it was given; `bad` records fail, `worse` ones fail the batch. */
const CONSUMER = `
import { appendFileSync } from 'node:fs';
export const handler = async ({ Records }) => {
  const batchItemFailures = [];
  for (const record of Records) {
    const text = record.body ?? record.dynamodb.NewImage.sk.S;
    appendFileSync(process.env.FILE, text + '\\n');
    if (text === 'worse') throw new Error('worse');
    if (text.startsWith('bad')) {
      batchItemFailures.push({ itemIdentifier: record.messageId ?? record.dynamodb.SequenceNumber });
      if (record.messageId === undefined) break;
    }
  }
  return { batchItemFailures };
};`;

let lambda: Lambda;
let mapping: Mapping;
let file: string;
let queue: Queue | undefined;
afterEach(async () => {
  await mapping.stop();
  await lambda.close();
  await queue?.close();
  queue = undefined;
});
async function start(): Promise<void> {
  file = join(mkdtempSync(join(tmpdir(), 'paperplane-mapping-')), 'seen');
  lambda = await openLambda({ functions: [functionOf('consumer', CONSUMER, { environment: { FILE: file } })], region: 'us-east-1', random: Math.random });
}
const seen = (): string[] => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []);
async function until(test: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 400; i++) {
    if (await test()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`not reached; seen: ${seen().join(' ')}`);
}

describe('a queue mapped to a function', () => {
  async function startQueue(nastiness: Nastiness = KIND): Promise<Queue> {
    await start();
    queue = openMemoryQueue({ clock: systemClock, maxReceives: 3 });
    mapping = mapQueue({
      lambda,
      functionName: 'consumer',
      queue,
      arn: 'arn:q',
      region: 'us-east-1',
      batchSize: 10,
      concurrency: 2,
      visibilitySeconds: 1,
      random: Math.random,
      nastiness,
    });
    return queue;
  }

  test('is emptied in batches; what failed comes back and ends among the dead letters', async () => {
    const q = await startQueue();
    await q.send([{ body: 'a' }, { body: 'bad' }, { body: 'b' }]);
    await until(async () => (await q.depth()).dead === 1);
    expect(await q.depth()).toEqual({ waiting: 0, inWork: 0, dead: 1 });
    expect(new Set(seen())).toEqual(new Set(['a', 'b', 'bad']));
    expect(seen().filter((text) => text === 'bad')).toHaveLength(3);
  });

  test('sees duplicates where the gateway is nasty', async () => {
    const q = await startQueue({ ...KIND, duplicate: 1 });
    await q.send([{ body: 'a' }]);
    await until(() => seen().length === 2);
    await until(async () => (await q.depth()).inWork === 0);
  });
});

describe.skipIf(skipWithoutDynamodbLocal('the stream of a table mapped to a function'))('the stream of a table mapped to a function', () => {
  let serial = 0;
  async function startStream(retries: number): Promise<{ put(sk: string, type?: string): Promise<void>; dead: object[] }> {
    await start();
    const config = { endpoint: await dynamodbLocal(), region: 'us-east-1', credentials: { accessKeyId: 'x', secretAccessKey: 'x' } };
    const client = new DynamoDBClient(config);
    const table = `mapping-${process.pid}-${serial++}`;
    await createTable(client, table);
    // one that was made anew under its name: the stream of the first one is not listened to
    await deleteTable(client, table);
    await createTable(client, table);
    const dead: object[] = [];
    mapping = mapStream({
      lambda,
      functionName: 'consumer',
      streams: new DynamoDBStreamsClient(config),
      table,
      region: 'us-east-1',
      batchSize: 10,
      filters: ['{"dynamodb":{"NewImage":{"type":{"S":["created"]}}}}'],
      startAt: 'TRIM_HORIZON',
      retries,
      dead: (records) => void dead.push(...records),
      random: Math.random,
    });
    return {
      put: async (sk, type = 'created') => void (await client.send(new PutItemCommand({ TableName: table, Item: { pk: { S: 'p' }, sk: { S: sk }, type: { S: type } } }))),
      dead,
    };
  }

  test('is read in order, filtered, and gone on with from the first failed record', async () => {
    const { put, dead } = await startStream(1);
    await put('a');
    await put('other', 'none');
    await put('b');
    await until(() => seen().length >= 2);
    await put('bad');
    await put('c');
    await until(() => dead.length > 0);
    expect(seen()).not.toContain('other');
    expect(seen().filter((text) => text === 'a' || text === 'b')).toEqual(['a', 'b']);
    expect(seen().filter((text) => text === 'bad')).toHaveLength(2);
    await put('d');
    await until(() => seen().includes('d'));
  }, 30_000);
});

test('filters match as event patterns do', () => {
  const record = { dynamodb: { NewImage: { type: { S: 'created' } } }, eventName: 'INSERT' };
  expect(matches({ dynamodb: { NewImage: { type: { S: ['created', 'updated'] } } } }, record)).toBe(true);
  expect(matches({ dynamodb: { NewImage: { type: { S: ['removed'] } } } }, record)).toBe(false);
  expect(matches({ dynamodb: { NewImage: { ttl: [{ exists: false }] } } }, record)).toBe(true);
  expect(matches({ eventName: [{ prefix: 'INS' }, 'MODIFY'] }, record)).toBe(true);
});
