import { randomUUID } from 'node:crypto';
import { ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFakeClock, turn } from '#control/testing/fake-clock.ts';
import { skipWithoutSqsServer, sqsServer, START_LIMIT, type SqsServer } from '#test/helpers/sqs-server.ts';
import { queueContract, type QueueUnderTest } from '../contract.ts';
import type { Message } from '../port.ts';
import { createSqsClient } from './client.ts';
import { createSqsQueues, deleteSqsQueues } from './create.ts';
import { receivedOf } from './messages.ts';
import { openSqsQueue, type SqsUrls } from './queue.ts';

describe.skipIf(skipWithoutSqsServer('the contract of the queue on SQS'))('SQS', () => {
  let server: SqsServer;
  let client: SQSClient;
  const made: SqsUrls[] = [];
  beforeAll(async () => {
    server = await sqsServer({ frozen: 'queue' });
    client = createSqsClient({ endpoint: server.endpoint, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } });
  }, START_LIMIT);
  afterAll(async () => {
    for (const urls of made) await deleteSqsQueues(client, urls);
    client.destroy();
  });

  let time = Date.now();
  async function open({ maxReceives }: { readonly maxReceives: number }): Promise<QueueUnderTest & { readonly urls: SqsUrls }> {
    // time never goes back for the server, and stands until the test moves it
    const clock = createFakeClock(time);
    server.setTime(time);
    const urls = await createSqsQueues(client, `q-${randomUUID()}`, maxReceives);
    made.push(urls);
    const dead: Omit<Message, 'receipt'>[] = [];
    const queue = openSqsQueue({ client, urls, clock, random: Math.random, maxReceives });
    const readDead = async (): Promise<void> => {
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({
          QueueUrl: urls.dead,
          MaxNumberOfMessages: 10,
          VisibilityTimeout: 1,
          MessageAttributeNames: ['All'],
          MessageSystemAttributeNames: ['ApproximateReceiveCount'],
        }),
      );
      dead.length = 0;
      // looking at a dead letter is one receive more
      for (const { id, body, group, receives } of Messages.map((message) => receivedOf(message, 0)))
        dead.push({ id, body, receives: receives - 1, ...(group !== undefined && { group }) });
    };
    return {
      urls,
      dead,
      queue: {
        ...bound(queue),
        depth: async () => {
          const depth = await queue.depth();
          await readDead();
          return depth;
        },
      },
      advance: async (ms) => {
        await clock.advance(ms);
        time = clock.now();
        server.setTime(time);
        await turn();
      },
    };
  }

  queueContract('the queue on SQS', open, { runs: 12, timeout: 60_000 });

  test('equal keys and the rest of a group are taken once, and counted once', { timeout: 60_000 }, async () => {
    const { queue } = await open({ maxReceives: 3 });
    await queue.send(Array.from({ length: 6 }, (_, index) => ({ body: String(index), group: 'g' })));
    for (let index = 0; index < 6; index++) {
      const messages = await queue.receive({ max: 10, waitSeconds: 0, visibilitySeconds: 30 });
      // waiting behind others is no reason to become a dead letter
      expect(messages).toMatchObject([{ body: String(index), receives: 1 }]);
      await queue.done(messages.map(({ receipt }) => receipt));
    }
    expect(await queue.depth()).toEqual({ waiting: 0, inWork: 0, dead: 0 });
  });

  test('a message given back for later keeps its count, and dies of it', { timeout: 60_000 }, async () => {
    const { queue, advance } = await open({ maxReceives: 3 });
    await queue.send([{ body: 'a', group: 'g' }]);
    for (let receives = 1; receives <= 3; receives++) {
      const [message] = await queue.receive({ max: 1, waitSeconds: 0, visibilitySeconds: 30 });
      expect(message).toMatchObject({ body: 'a', group: 'g', receives });
      await queue.retry(message!.receipt, 60);
      await advance(61_000);
    }
    expect(await queue.receive({ max: 1, waitSeconds: 0, visibilitySeconds: 30 })).toEqual([]);
    expect(await queue.depth()).toEqual({ waiting: 0, inWork: 0, dead: 1 });
  });
});

/** The methods of an object that keeps its state in private fields. */
function bound(queue: QueueUnderTest['queue']): QueueUnderTest['queue'] {
  return {
    send: async (messages) => queue.send(messages),
    receive: async (options) => queue.receive(options),
    done: async (receipts) => queue.done(receipts),
    retry: async (receipt, delay) => queue.retry(receipt, delay),
    extend: async (receipt, seconds) => queue.extend(receipt, seconds),
    depth: async () => queue.depth(),
    close: async () => queue.close(),
  };
}
