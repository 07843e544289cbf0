/** The receiving half of the Queue port over SQS, for the gateway's event source mappings. */
import { DeleteMessageBatchCommand, type Message as SqsMessage, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Message, Queue } from '#queue/port.ts';

/** Entries of one call. */
const BATCH = 10;

function messageOf({ MessageId, Body, ReceiptHandle, Attributes }: SqsMessage): Message {
  const group = Attributes?.MessageGroupId;
  return { id: MessageId!, body: Body ?? '', receipt: ReceiptHandle!, receives: Number(Attributes?.ApproximateReceiveCount ?? 1), ...(group === undefined ? {} : { group }) };
}

export function sqsReceiver(client: SQSClient, url: string): Pick<Queue, 'receive' | 'done'> {
  return {
    async receive({ max, waitSeconds, visibilitySeconds, signal }) {
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({
          QueueUrl: url,
          MaxNumberOfMessages: Math.min(max, BATCH),
          WaitTimeSeconds: waitSeconds,
          VisibilityTimeout: visibilitySeconds,
          MessageSystemAttributeNames: ['ApproximateReceiveCount', 'MessageGroupId'],
        }),
        signal === undefined ? {} : { abortSignal: signal },
      );
      return Messages.map(messageOf);
    },
    async done(receipts) {
      for (let start = 0; start < receipts.length; start += BATCH) {
        const Entries = receipts.slice(start, start + BATCH).map((ReceiptHandle, at) => ({ Id: String(at), ReceiptHandle }));
        await client.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries }));
      }
    },
  };
}
