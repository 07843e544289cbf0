/**
 * A bell: the scheduler looks at all pods without a node of the clusters that rang. Its picture of a cluster stays in the environment and
 * catches up with the log. The queue's group lets one environment at a time decide for a cluster.
 */
import { SCHEDULER_RESOURCES } from '#scheduler/feed.ts';
import { type Scheduler, startScheduler } from '#scheduler/scheduler.ts';
import { schedulerBell } from '../dispatcher/bells.ts';
import { clusterOf } from '../shared/cluster-queue.ts';
import type { Installation } from '../shared/installation.ts';
import { type BatchResponse, failuresOf, messagesOf } from '../shared/queue-event.ts';
import type { World } from '../shared/world.ts';
import type { Worlds } from '../shared/worlds.ts';

/** Pods that wait out a backoff are looked at again after this, and all others that found no place after the longer time. Seconds. */
const BACKOFF_SECONDS = 2;
const FORGOTTEN_SECONDS = 300;

export interface SchedulerFunctionOptions {
  readonly installation: Installation;
  readonly worlds: Worlds;
}

export function createSchedulerFunction({ installation, worlds }: SchedulerFunctionOptions): (event: unknown) => Promise<BatchResponse> {
  const { random, log, queues } = installation;
  const schedulers = new WeakMap<World, Scheduler>();

  function schedulerOf(world: World): Scheduler {
    const known = schedulers.get(world);
    if (known !== undefined) return known;
    const { cache, client, events, metrics, clock } = world;
    const made = startScheduler({ cache, client, events, clock, random, metrics, onError: (what, error) => log(what, error, { cluster: world.record.name }) });
    schedulers.set(world, made);
    return made;
  }

  async function ofCluster(cluster: string): Promise<void> {
    const world = await worlds(cluster);
    if (world === undefined) return;
    await world.know(SCHEDULER_RESOURCES);
    const scheduler = schedulerOf(world);
    world.clock.thaw();
    await scheduler.idle();
    await world.events.flush();
    const { backoff, waiting, active } = scheduler.sizes();
    const seconds = backoff + active > 0 ? BACKOFF_SECONDS : waiting > 0 ? FORGOTTEN_SECONDS : undefined;
    if (seconds === undefined) return;
    const due = Math.ceil(world.clock.now() / 1000 / seconds);
    await queues.schedule.send([{ ...schedulerBell(cluster), dedupe: `${cluster} after ${seconds} ${due}`, delaySeconds: seconds }]);
  }

  return async (event) => {
    const failed = new Set<string>();
    const rung = new Map<string, string[]>();
    for (const { id, body } of messagesOf(event)) {
      const cluster = clusterOf(body);
      if (cluster !== undefined) rung.set(cluster, [...(rung.get(cluster) ?? []), id]);
    }
    await Promise.all(
      Array.from(rung, async ([cluster, ids]) => {
        try {
          await ofCluster(cluster);
        } catch (error) {
          log('scheduling', error, { cluster });
          for (const id of ids) failed.add(id);
        }
      }),
    );
    return failuresOf(failed);
  };
}
