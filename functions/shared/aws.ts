/** The installation on AWS' own services. Everything is made when an environment is, and stays with it; region, credentials and endpoints come from the environment. */
import { GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { dynamoClusters } from '#cloud/aws/clusters.ts';
import { systemIds as ids } from '#machinery/system.ts';
import { createDynamoClient } from '#store/dynamodb/client.ts';
import { openDynamoStore } from '#store/dynamodb/store.ts';
import type { Installation } from './installation.ts';
import { createLog } from './log.ts';
import { requestClock as clock } from './request-clock.ts';
import { sqsBell, sqsSender } from './sqs.ts';

/** Where a node's queue was looked for, and not found, it is looked for again after this. Milliseconds. */
const LOOK_AGAIN_MS = 30_000;
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
  // queues are found at the endpoint, not at the host inside their URL: emulators write another one there
  const sqs = new SQSClient({ useQueueUrlAsEndpoint: false, maxAttempts: 3 });
  const common = { client: sqs, laterUrl: required('PAPERPLANE_LATER_QUEUE_URL'), clock, ids, random };
  const prefix = required('PAPERPLANE_NODE_QUEUE_PREFIX');
  const nodes = new Map<string, { readonly url: Promise<string | undefined>; readonly at: number }>();

  function nodeQueueUrl(name: string): Promise<string | undefined> {
    const known = nodes.get(name);
    if (known !== undefined && clock.now() - known.at < LOOK_AGAIN_MS) return known.url;
    const url = sqs.send(new GetQueueUrlCommand({ QueueName: name }), { abortSignal: AbortSignal.timeout(LIMIT_MS) }).then(
      ({ QueueUrl }) => QueueUrl,
      (error: unknown) => {
        if (/NonExistentQueue|QueueDoesNotExist/.test((error as Error).name)) return undefined;
        throw error;
      },
    );
    url.catch(() => nodes.delete(name));
    nodes.set(name, { url, at: clock.now() });
    return url;
  }

  return {
    clusters: dynamoClusters(dynamo, table),
    // nothing may outlive a request: what expires is swept by the timer function
    openStore: async (cluster) => openDynamoStore({ client: dynamo, table, cluster, clock, random, timers: false, onError: (error) => log('store', error, { cluster }) }),
    queues: {
      reconcile: sqsSender({ ...common, name: 'reconcile', url: required('PAPERPLANE_RECONCILE_QUEUE_URL') }),
      schedule: sqsSender({ ...common, name: 'schedule', url: required('PAPERPLANE_SCHEDULE_QUEUE_URL') }),
      node: (cluster, node) => sqsBell(sqs, () => nodeQueueUrl(`${prefix}${cluster}-${node}`.slice(0, 80))),
    },
    clock,
    ids,
    random,
    log,
    caBundle: optional('PAPERPLANE_CA_BUNDLE') ?? '',
    api: { address: optional('PAPERPLANE_API_ADDRESS') ?? '169.254.20.1', port: Number(optional('PAPERPLANE_API_PORT') ?? '443') },
  };
}
