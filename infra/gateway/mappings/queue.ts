/** An event source mapping of an SQS queue: long polls, batches, partial failures; what failed comes back by its visibility. */
import { createHash } from 'node:crypto';
import type { Random } from '#machinery/clock.ts';
import type { Message, Queue } from '#queue/port.ts';
import type { Lambda } from '../lambda/service.ts';
import { KIND, type Nastiness } from '../lambda/spec.ts';
import { runBatch } from './batch.ts';

/** SQS' longest poll. */
const WAIT_SECONDS = 20;
/** A queue that does not answer is asked again after this. Milliseconds. */
const PAUSE_MS = 1_000;

export interface QueueMappingOptions {
  readonly lambda: Lambda;
  readonly functionName: string;
  readonly queue: Pick<Queue, 'receive' | 'done'>;
  readonly arn: string;
  readonly region: string;
  /** At most 10 without a window. */
  readonly batchSize: number;
  /** How many batches at once. */
  readonly concurrency: number;
  /** As the queue's; Lambda asks for six times the function's timeout. */
  readonly visibilitySeconds: number;
  readonly random: Random;
  readonly nastiness?: Nastiness;
  readonly log?: (message: string) => void;
}

export interface Mapping {
  stop(): Promise<void>;
}

const record = (message: Message, { arn, region }: QueueMappingOptions): object => ({
  messageId: message.id,
  receiptHandle: message.receipt,
  body: message.body,
  attributes: { ApproximateReceiveCount: String(message.receives), ...(message.group === undefined ? {} : { MessageGroupId: message.group }) },
  messageAttributes: {},
  md5OfBody: createHash('md5').update(message.body).digest('hex'),
  eventSource: 'aws:sqs',
  eventSourceARN: arn,
  awsRegion: region,
});

export function mapQueue(options: QueueMappingOptions): Mapping {
  const { lambda, functionName, queue, batchSize, concurrency, visibilitySeconds, random, nastiness = KIND, log = () => undefined } = options;
  const end = new AbortController();

  async function deliver(messages: readonly Message[]): Promise<void> {
    const event = { Records: messages.map((message) => record(message, options)) };
    const ids = messages.map(({ id }) => id);
    let outcome = await runBatch(lambda, functionName, event, ids);
    // at least once: the same messages again, as after a deletion that got lost
    if (outcome.failed !== 'all' && random() < nastiness.duplicate) outcome = await runBatch(lambda, functionName, event, ids);
    if (outcome.error !== undefined) log(`${functionName}: ${outcome.error}`);
    const { failed } = outcome;
    if (failed === 'all') return;
    const done = messages.filter(({ id }) => !failed.has(id)).map(({ receipt }) => receipt);
    if (done.length > 0) await queue.done(done);
  }

  async function poll(): Promise<void> {
    while (!end.signal.aborted) {
      try {
        const messages = await queue.receive({ max: batchSize, waitSeconds: WAIT_SECONDS, visibilitySeconds, signal: end.signal });
        if (messages.length > 0) await deliver(messages);
      } catch (error) {
        if (end.signal.aborted) return;
        log(`${functionName}: ${(error as Error).message}`);
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
  }

  const polls = Array.from({ length: concurrency }, poll);
  return {
    async stop() {
      end.abort();
      await Promise.all(polls);
    },
  };
}
