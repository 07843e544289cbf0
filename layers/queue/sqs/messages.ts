/** How the port's messages lie in SQS. */
import { createHash, randomUUID } from 'node:crypto';
import type { Message as SqsMessage, MessageAttributeValue, SendMessageBatchRequestEntry } from '@aws-sdk/client-sqs';
import type { Message } from '../port.ts';

/** A message on its way through SQS. `taken`: how often it was handed out before it was last sent, by queues that it has left. */
export interface Carried {
  readonly body: string;
  readonly group?: string | undefined;
  readonly dedupe?: string | undefined;
  readonly taken: number;
}

/** A message that SQS has handed out. */
export interface Received extends Carried {
  readonly id: string;
  readonly receipt: string;
  readonly receives: number;
  /** Milliseconds since the epoch at which it is visible again, by our clock. */
  readonly until: number;
}

/** SQS' longest delay and visibility (seconds). */
export const LONGEST_DELAY = 900;
export const LONGEST_VISIBILITY = 43_200;

const text = (value: string): MessageAttributeValue => ({ DataType: 'String', StringValue: value });

/** Group ids take 128 characters of printable ASCII. */
export const groupId = (group: string): string => (/^[!-~]{1,128}$/.test(group) ? group : createHash('sha256').update(group).digest('hex'));

/** `delaySeconds`: for the queue of later messages, which is none of groups. */
export function entryOf({ body, group, dedupe, taken }: Carried, delaySeconds?: number): Omit<SendMessageBatchRequestEntry, 'Id'> {
  const attributes = {
    ...(group !== undefined && { group: text(group) }),
    ...(dedupe !== undefined && { dedupe: text(dedupe) }),
    ...(taken > 0 && { taken: { DataType: 'Number', StringValue: String(taken) } }),
  };
  return {
    MessageBody: body,
    ...(Object.keys(attributes).length > 0 && { MessageAttributes: attributes }),
    ...(delaySeconds !== undefined
      ? { DelaySeconds: delaySeconds }
      : // no group is a group of its own; the id makes a repeated request one message, and lives too short to stand for a key
        { MessageGroupId: group === undefined ? randomUUID() : groupId(group), MessageDeduplicationId: randomUUID() }),
  };
}

export function receivedOf(message: SqsMessage, until: number): Received {
  const { MessageAttributes: attributes = {}, Attributes } = message;
  const taken = Number(attributes['taken']?.StringValue ?? 0);
  return {
    id: message.MessageId ?? '',
    body: message.Body ?? '',
    group: attributes['group']?.StringValue,
    dedupe: attributes['dedupe']?.StringValue,
    taken,
    receipt: message.ReceiptHandle ?? '',
    receives: taken + Number(Attributes?.ApproximateReceiveCount ?? 1),
    until,
  };
}

export const messageOf = ({ id, body, group, receives, receipt }: Received): Message => ({ id, body, receives, receipt, ...(group !== undefined && { group }) });
