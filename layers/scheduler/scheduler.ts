/**
 * The scheduler: takes pods without a node in batches, decides each over the picture, and binds them side by side. The picture holds what
 * was decided and not yet seen (assumed), so a batch never promises the same room twice. Everything here can be rebuilt from the cache.
 */
import type { FedCache } from '#control/cache/cache.ts';
import type { Client } from '#control/client.ts';
import type { EventRecorder } from '#control/events/recorder.ts';
import type { Metrics } from '#control/metrics.ts';
import type { Clock, Random } from '#machinery/clock.ts';
import { isConflict, isNotFound } from '#machinery/status.ts';
import { bind } from './bind.ts';
import { evict, type Tell, writeUnscheduled } from './failure.ts';
import { createFeed, fill, SCHEDULER_NAME } from './feed.ts';
import { createFinder, type Diagnosis } from './find-node.ts';
import { unschedulableMessage } from './messages.ts';
import type { NodeInfo } from './picture/node-info.ts';
import { Picture } from './picture/picture.ts';
import type { Cycle } from './plugin.ts';
import { findVictims } from './preemption/preempt.ts';
import { createSchedulingQueue, type QueuedPod } from './queue/scheduling-queue.ts';

export interface SchedulerOptions {
  /** Must keep `SCHEDULER_RESOURCES`, whole, and have read them. */
  readonly cache: FedCache;
  readonly client: Client;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics?: Metrics;
  onError?(what: string, error: unknown): void;
}

export interface Scheduler {
  /** Pods that wait, by why. */
  sizes(): { readonly active: number; readonly backoff: number; readonly waiting: number };
  /** Resolves when nothing is being decided or bound. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

/** Pods decided without letting others (bindings, the cache) have their turn: a few milliseconds. */
const BATCH = 32;
/** Bindings under way at once. */
const BINDING = 256;

export function startScheduler({ cache, client: anyone, events, clock, random, metrics, onError }: SchedulerOptions): Scheduler {
  const client = anyone.as('system:kube-scheduler');
  const picture = new Picture();
  const find = createFinder(random);
  const queue = createSchedulingQueue(clock, random, () => wake());
  const tell: Tell = (pod, type, reason, message) => events.record(SCHEDULER_NAME, pod, type, reason, message);
  let stopped = false;
  let running = false;
  let underWay = 0;
  let waiters: (() => void)[] = [];

  function wake(): void {
    if (running || stopped) return;
    running = true;
    // after the changes that came together are all in the picture
    setImmediate(() => {
      running = false;
      step();
    });
  }
  function step(): void {
    if (stopped) return;
    const room = Math.min(BATCH, BINDING - underWay);
    const batch = room > 0 ? queue.take(room) : [];
    for (const queued of batch) {
      try {
        decide(queued);
      } catch (error) {
        onError?.(`scheduling ${queued.info.namespace}/${queued.info.name}`, error);
        queue.failed(queued, new Set());
      }
    }
    if (queue.ready() && underWay < BINDING) wake();
    else if (underWay === 0) settle();
  }
  function settle(): void {
    for (const resolve of waiters) resolve();
    waiters = [];
  }

  /** Runs on, and is waited for by `idle`. */
  function underway(work: Promise<void>, what: string): void {
    underWay++;
    void work
      .catch((error: unknown) => onError?.(what, error))
      .finally(() => {
        underWay--;
        if (queue.ready()) wake();
        else if (underWay === 0 && !running) settle();
      });
  }

  function decide(queued: QueuedPod): void {
    const cycle: Cycle = { pod: queued.info, picture, cache };
    const found = find(cycle);
    if ('node' in found) {
      const { info } = queued;
      picture.assume(info, found.node.name);
      picture.unnominate(info.uid);
      underway(bindPod(queued, found.node), `binding ${info.namespace}/${info.name}`);
      return;
    }
    underway(fail(queued, cycle, found.failed), `failing ${queued.info.namespace}/${queued.info.name}`);
  }

  async function bindPod(queued: QueuedPod, node: NodeInfo): Promise<void> {
    const { info } = queued;
    const name = `${info.namespace}/${info.name}`;
    try {
      if ((await bind(info, node, cache, client)) === 'waits') {
        picture.forget(info.uid);
        queue.failed(queued, new Set(['VolumeBinding']));
        return;
      }
      queue.done(queued);
      metrics?.count('scheduler_schedule_attempts_total', { profile: SCHEDULER_NAME, result: 'scheduled' });
      metrics?.observe('scheduler_pod_scheduling_sli_duration_seconds', {}, (clock.now() - queued.since) / 1000);
      tell(info.pod, 'Normal', 'Scheduled', `Successfully assigned ${name} to ${node.name}`);
    } catch (error) {
      picture.forget(info.uid);
      queue.happened('pod-gone');
      // deleted, or given a node by someone else: the cache will say so
      if (isNotFound(error)) {
        queue.done(queued);
        return;
      }
      queue.failed(queued, new Set());
      metrics?.count('scheduler_schedule_attempts_total', { profile: SCHEDULER_NAME, result: 'error' });
      const text = `binding rejected: running Bind plugin "DefaultBinder": ${error instanceof Error ? error.message : String(error)}`;
      tell(info.pod, 'Warning', 'FailedScheduling', text);
      if (!isConflict(error)) await writeUnscheduled(info, 'SchedulerError', text, undefined, { client, now: clock.now() });
    }
  }

  async function fail(queued: QueuedPod, cycle: Cycle, diagnosis: Diagnosis): Promise<void> {
    const { info } = queued;
    metrics?.count('scheduler_schedule_attempts_total', { profile: SCHEDULER_NAME, result: 'unschedulable' });
    const preemption = diagnosis.nodes === 0 ? { why: '' } : findVictims(cycle, diagnosis, random);
    const deps = { client, now: clock.now() };
    let message: string;
    let nominated: string | undefined;
    if ('candidate' in preemption) {
      message = unschedulableMessage(diagnosis, undefined);
      nominated = preemption.candidate.node.name;
      picture.nominate(info, nominated);
      // promised to less important pods that must look elsewhere now
      const lesser = Array.from(picture.nominated(nominated)).filter(({ priority }) => priority < info.priority);
      for (const { uid } of lesser) picture.unnominate(uid);
    } else message = unschedulableMessage(diagnosis, preemption.why);
    queue.failed(queued, diagnosis.plugins);
    tell(info.pod, 'Warning', 'FailedScheduling', message);
    await writeUnscheduled(info, 'Unschedulable', message, nominated, deps);
    if ('candidate' in preemption) {
      metrics?.count('scheduler_preemption_attempts_total', {});
      await evict(info, preemption.candidate, tell, deps);
    }
  }

  const feed = createFeed(picture, queue);
  const unsubscribe = cache.subscribe((resource, changes) => feed(resource, changes));
  fill(cache, feed);

  const idle = (): Promise<void> =>
    underWay === 0 && !running && !queue.ready()
      ? Promise.resolve()
      : new Promise((resolve) => {
          waiters.push(resolve);
        });
  return {
    sizes: () => queue.sizes(),
    idle,
    async stop() {
      stopped = true;
      unsubscribe();
      queue.stop();
      if (underWay > 0) {
        await new Promise<void>((resolve) => {
          waiters.push(resolve);
        });
      }
    },
  };
}
