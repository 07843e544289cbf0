/**
 * From messages to reconciles. `handle` is one message: the loop of a process and the consumer of an SQS batch call the same.
 * At least once: a message is done only after its reconcile returned and whatever it asked for later is in the queue.
 */
import type { Clock, Ids, Random } from '#machinery/clock.ts';
import { ApiError, isConflict, isNotFound } from '#machinery/status.ts';
import type { Message, Queue } from '#queue/port.ts';
import { StoreTooNew, StoreUnavailable } from '#store/errors.ts';
import { backoff } from './backoff.ts';
import type { FedCache } from './cache/cache.ts';
import type { Client } from './client.ts';
import type { Controller, ControllerContext } from './controller.ts';
import type { EventRecorder } from './events/recorder.ts';
import { createExpectations } from './expectations.ts';
import type { Metrics } from './metrics.ts';
import { delayedMessage, LONGEST_DELAY_SECONDS, ownerOf, parseWork, type Work } from './work.ts';

export interface WorkerOptions {
  readonly controllers: readonly Controller[];
  readonly cache: FedCache;
  readonly queue: Queue;
  readonly client: Client;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly random: Random;
  readonly metrics: Metrics;
  /** The queue puts a message among the dead letters when it was handed out this often and failed each time. */
  readonly maxReceives?: number;
  onError?(what: string, error: unknown): void;
}

/** What failed goes to the dead letters after this many hand-outs: about a minute and a half with the waits below. */
export const MAX_RECEIVES = 12;
/** Controllers that own no user-visible work get this many keys at once; more gains nothing where writes share one log. */
const CONCURRENCY = 8;
/** Messages in hand, waiting for their controller's turn included: bounds memory, and far above what runs at once. */
const HELD = 512;
/** SQS' longest poll. */
const WAIT_SECONDS = 20;
/** A worker that dies gives its messages back after this; one that lives renews at a third of it. */
const VISIBILITY_SECONDS = 60;
/** How long a reconcile waits for the cache to see the key's own last writes, before the key goes back to the queue. */
const BEHIND_MS = 5_000;
/** A controller that asks again at once, again and again, must leave room for everything else in its process. */
const SHORTEST_AGAIN_SECONDS = 0.05;
/** Failures of the key's own. */
const RETRY = { firstMs: 50, maxMs: 30_000 };
/** Failures that pass by themselves: someone else wrote first, the server is busy. */
const TRANSIENT = { firstMs: 5, maxMs: 30_000 };

class CacheBehind extends Error {
  readonly code = 'CACHE_BEHIND';
}

/** Errors that say nothing about the key: they never make it poison. */
function isTransient(error: unknown): boolean {
  if (error instanceof CacheBehind || error instanceof StoreUnavailable || error instanceof StoreTooNew || isConflict(error)) return true;
  // an object that went while we worked on it; a resource that is not served is no such case
  if (isNotFound(error) && error.status.details?.name !== undefined) return true;
  return error instanceof ApiError && (error.status.code >= 500 || error.status.code === 429);
}

export interface Worker {
  handle(message: Message): Promise<void>;
  /** Takes messages until the signal aborts, and resolves when what was in hand then is finished. */
  run(signal: AbortSignal): Promise<void>;
}

