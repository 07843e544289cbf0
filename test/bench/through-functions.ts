/**
 * Requests through the api function (its deployed bundle, in the local gateway, on DynamoDB Local) beside the bare calls of the store that they stand for, in
 * turns in one run, so that a busy machine slows both. The gateway takes a part of its own, which AWS does not: a request that reads nothing says how much.
 */
import { Agent, request, type IncomingMessage } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dynamoClusters } from '#cloud/aws/clusters.ts';
import { newCluster } from '#functions/api/installation.ts';
import { buildFunction } from '#infra/aws/build.ts';
import { openDoor } from '#infra/gateway/door/door.ts';
import { openSts } from '#infra/gateway/iam/sts.ts';
import { openLambda } from '#infra/gateway/lambda/service.ts';
import { HANDLER } from '#infra/bundle/bundle.ts';
import { systemClock as clock, systemIds as ids } from '#machinery/system.ts';
import { Calls } from '#store/dynamodb/calls.ts';
import { openDynamoStore } from '#store/dynamodb/store.ts';
import { ATTEMPT, localTable } from '#store/dynamodb/testing/local.ts';
import type { Put } from '#store/port.ts';
import { dynamodbLocal } from '#test/helpers/dynamodb-local.ts';
import { presignToken } from '../../cli/token/presign.ts';
import { percentile } from './measure.ts';

const REGION = 'us-east-1';
const CLUSTER = 'bench';
const ARN = 'arn:aws:iam::000000000000:role/bench';
const KEYS = { accessKeyId: 'bench', secretAccessKey: 'bench' };
const INIT_LIMIT_MS = 60_000;
const NAMESPACE = 'bench';
/** What a ConfigMap of the bench holds. Bytes. */
const BYTES = 2_000;
const CALLS = 200;
const LISTED = 10_000;
const LISTS = 5;
const WATCHED = 30;
/** Writes of the bulk at once. */
const WRITERS = 64;
/** Between two changes that a watch is to tell. Milliseconds. */
const PAUSE = 150;

export interface ThroughRow {
  readonly what: string;
  /** Medians, milliseconds. */
  readonly store: number;
  readonly functions: number;
  /** What the gateway itself takes, without which the rest is compared. */
  readonly gateway: number;
  readonly ratio: number;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function timed(times: number[], work: () => Promise<unknown>): Promise<void> {
  const began = performance.now();
  await work();
  times.push(performance.now() - began);
}

const median = (times: readonly number[]): number =>
  percentile(
    times.toSorted((left, right) => left - right),
    0.5,
  );

function configMap(name: string, rv: number | undefined): string {
  const metadata = { name, namespace: NAMESPACE, ...(rv === undefined ? {} : { uid: `uid-${name}`, resourceVersion: String(rv), creationTimestamp: '2026-03-01T12:00:00Z' }) };
  return JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { text: `${name} `.repeat(Math.ceil(BYTES / (name.length + 1))) } });
}

const putOf = (resource: string, name: string): Put => ({
  type: 'put',
  key: { resource, namespace: NAMESPACE, name },
  if: { absent: true },
  uid: `uid-${name}`,
  labels: {},
  fields: {},
  body: (rv) => Buffer.from(configMap(name, rv)),
});

class Door {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #port: number;
  readonly #token: string;

  constructor(port: number, token: string) {
    this.#port = port;
    this.#token = token;
  }

  open(method: string, path: string, body?: string): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${this.#token}`, accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
      const sent = request({ host: '127.0.0.1', port: this.#port, method, path, headers, agent: this.#agent }, resolve);
      sent.once('error', reject);
      sent.end(body);
    });
  }

