/**
 * From the table's stream to work: each change is read from the log, mapped to the keys that it concerns, and sent. When this answers, everything is
 * in a queue; when it fails, the stream delivers the batch again, and keys that were sent already are sent twice.
 */
import type { Resource } from '#control/client.ts';
import { createDispatcher, type Dispatcher } from '#control/dispatcher.ts';
import type { Mapped } from '#control/controller.ts';
import type { Installation } from '../shared/installation.ts';
import type { World } from '../shared/world.ts';
import type { Worlds } from '../shared/worlds.ts';
import { ringsScheduler, schedulerBell } from './bells.ts';
import { mapped, readLog } from './log.ts';
import { bellsOf, lookedUpForNodes } from './node-bells.ts';
import { type Span, spansOf } from './records.ts';

export interface DispatcherFunctionOptions {
  readonly installation: Installation;
  readonly worlds: Worlds;
}

export function createDispatcherFunction({ installation, worlds }: DispatcherFunctionOptions): (event: unknown) => Promise<void> {
  const { queues, random, log } = installation;
  const dispatchers = new WeakMap<World, Dispatcher>();

  function dispatcherOf(world: World): Dispatcher {
    const known = dispatchers.get(world);
    if (known !== undefined) return known;
    const { controllers, cache, queue, clock, metrics } = world;
    const made = createDispatcher({ controllers, cache, queue, clock, random, metrics, onError: (what, error) => log(what, error, { cluster: world.record.name }) });
    dispatchers.set(world, made);
    return made;
  }

  /** What mappings of these resources look up. */
  async function lookedUp(world: World, changed: ReadonlySet<Resource>): Promise<Set<Resource>> {
    const found = new Set<Resource>();
    for (const controller of world.controllers) {
      if (controller.watchesAll !== undefined || !controller.watches.some(({ resource, keys }) => keys !== undefined && changed.has(resource))) continue;
      for (const resource of await world.resourcesOf(controller)) found.add(resource);
    }
    return found;
  }

  async function ofCluster(id: string, spans: readonly Span[]): Promise<void> {
    const cluster = id.split('.')[0]!;
    const world = await worlds(cluster);
    // of a cluster that was deleted, and perhaps made anew
    if (world === undefined || world.record.id !== id) return;
    world.clock.thaw();
    const logs = await Promise.all(
      spans.map(async ({ resource, first, last }) => {
        const changes = await readLog(world.store, world.clock, resource, first, last);
        return { resource, changes: await Promise.all(changes.map((change) => mapped(world.store, change))) };
      }),
    );
    // after the changes were read: what they are matched with must not be older than they are
    const changed = new Set(spans.map(({ resource }) => resource));
    await world.know([...(await lookedUp(world, changed)), ...lookedUpForNodes(changed)]);
    const dispatcher = dispatcherOf(world);
    for (const { resource, changes } of logs) dispatcher.dispatch(resource, changes);
    await Promise.all([dispatcher.flush(), ring(cluster, logs, world)]);
  }

  async function ring(cluster: string, logs: readonly { readonly resource: Resource; readonly changes: readonly Mapped[] }[], { cache }: World): Promise<void> {
    const sent: Promise<unknown>[] = [];
    if (logs.some(({ resource, changes }) => changes.some((change) => ringsScheduler(resource, change)))) sent.push(queues.schedule.send([schedulerBell(cluster)]));
    // a node without a queue is new, or gone, or hears of changes by HTTP; what a queue does not take is sent again with the batch
    for (const [node, bells] of bellsOf(cluster, logs, cache))
      sent.push(
        queues.nodes.ring(
          cluster,
          node,
          bells.map((bell) => JSON.stringify(bell)),
        ),
      );
    await Promise.all(sent);
  }

  return async (event) => {
    const byCluster = new Map<string, Span[]>();
    for (const span of spansOf(event)) byCluster.set(span.clusterId, [...(byCluster.get(span.clusterId) ?? []), span]);
    const results = await Promise.allSettled(Array.from(byCluster, ([id, spans]) => ofCluster(id, spans)));
    const failed = results.find((result) => result.status === 'rejected');
    // the whole batch comes again, halved by the mapping until what fails is alone
    if (failed !== undefined) throw failed.reason;
  };
}