export function createWorker(options: WorkerOptions): Worker {
  const { cache, queue, client, events, clock, ids, random, metrics, onError, maxReceives = MAX_RECEIVES } = options;
  const controllers = new Map(options.controllers.map((controller) => [controller.name, controller]));
  const clients = new Map(
    options.controllers.map(({ name }) => [name, client.as(`system:serviceaccount:kube-system:${name}`, ['system:serviceaccounts', 'system:serviceaccounts:kube-system'])]),
  );
  /** Of each controller that says so; one that watches everything reads everything. */
  const reads = new Map(
    options.controllers
      .filter(({ watchesAll }) => watchesAll === undefined)
      .map((controller) => [controller.name, new Set([...controller.watches.map(({ resource }) => resource), ...(controller.reads ?? [])])]),
  );
  const expectations = createExpectations(cache, (ms, callback) => clock.after(ms, callback));
  /** When each key's next "again after" rings, so that a key that is woken often does not fill the queue with them. Only saves messages. */
  const timers = new Map<string, number>();

  function contextOf(controller: Controller, owner: string): ControllerContext {
    return {
      client: expectations.recording(clients.get(controller.name)!, owner, (resource) => reads.get(controller.name)?.has(resource) ?? true),
      cache,
      clock,
      ids,
      random,
      event: (object, type, reason, text) => events.record(controller.name, object, type, reason, text),
    };
  }

  async function again(work: Work, asked: number): Promise<void> {
    const owner = ownerOf(work);
    const now = clock.now();
    const seconds = Math.max(asked, SHORTEST_AGAIN_SECONDS);
    // the queue's own limit counts: a message for an hour rings earlier, and then the rest has to be asked for anew
    const due = now + Math.min(seconds, LONGEST_DELAY_SECONDS) * 1000;
    const known = timers.get(owner);
    // one that rings earlier wakes the key, which then asks again for the rest
    if (known !== undefined && known > now && known <= due) return;
    timers.set(owner, due);
    await queue.send([delayedMessage({ controller: work.controller, key: work.key }, seconds, now)]);
  }

  async function reconcile(controller: Controller, work: Work): Promise<void> {
    const owner = ownerOf(work);
    if (!(await expectations.met(owner, BEHIND_MS))) throw new CacheBehind(`the cache does not show the last writes of ${owner} yet`);
    const due = timers.get(owner);
    if (due !== undefined && due <= clock.now()) timers.delete(owner);
    const result = await controller.reconcile(work.key, contextOf(controller, owner));
    if (result.requeueAfterSeconds !== undefined) await again(work, result.requeueAfterSeconds);
  }

  /** The message is about to become a dead letter: say so where a user looks. */
  function bury(controller: Controller, work: Work, error: unknown): void {
    metrics.count('paperplane_dead_letters_total', { controller: controller.name });
    const [namespace, name] = work.key.includes('/') ? (work.key.split('/', 2) as [string, string]) : ['', work.key];
    const resource = controller.watches[0]?.resource;
    const object = resource === undefined ? undefined : cache.get(resource, namespace, name);
    const text = error instanceof Error ? error.message : String(error);
    if (object !== undefined) events.record(controller.name, object, 'Warning', 'ReconcileFailed', `${controller.name} gave up until the next change: ${text}`);
  }

  async function handle(message: Message): Promise<void> {
    const work = parseWork(message.body);
    const controller = work === undefined ? undefined : controllers.get(work.controller);
    if (work === undefined || controller === undefined) {
      metrics.count('paperplane_foreign_messages_total', {});
      await queue.done([message.receipt]);
      return;
    }
    const started = clock.now();
    const labels = { name: controller.name };
    try {
      await reconcile(controller, work);
      await queue.done([message.receipt]);
    } catch (error) {
      metrics.count('workqueue_retries_total', labels);
      if (isTransient(error)) {
        const attempt = work.attempt ?? 0;
        await queue.send([delayedMessage({ ...work, attempt: attempt + 1 }, backoff(attempt, TRANSIENT, random) / 1000, clock.now())]);
        await queue.done([message.receipt]);
      } else {
        onError?.(`${controller.name} ${work.key}`, error);
        if (message.receives >= maxReceives) bury(controller, work, error);
        await queue.retry(message.receipt, backoff(message.receives - 1, RETRY, random) / 1000);
      }
    } finally {
      metrics.observe('workqueue_work_duration_seconds', labels, (clock.now() - started) / 1000);
    }
  }

  async function run(signal: AbortSignal): Promise<void> {
    const lanes = new Map(options.controllers.map((controller) => [controller.name, { limit: controller.concurrency ?? CONCURRENCY, running: 0, waiting: [] as Message[] }]));
    const held = new Map<string, Message>();
    let room: () => void = () => undefined;
    let idle: () => void = () => undefined;

    function start(lane: { running: number }, message: Message): void {
      lane.running++;
      handle(message)
        .catch((error: unknown) => onError?.('handling work', error))
        .finally(() => {
          lane.running--;
          held.delete(message.receipt);
          next();
          room();
          if (held.size === 0) idle();
        });
    }
    function next(): void {
      for (const lane of lanes.values()) {
        // after the end only what already runs is finished: the rest comes back to others by its visibility
        if (signal.aborted) for (const message of lane.waiting.splice(0)) held.delete(message.receipt);
        while (lane.running < lane.limit && lane.waiting.length > 0) start(lane, lane.waiting.shift()!);
      }
    }
    let cancelRenewal: () => void = () => undefined;
    const renew = (): void => {
      for (const receipt of held.keys()) queue.extend(receipt, VISIBILITY_SECONDS).catch((error: unknown) => onError?.('extending work', error));
      cancelRenewal = clock.after((VISIBILITY_SECONDS * 1000) / 3, renew);
    };
    cancelRenewal = clock.after((VISIBILITY_SECONDS * 1000) / 3, renew);

    for (let attempt = 0; !signal.aborted;) {
      try {
        const messages = await queue.receive({ max: HELD - held.size, waitSeconds: WAIT_SECONDS, visibilitySeconds: VISIBILITY_SECONDS, signal });
        attempt = 0;
        for (const message of messages) {
          held.set(message.receipt, message);
          const lane = lanes.get(parseWork(message.body)?.controller ?? '');
          if (lane === undefined) start({ running: 0 }, message);
          else lane.waiting.push(message);
        }
        next();
        while (held.size >= HELD && !signal.aborted) {
          await new Promise<void>((resolve) => {
            room = resolve;
          });
        }
      } catch (error) {
        if (signal.aborted) break;
        onError?.('receiving work', error);
        await new Promise<void>((resolve) => {
          clock.after(backoff(attempt++, { firstMs: 50, maxMs: 10_000 }, random), resolve);
        });
      }
    }
    next();
    if (held.size > 0) {
      await new Promise<void>((resolve) => {
        idle = resolve;
      });
    }
    cancelRenewal();
  }

  return { handle, run };
}
