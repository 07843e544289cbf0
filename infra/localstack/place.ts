/** The place: deployed functions run by the gateway, in front of the emulator's table and queues, with a checking STS and a gateway node for upgrades. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { askSts } from '#apiserver/authn/aws/sts.ts';
import { dynamoClusters } from '#cloud/aws/clusters.ts';
import type { ClusterRecord } from '#cloud/clusters/port.ts';
import { message } from '#control/work.ts';
import { newCluster } from '#functions/api/installation.ts';
import { apiClusters } from '#functions/shared/api-clusters.ts';
import { clusterQueue } from '#functions/shared/cluster-queue.ts';
import { CLUSTER_BOOTSTRAP } from '#functions/shared/controllers.ts';
import { FUNCTIONS } from '#infra/aws/functions.ts';
import { repositoryRoot } from '#infra/tools/tools.ts';
import { directDialer } from '#infra/local/door/dialer.ts';
import { systemClock as clock, systemIds as ids } from '#machinery/system.ts';
import { sqsSender } from '#queue/sqs/sender.ts';
import { Calls } from '#store/dynamodb/calls.ts';
import { createDynamoClient } from '#store/dynamodb/client.ts';
import { TIMES } from '#store/dynamodb/history.ts';
import { openDynamoStore } from '#store/dynamodb/store.ts';
import { ensureTable } from '#store/dynamodb/table.ts';
import { presignToken } from '../../cli/token/presign.ts';
import { type Door, openDoor } from '../gateway/door/door.ts';
import type { Principal } from '../gateway/iam/sigv4.ts';
import { openSts } from '../gateway/iam/sts.ts';
import { openLambda } from '../gateway/lambda/service.ts';
import { KIND, NASTY } from '../gateway/lambda/spec.ts';
import { mapQueue, type Mapping } from '../gateway/mappings/queue.ts';
import { sqsReceiver } from '../gateway/mappings/sqs.ts';
import { mapStream } from '../gateway/mappings/stream.ts';
import { ACCOUNT, ADMIN_ARN, agentKey, NODE_ROLE, NODE_ROLE_ID, type PlaceConfig, SIMULATED_ROLE } from './config.ts';
import { openAgentsDoor } from './agents-door.ts';
import { openCounting } from './counting.ts';
import { deployedFunction, deployedMappings } from './deployed.ts';
import { deliverEvents } from './events.ts';
import { gatewayNode } from './gateway-node.ts';

/** Tokens are good for a quarter of an hour; agents read the file again when it changed. */
const TOKEN_EVERY_MS = 8 * 60_000;
/** A machine that does everything itself may need longer than Lambda allows. */
const INIT_LIMIT_MS = 60_000;
/** Batches of one queue at once. */
const CONCURRENCY = 2;
/** As the CDK app's queues have it, shorter: a worker that is thrown away should be noticed within a test. Seconds. */
const VISIBILITY_SECONDS = 30;

type Log = (text: string, error?: unknown) => void;

function principalsOf(config: PlaceConfig): ReadonlyMap<string, Principal> {
  const secretAccessKey = config.secretAccessKey;
  const known = new Map<string, Principal>([[config.accessKeyId, { secretAccessKey, arn: ADMIN_ARN, account: ACCOUNT, userId: 'AROALOCALADMIN:local' }]]);
  for (const { name, role } of config.agents) {
    const roleName = role === 'node' ? NODE_ROLE : SIMULATED_ROLE;
    known.set(agentKey(name), {
      secretAccessKey,
      arn: `arn:aws:sts::${ACCOUNT}:assumed-role/${roleName}/${name}`,
      account: ACCOUNT,
      userId: `${role === 'node' ? NODE_ROLE_ID : 'AROALOCALSIMULATED'}:${name}`,
    });
  }
  return known;
}

