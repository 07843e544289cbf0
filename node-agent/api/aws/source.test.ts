/** A node as AWS has it, against a real API server behind a door that checks signatures, DynamoDB Local, and a server that speaks SQS. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { awsCallers } from '#apiserver/authn/aws/authenticator.ts';
import type { Client } from '#control/client.ts';
import { nodePlace } from '#functions/api/node-place.ts';
import { openCluster } from '#functions/shared/cluster.ts';
import { testRecord } from '#functions/testing/cluster.ts';
import { memoryClusters } from '#cloud/local/clusters.ts';
import { verifyHeaders } from '#infra/gateway/iam/sigv4.ts';
import { listenersOf } from '#infra/local/door/door.ts';
import { ensurePki } from '#infra/local/pki/pki.ts';
import { builtInKinds } from '#kinds/registry.ts';
import type { KubeObject } from '#machinery/object.ts';
import { systemClock, systemIds } from '#machinery/system.ts';
import { createSqsClient } from '#queue/sqs/client.ts';
import { type NodeQueues, openNodeQueues } from '#queue/sqs/node-queues.ts';
import { workPartition } from '#store/dynamodb/keys.ts';
import { type DynamoStore, openDynamoStore } from '#store/dynamodb/store.ts';
import { ATTEMPT, localTable, type LocalTable } from '#store/dynamodb/testing/local.ts';
import { dynamodbLocal, skipWithoutDynamodbLocal, START_LIMIT } from '#test/helpers/dynamodb-local.ts';
import { skipWithoutSqsServer, sqsServer } from '#test/helpers/sqs-server.ts';
import type { AgentConfig } from '../../config.ts';
import type { Pod } from '../../pods/pod.ts';
import type { ClusterSource } from '../source.ts';
import { openAwsSource } from './source.ts';

const skip = skipWithoutDynamodbLocal('a node as AWS has it') || skipWithoutSqsServer('a node as AWS has it');
const NODE = 'i-0000000000000000a';
const nodeKey = (node: string): string => `AROA:${node}`;

describe.skipIf(skip)('a node in AWS', { timeout: 60_000 }, () => {
  let folder: string;
  let local: LocalTable;
  let store: DynamoStore;
  let door: Server;
  let admin: Client;
  let queues: NodeQueues;
  let source: ClusterSource & { close(): void };
  const calls: string[] = [];
  const record = testRecord();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'paperplane-aws-agent-'));
    local = await localTable();
    const { endpoint: sqs } = await sqsServer();
    store = openDynamoStore({ client: local.client(), table: local.table, cluster: record.id, clock: systemClock, random: Math.random, times: { attempt: ATTEMPT }, nodeKey });
    const cluster = await openCluster({
      record,
      store,
      registry: builtInKinds(),
      authenticators: [awsCallers({ nodeRole: 'nodes' })],
      clock: systemClock,
      ids: systemIds,
      random: Math.random,
      log: () => undefined,
    });
    admin = cluster.client.as('admin', ['system:masters']);
    for (const name of ['default', 'kube-node-lease']) await admin.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    await admin.create('serviceaccounts', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'default' } });
    queues = openNodeQueues({
      client: createSqsClient({ endpoint: sqs, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } }),
      prefix: `${local.table.slice(0, 20)}-`,
      nodeKey,
      clock: systemClock,
      random: Math.random,
    });
    const principals = new Map([['NODEKEY', { secretAccessKey: 'secret', arn: `arn:aws:sts::1:assumed-role/nodes/${NODE}`, account: '1', userId: nodeKey(NODE) }]]);
    const placeOf = nodePlace({
      nodeRole: 'nodes',
      installation: {
        clusters: memoryClusters([record]),
        placeOfNode: ({ id, name }, node) => ({ table: local.table, partition: workPartition(id, nodeKey(node)), queue: queues.name(name, node) }),
      },
    });
    const pki = await ensurePki(join(folder, 'pki'), 'test', Date.now());
    const serving = await pki.leaf({ file: 'door', commonName: 'door', usage: 'server', dnsNames: ['localhost'], addresses: ['127.0.0.1'] });
    const listeners = listenersOf(
      {
        async handle(request) {
          calls.push(`${request.method} ${request.path}`);
          const url = request.query === '' ? request.path : `${request.path}?${request.query}`;
          const { arn, account, userId } = verifyHeaders(
            principals,
            { method: request.method, url, headers: request.headers } as unknown as IncomingMessage,
            request.body,
            'lambda',
            Date.now(),
          );
          const known = { ...request, awsCaller: { arn, account, userId } };
          await cluster.wake(0);
          return (await placeOf(known)) ?? cluster.server.handle({ ...known, path: request.path.replace('/clusters/test', '') });
        },
        upgrade: async () => undefined,
      },
      () => undefined,
    );
    door = createServer({ cert: readFileSync(serving.certFile), key: readFileSync(serving.keyFile) }, listeners.request);
    await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'NODEKEY').stubEnv('AWS_SECRET_ACCESS_KEY', 'secret').stubEnv('AWS_SESSION_TOKEN', '');
    const config: AgentConfig = {
      nodeName: NODE,
      server: `https://127.0.0.1:${(door.address() as AddressInfo).port}`,
      caFile: pki.caFile,
      stateDir: folder,
      nodeIP: '127.0.0.1',
      clusterName: 'test',
      runtime: 'simulated',
    };
    const endpoints = { sqs, dynamodb: await dynamodbLocal() };
    source = openAwsSource({ config, aws: { region: 'us-east-1', endpoints }, clock: systemClock, random: Math.random, userAgent: 'test' });
  }, START_LIMIT);
  afterAll(async () => {
    vi.unstubAllEnvs();
    source.close();
    door.closeAllConnections();
    door.close();
    await store.close();
    await local.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const pod = (name: string, nodeName: string, more: object = {}): Pod =>
    ({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' }, spec: { nodeName, containers: [{ name: 'c', image: 'i' }], ...more } }) as unknown as Pod;
  const ring = (resource: string, object: KubeObject, more: object = {}): Promise<boolean> => {
    const { namespace, name, uid, resourceVersion: rv } = object.metadata;
    return queues.ring('test', NODE, [JSON.stringify({ cluster: 'test', resource, key: namespace === undefined ? name : `${namespace}/${name}`, uid, rv, ...more })]);
  };
  const told: string[] = [];

  test('registers through the door, finds its pods in its own part of the table, and no others', async () => {
    await source.createNode({ apiVersion: 'v1', kind: 'Node', metadata: { name: NODE } });
    await expect(source.createNode({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'i-0000000000000000b' } })).rejects.toMatchObject({ status: 403 });
    await admin.create('pods', pod('mine', NODE) as KubeObject);
    await admin.create('pods', pod('other', 'i-0000000000000000b') as KubeObject);
    source.pods(NODE, {
      replaced: (pods) => void told.push(`all: ${pods.map(({ metadata }) => metadata.name).join(' ')}`),
      changed: ({ metadata }) => void told.push(`changed: ${metadata.name}`),
      deleted: ({ metadata }) => void told.push(`deleted: ${metadata.name}`),
    });
    await expect.poll(() => told, { timeout: 20_000 }).toEqual(['all: mine']);
    expect(calls.filter((call) => call.includes('/pods'))).toEqual(['GET /clusters/test/api/v1/namespaces/default/pods/mine']);
  });

  test('hears of a pod by its queue, reads it once, and of its end without reading', async () => {
    await queues.ensure('test', NODE);
    const made = await admin.create('pods', pod('new', NODE) as KubeObject);
    await ring('pods', made);
    await expect.poll(() => told, { timeout: 20_000 }).toContain('changed: new');
    await admin.delete('pods', 'default', 'new', { gracePeriodSeconds: 0 });
    const before = calls.length;
    await ring('pods', made, { gone: true });
    await expect.poll(() => told, { timeout: 20_000 }).toContain('deleted: new');
    expect(calls.slice(before).filter((call) => call.endsWith('/new'))).toEqual([]);
  });

  test('renews its lease in the table, which the API shows, and learns that it is gone', async () => {
    const lease = (renewTime: string, more: object = {}): KubeObject => ({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: NODE, namespace: 'kube-node-lease', ...more },
      spec: { holderIdentity: NODE, leaseDurationSeconds: 40, renewTime },
    });
    const made = await source.putLease(NODE, lease('2026-01-01T00:00:00.000000Z'));
    const before = calls.length;
    await source.putLease(NODE, lease('2026-01-01T00:00:10.000000Z', made.metadata));
    expect(calls.slice(before)).toEqual([]);
    const shown = await admin.get<KubeObject & { readonly spec: { readonly renewTime: string } }>('leases.coordination.k8s.io', 'kube-node-lease', NODE);
    expect(shown).toMatchObject({ kind: 'Lease', spec: { holderIdentity: NODE, renewTime: '2026-01-01T00:00:10.000000Z' } });
    expect(Number(shown.metadata.resourceVersion)).toBe(Number(made.metadata.resourceVersion) + 1);
    await admin.delete('leases.coordination.k8s.io', 'kube-node-lease', NODE);
    await expect(source.putLease(NODE, lease('2026-01-01T00:00:20.000000Z', made.metadata))).rejects.toMatchObject({ status: 404 });
  });

  test('reads secrets of its own pods alone, and hears when they change', async () => {
    for (const name of ['used', 'foreign'])
      await admin.create('secrets', { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'default' }, stringData: { a: '1' } } as KubeObject);
    await admin.create('pods', pod('user', NODE, { volumes: [{ name: 'v', secret: { secretName: 'used' } }] }) as KubeObject);
    await expect(source.config({ resource: 'secrets', namespace: 'default', name: 'foreign' })).rejects.toMatchObject({ status: 403 });
    const seen: (string | undefined)[] = [];
    const stop = source.followConfig({ resource: 'secrets', namespace: 'default', name: 'used' }, (now) => void seen.push((now?.['data'] as { a?: string } | undefined)?.a));
    await expect.poll(() => seen, { timeout: 20_000 }).toEqual(['MQ==']);
    const changed = await admin.patch<KubeObject>('secrets', 'default', 'used', { type: 'merge', body: { stringData: { a: '2' } } });
    await ring('secrets', changed);
    await expect.poll(() => seen, { timeout: 20_000 }).toContain('Mg==');
    stop();
  });

  test('takes services from the message itself, the newest whatever the order', async () => {
    const services = source.services();
    await services.synced;
    const service = (rv: number): KubeObject =>
      ({ apiVersion: 'v1', kind: 'Service', metadata: { name: 's', namespace: 'default', uid: 'u', resourceVersion: String(rv) }, spec: { rv } }) as KubeObject;
    const before = calls.length;
    for (const rv of [1_000_002, 1_000_001]) await ring('services', service(rv), { object: service(rv) });
    await ring('services', service(1_000_003), { gone: true });
    await ring('services', service(1_000_002), { object: service(1_000_002) });
    await ring(
      'services',
      { ...service(1_000_004), metadata: { ...service(1_000_004).metadata, name: 't' } },
      { object: { ...service(1_000_004), metadata: { ...service(1_000_004).metadata, name: 't' } } },
    );
    await expect.poll(() => services.get('default', 't'), { timeout: 20_000 }).toBeDefined();
    await expect.poll(() => services.get('default', 's'), { timeout: 20_000 }).toBeUndefined();
    expect(calls.slice(before).filter((call) => call.includes('/services/'))).toEqual([]);
  });

  test('holds no watch open, and asks first where its things are', async () => {
    expect(calls.filter((call) => /watch=/.test(call))).toEqual([]);
    expect(calls[0]).toBe('GET /installation/clusters/test/node');
  });
});
