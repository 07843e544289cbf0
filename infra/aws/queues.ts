/** The work queues, each with its dead letters, and the place for what the table's stream or EventBridge could not deliver. */
import { Duration } from 'aws-cdk-lib';
import { DeduplicationScope, FifoThroughputLimit, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { MAX_RECEIVES } from '#control/worker.ts';
import type { Settings } from './settings.ts';

/** Functions that take from a queue run at most this long; Lambda wants a queue's visibility to be six times that. Seconds. */
export const CONSUMER_SECONDS = 60;
const VISIBILITY_SECONDS = 6 * CONSUMER_SECONDS;
/** The longest that SQS keeps anything: time for an operator to look. */
const DEAD_KEPT = Duration.days(14);

export interface Queues {
  readonly reconcile: Queue;
  readonly reconcileDead: Queue;
  readonly schedule: Queue;
  readonly scheduleDead: Queue;
  /** Messages whose time has not come: FIFO queues delay no single message. */
  readonly later: Queue;
  readonly laterDead: Queue;
  /** Batches of the stream, and events, that were given up. */
  readonly undelivered: Queue;
}

/** Names of node queues begin with this: the reconciler makes them, and permissions end at it. */
export const nodeQueuePrefix = ({ name }: Settings): string => `${name}-node-`;

/** A queue and its dead letters. FIFO: a group is in one place at a time, and so is a key. */
function pair(scope: Construct, id: string, name: string, maxReceives: number, fifo: boolean): readonly [Queue, Queue] {
  const end = fifo ? '.fifo' : '';
  const common = {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    ...(fifo ? { fifo, deduplicationScope: DeduplicationScope.MESSAGE_GROUP, fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID } : {}),
  };
  const dead = new Queue(scope, `${id}Dead`, { queueName: `${name}-dead${end}`, retentionPeriod: DEAD_KEPT, ...common });
  const queue = new Queue(scope, id, {
    queueName: `${name}${end}`,
    visibilityTimeout: Duration.seconds(VISIBILITY_SECONDS),
    retentionPeriod: Duration.days(4),
    deadLetterQueue: { queue: dead, maxReceiveCount: maxReceives },
    ...common,
  });
  return [queue, dead];
}

export function createQueues(scope: Construct, { name }: Settings): Queues {
  const [reconcile, reconcileDead] = pair(scope, 'Reconcile', `${name}-reconcile`, MAX_RECEIVES, true);
  const [schedule, scheduleDead] = pair(scope, 'Schedule', `${name}-schedule`, MAX_RECEIVES, true);
  const [later, laterDead] = pair(scope, 'Later', `${name}-later`, MAX_RECEIVES, false);
  const undelivered = new Queue(scope, 'Undelivered', { queueName: `${name}-undelivered`, retentionPeriod: DEAD_KEPT, encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true });
  return { reconcile, reconcileDead, schedule, scheduleDead, later, laterDead, undelivered };
}
