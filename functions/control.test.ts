import { afterEach, describe, expect, test } from 'vitest';
import type { Controller } from '#control/controller.ts';
import { node, replicationController } from '#control/testing/objects.ts';
import { message } from '#control/work.ts';
import type { Node, Pod } from '#kinds/generated/types.ts';
import { createCloudEvents } from './cloud-events/handler.ts';
import { CLUSTER_BOOTSTRAP } from './shared/controllers.ts';
import { clusterQueue } from './shared/cluster-queue.ts';
import { pulledStore } from './shared/pulled-store.ts';
import { openWorlds } from './shared/worlds.ts';
import { createTimer } from './timer/handler.ts';
import { type Place, type PlaceOptions, startPlace } from './testing/place.ts';

let place: Place;
afterEach(() => place.stop());

async function start(options: PlaceOptions = {}): Promise<void> {
  place = await startPlace(options);
  await clusterQueue(place.installation.queues.reconcile, 'test').send([message(CLUSTER_BOOTSTRAP)]);
  await place.until(async () => (await place.store.count('namespaces')) === 4 && (await place.store.count('serviceaccounts')) >= 4);
}
const pods = async (): Promise<readonly Pod[]> => (await place.client.list<Pod>('pods')).items;
const room = (name: string, more: Partial<Node> = {}): Node => {
  const base = node(name);
  return { ...base, ...more, status: { ...base.status, allocatable: { cpu: '8', memory: '16Gi', pods: '110' } } };
};

