/** From changes to work: which keys of which controllers a change concerns, sent to the queue at once. */
import type { Clock, Random } from '#machinery/clock.ts';
import type { Queue } from '#queue/port.ts';
import { backoff } from './backoff.ts';
import type { ChangeListener } from './cache/cache.ts';
import type { Resource } from './client.ts';
import type { Cache, Controller, Key, Mapped } from './controller.ts';
import type { Metrics } from './metrics.ts';
import { message, ownerOf, type Work } from './work.ts';

export interface DispatcherOptions {
  readonly controllers: readonly Controller[];
  readonly cache: Cache;
  readonly queue: Queue;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  onError?(what: string, error: unknown): void;
}

export function keyOf({ metadata: { namespace, name } }: NonNullable<Mapped['now']>): Key {
  return namespace === undefined || namespace === '' ? name! : `${namespace}/${name!}`;
}

/** The changed object's own key. */
export const ownKey = (change: Mapped): readonly Key[] => [keyOf((change.now ?? change.old)!)];

type Mapping = { readonly controller: string; readonly keys: (change: Mapped, cache: Cache, resource: Resource) => readonly Key[] };

export interface Dispatcher {
  /** For `FedCache.subscribe`, or for the consumer of a change stream. */
  readonly dispatch: ChangeListener;
  /** Resolves when all that was dispatched is in the queue. */
  flush(): Promise<void>;
}

export function createDispatcher({ controllers, cache, queue, clock, random, metrics, onError }: DispatcherOptions): Dispatcher {
  const byResource = new Map<Resource, Mapping[]>();
  const everywhere: Mapping[] = [];
  for (const controller of controllers) {
    for (const watch of controller.watches) {
      const mapping = { controller: controller.name, keys: watch.keys ?? ownKey };
      byResource.set(watch.resource, [...(byResource.get(watch.resource) ?? []), mapping]);
    }
    if (controller.watchesAll !== undefined) everywhere.push({ controller: controller.name, keys: controller.watchesAll.keys });
  }
  let waiting = new Map<string, Work>();
  let sending: Promise<void> | undefined;

  async function send(): Promise<void> {
    for (let attempt = 0; waiting.size > 0;) {
      const batch = waiting;
      waiting = new Map();
      try {
        await queue.send([...batch.values()].map((work) => message(work)));
        attempt = 0;
      } catch (error) {
        onError?.('sending work', error);
        // a doorbell must not get lost: it is rung again, after those that came meanwhile
        for (const [owner, work] of batch) waiting.set(owner, work);
        await new Promise<void>((resolve) => {
          clock.after(backoff(attempt++, { firstMs: 50, maxMs: 10_000 }, random), resolve);
        });
      }
    }
    sending = undefined;
  }

  function add(mapping: Mapping, change: Mapped, resource: Resource): void {
    try {
      for (const key of mapping.keys(change, cache, resource)) {
        const work = { controller: mapping.controller, key };
        waiting.set(ownerOf(work), work);
        metrics.count('workqueue_adds_total', { name: mapping.controller });
      }
    } catch (error) {
      // one controller's mapping must not keep the change from the others
      onError?.(`mapping a change of ${resource} for ${mapping.controller}`, error);
    }
  }

  return {
    dispatch(resource, changes) {
      const mappings = byResource.get(resource) ?? [];
      if (mappings.length === 0 && everywhere.length === 0) return;
      for (const change of changes) {
        for (const mapping of mappings) add(mapping, change, resource);
        for (const mapping of everywhere) add(mapping, change, resource);
      }
      if (waiting.size > 0 && sending === undefined) sending = send();
    },
    flush: () => sending ?? Promise.resolve(),
  };
}
