/** The installation on AWS' own services. Everything is made when an environment is, and stays with it; region, credentials and endpoints come from the environment. */
import { dynamoClusters } from '#cloud/aws/clusters.ts';
import { systemIds as ids } from '#machinery/system.ts';
import { createSqsClient } from '#queue/sqs/client.ts';
import { openNodeQueues } from '#queue/sqs/node-queues.ts';
import { sqsSender } from '#queue/sqs/sender.ts';
import { Calls } from '#store/dynamodb/calls.ts';
import { createDynamoClient } from '#store/dynamodb/client.ts';
import { TIMES } from '#store/dynamodb/history.ts';
import { workPartition } from '#store/dynamodb/keys.ts';
import { openDynamoStore } from '#store/dynamodb/store.ts';
import { sweepCluster } from '#store/dynamodb/sweep.ts';
import type { Installation } from './installation.ts';
import { createLog } from './log.ts';
import { requestClock as clock } from './request-clock.ts';

/** Nothing that a function asks of a queue may take longer. Milliseconds. */
const LIMIT_MS = 5_000;

export class MissingSetting extends Error {
  readonly code = 'MISSING_SETTING';
}

export interface AwsSettings {
  readonly name: string;
  readonly defaultCluster: string;
  readonly administrators: readonly string[];
  readonly nodeRole: string | undefined;
  readonly timerRule: string | undefined;
  /** Where STS is instead of at its name: emulators. */
  readonly stsEndpoint: URL | undefined;
}

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new MissingSetting(`the variable ${name} is not set: this function is deployed by the CDK app, which sets it`);
  return value;
}

const optional = (name: string): string | undefined => process.env[name] || undefined;

export function awsSettings(): AwsSettings {
  const sts = optional('PAPERPLANE_STS_ENDPOINT');
  return {
    name: required('PAPERPLANE_NAME'),
    defaultCluster: required('PAPERPLANE_DEFAULT_CLUSTER'),
    administrators: (optional('PAPERPLANE_ADMINISTRATORS') ?? '').split(',').filter((arn) => arn !== ''),
    nodeRole: optional('PAPERPLANE_NODE_ROLE'),
    timerRule: optional('PAPERPLANE_TIMER_RULE'),
    stsEndpoint: sts === undefined ? undefined : new URL(sts),
  };
}

export function awsInstallation(): Installation {
  const random = Math.random;
  const log = createLog({ function: process.env['AWS_LAMBDA_FUNCTION_NAME'] ?? '', now: () => clock.now() });
  const table = required('PAPERPLANE_TABLE');
  const dynamo = createDynamoClient();
  const sqs = createSqsClient({ requestHandler: { connectionTimeout: 1_000, requestTimeout: LIMIT_MS, throwOnRequestTimeout: true } });
  const common = { client: sqs, laterUrl: required('PAPERPLANE_LATER_QUEUE_URL'), clock, ids, random };
  // IAM knows a session of the nodes' role by the role's id and the instance
  const role = optional('PAPERPLANE_NODE_ROLE_ID');
  const nodeKey = (node: string): string => (role === undefined ? node : `${role}:${node}`);
  const nodes = openNodeQueues({ client: sqs, prefix: required('PAPERPLANE_NODE_QUEUE_PREFIX'), nodeKey, clock, random });

  const calls = new Calls(dynamo, table, clock, random, TIMES.attempt);

  return {
    clusters: dynamoClusters(calls),
    sweepCluster: (cluster, until) => sweepCluster({ calls, cluster, nodeKey, until }),
    // nothing may outlive a request: what expires is swept by the timer function
    openStore: async (cluster) => openDynamoStore({ client: dynamo, table, cluster, clock, random, timers: false, nodeKey, onError: (error) => log('store', error, { cluster }) }),
    queues: {
      reconcile: sqsSender({ ...common, name: 'reconcile', url: required('PAPERPLANE_RECONCILE_QUEUE_URL') }),
      schedule: sqsSender({ ...common, name: 'schedule', url: required('PAPERPLANE_SCHEDULE_QUEUE_URL') }),
      nodes,
    },
    placeOfNode: ({ id, name }, node) => ({ table, partition: workPartition(id, nodeKey(node)), queue: nodes.name(name, node) }),
    clock,
    ids,
    random,
    log,
    caBundle: optional('PAPERPLANE_CA_BUNDLE') ?? '',
    api: { address: optional('PAPERPLANE_API_ADDRESS') ?? '169.254.20.1', port: Number(optional('PAPERPLANE_API_PORT') ?? '443') },
  };
}
