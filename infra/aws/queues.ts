/** The work queues, each with its dead letters, and the place for what the table's stream or EventBridge could not deliver. */
import { Duration } from 'aws-cdk-lib';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
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
  /** Batches of the stream, and events, that were given up. */
  readonly undelivered: Queue;
}

/** Names of node queues begin with this: the reconciler makes them, and permissions end at it. */
export const nodeQueuePrefix = ({ name }: Settings): string => `${name}-node-`;

function pair(scope: Construct, id: string, name: string, maxReceives: number): readonly [Queue, Queue] {
  const common = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true };
  const dead = new Queue(scope, `${id}Dead`, { queueName: `${name}-dead`, retentionPeriod: DEAD_KEPT, ...common });
  const queue = new Queue(scope, id, {
    queueName: name,
    visibilityTimeout: Duration.seconds(VISIBILITY_SECONDS),
    retentionPeriod: Duration.days(4),
    deadLetterQueue: { queue: dead, maxReceiveCount: maxReceives },
    ...common,
  });
  return [queue, dead];
}

export function createQueues(scope: Construct, { name }: Settings): Queues {
  const [reconcile, reconcileDead] = pair(scope, 'Reconcile', `${name}-reconcile`, MAX_RECEIVES);
  const [schedule, scheduleDead] = pair(scope, 'Schedule', `${name}-schedule`, MAX_RECEIVES);
  const undelivered = new Queue(scope, 'Undelivered', { queueName: `${name}-undelivered`, retentionPeriod: DEAD_KEPT, encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true });
  return { reconcile, reconcileDead, schedule, scheduleDead, undelivered };
}
