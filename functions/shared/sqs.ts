/**
 * The sending half of the Queue port over SQS: functions never receive, Lambda's pollers do that for them.
 *
 * Work goes to a FIFO queue, whose groups keep a key in one place at a time. FIFO queues delay no single message, so what is to ring later waits in
 * a standard queue, and the timer function puts it into the FIFO queue when its time has come. Nothing is deduplicated by SQS: it would
 * swallow, for five minutes, the bell of a change that came after the one before was taken to work.
 */
import { ChangeMessageVisibilityCommand, SendMessageBatchCommand, type SendMessageBatchRequestEntry, type SQSClient } from '@aws-sdk/client-sqs';
import { backoff } from '#control/backoff.ts';
import type { Clock, Ids, Random } from '#machinery/clock.ts';
import type { OutgoingMessage, Queue } from '#queue/port.ts';

/** Entries of one call. */
const BATCH = 10;
const LIMIT_MS = 5_000;
const ATTEMPTS = 5;
/** SQS' longest delay and visibility. Seconds. */
const LONGEST_DELAY = 900;
const LONGEST_VISIBILITY = 43_200;
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

export class QueueUnavailable extends Error {
  readonly code = 'QUEUE_UNAVAILABLE';
}

type Entry = Omit<SendMessageBatchRequestEntry, 'Id'>;

const unsupported = (what: string): never => {
  throw new Error(`${what}: a function does not receive from its queues`);
};

/** Groups have up to 128 characters of a small alphabet; keys of objects have more of both. */
export function groupId(group: string): string {
  const safe = group.replaceAll(/[^\w!"#$%&'()*+,\-./:;<=>?@[\]^`{|}~\\]/g, '_');
  if (safe === group && safe.length <= 128) return safe;
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(group)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return `${safe.slice(0, 100)}~${hash.toString(16)}`;
}

export function sqsSender({ client, url, name, laterUrl, clock, ids, random }: SenderOptions): Queue {
  const pause = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));

  /** Again for those that were not taken, with jitter, then an error. */
  async function put(queueUrl: string, all: readonly Entry[]): Promise<void> {
    for (let start = 0; start < all.length; start += BATCH) {
      let left = all.slice(start, start + BATCH).map((entry, at) => ({ ...entry, Id: String(at) }));
      for (let attempt = 0; left.length > 0; attempt++) {
        let reason: string;
        try {
          const { Failed = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: left }), { abortSignal: AbortSignal.timeout(LIMIT_MS) });
          const failed = new Set(Failed.map(({ Id }) => Id));
          left = left.filter(({ Id }) => failed.has(Id));
          reason = Failed[0]?.Message ?? Failed[0]?.Code ?? '';
        } catch (error) {
          reason = (error as Error).message;
        }
        if (left.length === 0) break;
        if (attempt + 1 >= ATTEMPTS) throw new QueueUnavailable(`queue ${name} takes no messages: ${reason}`);
        await pause(backoff(attempt, { firstMs: 50, maxMs: 2_000 }, random));
      }
    }
  }

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
      await client.send(
        new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle: receipt, VisibilityTimeout: Math.min(LONGEST_VISIBILITY, Math.max(0, Math.ceil(delaySeconds))) }),
        { abortSignal: AbortSignal.timeout(LIMIT_MS) },
      );
    },
    receive: () => Promise.reject(new Error('a function does not receive from its queues')),
    done: () => unsupported('done'),
    extend: () => unsupported('extend'),
    depth: () => unsupported('depth'),
    close: async () => client.destroy(),
  };
}

/** A plain queue: the doorbell of a node. */
export function sqsBell(client: SQSClient, urlOf: () => Promise<string | undefined>): Pick<Queue, 'send'> {
  return {
    async send(messages: readonly OutgoingMessage[]) {
      const url = await urlOf();
      if (url === undefined) return;
      for (let start = 0; start < messages.length; start += BATCH) {
        const Entries = messages.slice(start, start + BATCH).map(({ body }, at) => ({ Id: String(at), MessageBody: body }));
        await client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }), { abortSignal: AbortSignal.timeout(LIMIT_MS) });
      }
    },
  };
}