  /** Answers how many bytes there were. @throws Error where it is no success */
  async call(method: string, path: string, body?: string): Promise<number> {
    const answer = await this.open(method, path, body);
    const parts: Buffer[] = [];
    for await (const part of answer as AsyncIterable<Buffer>) parts.push(part);
    const all = Buffer.concat(parts);
    if ((answer.statusCode ?? 500) >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${all.toString().slice(0, 500)}`);
    return all.byteLength;
  }

  close(): void {
    this.#agent.destroy();
  }
}

export async function throughFunctions(): Promise<readonly ThroughRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'paperplane-through-'));
  const local = await localTable();
  const dynamo = local.client();
  const times = { attempt: ATTEMPT };
  const record = await newCluster(CLUSTER, { arn: ARN, account: '000000000000', userId: '' }, { clock, ids });
  await dynamoClusters(new Calls(dynamo, local.table, clock, Math.random, ATTEMPT)).create(record);
  const open = () => openDynamoStore({ client: local.client(), table: local.table, cluster: record.id, clock, random: Math.random, times, timers: false });
  const store = open();
  const sts = await openSts(new Map([[KEYS.accessKeyId, { secretAccessKey: KEYS.secretAccessKey, arn: ARN, account: '000000000000', userId: 'AROA:bench' }]]));
  const { directory } = await buildFunction('api', folder);
  const environment = {
    AWS_ACCESS_KEY_ID: KEYS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
    AWS_ENDPOINT_URL_DYNAMODB: await dynamodbLocal(),
    PAPERPLANE_NAME: 'bench',
    PAPERPLANE_DEFAULT_CLUSTER: CLUSTER,
    PAPERPLANE_TABLE: local.table,
    PAPERPLANE_STS_ENDPOINT: sts.url.href,
    PAPERPLANE_RECONCILE_QUEUE_URL: 'http://127.0.0.1:9/reconcile',
    PAPERPLANE_SCHEDULE_QUEUE_URL: 'http://127.0.0.1:9/schedule',
    PAPERPLANE_LATER_QUEUE_URL: 'http://127.0.0.1:9/later',
    PAPERPLANE_NODE_QUEUE_PREFIX: 'bench-',
  };
  const lambda = await openLambda({
    functions: [{ name: 'api', directory, handler: HANDLER, environment, memoryMB: 1_769, timeoutMs: 900_000 }],
    region: REGION,
    random: Math.random,
    initLimitMs: INIT_LIMIT_MS,
    log: (_, line) => void process.stderr.write(`${line}\n`),
  });
  const gateway = await openDoor({ lambda, functionName: 'api', kind: 'rest', address: '127.0.0.1', port: 0, log: (message) => void process.stderr.write(`${message}\n`) });
  const door = new Door(gateway.port, await presignToken({ credentials: KEYS, region: REGION, cluster: CLUSTER, now: new Date() }));
  try {
    const configMaps = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
    await door.call('POST', '/api/v1/namespaces', JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } }));

    const rows: ThroughRow[] = [];
    /** Both in turns, after a few of each that are not counted. */
    async function both(what: string, count: number, bare: (index: string) => Promise<unknown>, through: (index: string) => Promise<unknown>): Promise<void> {
      const [ofStore, ofFunctions, ofGateway]: [number[], number[], number[]] = [[], [], []];
      for (let index = 0; index < Math.min(20, count); index++) await Promise.all([bare(`warm-${index}`), through(`warm-${index}`)]);
      for (let index = 0; index < count; index++) {
        await timed(ofStore, async () => bare(`n-${index}`));
        await timed(ofFunctions, async () => through(`n-${index}`));
        await timed(ofGateway, async () => door.call('GET', '/livez'));
      }
      const [inStore, inFunctions, inGateway] = [median(ofStore), median(ofFunctions), median(ofGateway)];
      rows.push({ what, store: inStore, functions: inFunctions, gateway: inGateway, ratio: (inFunctions - inGateway) / inStore });
    }

    await both(
      'create a ConfigMap of 2 KB',
      CALLS,
      async (index) => store.commit([putOf('configmaps', `s-${index}`)], { user: 'bench' }),
      async (index) => door.call('POST', configMaps, configMap(`f-${index}`, undefined)),
    );
    await both(
      'get it',
      CALLS,
      async (index) => store.get({ resource: 'configmaps', namespace: NAMESPACE, name: `s-${index}` }),
      async (index) => door.call('GET', `${configMaps}/f-${index}`),
    );

    const secrets = Array.from({ length: LISTED }, (_, index) => putOf('endpoints', `e-${index}`));
    await Promise.all(
      Array.from({ length: WRITERS }, async () => {
        for (let put = secrets.pop(); put !== undefined; put = secrets.pop()) await store.commit([put], { user: 'bench' });
      }),
    );
    await both(
      'list 10,000 objects of 2 KB',
      LISTS,
      async () => store.list({ resource: 'endpoints', version: 'latest' }),
      async () => door.call('GET', `/api/v1/namespaces/${NAMESPACE}/endpoints`),
    );

    rows.push(await watchLatency(open, door, configMaps));
    return rows;
  } finally {
    door.close();
    await gateway.close();
    await lambda.close();
    await store.close();
    await sts.close();
    await local.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** From the acknowledgement of a write to the change at a watcher: one that follows the log itself, and one at the door. */
async function watchLatency(open: () => ReturnType<typeof openDynamoStore>, door: Door, configMaps: string): Promise<ThroughRow> {
  const [writer, watcher] = [open(), open()];
  try {
    const came = { store: new Map<string, number>(), functions: new Map<string, number>() };
    const from = await watcher.frontier('configmaps');
    const stop = await watcher.watch('configmaps', from, {
      changes: (changes) => {
        for (const { key } of changes) came.store.set(key.name, performance.now());
      },
      expired: () => undefined,
    });
    const answer = await door.open('GET', `${configMaps}?watch=true&resourceVersion=${from}`);
    let rest = '';
    answer.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const name = /"name":"(w-\d+)"/.exec(line)?.[1];
        if (name !== undefined) came.functions.set(name, performance.now());
      }
    });
    const acknowledged = new Map<string, number>();
    for (let index = 0; index < WATCHED; index++) {
      const name = `w-${index}`;
      await writer.commit([putOf('configmaps', name)], { user: 'bench' });
      acknowledged.set(name, performance.now());
      while (!came.store.has(name) || !came.functions.has(name)) await pause(1);
      await pause(PAUSE);
    }
    stop();
    answer.destroy();
    const late = (told: ReadonlyMap<string, number>): number => median([...acknowledged].map(([name, at]) => Math.max(0, told.get(name)! - at)));
    const [inStore, inFunctions] = [late(came.store), late(came.functions)];
    return { what: 'a change at a watcher', store: inStore, functions: inFunctions, gateway: 0, ratio: inFunctions / inStore };
  } finally {
    await writer.close();
    await watcher.close();
  }
}
