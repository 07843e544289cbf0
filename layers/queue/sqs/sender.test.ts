/** What functions and nodes do with SQS: sending now and later, and a doorbell for each node. */
import { randomUUID } from 'node:crypto';
import { GetQueueUrlCommand, ListQueueTagsCommand, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock, systemIds } from '#machinery/system.ts';
import { skipWithoutSqsServer, sqsServer, START_LIMIT } from '#test/helpers/sqs-server.ts';
import { createSqsClient } from './client.ts';
import { createSqsQueues, deleteSqsQueues } from './create.ts';
import { NODE_TAG, openNodeQueues } from './node-queues.ts';
import { sqsSender } from './sender.ts';

describe.skipIf(skipWithoutSqsServer('sending to SQS'))('SQS, as functions use it', () => {
  let client: SQSClient;
  beforeAll(async () => {
    const { endpoint } = await sqsServer();
    client = createSqsClient({ endpoint, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } });
  }, START_LIMIT);
  afterAll(() => client.destroy());
  const bodies = async (url: string): Promise<readonly string[]> => {
    const { Messages = [] } = await client.send(new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }));
    return Messages.map(({ Body }) => Body ?? '').toSorted();
  };

  test('what is for now goes to the queue of work, what is for later to the one that holds it', async () => {
    const urls = await createSqsQueues(client, `s-${randomUUID()}`, 5);
    const sender = sqsSender({ client, url: urls.work, name: 'reconcile', laterUrl: urls.later, clock: systemClock, ids: systemIds, random: Math.random });
    await sender.send([
      ...Array.from({ length: 12 }, (_, index) => ({ body: `now ${index}`, group: `default/ä ${index}` })),
      { body: 'twice', group: 'g', dedupe: 'd' },
      { body: 'twice', group: 'g', dedupe: 'd' },
      { body: 'later', group: 'g', delaySeconds: 1 },
    ]);
    const seen: string[] = [];
    for (let looks = 0; seen.length < 13 && looks < 10; looks++) seen.push(...(await bodies(urls.work)));
    expect(seen.filter((body) => body === 'twice')).toHaveLength(1);
    expect(seen).toHaveLength(13);
    await expect
      .poll(async () => (await bodies(urls.later)).map((body) => JSON.parse(body) as object), { timeout: 10_000 })
      .toEqual([{ queue: 'reconcile', body: 'later', group: 'g' }]);
    await expect(sender.receive({ max: 1, waitSeconds: 0, visibilitySeconds: 1 })).rejects.toThrow('does not receive');
    await deleteSqsQueues(client, urls);
  });

  test("a node's doorbell is made once, marked as the node's own, rings, and goes", async () => {
    const prefix = `p-${randomUUID().slice(0, 8)}-`;
    const nodes = openNodeQueues({ client, prefix, nodeKey: (node) => `AROA:${node}`, clock: systemClock, random: Math.random });
    const others = openNodeQueues({ client, prefix, nodeKey: (node) => `AROA:${node}`, clock: systemClock, random: Math.random });
    expect(await nodes.ring('c', 'n1', ['early'])).toBe(false);
    await others.ensure('c', 'n1');
    await nodes.ensure('c', 'n1');
    const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: nodes.name('c', 'n1') }));
    expect((await client.send(new ListQueueTagsCommand({ QueueUrl: QueueUrl! }))).Tags).toMatchObject({ [NODE_TAG]: 'AROA:n1' });
    expect(await nodes.ring('c', 'n1', ['a', 'b'])).toBe(true);
    const heard: string[] = [];
    for (let looks = 0; heard.length < 2 && looks < 10; looks++) heard.push(...(await bodies(QueueUrl!)));
    expect(heard.toSorted()).toEqual(['a', 'b']);
    await nodes.remove('c', 'n1');
    await nodes.remove('c', 'n1');
    // made by another process a moment after somebody looked for it in vain
    expect(await nodes.ring('c', 'n2', ['early'])).toBe(false);
    await others.ensure('c', 'n2');
    expect(await nodes.ring('c', 'n2', ['b'])).toBe(true);
    await nodes.remove('c', 'n2');
    expect(await nodes.ring('c', 'n1', ['late'])).toBe(false);
  });
});
