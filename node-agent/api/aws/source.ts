/**
 * ClusterSource of a node in AWS: no watch is held open, since a watch is a function that runs. A queue rings; what rang is read through the door
 * that IAM guards, where the Node authorizer judges; the list of its pods and its heartbeat are items of its own in the table.
 */
import path from 'node:path';
import type { Clock, Random } from '#machinery/clock.ts';
import type { KubeObject } from '#machinery/object.ts';
import type { AgentConfig, AwsSettings } from '../../config.ts';
import type { Pod } from '../../pods/pod.ts';
import { createCache, type ObjectCache } from '../cache.ts';
import { type ApiClient, openApiClient } from '../client.ts';
import { openHttpsSource } from '../https-source.ts';
import { pause } from '../pause.ts';
import { listAll } from '../reflector.ts';
import type { ClusterSource, ConfigSource } from '../source.ts';
import type { Bell } from './bell.ts';
import { jsonService } from './call.ts';
import { credentialSource, instanceMetadata } from './credentials.ts';
import { listen } from './doorbell.ts';
import { beat } from './heartbeat.ts';
import { findPlace } from './place.ts';
import { createOwnPods, type OwnPods } from './pods.ts';
import { createRefresher } from './refresher.ts';
import { createSharedObjects, type SharedObjects } from './shared-objects.ts';
import { signer } from './sign.ts';
import { readWork } from './work.ts';

/** The list of pods is compared this often, in case a bell was lost. Milliseconds. */
const COMPARE_MS = 300_000;
/** Every so many comparisons all is read anew, whatever the bells said. */
const EVERYTHING = 6;
/** While the node has no range of pod addresses its object is looked at this often. Milliseconds. */
const RANGE_LOOK_MS = 1_000;
/** The node's queue comes after its object, and not all who ring know of it at once: until it was there for a while work is looked at this often. Milliseconds. */
const UNHEARD_MS = 3_000;
const SETTLED_MS = 30_000;

const SHARED: Readonly<Record<string, string>> = { services: '/api/v1/services', 'endpointslices.discovery.k8s.io': '/apis/discovery.k8s.io/v1/endpointslices' };

export interface AwsSourceOptions {
  readonly config: AgentConfig;
  readonly aws: AwsSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly userAgent: string;
}

const endpointOf = (given: string | undefined, service: string, region: string): URL =>
  new URL(given ?? `https://${service}.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`);

/** The same client within one cluster of the installation. */
const within = (client: ApiClient, prefix: string): ApiClient => ({
  call: (request) => client.call({ ...request, path: `${prefix}${request.path}` }),
  lines: (request, onLine, signal) => client.lines({ ...request, path: `${prefix}${request.path}` }, onLine, signal),
  close: () => client.close(),
});

const escaped = (key: string): string => key.split('/').map(encodeURIComponent).join('/');