describe('controllers behind queues', () => {
  test('do in functions what they do in a process', async () => {
    await start();
    await place.client.create('nodes', room('n1'));
    await place.until(() => place.nodesWithQueue().includes('n1'));
    await place.client.create('replicationcontrollers', replicationController('web', 3));
    await place.until(async () => (await pods()).filter((pod) => pod.spec?.nodeName === 'n1').length === 3);
    expect(await pods()).toHaveLength(3);
    const bells = new Set<string>();
    await place.until(async () => {
      for (const { body } of await place.nodeQueue('n1').receive({ max: 50, waitSeconds: 0, visibilitySeconds: 10 })) {
        const { resource, key } = JSON.parse(body) as { readonly resource: string; readonly key: string };
        if (resource === 'pods') bells.add(key);
      }
      return bells.size === 3;
    });
    expect(Array.from(bells).every((key) => key.startsWith('default/web-'))).toBe(true);
    // what is not acknowledged by Docker is not there: a pod that goes is replaced
    await place.client.delete('pods', 'default', (await pods())[0]!.metadata.name!, { gracePeriodSeconds: 0 });
    await place.until(async () => (await pods()).filter((pod) => pod.spec?.nodeName === 'n1' && pod.metadata.deletionTimestamp === undefined).length === 3);
    expect(place.dead).toEqual([]);
  }, 30_000);

  test('neither lose nor double work when batches come twice, answers get lost and environments are thrown away', async () => {
    await start({ chaos: { discard: 0.3, lose: 0.1, duplicate: 0.3 }, maxReceives: 50 });
    await place.client.create('nodes', room('n1'));
    for (let i = 0; i < 6; i++) await place.client.create('replicationcontrollers', replicationController(`rc-${i}`, 3));
    await place.until(async () => {
      const all = await pods();
      return all.length === 18 && all.every((pod) => pod.spec?.nodeName === 'n1');
    }, 60_000);
    await place.client.patch('replicationcontrollers', 'default', 'rc-0', { type: 'merge', body: { spec: { replicas: 1 } } }, 'scale');
    await place.until(async () => (await pods()).filter((pod) => pod.metadata.deletionTimestamp === undefined && pod.metadata.name!.startsWith('rc-0-')).length === 1, 60_000);
    const { items } = await place.client.list<{ apiVersion: string; kind: string; metadata: object; status?: { replicas?: number } }>('replicationcontrollers');
    expect(items).toHaveLength(6);
    expect(place.environments.reconciler).toBeGreaterThan(3);
  }, 120_000);

  test('bury a poison key as an Event, a metric and a dead letter, and go on with the others', async () => {
    const done: string[] = [];
    const poison: Controller = {
      name: 'poison-controller',
      watches: [{ resource: 'configmaps' }],
      async reconcile(key) {
        if (key.endsWith('/poison')) throw new TypeError('cannot read this');
        done.push(key);
        return {};
      },
    };
    await start({ moreControllers: [poison], maxReceives: 3 });
    await place.client.create('configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'poison', namespace: 'default' } });
    await place.client.create('configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'good', namespace: 'default' } });
    await place.until(() => place.dead.length > 0);
    expect(JSON.parse(place.dead[0]!)).toMatchObject({ controller: 'poison-controller', key: 'default/poison', cluster: 'test' });
    expect(done).toContain('default/good');
    expect(place.metrics.some((line) => line.includes('"paperplane_dead_letters_total":1') && line.includes('"controller":"poison-controller"'))).toBe(true);
    await place.until(async () => {
      const { items } = await place.client.list<{ apiVersion: string; kind: string; metadata: object; reason?: string; message?: string }>('events');
      return items.some(({ reason, message: text }) => reason === 'ReconcileFailed' && text === 'poison-controller gave up until the next change: cannot read this');
    });
  }, 30_000);

  test('see their own writes when the same key comes again at once', async () => {
    const seen: (string | undefined)[] = [];
    const counting: Controller = {
      name: 'counting-controller',
      watches: [{ resource: 'configmaps' }],
      async reconcile(key, { cache, client }) {
        if (!key.startsWith('default/count')) return {};
        const [namespace, name] = key.split('/') as [string, string];
        const map = cache.get<{ apiVersion: string; kind: string; metadata: object; data?: { n?: string } }>('configmaps', namespace, name);
        seen.push(map?.data?.n);
        const n = Number(map?.data?.n ?? 0);
        if (n < 5) await client.patch('configmaps', namespace, name, { type: 'merge', body: { data: { n: String(n + 1) } } });
        return {};
      },
    };
    await start({ moreControllers: [counting], chaos: { discard: 0.2, lose: 0, duplicate: 0 } });
    await place.client.create('configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'count', namespace: 'default' }, data: { n: '0' } } as never);
    await place.until(() => seen.includes('5'));
    // each step once: no reconcile decided from a state before its own last write
    expect(seen.filter((n) => n !== '5')).toEqual(['0', '1', '2', '3', '4']);
  }, 30_000);
});

describe('the doorbell of a node', () => {
  interface Heard {
    readonly resource: string;
    readonly key: string;
    readonly gone?: true;
    readonly object?: { readonly metadata: { readonly name: string; readonly managedFields?: unknown } };
  }
  const pod = (name: string, more: object = {}): Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }], ...more },
  });
  const object = (kind: string, name: string, more: object = {}) => ({ apiVersion: 'v1', kind, metadata: { name, namespace: 'default' }, ...more });
  let heard: Heard[];
  async function hear(test: (all: readonly Heard[]) => boolean, node = 'n1'): Promise<void> {
    await place.until(async () => {
      const queue = place.nodeQueue(node);
      const messages = await queue.receive({ max: 50, waitSeconds: 0, visibilitySeconds: 30 });
      await queue.done(messages.map(({ receipt }) => receipt));
      heard.push(...messages.map(({ body }) => JSON.parse(body) as Heard));
      return test(heard);
    });
  }
  const of = (resource: string, key: string) => (all: readonly Heard[]) => all.some((bell) => bell.resource === resource && bell.key === key);

  test('comes and goes with the node', async () => {
    await start();
    await place.client.create('nodes', room('n1'));
    await place.until(() => place.nodesWithQueue().includes('n1'));
    await place.client.delete('nodes', '', 'n1');
    await place.until(() => place.nodesWithQueue().length === 0);
  }, 30_000);

  test('rings for what its pods use, for every service, and for no status of a pod', async () => {
    heard = [];
    await start();
    for (const name of ['n1', 'n2']) await place.client.create('nodes', room(name));
    await place.until(() => place.nodesWithQueue().length === 2);
    for (const kind of ['secrets', 'configmaps'])
      for (const name of ['used', 'unused']) await place.client.create(kind, object(kind === 'secrets' ? 'Secret' : 'ConfigMap', name) as never);
    await place.client.create(
      'pods',
      pod('p', {
        volumes: [
          { name: 's', secret: { secretName: 'used' } },
          { name: 'm', configMap: { name: 'used' } },
        ],
      }),
    );
    await hear(of('pods', 'default/p'));
    heard = [];
    for (const resource of ['secrets', 'configmaps'])
      for (const name of ['unused', 'used']) await place.client.patch(resource, 'default', name, { type: 'merge', body: { metadata: { labels: { a: 'b' } } } });
    await place.client.patch('pods', 'default', 'p', { type: 'merge', body: { status: { phase: 'Running' } } }, 'status');
    await place.client.create('services', object('Service', 's', { spec: { ports: [{ port: 80 }], selector: { a: 'b' } } }) as never);
    await hear((all) => of('secrets', 'default/used')(all) && of('configmaps', 'default/used')(all) && of('services', 'default/s')(all));
    expect(heard.filter(({ key }) => key === 'default/unused' || key === 'default/p')).toEqual([]);
    // a service travels whole, without what no agent reads; a secret never does
    expect(heard.find(({ resource }) => resource === 'services')!.object).toMatchObject({ metadata: { name: 's' }, spec: { ports: [{ port: 80 }] } });
    expect(heard.find(({ resource }) => resource === 'services')!.object!.metadata.managedFields).toBeUndefined();
    expect(heard.find(({ resource }) => resource === 'secrets')!.object).toBeUndefined();
    const other = heard;
    heard = [];
    await hear(of('services', 'default/s'), 'n2');
    expect(heard.some(({ resource }) => resource === 'secrets' || resource === 'pods')).toBe(false);
    heard = other;
    await place.client.delete('services', 'default', 's');
    await place.client.delete('pods', 'default', 'p', { gracePeriodSeconds: 0 });
    await hear((all) => ['services', 'pods'].every((resource) => all.some((bell) => bell.resource === resource && bell.gone === true)));
  }, 60_000);
});

