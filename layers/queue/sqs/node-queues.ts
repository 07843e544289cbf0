/**
 * One plain queue for each node: its doorbell. The node may take from it, not make it: its queue carries the name that IAM knows the node's
 * credentials by, and only who shows that name may touch it.
 */
import { CreateQueueCommand, DeleteQueueCommand, GetQueueUrlCommand, SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Clock, Random } from '#machinery/clock.ts';
import { nameOf, QueueUnavailable, Requests } from './client.ts';

/** The tag that a node's permissions ask for. */
export const NODE_TAG = 'paperplane:instance';
/** Where a queue was found, it is looked for again after this: it may have been removed meanwhile, or made anew. Milliseconds. */
const TRUST_MS = 30_000;
/** A bell that nobody heard for so long is made up for by the look that an agent takes at its start. Seconds. */
const KEPT_SECONDS = 600;
/** The longest poll: what is asked for by who does not say. Seconds. */
const POLL_SECONDS = 20;
/** A bell in hand comes again after this, if the agent died with it. Seconds. */
const HIDDEN_SECONDS = 10;
/** Of a queue's name. */
const LONGEST_NAME = 80;

export interface NodeQueuesOptions {
  readonly client: SQSClient;
  /** First part of every name. */
  readonly prefix: string;
  /** What IAM calls the credentials of a node. */
  readonly nodeKey: (node: string) => string;
  readonly clock: Clock;
  readonly random: Random;
}

export interface NodeQueues {
  name(cluster: string, node: string): string;
  /** Makes it where it is not there. */
  ensure(cluster: string, node: string): Promise<void>;
  remove(cluster: string, node: string): Promise<void>;
  /** False where the node has no queue (yet, or any more). @throws QueueUnavailable */
  ring(cluster: string, node: string, bodies: readonly string[]): Promise<boolean>;
}

const MISSING = /NonExistentQueue|QueueDoesNotExist/;
/** QueueUnavailable keeps what SQS said as its cause. */
const isMissing = (error: unknown): boolean => MISSING.test(nameOf(error instanceof QueueUnavailable ? error.cause : error));

export function openNodeQueues({ client, prefix, nodeKey, clock, random }: NodeQueuesOptions): NodeQueues {
  const requests = new Requests(client, clock, random);
  const known = new Map<string, { readonly url: Promise<string | undefined>; readonly at: number }>();
  const nameOfQueue = (cluster: string, node: string): string => `${prefix}${cluster}-${node}`.slice(0, LONGEST_NAME);

  function urlOf(name: string): Promise<string | undefined> {
    const found = known.get(name);
    if (found !== undefined && clock.now() - found.at < TRUST_MS) return found.url;
    const url = requests
      .send(async (sqs) => sqs.send(new GetQueueUrlCommand({ QueueName: name })))
      .then(
        ({ QueueUrl }) => QueueUrl,
        (error: unknown) => {
          // one that is not there yet may be there for the next bell, which must not be lost
          known.delete(name);
          if (isMissing(error)) return undefined;
          throw error;
        },
      );
    known.set(name, { url, at: clock.now() });
    return url;
  }

  return {
    name: nameOfQueue,
    async ensure(cluster, node) {
      const name = nameOfQueue(cluster, node);
      await requests.send(async (sqs) =>
        sqs.send(
          new CreateQueueCommand({
            QueueName: name,
            Attributes: {
              MessageRetentionPeriod: String(KEPT_SECONDS),
              ReceiveMessageWaitTimeSeconds: String(POLL_SECONDS),
              VisibilityTimeout: String(HIDDEN_SECONDS),
              SqsManagedSseEnabled: 'true',
            },
            tags: { [NODE_TAG]: nodeKey(node) },
          }),
        ),
      );
      known.delete(name);
    },
    async remove(cluster, node) {
      const name = nameOfQueue(cluster, node);
      known.delete(name);
      const url = await urlOf(name);
      known.delete(name);
      if (url === undefined) return;
      await requests
        .send(async (sqs) => sqs.send(new DeleteQueueCommand({ QueueUrl: url })))
        .catch((error: unknown) => {
          if (!isMissing(error)) throw error;
        });
    },
    async ring(cluster, node, bodies) {
      const name = nameOfQueue(cluster, node);
      const url = await urlOf(name);
      if (url === undefined) return false;
      try {
        const entries = bodies.map((MessageBody) => ({ MessageBody }));
        await requests.batches(entries, async (sqs, some) => sqs.send(new SendMessageBatchCommand({ QueueUrl: url, Entries: [...some] })));
        return true;
      } catch (error) {
        known.delete(name);
        if (isMissing(error)) return false;
        throw error;
      }
    },
  };
}
