/** Makes the three queues of one work queue, for emulators and tests: in AWS the stack does. */
import { CreateQueueCommand, DeleteQueueCommand, GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { SqsUrls } from './queue.ts';

async function create(client: SQSClient, name: string, attributes: Record<string, string>): Promise<string> {
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
  if (QueueUrl === undefined) throw new Error(`queue ${name} was not made`);
  return QueueUrl;
}

export async function createSqsQueues(client: SQSClient, name: string, maxReceives: number): Promise<SqsUrls> {
  const dead = await create(client, `${name}-dead.fifo`, { FifoQueue: 'true' });
  const { Attributes } = await client.send(new GetQueueAttributesCommand({ QueueUrl: dead, AttributeNames: ['QueueArn'] }));
  const redrive = JSON.stringify({ deadLetterTargetArn: Attributes?.QueueArn, maxReceiveCount: maxReceives });
  const work = await create(client, `${name}.fifo`, {
    FifoQueue: 'true',
    // high throughput: limits and deduplication per group
    DeduplicationScope: 'messageGroup',
    FifoThroughputLimit: 'perMessageGroupId',
    RedrivePolicy: redrive,
  });
  const later = await create(client, `${name}-later`, {});
  return { work, later, dead };
}

export async function deleteSqsQueues(client: SQSClient, { work, later, dead }: SqsUrls): Promise<void> {
  for (const url of [work, later, dead]) await client.send(new DeleteQueueCommand({ QueueUrl: url }));
}