describe('an instance that is terminated', () => {
  test('takes its node and its pods along, and others are made', async () => {
    await start();
    await place.client.create('nodes', room('n1', { spec: { providerID: 'aws:///us-east-1a/i-0123456789abcdef0' } }));
    await place.client.create('replicationcontrollers', replicationController('web', 2));
    await place.until(async () => (await pods()).filter((pod) => pod.spec?.nodeName === 'n1').length === 2);
    await place.client.create('nodes', room('n2'));
    const events = createCloudEvents({ installation: place.installation, worlds: openWorlds(place.installation) });
    const event = { 'detail-type': 'EC2 Instance State-change Notification', detail: { 'instance-id': 'i-0123456789abcdef0', state: 'shutting-down' } };
    const began = Date.now();
    expect(await events(event)).toEqual({ dropped: ['test/n1'] });
    await place.until(async () => (await pods()).filter((pod) => pod.spec?.nodeName === 'n2').length === 2);
    expect(Date.now() - began).toBeLessThan(20_000);
    expect((await pods()).filter((pod) => pod.spec?.nodeName === 'n1')).toEqual([]);
    expect((await place.client.list('nodes')).items.map(({ metadata: { name } }) => name)).toEqual(['n2']);
    expect(await events(event)).toEqual({ dropped: [] });
    expect(await events({ ...event, detail: { 'instance-id': 'i-0123456789abcdef0', state: 'running' } })).toEqual({ dropped: [] });
  }, 30_000);
});

describe('the timer', () => {
  test('puts messages whose time has come where they belong', async () => {
    await start();
    const timer = createTimer({ installation: place.installation });
    const later = { queue: 'reconcile', body: JSON.stringify({ controller: 'cluster-bootstrap', key: 'cluster', cluster: 'test' }), group: 'g' };
    const before = place.invocations.reconciler;
    expect(
      await timer({
        Records: [
          { messageId: 'a', receiptHandle: 'r', body: JSON.stringify(later) },
          { messageId: 'b', receiptHandle: 's', body: 'nothing' },
        ],
      }),
    ).toEqual({ batchItemFailures: [{ itemIdentifier: 'b' }] });
    await place.until(() => place.invocations.reconciler > before);
  }, 30_000);

  test('rings nodes, and switches itself off without any', async () => {
    await start();
    let off = 0;
    const swept: string[] = [];
    const store = { ...pulledStore(place.store, place.installation.clock), sweep: async (resource: string) => swept.push(resource) };
    const installation = { ...place.installation, openStore: async () => store };
    const timer = createTimer({ installation, schedule: { off: async () => void off++ } });
    expect(await timer({})).toEqual({ nodes: 0 });
    expect(off).toBe(1);
    expect(swept).toEqual(['events']);
    await place.client.create('nodes', room('n1'));
    expect(await timer({})).toEqual({ nodes: 1 });
    expect(off).toBe(1);
  }, 30_000);
});
