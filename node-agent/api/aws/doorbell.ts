/**
 * Listens to the node's queue for as long as the agent lives. Bells are forgotten as soon as they were told: what they stand for is read anew at
 * the agent's next start. A queue that is not there (the node is new, or was deleted and comes back) is looked for until it is.
 */
import type { Clock, Random } from '#machinery/clock.ts';
import { messageOf } from '../../pods/failure.ts';
import { pause } from '../pause.ts';
import { type Bell, parseBell } from './bell.ts';
import { isAwsError, type JsonService } from './call.ts';

const POLL_SECONDS = 20;
/** The service ends a poll by itself; one that it does not is broken off. Milliseconds. */
const SLACK_MS = 5_000;
const BATCH = 10;
/** Between two looks for a queue that is not there, and between two polls that fail: from, to (milliseconds). */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;
const MISSING = /NonExistentQueue|QueueDoesNotExist/;

export interface DoorbellOptions {
  readonly sqs: JsonService;
  readonly queue: string;
  readonly clock: Clock;
  readonly random: Random;
  rang(bells: readonly Bell[]): void;
  /** From now on nothing is missed: whatever was before is to be read. */
  listening(): void;
  warn(message: string): void;
}

interface SqsMessage {
  readonly Body: string;
  readonly ReceiptHandle: string;
}

export async function listen({ sqs, queue, clock, random, rang, listening, warn }: DoorbellOptions, signal: AbortSignal): Promise<void> {
  let url: string | undefined;
  for (let failures = 0; !signal.aborted;) {
    try {
      if (url === undefined) {
        url = (await sqs.call<{ readonly QueueUrl: string }>('GetQueueUrl', { QueueName: queue }, { signal })).QueueUrl;
        listening();
      }
      const { Messages: messages = [] } = await sqs.call<{ readonly Messages?: readonly SqsMessage[] }>(
        'ReceiveMessage',
        { QueueUrl: url, MaxNumberOfMessages: BATCH, WaitTimeSeconds: POLL_SECONDS },
        { limitMs: POLL_SECONDS * 1000 + SLACK_MS, attempts: 1, signal },
      );
      failures = 0;
      if (messages.length === 0) continue;
      rang(messages.map(({ Body }) => parseBell(Body)).filter((bell) => bell !== undefined));
      const Entries = messages.map(({ ReceiptHandle }, at) => ({ Id: String(at), ReceiptHandle }));
      // one that stays rings once more, and says nothing new
      await sqs.call('DeleteMessageBatch', { QueueUrl: url, Entries }, { signal }).catch(() => undefined);
    } catch (error) {
      if (signal.aborted) return;
      const missing = isAwsError(error, MISSING);
      if (missing) url = undefined;
      if (!missing || failures === 5) warn(`the node's queue ${queue}: ${messageOf(error)}`);
      await pause(clock, Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures++) * (0.5 + random() / 2), signal);
    }
  }
}
