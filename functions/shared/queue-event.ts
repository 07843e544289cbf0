/** SQS' events as messages of the Queue port, and what became of them as the answer that Lambda reads. */
import type { Message } from '#queue/port.ts';

interface QueueEvent {
  readonly Records?: readonly {
    readonly messageId: string;
    readonly receiptHandle: string;
    readonly body: string;
    readonly attributes?: { readonly ApproximateReceiveCount?: string; readonly MessageGroupId?: string };
  }[];
}

export interface BatchResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

export const messagesOf = (event: unknown): readonly Message[] =>
  ((event as QueueEvent).Records ?? []).map(({ messageId, receiptHandle, body, attributes }) => ({
    id: messageId,
    body,
    receives: Number(attributes?.ApproximateReceiveCount ?? 1),
    receipt: receiptHandle,
    ...(attributes?.MessageGroupId === undefined ? {} : { group: attributes.MessageGroupId }),
  }));

export const failuresOf = (ids: Iterable<string>): BatchResponse => ({ batchItemFailures: Array.from(ids, (itemIdentifier) => ({ itemIdentifier })) });
