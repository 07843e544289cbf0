/** The reconciler runtime of one process: cache, dispatcher and worker around a set of controllers. */
import type { KindRegistry } from '#kinds/kind.ts';
import type { Clock, Ids, Random } from '#machinery/clock.ts';
import type { Queue } from '#queue/port.ts';
import type { Store } from '#store/port.ts';
import { createFedCache, type FedCache } from './cache/cache.ts';
import type { Keep } from './cache/resource-cache.ts';
import type { Client, Resource } from './client.ts';
import type { Controller } from './controller.ts';
import { createDispatcher } from './dispatcher.ts';
import { createEventRecorder, type EventRecorder } from './events/recorder.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { createWorker } from './worker.ts';

export interface ControlOptions {
  readonly store: Store;
  readonly queue: Queue;
  readonly client: Client;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly random: Random;
  readonly registry: KindRegistry;
  readonly controllers: readonly Controller[];
  /** Resources that others (the scheduler) read from the same cache, whole. */
  readonly alsoKeep?: readonly Resource[];
  readonly metrics?: Metrics;
  /** As the queue's own limit. */
  readonly maxReceives?: number;
  onError?(what: string, error: unknown): void;
}

export interface Control {
  readonly cache: FedCache;
  readonly events: EventRecorder;
  readonly metrics: Metrics;
  /** Resolves when every cache was read once and the worker takes work. */
  readonly ready: Promise<void>;
  /** Ends the watches, and resolves when the reconciles that run are finished. */
  stop(): Promise<void>;
}

/** Defined at run time: its changes bring resources or take them away. */
const DEFINITIONS = 'customresourcedefinitions.apiextensions.k8s.io';
/** After a definition changed its resources are looked for at once, and once more when the API server surely serves them. */
const DEFINITION_SETTLE_MS = 2_000;
/** Not owned, not counted, many: nobody follows them. */
const UNFOLLOWED: ReadonlySet<Resource> = new Set(['events']);

/** Which resources the controllers need, and how much of each. */
export function needs(controllers: readonly Controller[], also: readonly Resource[]): Map<Resource, Keep> {
  const found = new Map<Resource, Keep>();
  const need = (resource: Resource, keep: Keep): void => {
    if (keep === 'full' || !found.has(resource)) found.set(resource, keep);
  };
  for (const controller of controllers) {
    for (const watch of controller.watches) need(watch.resource, watch.keep ?? 'full');
    for (const resource of controller.reads ?? []) need(resource, 'full');
  }
  for (const resource of also) need(resource, 'full');
  return found;
}

export function startControllers(options: ControlOptions): Control {
  const { store, queue, client, clock, ids, random, registry, controllers, onError } = options;
  const metrics = options.metrics ?? createMetrics();
  const report = onError === undefined ? {} : { onError };
  const events = createEventRecorder({ client, clock, ...report });
  const cache = createFedCache({ store, clock, random, onError: (resource, error) => onError?.(`following ${resource}`, error) });
  const dispatcher = createDispatcher({ controllers, cache, queue, clock, random, metrics, ...report });
  const worker = createWorker({
    controllers,
    cache,
    queue,
    client,
    events,
    clock,
    ids,
    random,
    metrics,
    ...(options.maxReceives === undefined ? {} : { maxReceives: options.maxReceives }),
    ...report,
  });
  const everything = controllers.some(({ watchesAll }) => watchesAll !== undefined);
  const end = new AbortController();

  function served(): Resource[] {
    if (!everything) return [];
    const found = registry.kinds().filter(({ storage, verbs }) => !UNFOLLOWED.has(storage) && ['list', 'watch', 'delete'].every((verb) => verbs.some((one) => one === verb)));
    return [...new Set(found.map(({ storage }) => storage))];
  }
  const unsubscribe = cache.subscribe((resource, changes) => {
    dispatcher.dispatch(resource, changes);
    if (resource !== DEFINITIONS || !everything) return;
    const look = (): void => {
      if (!end.signal.aborted) for (const one of served()) void cache.follow(one, 'metadata');
    };
    look();
    clock.after(DEFINITION_SETTLE_MS, look);
  });

  const wanted = needs(controllers, options.alsoKeep ?? []);
  const followed = [...wanted].map(([resource, keep]) => cache.follow(resource, keep));
  for (const resource of served()) followed.push(cache.follow(resource, 'metadata'));

  // a reconcile before the caches are full would take "not read yet" for "not there"
  const ready = Promise.all(followed).then(() => undefined);
  const running = ready.then(() => worker.run(end.signal));

  return {
    cache,
    events,
    metrics,
    ready,
    async stop() {
      end.abort();
      unsubscribe();
      cache.stop();
      await running;
      await events.flush();
    },
  };
}
