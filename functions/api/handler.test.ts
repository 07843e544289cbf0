import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createFakeClock, type FakeClock } from '#control/testing/fake-clock.ts';
import { startTestCluster, type TestCluster } from '../testing/cluster.ts';
import { contextFor, installAwsLambda, invoke, type Invocation, restEvent } from '../testing/lambda.ts';
import { createApiHandler } from './handler.ts';

const MINUTES = 60_000;
let clock: FakeClock;
let world: TestCluster;
let agent: Server | undefined;
let tail: ServerResponse | undefined;

beforeAll(installAwsLambda);
afterEach(async () => {
  tail?.end();
  agent?.close();
  agent = undefined;
  await world.close();
});

async function start(): Promise<void> {
  clock = createFakeClock(Date.now());
  world = await startTestCluster({
    clock,
    dialer: {
      connect: async () => connect((agent!.address() as AddressInfo).port, '127.0.0.1'),
      connectPod: () => Promise.reject(new Error('not here')),
    },
  });
}
const admin = { authorization: 'Bearer admin' };
function call(method: string, url: string, body?: object, headers: Readonly<Record<string, string | readonly string[]>> = admin, remaining = 15 * MINUTES): Invocation {
  const handler = createApiHandler({
    cluster: async (name) => (name === 'test' ? world.cluster : undefined),
    defaultCluster: 'test',
    clock,
    log: (message, error) => world.logged.push({ message, error }),
  });
  const all = body === undefined ? headers : { 'Content-Type': 'application/json', ...headers };
  return invoke(
    handler,
    restEvent(method, url, body === undefined ? undefined : JSON.stringify(body), all),
    contextFor(remaining, () => clock.now()),
  );
}
const configMap = (name: string): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data: { a: 'b' } });
// answers are of many kinds
// oxlint-disable-next-line typescript/no-explicit-any
async function json(invocation: Invocation): Promise<any> {
  await invocation.done;
  return JSON.parse(invocation.stream.text);
}
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

describe('one request', () => {
  test('is answered with prelude, NULs and body', async () => {
    await start();
    const made = call('POST', CONFIG_MAPS, configMap('one'));
    expect((await json(made)).metadata).toMatchObject({ name: 'one', namespace: 'default' });
    expect(made.stream.contentType).toBe('application/vnd.awslambda.http-integration-response');
    expect(made.stream.prelude).toMatchObject({ statusCode: 201, headers: { 'content-type': 'application/json', 'cache-control': 'no-cache, private' } });
    expect(made.stream.writableFinished).toBe(true);
  });

  test('names its cluster in the path, and one that is not there is a Status', async () => {
    await start();
    expect((await json(call('GET', '/clusters/test/version'))).major).toBe('1');
    const none = call('GET', '/clusters/other/version');
    expect(await json(none)).toMatchObject({ kind: 'Status', code: 404, message: 'there is no cluster "other" here' });
    expect(none.stream.prelude.statusCode).toBe(404);
  });

  test('keeps escapes of the path and repeated query values', async () => {
    await start();
    await json(call('POST', CONFIG_MAPS, { ...configMap('a'), metadata: { name: 'a', namespace: 'default', labels: { x: 'y' } } }));
    await json(call('POST', CONFIG_MAPS, configMap('b')));
    const list = await json(call('GET', `${CONFIG_MAPS}?labelSelector=x%20in%20(y%2Cz)&limit=5`));
    expect(list.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual(['a']);
    expect(await json(call('GET', `${CONFIG_MAPS}/a%2Fb`))).toMatchObject({ code: 404, message: 'configmaps "a/b" not found' });
  });

  test('of a user without rights is refused, and of nobody too', async () => {
    await start();
    expect(await json(call('GET', CONFIG_MAPS, undefined, { authorization: 'Bearer nobody' }))).toMatchObject({ code: 403, reason: 'Forbidden' });
    expect(await json(call('GET', CONFIG_MAPS, undefined, { authorization: 'Bearer wrong' }))).toMatchObject({ code: 401, reason: 'Unauthorized' });
  });

  test('with too large a body is refused', async () => {
    await start();
    const large = call('POST', CONFIG_MAPS, { ...configMap('large'), data: { a: 'x'.repeat(3 * 1024 * 1024) } });
    expect(await json(large)).toMatchObject({ code: 413, reason: 'RequestEntityTooLarge' });
  });

  test('sends each warning as a header of its own to a REST API', async () => {
    await start();
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }], bogus: 1, more: 2 } };
    const made = call('POST', '/api/v1/namespaces/default/pods?fieldValidation=Warn', pod);
    await made.done;
    expect(made.stream.prelude.multiValueHeaders?.['warning']).toEqual(['299 - "unknown field \\"spec.bogus\\""', '299 - "unknown field \\"spec.more\\""']);
  });

  test('HEAD has no body and DELETE may have one', async () => {
    await start();
    await json(call('POST', CONFIG_MAPS, configMap('one')));
    const head = call('HEAD', '/livez');
    await head.done;
    expect(head.stream.prelude.statusCode).toBe(200);
    expect(head.stream.body).toHaveLength(0);
    expect(await json(call('DELETE', `${CONFIG_MAPS}/one`, { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' }))).toMatchObject({ status: 'Success' });
  });

  test('sees roles that another environment granted', async () => {
    await start();
    const other = await startTestClusterOn(world);
    await other.create('clusterroles.rbac.authorization.k8s.io', {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'reader' },
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }],
    } as never);
    await other.create('clusterrolebindings.rbac.authorization.k8s.io', {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'reader' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'reader' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'nobody' }],
    } as never);
    const nobody = { authorization: 'Bearer nobody' };
    // what the environment remembers is a second old at most
    await clock.advance(1_000);
    expect(await json(call('GET', CONFIG_MAPS, undefined, nobody))).toMatchObject({ kind: 'ConfigMapList' });
  });
});