export function openAwsSource({ config, aws, clock, random, userAgent }: AwsSourceOptions): ClusterSource & { close(): void } {
  const { region, endpoints = {} } = aws;
  const closing = new AbortController();
  const { signal } = closing;
  const warn = (message: string): void => console.warn(message);
  const credentials = credentialSource(instanceMetadata(clock), clock);
  const service = (name: 'sqs' | 'dynamodb', target: string) =>
    jsonService({ endpoint: endpointOf(endpoints[name], name, region), target, sign: signer(name, region, credentials), clock, random });
  const sqs = service('sqs', 'AmazonSQS');
  const dynamo = service('dynamodb', 'DynamoDB_20120810');
  const door = openApiClient({ server: config.server, caFile: config.caFile, credential: { sign: signer('lambda', region, credentials) }, userAgent, clock, random });
  const client = within(door, `/clusters/${encodeURIComponent(config.clusterName)}`);
  const requests = openHttpsSource({ client, clock, random }, { manyNodes: false });
  const place = findPlace({ client: door, clusterName: config.clusterName, file: path.join(config.stateDir, 'place.json'), clock, random, warn }, signal);

  const shared = new Map<string, SharedObjects>();
  const follows = new Map<string, { readonly source: ConfigSource; readonly callbacks: Set<(now: KubeObject | undefined) => void> }>();
  const own = createCache<KubeObject>();
  let ownName: string | undefined;
  let pods: OwnPods | undefined;
  let heard = false;

  const refresher = createRefresher({ clock, random, signal, warn, refresh });
  const podRefresher = createRefresher({ clock, random, signal, warn, refresh: async (key) => pods?.refresh(key) });
  async function refresh(what: string): Promise<void> {
    const blank = what.indexOf(' ');
    const [resource, key] = [what.slice(0, blank), what.slice(blank + 1)];
    if (resource === 'nodes') return seen(key, await requests.getNode(key));
    const follow = follows.get(what);
    if (follow !== undefined) {
      const now = await requests.config(follow.source);
      for (const callback of follow.callbacks) callback(now);
      return;
    }
    const objects = shared.get(resource);
    if (objects === undefined) return;
    if (key === '') {
      const { objects: all, version } = await listAll<KubeObject>(client, { path: SHARED[resource]! }, signal);
      return objects.listed(all, Number(version));
    }
    const [namespace = '', name = ''] = key.split('/');
    const root = SHARED[resource]!;
    const at = root.lastIndexOf('/');
    const now = await requests.read(`${root.slice(0, at)}/namespaces/${encodeURIComponent(namespace)}${root.slice(at)}/${encodeURIComponent(name)}`);
    // where it is gone by now, a bell says at which resourceVersion
    if (now !== undefined) objects.told(key, Number(now.metadata.resourceVersion), now);
  }

  function seen(name: string, node: KubeObject | undefined): void {
    if (node !== undefined) own.feed.replaced([node]);
    else if (own.cache.get('', name) !== undefined) own.feed.replaced([]);
  }

  function rang(bell: Bell): void {
    const { resource, namespace, name, rv, gone, object } = bell;
    const key = namespace === '' ? name : `${namespace}/${name}`;
    const objects = shared.get(resource);
    if (resource === 'pods') {
      const stale = pods?.rang(bell);
      if (stale !== undefined) podRefresher.mark(stale);
    } else if (objects !== undefined) {
      if (gone || object !== undefined) objects.told(key, rv, gone ? undefined : object);
      else if (objects.isNews(key, rv)) refresher.mark(`${resource} ${key}`);
    } else if (follows.has(`${resource} ${key}`) || (resource === 'nodes' && name === ownName)) refresher.mark(`${resource} ${key}`);
  }

  async function compare(everything: boolean): Promise<void> {
    for (const key of pods?.compare(await readWork(dynamo, await place), everything) ?? []) podRefresher.mark(key);
  }

  /** Everything that bells may have been missed for. */
  function readAll(): void {
    for (const resource of shared.keys()) refresher.mark(`${resource} `);
    for (const what of follows.keys()) refresher.mark(what);
    if (ownName !== undefined) refresher.mark(`nodes ${ownName}`);
  }

  async function compareNowAndThen(): Promise<void> {
    for (let turn = 1; !signal.aborted; turn++) {
      await pause(clock, (heard ? COMPARE_MS : UNHEARD_MS) * (0.9 + random() / 5), signal);
      if (signal.aborted) return;
      const everything = heard ? turn % EVERYTHING === 0 : turn % 5 === 0;
      if (everything) readAll();
      await compare(everything).catch((error: unknown) => warn(`reading this node's work: ${(error as Error).message}`));
    }
  }

  async function lookForRange(name: string): Promise<void> {
    while (!signal.aborted && (own.cache.get('', name)?.['spec'] as { podCIDR?: string } | undefined)?.podCIDR === undefined) {
      await pause(clock, RANGE_LOOK_MS, signal);
      if (!signal.aborted)
        await requests.getNode(name).then(
          (node) => seen(name, node),
          () => undefined,
        );
    }
  }

  async function start(): Promise<void> {
    const { queue } = await place;
    const everythingAgain = (): void => {
      clock.after(SETTLED_MS, () => {
        heard = true;
      });
      readAll();
      compare(true).catch((error: unknown) => warn(`reading this node's work: ${(error as Error).message}`));
    };
    void listen({ sqs, queue, clock, random, rang: (bells) => bells.forEach(rang), listening: everythingAgain, warn }, signal);
  }
  void start();

  function sharedObjects(resource: string): ObjectCache {
    let objects = shared.get(resource);
    if (objects === undefined) {
      shared.set(resource, (objects = createSharedObjects(clock)));
      refresher.mark(`${resource} `);
    }
    return objects.cache;
  }

  async function startPods(): Promise<void> {
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        await compare(true);
        await podRefresher.idle();
        pods?.begin();
        void compareNowAndThen();
        return;
      } catch (error) {
        warn(`reading this node's work: ${(error as Error).message}`);
        await pause(clock, Math.min(15_000, 500 * 2 ** failures), signal);
      }
    }
  }

  let ownersOfLease: string | undefined;
  return {
    ...requests,
    pods(node, listener) {
      const mine = createOwnPods({ node, listener, read: async (key) => (await requests.read(podPath(key))) as Pod | undefined });
      pods = mine;
      void startPods();
      return () => {
        if (pods === mine) pods = undefined;
      };
    },
    services: () => sharedObjects('services'),
    endpointSlices: () => sharedObjects('endpointslices.discovery.k8s.io'),
    node(name) {
      if (ownName === undefined) {
        ownName = name;
        refresher.mark(`nodes ${name}`);
        void lookForRange(name);
      }
      return own.cache;
    },
    followConfig(source, changed) {
      const what = `${source.resource} ${source.namespace}/${source.name}`;
      const follow = follows.get(what) ?? { source, callbacks: new Set() };
      follows.set(what, follow);
      follow.callbacks.add(changed);
      refresher.mark(what);
      return () => {
        follow.callbacks.delete(changed);
        if (follow.callbacks.size === 0) follows.delete(what);
      };
    },
    async confirmPodDeleted(pod) {
      await requests.confirmPodDeleted(pod);
      // no need to wait for the bell
      pods?.removed(pod);
    },
    async putLease(node, lease) {
      const owners = JSON.stringify(lease.metadata.ownerReferences ?? []);
      if (lease.metadata.resourceVersion === undefined) {
        const made = await requests.putLease(node, lease);
        ownersOfLease = owners;
        return made;
      }
      await beat(dynamo, await place, (lease['spec'] as { readonly renewTime: string }).renewTime);
      if (owners !== ownersOfLease) {
        // the node was not registered yet when its lease was made
        await client.call({
          method: 'PATCH',
          path: `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${encodeURIComponent(node)}`,
          contentType: 'application/merge-patch+json',
          body: { metadata: { ownerReferences: lease.metadata.ownerReferences ?? [] } },
        });
        ownersOfLease = owners;
      }
      return lease;
    },
    close() {
      closing.abort();
      requests.close();
      sqs.close();
      dynamo.close();
    },
  };
}

function podPath(key: string): string {
  const [namespace = '', name = ''] = key.split('/');
  return `/api/v1/namespaces/${escaped(namespace)}/pods/${escaped(name)}`;
}