async function writeTokens(config: PlaceConfig): Promise<void> {
  for (const agent of config.agents) {
    if (agent.role !== 'simulated') continue;
    const { name, tokenFile } = agent;
    const credentials = { accessKeyId: agentKey(name), secretAccessKey: config.secretAccessKey };
    const token = await presignToken({ credentials, region: config.region, cluster: config.cluster, now: new Date() });
    mkdirSync(dirname(tokenFile), { recursive: true });
    writeFileSync(`${tokenFile}.part`, token, { mode: 0o600 });
    renameSync(`${tokenFile}.part`, tokenFile);
  }
}

/** The cluster's item, with the role of simulated nodes among those who may. */
async function recordOf(config: PlaceConfig): Promise<ClusterRecord> {
  const record = await newCluster(config.cluster, { arn: ADMIN_ARN, account: ACCOUNT, userId: '' }, { clock, ids }, { podCIDR: config.podCIDR, serviceCIDR: config.serviceCIDR });
  return {
    ...record,
    access: [...record.access, { arn: `arn:aws:iam::${ACCOUNT}:role/${SIMULATED_ROLE}`, username: 'paperplane:simulated-nodes', groups: ['system:masters'] }],
    api: { address: config.apiAddress, port: config.port },
  };
}

export async function openPlace(given: PlaceConfig, log: Log): Promise<{ close(): Promise<void> }> {
  const counting = await openCounting(given);
  const { config } = counting;
  const random = Math.random;
  const aws = { endpoint: config.endpoint, region: config.region, credentials: { accessKeyId: config.accessKeyId, secretAccessKey: config.secretAccessKey } };
  const lambdaClient = new LambdaClient(aws);
  const sqs = new SQSClient({ ...aws, useQueueUrlAsEndpoint: false });
  const tableAt = { ...aws, endpoint: config.tableEndpoint ?? config.endpoint };
  const dynamo = createDynamoClient(tableAt);
  const principals = principalsOf(config);
  const sts = await openSts(principals);
  const ask = askSts(sts.url);
  await writeTokens(config);
  const tokens = setInterval(() => void writeTokens(config).catch((error: unknown) => log('the tokens of the agents', error)), TOKEN_EVERY_MS);

  const caPem = readFileSync(config.caFile, 'utf8');
  const kubelet = { certPem: readFileSync(config.kubeletClient.certFile, 'utf8'), keyPem: readFileSync(config.kubeletClient.keyFile, 'utf8') };
  const environment = {
    AWS_ENDPOINT_URL: config.endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: tableAt.endpoint,
    AWS_ACCESS_KEY_ID: config.accessKeyId,
    AWS_SECRET_ACCESS_KEY: config.secretAccessKey,
    // the agents and the pods know no prefix
    PAPERPLANE_DEFAULT_CLUSTER: config.cluster,
    PAPERPLANE_STS_ENDPOINT: sts.url.href,
    PAPERPLANE_ADMINISTRATORS: ADMIN_ARN,
    PAPERPLANE_NODE_ROLE: NODE_ROLE,
    PAPERPLANE_NODE_ROLE_ID: NODE_ROLE_ID,
    PAPERPLANE_CA_BUNDLE: caPem,
    PAPERPLANE_API_ADDRESS: config.apiAddress,
    PAPERPLANE_API_PORT: String(config.port),
    PAPERPLANE_KUBELET_CA: caPem,
    PAPERPLANE_KUBELET_CERT: kubelet.certPem,
    PAPERPLANE_KUBELET_KEY: kubelet.keyPem,
  };
  const names = FUNCTIONS.map((name) => `${config.stack}-${name}`);
  const specs = (await Promise.all(names.map((name) => deployedFunction(lambdaClient, name, config.codeFolder, environment)))).map(counting.named);
  const nastiness = config.nasty ? NASTY : KIND;
  const bare = await openLambda({
    functions: specs,
    region: config.region,
    random,
    nastiness,
    initLimitMs: INIT_LIMIT_MS,
    startsAtOnce: Math.max(1, availableParallelism()),
    machine: { NODE_COMPILE_CACHE: join(repositoryRoot, '.cache', 'node') },
    log: (name, line) => log(`${name}: ${line}`),
  });
  const lambda = counting.counted(bare, specs);

  const variables = specs[0]!.environment;
  const table = variables['PAPERPLANE_TABLE']!;
  if (config.tableEndpoint !== undefined) await ensureTable(dynamo, table);

  const mappings: Mapping[] = [];
  for (const mapping of await deployedMappings(lambdaClient, names)) {
    const { functionName, sourceArn, batchSize, filters, retries } = mapping;
    const common = { lambda, functionName, region: config.region, batchSize, random, nastiness, log: (text: string) => log(text) };
    const streamOf = /:dynamodb:[^:]*:[^:]*:table\/([^/]+)\/stream/.exec(sourceArn)?.[1];
    if (streamOf !== undefined) {
      const dead = (records: readonly object[], error: string): void => log(`${records.length} changes were given up: ${error}`);
      mappings.push(mapStream({ ...common, streams: new DynamoDBStreamsClient(tableAt), table: streamOf, filters, startAt: 'TRIM_HORIZON', retries, dead }));
      continue;
    }
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: sourceArn.split(':').at(-1)! }));
    mappings.push(mapQueue({ ...common, queue: sqsReceiver(sqs, QueueUrl!), arn: sourceArn, concurrency: CONCURRENCY, visibilitySeconds: VISIBILITY_SECONDS }));
  }

  const events = await deliverEvents({ ...aws, sqs, lambda, rule: `${config.stack}-instances`, functionName: `${config.stack}-cloud-events`, log });

  const clusters = dynamoClusters(new Calls(dynamo, table, clock, random, TIMES.attempt));
  if ((await clusters.get(config.cluster)) === undefined) await clusters.create(await recordOf(config));
  const reconcile = sqsSender({
    client: sqs,
    name: 'reconcile',
    url: variables['PAPERPLANE_RECONCILE_QUEUE_URL']!,
    laterUrl: variables['PAPERPLANE_LATER_QUEUE_URL']!,
    clock,
    ids,
    random,
  });
  await clusterQueue(reconcile, config.cluster).send([message(CLUSTER_BOOTSTRAP)]);

  const nodeKey = (name: string): string => `${NODE_ROLE_ID}:${name}`;
  const node = gatewayNode({
    cluster: apiClusters({
      installation: {
        clusters,
        openStore: async (id) => openDynamoStore({ client: dynamo, table, cluster: id, clock, random, timers: false, nodeKey, onError: (error) => log('store', error) }),
        clock,
        ids,
        random,
        log,
      },
      ask,
      dialer: directDialer({ caPem, ...kubelet }),
    }),
    defaultCluster: config.cluster,
    log,
  });
  const tls = { certPem: readFileSync(config.serving.certFile, 'utf8'), keyPem: readFileSync(config.serving.keyFile, 'utf8') };
  const functionName = `${config.stack}-api`;
  const doors: Pick<Door, 'close'>[] = [];
  if (config.agentsDoor !== undefined) {
    const reach = { sqs: new URL(config.endpoint), dynamodb: new URL(tableAt.endpoint) };
    doors.push(await openAgentsDoor({ config: config.agentsDoor, lambda, functionName, tls, principals, log, ...reach }));
  }
  for (const address of config.listen) {
    doors.push(
      await openDoor({
        lambda,
        functionName,
        kind: 'rest',
        address,
        port: config.port,
        tls,
        log,
        gatewayNode: node,
        heard: (incoming) => counting.request(incoming.method ?? ''),
      }),
    );
  }
  return {
    async close() {
      clearInterval(tokens);
      for (const door of doors) await door.close();
      await Promise.all([events, ...mappings].map((one) => one.stop()));
      await lambda.close();
      await sts.close();
      await counting.close();
    },
  };
}

export const codeFolder = (root: string): string => join(root, 'code');
