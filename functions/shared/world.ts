/**
 * The controllers' surroundings inside a function: the API server's verbs, and caches that are filled by what is asked of them and catch up with
 * the change log when a request begins.
 */
import { storedDefinitions } from '#apiserver/custom/definitions.ts';
import { createFedCache, type FedCache } from '#control/cache/cache.ts';
import type { Keep } from '#control/cache/resource-cache.ts';
import type { Client, Resource } from '#control/client.ts';
import type { Controller } from '#control/controller.ts';
import { createEventRecorder, type EventRecorder } from '#control/events/recorder.ts';
import { createMetrics, type Metrics } from '#control/metrics.ts';
import { needs } from '#control/start.ts';
import { clusterControllers } from '#controllers/index.ts';
import type { ClusterRecord } from '#cloud/clusters/port.ts';
import { DynamicRegistry } from '#kinds/custom/registry.ts';
import { builtInKinds } from '#kinds/registry.ts';
import type { Queue } from '#queue/port.ts';
import type { Store } from '#store/port.ts';
import { openCluster } from './cluster.ts';
import { clusterQueue } from './cluster-queue.ts';
import { installationControllers } from './controllers.ts';
import type { Installation } from './installation.ts';
import { metricLine } from './log.ts';
import { nodeQueueController } from './node-queues.ts';
import { pulledStore } from './pulled-store.ts';
import { type ThawingClock, thawingClock } from './thawing-clock.ts';

const NAMESPACE = 'Paperplane';
/**
 * Of an instance that goes away EC2 tells; this is for agents that hang. Each node is looked at once in this time, and each look is six requests
 * to queues and two invocations: at 20 s they were most of what a quiet node costs.
 */
const NODE_GRACE_SECONDS = 40;
/** Counted where an operator looks; the rest is too much for CloudWatch's prices. */
const PUBLISHED: ReadonlySet<string> = new Set(['paperplane_dead_letters_total', 'paperplane_foreign_messages_total', 'workqueue_retries_total']);

export interface World {
  readonly record: ClusterRecord;
  readonly store: Store;
  readonly client: Client;
  readonly cache: FedCache;
  readonly events: EventRecorder;
  readonly metrics: Metrics;
  readonly controllers: readonly Controller[];
  /** The installation's queue, with this cluster's name on what is sent. */
  readonly queue: Queue;
  readonly clock: ThawingClock;
  /** Begins to keep these resources where it does not yet, and brings them up to now. */
  know(resources: Iterable<Resource>): Promise<void>;
  /** What a controller reads from the cache. */
  resourcesOf(controller: Controller): Promise<ReadonlySet<Resource>>;
}

export interface WorldOptions {
  readonly alsoKeep?: readonly Resource[];
  /** Besides the cluster's own. */
  readonly moreControllers?: readonly Controller[];
  readonly writeMetric?: (line: string) => void;
}

/** Not owned, not counted, many: nobody follows them. */
const UNFOLLOWED: ReadonlySet<Resource> = new Set(['events']);

function publishing(metrics: Metrics, cluster: string, now: () => number, write: (line: string) => void): Metrics {
  return {
    ...metrics,
    count(name, labels, by = 1) {
      metrics.count(name, labels, by);
      if (PUBLISHED.has(name)) write(metricLine(NAMESPACE, name, by, { cluster, ...labels }, now()));
    },
  };
}

export async function openWorld(installation: Installation, record: ClusterRecord, options: WorldOptions = {}): Promise<World> {
  const { ids, random, log, queues, caBundle, api } = installation;
  const clock = thawingClock(installation.clock);
  const store = await installation.openStore(record.id);
  const registry = new DynamicRegistry(builtInKinds(), storedDefinitions(store));
  await registry.refresh();
  const open = await openCluster({ record, store, registry, authenticators: [], clock, ids, random, log });
  const { client } = open;
  const pulled = pulledStore(store, clock);
  const onError = (what: string, error: unknown): void => log(what, error, { cluster: record.name });
  const cache = createFedCache({ store: pulled, clock, random, onError: (resource, error) => onError(`following ${resource}`, error) });
  const events = createEventRecorder({ client, clock, onError });
  const metrics = publishing(createMetrics(), record.name, () => clock.now(), options.writeMetric ?? ((line) => void process.stdout.write(line)));
  const { address: apiAddress, port: apiPort } = record.api ?? api;
  const bootstrap = { apiAddress, apiPort, serviceCidr: record.serviceCIDR, clientCa: caBundle };
  const controllers = [
    ...clusterControllers({
      registry,
      caBundle,
      clusterCidr: record.podCIDR,
      bootstrap,
      secretToken: open.secretToken,
      nodeLifecycle: { memory: 'lease', graceSeconds: NODE_GRACE_SECONDS },
    }),
    ...installationControllers({ bootstrap, client }),
    nodeQueueController(record.name, queues.nodes),
    ...(options.moreControllers ?? []),
  ];
  const keep: ReadonlyMap<Resource, Keep> = needs(controllers, options.alsoKeep ?? []);

  return {
    record,
    store,
    client,
    cache,
    events,
    metrics,
    controllers,
    queue: clusterQueue(queues.reconcile, record.name),
    clock,
    async know(resources) {
      // roles that others changed: what a controller may write hangs on them
      await open.wake(0);
      await registry.refresh();
      const wanted = new Set(resources);
      const kept = new Set(cache.resources());
      const fresh = Array.from(wanted).filter((resource) => !kept.has(resource));
      await Promise.all(fresh.map((resource) => cache.follow(resource, keep.get(resource) ?? 'metadata')));
      const known = new Set(Array.from(wanted).filter((resource) => kept.has(resource)));
      if (known.size > 0) await pulled.catchUp(known);
    },
    async resourcesOf(controller) {
      const found = new Set<Resource>([...controller.watches.map(({ resource }) => resource), ...(controller.reads ?? [])]);
      if (controller.watchesAll !== undefined) {
        // what was never written has no objects
        const written = new Set(await store.resources());
        for (const { storage, verbs } of registry.kinds()) {
          if (written.has(storage) && !UNFOLLOWED.has(storage) && ['list', 'watch', 'delete'].every((verb) => verbs.some((one) => one === verb))) found.add(storage);
        }
      }
      return found;
    },
  };
}
