/**
 * The sending half of the Queue port over SQS, for functions: they never receive, Lambda's pollers do that for them.
 *
 * Work goes to a FIFO queue, whose groups keep a key in one place at a time. FIFO queues delay no single message, so what is to ring later waits in
 * a standard queue that many queues share, and the timer function puts it into the FIFO queue when its time has come. Nothing is deduplicated by
 * SQS: it would swallow, for five minutes, the bell of a change that came after the one before was taken to work.
 */
import { ChangeMessageVisibilityCommand, SendMessageBatchCommand, type SendMessageBatchRequestEntry, type SQSClient } from '@aws-sdk/client-sqs';
import type { Clock, Ids, Random } from '#machinery/clock.ts';
import type { Queue } from '../port.ts';
import { Requests } from './client.ts';
import { groupId, LONGEST_DELAY, LONGEST_VISIBILITY } from './messages.ts';

/** A shorter wait is none: SQS counts in whole seconds. */
const SHORTEST_DELAY = 0.5;

export interface SenderOptions {
  readonly client: SQSClient;
  /** Of the FIFO queue; and what the standard one that holds later messages calls it. */
  readonly url: string;
  readonly name: string;
  readonly laterUrl: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly random: Random;
}

/** A message that waits: for which queue, and what. */
export interface Later {
  readonly queue: string;
  readonly body: string;
  readonly group: string;
}

type Entry = Omit<SendMessageBatchRequestEntry, 'Id'>;

const unsupported = (what: string): Promise<never> => Promise.reject(new Error(`${what}: a function does not receive from its queues`));

export function sqsSender({ client, url, name, laterUrl, clock, ids, random }: SenderOptions): Queue {
  const requests = new Requests(client, clock, random);
  const put = (queueUrl: string, entries: readonly Entry[]): Promise<void> =>
    requests.batches(entries, async (sqs, some) => sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: [...some] })));
  return {
    async send(messages) {
      const now: Entry[] = [];
      const later: Entry[] = [];
      const seen = new Set<string>();
      for (const { body, group, dedupe, delaySeconds = 0 } of messages) {
        // in one call one bell is enough
        const same = dedupe === undefined ? undefined : `${dedupe}\n${delaySeconds}`;
        if (same !== undefined && seen.has(same)) continue;
        if (same !== undefined) seen.add(same);
        const of = groupId(group ?? ids.uid());
        if (delaySeconds < SHORTEST_DELAY) now.push({ MessageBody: body, MessageGroupId: of, MessageDeduplicationId: ids.uid() });
        else {
          const waits: Later = { queue: name, body, group: of };
          later.push({ MessageBody: JSON.stringify(waits), DelaySeconds: Math.min(LONGEST_DELAY, Math.ceil(delaySeconds)) });
        }
      }
      await Promise.all([put(url, now), put(laterUrl, later)]);
    },
    async retry(receipt, delaySeconds) {
      const VisibilityTimeout = Math.min(LONGEST_VISIBILITY, Math.max(0, Math.ceil(delaySeconds)));
      await requests.send(async (sqs) => sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle: receipt, VisibilityTimeout })));
    },
    receive: () => unsupported('receive'),
    done: () => unsupported('done'),
    extend: () => unsupported('extend'),
    depth: () => unsupported('depth'),
    close: async () => client.destroy(),
  };
}
