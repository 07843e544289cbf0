/**
 * From a pod's creation to the ring at its node: the deployed bundles of dispatcher and scheduler in the local gateway, on DynamoDB Local with its stream and
 * a server that speaks SQS. Six deliveries: stream to dispatcher, to the scheduler's queue, to the scheduler (which binds), stream to dispatcher once more,
 * to the node's queue, to the agent. What AWS' own pollers take between them is not in it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { GetQueueUrlCommand } from '@aws-sdk/client-sqs';
import { dynamoClusters } from '#cloud/aws/clusters.ts';
import { newCluster } from '#functions/api/installation.ts';
import { openCluster } from '#functions/shared/cluster.ts';
import { buildFunction } from '#infra/aws/build.ts';
import { HANDLER } from '#infra/bundle/bundle.ts';
import { KIND } from '#infra/gateway/lambda/spec.ts';
import { openLambda } from '#infra/gateway/lambda/service.ts';
import { mapQueue } from '#infra/gateway/mappings/queue.ts';
import { sqsReceiver } from '#infra/gateway/mappings/sqs.ts';
import { mapStream } from '#infra/gateway/mappings/stream.ts';
import { builtInKinds } from '#kinds/registry.ts';
import { systemClock as clock, systemIds as ids } from '#machinery/system.ts';
import { createSqsClient } from '#queue/sqs/client.ts';
import { createSqsQueues, deleteSqsQueues } from '#queue/sqs/create.ts';
import { openNodeQueues } from '#queue/sqs/node-queues.ts';
import { Calls } from '#store/dynamodb/calls.ts';
import { openDynamoStore } from '#store/dynamodb/store.ts';
import { ATTEMPT, localTable } from '#store/dynamodb/testing/local.ts';
import { CHANGE_ATTRIBUTE, CHANGE_TYPES } from '#store/dynamodb/table.ts';
import { dynamodbLocal } from '#test/helpers/dynamodb-local.ts';
import { sqsServer } from '#test/helpers/sqs-server.ts';
import { percentile } from './measure.ts';

const REGION = 'us-east-1';
const NAME = 'bell';
const PODS = 12;
/** The first ones find functions that are still starting. */
const WARM = 2;
const HOPS = 6;
const INIT_LIMIT_MS = 60_000;
const LIMIT_MS = 60_000;
const credentials = { accessKeyId: 'bench', secretAccessKey: 'bench' };

export interface DoorbellRow {
  readonly hops: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly worst: number;
}

export async function podToDoorbell(): Promise<DoorbellRow> {
  const folder = mkdtempSync(join(tmpdir(), 'paperplane-doorbell-'));
  const local = await localTable();
  const dynamodb = await dynamodbLocal();
  const { endpoint } = await sqsServer();
  const sqs = createSqsClient({ endpoint, region: REGION, credentials });
  const record = await newCluster(NAME, { arn: 'arn:aws:iam::1:role/bench', account: '1', userId: '' }, { clock, ids });
  await dynamoClusters(new Calls(local.client(), local.table, clock, Math.random, ATTEMPT)).create(record);
  const store = openDynamoStore({ client: local.client(), table: local.table, cluster: record.id, clock, random: Math.random, times: { attempt: ATTEMPT } });
  const { client } = await openCluster({ record, store, registry: builtInKinds(), authenticators: [], clock, ids, random: Math.random, log: () => undefined });
  const admin = client.as('bench', ['system:masters']);
  const work = await createSqsQueues(sqs, `${local.table}-schedule`, 12);
  const other = await createSqsQueues(sqs, `${local.table}-reconcile`, 12);
  const prefix = `${local.table.slice(0, 20)}-`;
  const nodes = openNodeQueues({ client: sqs, prefix, nodeKey: (node) => node, clock, random: Math.random });
  const environment = {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_ENDPOINT_URL: endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb,
    PAPERPLANE_NAME: NAME,
    PAPERPLANE_DEFAULT_CLUSTER: NAME,
    PAPERPLANE_TABLE: local.table,
    PAPERPLANE_RECONCILE_QUEUE_URL: other.work,
    PAPERPLANE_SCHEDULE_QUEUE_URL: work.work,
    PAPERPLANE_LATER_QUEUE_URL: other.later,
    PAPERPLANE_NODE_QUEUE_PREFIX: prefix,
  };
  const functions = await Promise.all(
    (['dispatcher', 'scheduler'] as const).map(async (name) => {
      const { directory } = await buildFunction(name, folder);
      return { name, directory, handler: HANDLER, environment, memoryMB: 1_769, timeoutMs: 60_000 };
    }),
  );
  const log = (text: string): void => void process.stderr.write(`${text}\n`);
  const lambda = await openLambda({ functions, region: REGION, random: Math.random, initLimitMs: INIT_LIMIT_MS, log: (_, line) => log(line) });
  const common = { lambda, region: REGION, random: Math.random, nastiness: KIND, log };
  const mappings = [
    mapStream({
      ...common,
      functionName: 'dispatcher',
      batchSize: 100,
      streams: new DynamoDBStreamsClient({ endpoint: dynamodb, region: REGION, credentials }),
      table: local.table,
      filters: [JSON.stringify({ dynamodb: { NewImage: { [CHANGE_ATTRIBUTE]: { S: CHANGE_TYPES } } } })],
      startAt: 'TRIM_HORIZON',
      retries: 5,
      dead: (_, error) => log(error),
    }),
    mapQueue({ ...common, functionName: 'scheduler', batchSize: 10, queue: sqsReceiver(sqs, work.work), arn: 'schedule', concurrency: 2, visibilitySeconds: 30 }),
  ];
  try {
    await admin.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } });
    await admin.create('serviceaccounts', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'default' } });
    const status = { allocatable: { cpu: '64', memory: '64Gi', pods: '110' }, conditions: [{ type: 'Ready', status: 'True' }] };
    await admin.create('nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } });
    // a new node begins with a taint until its status is there
    await admin.patch('nodes', '', 'n1', { type: 'merge', body: { spec: { taints: null } } });
    await admin.patch('nodes', '', 'n1', { type: 'merge', body: { status } }, 'status');
    await nodes.ensure(NAME, 'n1');
    const { QueueUrl: url } = await sqs.send(new GetQueueUrlCommand({ QueueName: nodes.name(NAME, 'n1') }));
    const bell = sqsReceiver(sqs, url!);
    const times: number[] = [];
    for (let index = 0; index < PODS + WARM; index++) {
      const began = performance.now();
      const name = `p-${index}`;
      await admin.create('pods', { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' }, spec: { containers: [{ name: 'c', image: 'i' }] } } as never);
      for (let rang = false; !rang;) {
        const messages = await bell.receive({ max: 10, waitSeconds: 5, visibilitySeconds: 30 });
        rang = messages.some(({ body }) => body.includes(`"default/${name}"`));
        await bell.done(messages.map(({ receipt }) => receipt));
        if (performance.now() - began > LIMIT_MS) throw new Error(`no bell for ${name} within ${LIMIT_MS / 1000} s`);
      }
      if (index >= WARM) times.push(performance.now() - began);
    }
    const sorted = times.toSorted((left, right) => left - right);
    return { hops: HOPS, p50: percentile(sorted, 0.5), worst: sorted.at(-1)! };
  } finally {
    await Promise.all(mappings.map((mapping) => mapping.stop()));
    await lambda.close();
    await nodes.remove(NAME, 'n1');
    for (const urls of [work, other]) await deleteSqsQueues(sqs, urls);
    sqs.destroy();
    await store.close();
    await local.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}