describe('a watch', () => {
  test('delivers, is kept alive by newlines, and ends before the function does with a last bookmark', async () => {
    await start();
    const { resourceVersion } = (await json(call('GET', CONFIG_MAPS))).metadata;
    const watch = call('GET', `${CONFIG_MAPS}?watch=1&allowWatchBookmarks=true&resourceVersion=${resourceVersion}`, undefined, {
      ...admin,
      accept: 'application/vnd.kubernetes.protobuf,application/json',
    });
    await watch.stream.until((text) => text === '\n');
    await json(call('POST', CONFIG_MAPS, configMap('one')));
    await watch.stream.until((text) => text.includes('ADDED'));
    const before = watch.stream.text;
    await clock.advance(45_000);
    expect(watch.stream.text.slice(before.length)).toBe('\n\n');
    let ended = false;
    void watch.done.then(() => (ended = true));
    await clock.advance(13 * MINUTES);
    expect(ended).toBe(false);
    await clock.advance(MINUTES);
    await watch.done;
    const events = watch.stream.text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { type: string });
    expect(events[0]?.type).toBe('ADDED');
    expect(events.at(-1)?.type).toBe('BOOKMARK');
    expect(watch.stream.prelude.headers?.['content-type']).toBe('application/json');
  });

  test('of a client that went away stops', async () => {
    await start();
    const watch = call('GET', `${CONFIG_MAPS}?watch=1`);
    await watch.stream.until((text) => text.includes('\n'));
    watch.stream.destroy();
    await watch.done;
    await json(call('POST', CONFIG_MAPS, configMap('late')));
    expect(watch.stream.text).not.toContain('late');
  });

  test('that asks for less time gets it', async () => {
    await start();
    const watch = call('GET', `${CONFIG_MAPS}?watch=1&timeoutSeconds=5`);
    await watch.stream.until((text) => text === '\n');
    await clock.advance(6_000);
    await watch.done;
  });
});

describe('logs that are followed', () => {
  async function pod(): Promise<void> {
    const system = world.cluster.client.as('system:apiserver', ['system:masters']);
    agent = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.write('first\n');
      tail = response;
    });
    await new Promise<void>((resolve) => agent!.listen(0, '127.0.0.1', resolve));
    await system.create('nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } });
    await system.create('pods', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', namespace: 'default' },
      spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] },
    } as never);
  }

  test('travel as gzip with empty blocks in silence', async () => {
    await start();
    await pod();
    const logs = call('GET', '/api/v1/namespaces/default/pods/p/log?follow=true', undefined, { ...admin, 'accept-encoding': 'gzip' });
    await logs.stream.until((text) => text === 'first\n');
    const silent = logs.stream.body.length;
    await clock.advance(41_000);
    expect(logs.stream.body.subarray(silent).toString('hex')).toBe('000000ffff000000ffff');
    tail!.write('second\n');
    await logs.stream.until((text) => text === 'first\nsecond\n');
    tail!.end('third\n');
    await logs.done;
    expect(logs.stream.text).toBe('first\nsecond\nthird\n');
  });

  test('end with what was said when the function has no more time', async () => {
    await start();
    await pod();
    const logs = call('GET', '/api/v1/namespaces/default/pods/p/log?follow=true', undefined, admin, 2 * MINUTES);
    await logs.stream.until((text) => text === 'first\n');
    await clock.advance(91_000);
    await logs.done;
    expect(logs.stream.text).toBe('first\n');
    expect(logs.stream.writableFinished).toBe(true);
  });
});

async function startTestClusterOn({ store }: TestCluster): Promise<TestCluster['cluster']['client']> {
  const { openCluster } = await import('../shared/cluster.ts');
  const { testRecord } = await import('../testing/cluster.ts');
  const { builtInKinds } = await import('#kinds/registry.ts');
  const { systemClock, systemIds } = await import('#machinery/system.ts');
  const second = await openCluster({
    record: testRecord(),
    store,
    registry: builtInKinds(),
    authenticators: [],
    clock: systemClock,
    ids: systemIds,
    random: Math.random,
    log: () => undefined,
  });
  return second.client.as('system:apiserver', ['system:masters']);
}
