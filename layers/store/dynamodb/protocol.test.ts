/** What only this engine does: several processes on one table, holes, large bodies, leases, node work, clusters beside each other. */
import { GetItemCommand, QueryCommand, type TransactWriteItemsCommandInput } from '@aws-sdk/client-dynamodb';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { skipWithoutDynamodbLocal, START_LIMIT } from '#test/helpers/dynamodb-local.ts';
import { ACTOR, keyOf, listed, parsed, put, Recorder, remove, RESOURCE, told, write } from '../testing/fixtures.ts';
import { Partitions, STRIPES } from './keys.ts';
import { openDynamoStore, type DynamoOptions, type DynamoStore } from './store.ts';
import { ATTEMPT, localTable, type LocalTable } from './testing/local.ts';
import { inject } from './testing/inject.ts';
import { meter } from './testing/meter.ts';
import { createMovingClock, type MovingClock } from './testing/moving-clock.ts';

const LEASES = 'leases.coordination.k8s.io';

describe.skipIf(skipWithoutDynamodbLocal('the protocol of the store on DynamoDB'))('the store on DynamoDB', { timeout: 180_000 }, () => {
  let local: LocalTable;
  let client: DynamoOptions['client'];
  let clusters = 0;
  const clock: MovingClock = createMovingClock();
  const opened: DynamoStore[] = [];
  beforeAll(async () => {
    local = await localTable();
    client = local.client();
  }, START_LIMIT);
  afterAll(async () => local.remove());
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
  });

  const cluster = (): string => `cluster-${++clusters}`;
  function open(name: string, options: Partial<DynamoOptions> = {}): DynamoStore {
    const store = openDynamoStore({
      client,
      table: local.table,
      cluster: name,
      clock,
      random: Math.random,
      times: { attempt: ATTEMPT, grace: 100, poll: { least: 10, most: 50 } },
      ...options,
    });
    opened.push(store);
    return store;
  }

  test('what one process writes another reads, lists and watches', async () => {
    const name = cluster();
    const [one, other] = [open(name), open(name)];
    const recorder = await Recorder.start(other, await other.frontier(RESOURCE));
    const a = await write(one, put({ name: 'a', data: '1' }));
    expect(await listed(other)).toEqual([`default/a@${a}=1`]);
    const a2 = await write(other, put({ name: 'a', at: a, data: '2' }));
    const a3 = await write(one, remove({ name: 'a', at: a2 }));
    await recorder.reached(a3);
    expect(recorder.told).toEqual([`created default/a@${a}=1`, `updated default/a@${a2}=2`, `removed default/a@${a3}=x`]);
    expect(await one.frontier(RESOURCE)).toBe(await other.frontier(RESOURCE));
    expect(await listed(other)).toEqual([]);
  });

  test('clusters in one table do not see each other', async () => {
    const [one, other] = [open(cluster()), open(cluster())];
    await write(one, put({ name: 'a' }));
    expect(await listed(other)).toEqual([]);
    expect(await other.resources()).toEqual([]);
    expect(await one.resources()).toEqual([RESOURCE]);
    expect(await write(other, put({ name: 'a' }))).toBe(2);
  });

  test('1.5 MB that no compression helps are kept, changed, undone and removed', async () => {
    const name = cluster();
    const store = open(name);
    const random = (length: number): string =>
      Array.from({ length }, () => String.fromCharCode(33 + Math.floor(Math.random() * 90)))
        .join('')
        .replaceAll(/["\\]/g, '.');
    const [first, second] = [random(1_500_000), random(900_000)];
    const a = await write(store, put({ name: 'large', data: first }));
    expect(told((await store.get(keyOf('large')))!)).toBe(`default/large@${a}=${first}`);
    const a2 = await write(store, put({ name: 'large', at: a, data: second }));
    const fresh = open(name);
    expect(await listed(fresh)).toEqual([`default/large@${a2}=${second}`]);
    expect(await listed(fresh, { version: { at: a } })).toEqual([`default/large@${a}=${first}`]);
    const recorder = await Recorder.start(fresh, a - 1);
    await recorder.reached(a2);
    expect(recorder.told).toEqual([`created default/large@${a}=${first}`, `updated default/large@${a2}=${second}`]);
    const a3 = await write(fresh, put({ name: 'large', at: a2, data: 'small' }));
    expect(await listed(store)).toEqual([`default/large@${a3}=small`]);
  });

  test('a pod needs no more than two write units for its object', async () => {
    const name = cluster();
    const store = open(name);
    const pod = JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'web-7d4b9c6f5-x2x7q',
        generateName: 'web-7d4b9c6f5-',
        namespace: 'default',
        uid: '1b4e28ba-2fa1-11d2-883f-0016d3cca427',
        creationTimestamp: '2026-03-01T12:00:00Z',
        labels: { app: 'web', 'pod-template-hash': '7d4b9c6f5' },
      },
      spec: {
        containers: [
          {
            name: 'web',
            image: 'registry.example.com/team/web:1.2.3',
            ports: [{ containerPort: 8080, protocol: 'TCP' }],
            resources: { requests: { cpu: '100m', memory: '128Mi' } },
            terminationMessagePath: '/dev/termination-log',
            terminationMessagePolicy: 'File',
            imagePullPolicy: 'IfNotPresent',
          },
        ],
        restartPolicy: 'Always',
        terminationGracePeriodSeconds: 30,
        dnsPolicy: 'ClusterFirst',
        serviceAccountName: 'default',
        serviceAccount: 'default',
        nodeName: 'node-1',
        securityContext: {},
        schedulerName: 'default-scheduler',
        priority: 0,
        enableServiceLinks: true,
        preemptionPolicy: 'PreemptLowerPriority',
      },
      status: {
        phase: 'Running',
        hostIP: '10.0.0.1',
        podIP: '10.1.0.7',
        qosClass: 'Burstable',
        conditions: [{ type: 'Ready', status: 'True', lastProbeTime: null, lastTransitionTime: '2026-03-01T12:00:04Z' }],
      },
    });
    const body = new TextEncoder().encode(pod);
    await store.commit([{ ...put({ name: 'pod', resource: 'pods' }), body: () => body }], ACTOR);
    const key = new Partitions(name, 'pods', STRIPES).object(keyOf('pod'));
    const { Item, ConsumedCapacity } = await client.send(
      new GetItemCommand({ TableName: local.table, Key: { pk: { S: key.pk }, sk: { S: key.sk } }, ReturnConsumedCapacity: 'TOTAL' }),
    );
    expect(ConsumedCapacity?.CapacityUnits).toBe(0.5);
    expect(Item!['body']!.B!.byteLength).toBeLessThan(body.byteLength / 2);
    expect(new TextDecoder().decode((await open(name).get({ resource: 'pods', namespace: 'default', name: 'pod' }))!.body)).toBe(pod);
  });

  test('a lease is one item: no counter, no change, and a watch that looks now and then', async () => {
    const name = cluster();
    const [one, other] = [open(name), open(name)];
    const lease = { resource: LEASES, namespace: 'kube-node-lease', name: 'node-1' };
    const recorder = await Recorder.start(other, 1, LEASES);
    const a = await write(one, put({ ...lease, data: '1' }));
    await expect(write(one, put({ ...lease }))).rejects.toMatchObject({ code: 'STORE_CONFLICT', current: { rv: a } });
    await recorder.reached(a);
    const a2 = await write(one, put({ ...lease, at: a, data: '2' }));
    expect(a2).toBeGreaterThan(a);
    await expect(write(other, put({ ...lease, at: a, data: '3' }))).rejects.toMatchObject({ code: 'STORE_CONFLICT', current: { rv: a2 } });
    clock.advance(2_000);
    await recorder.reached(a2);
    const a3 = await write(other, remove({ ...lease, at: a2 }));
    clock.advance(2_000);
    await recorder.reached(a3);
    expect(recorder.told.map((text) => text.split(' ')[0])).toEqual(['created', 'updated', 'removed']);
    expect(recorder.wrong).toEqual([]);
    expect(await one.list({ resource: LEASES, version: 'latest' })).toMatchObject({ items: [], rv: a3 });
    const { Count } = await client.send(
      new QueryCommand({ TableName: local.table, KeyConditionExpression: 'pk = :pk', ExpressionAttributeValues: { ':pk': { S: `${name}/${LEASES}/n` } }, Select: 'COUNT' }),
    );
    expect(Count).toBe(0);
    recorder.stop();
  });

  test('events keep the promises of other resources while nobody dies', async () => {
    const name = cluster();
    const [one, other] = [open(name), open(name)];
    const recorder = await Recorder.start(other, 1, 'events');
    const a = await write(one, put({ resource: 'events', name: 'a', data: '1' }));
    await expect(write(other, put({ resource: 'events', name: 'a' }))).rejects.toMatchObject({ code: 'STORE_CONFLICT', current: { rv: a } });
    const a2 = await write(other, put({ resource: 'events', name: 'a', at: a, data: '2' }));
    await recorder.reached(a2);
    expect(recorder.told).toEqual([`created default/a@${a}=1`, `updated default/a@${a2}=2`]);
    expect(await listed(one, { resource: 'events' })).toEqual([`default/a@${a2}=2`]);
    expect(await listed(one, { resource: 'events', version: { at: a } })).toEqual([`default/a@${a}=1`]);
    recorder.stop();
  });

  test('what expired is removed also when its writer is gone, and is not shown before', async () => {
    const name = cluster();
    const now = Math.floor(clock.now() / 1000);
    await write(open(name, { timers: false }), put({ resource: 'events', name: 'a', expiresAt: now + 60 }));
    await write(open(name, { timers: false }), put({ resource: 'events', name: 'b', expiresAt: now + 6000 }));
    const store = open(name);
    const recorder = await Recorder.start(store, 1, 'events');
    clock.advance(180_000);
    expect(await listed(store, { resource: 'events' })).toHaveLength(1);
    expect(await store.get(keyOf('a', 'default', 'events'))).toBeUndefined();
    expect(await store.sweep('events')).toBe(1);
    await recorder.until(({ changes }) => changes.length === 3);
    expect(recorder.told.at(-1)).toMatch(/^removed default\/a@/);
    recorder.stop();
  });

  test('the work of a node moves with its pods', async () => {
    const store = open(cluster());
    const on = (node: string) => ({ fields: { 'spec.nodeName': node } });
    const pod = { resource: 'pods', name: 'p' };
    const a = await write(store, put({ ...pod, ...on('') }));
    expect(await store.nodeWork('n1')).toEqual([]);
    const a2 = await write(store, put({ ...pod, at: a, ...on('n1') }));
    expect(await store.nodeWork('n1')).toEqual([{ namespace: 'default', name: 'p', uid: 'uid-p' }]);
    const a3 = await write(store, put({ ...pod, at: a2, ...on('n1'), data: 'status' }));
    await write(store, remove({ ...pod, at: a3 }));
    expect(await store.nodeWork('n1')).toEqual([]);
  });

  test('after a long silence a new process starts where the silence began, and older watches are refused', async () => {
    const name = cluster();
    const one = open(name);
    const a = await write(one, put({ name: 'a', data: '1' }));
    const b = await write(one, put({ name: 'b' }));
    clock.advance(3 * 3600_000);
    const two = open(name);
    expect(await two.frontier(RESOURCE)).toBe(b);
    await expect(Recorder.start(two, a)).rejects.toMatchObject({ code: 'STORE_EXPIRED' });
    const recorder = await Recorder.start(two, b);
    const a2 = await write(open(name), put({ name: 'a', at: a, data: '2' }));
    await recorder.reached(a2);
    expect(parsed((await two.previous(recorder.changes[0]!))!).data).toBe('1');
    expect(await listed(open(name))).toEqual([`default/a@${a2}=2`, `default/b@${b}=x`]);
    expect(await listed(open(name), { version: { at: b } })).toEqual([`default/a@${a}=1`, `default/b@${b}=x`]);
    recorder.stop();
  });

  test('writes of different objects share no item inside their transactions', async () => {
    const watched = local.client();
    const touched: string[] = [];
    watched.middlewareStack.add(
      (next, context) => async (args) => {
        if (context['commandName'] !== 'TransactWriteItemsCommand') return next(args);
        for (const { Put, Delete } of (args.input as TransactWriteItemsCommandInput).TransactItems ?? []) {
          const { pk, sk } = Put?.Item ?? Delete!.Key!;
          touched.push(`${pk!.S} ${sk!.S}`);
        }
        return next(args);
      },
      { step: 'initialize', name: 'touched' },
    );
    const store = open(cluster(), { client: watched });
    const pod = (index: number) => ({ resource: 'pods', name: `p${index}` });
    const made = await Promise.all(Array.from({ length: 10 }, async (_, index) => write(store, put(pod(index)))));
    expect(touched).toHaveLength(20);
    // each bound to the same node
    await Promise.all(made.map(async (at, index) => write(store, put({ ...pod(index), at, fields: { 'spec.nodeName': 'n1' } }))));
    const objects = touched.filter((key) => key.includes('/o/'));
    expect(new Set(objects).size).toBe(10);
    // of each object twice, of everything else once
    expect(new Set(touched).size).toBe(touched.length - 10);
    expect(touched.some((key) => key.endsWith('/n n'))).toBe(false);
  });

  test('the hundredth cluster of a table costs and knows as much as the first', async () => {
    const requests = async (name: string): Promise<{ requests: number; reads: number; items: number }> => {
      const metered = local.client();
      const used = meter(metered);
      const store = open(name, { client: metered });
      await write(store, put({ name: 'a' }));
      const { length: items } = await listed(store);
      const { requests: all, reads } = used.take();
      return { requests: all, reads, items };
    };
    const first = await requests(cluster());
    const others = Array.from({ length: 98 }, () => open(cluster()));
    for (let start = 0; start < others.length; start += 14) await Promise.all(others.slice(start, start + 14).map(async (store) => write(store, put({ name: 'a' }))));
    expect(await requests(cluster())).toEqual(first);
    expect(first.items).toBe(1);
  });

  test('who is told that something was written looks at once', async () => {
    const name = cluster();
    const rare = { grace: 100, attempt: ATTEMPT, poll: { least: 3600_000, most: 3600_000 } };
    const [one, other] = [open(name), open(name, { times: rare })];
    const recorder = await Recorder.start(other, await other.frontier(RESOURCE));
    const rv = await write(one, put({ name: 'a' }));
    expect(recorder.changes).toEqual([]);
    other.wake(RESOURCE);
    await recorder.reached(rv);
    expect(recorder.told).toEqual([`created default/a@${rv}=x`]);
    recorder.stop();
  });

  test('a writer that dies behind its counter holds readers up for the grace period, and nobody else', async () => {
    const name = cluster();
    const dying = local.client();
    inject(dying, () => 0, { die: 1 });
    const [dead, alive, reader] = [open(name, { client: dying }), open(name), open(name)];
    await write(alive, put({ name: 'a' }));
    for (let index = 0; index < 40; index++) await expect(write(dead, put({ name: `lost-${index}` }))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    const recorder = await Recorder.start(reader, 1);
    const b = await write(alive, put({ name: 'b' }));
    expect(b).toBe(43);
    expect((await reader.list({ resource: RESOURCE, version: 'latest' })).rv).toBe(b);
    await recorder.reached(b);
    expect(recorder.told).toEqual(['created default/a@2=x', 'created default/b@43=x']);
    recorder.stop();
  });

  test('a table that does not answer is told of in the end', async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const store = open(cluster(), { client: local.client({ endpoint }), random: () => 0, times: { attempt: 20 } });
    await expect(write(store, put({ name: 'a' }))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining('does not answer') });
    silent.closeAllConnections();
    silent.close();
  });

  test('without credentials, table or rights the error says so', async () => {
    const missing = open(cluster(), { table: 'no-such-table' });
    await expect(missing.get(keyOf('a'))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining('no table no-such-table') });
  });
});
