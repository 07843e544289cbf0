/**
 * A batch of keys: each is reconciled exactly as in a process, by the same worker. A key that fails goes back to the queue alone, with its own
 * wait; the rest of the batch is done.
 */
import type { Resource } from '#control/client.ts';
import { ownerOf, parseWork } from '#control/work.ts';
import { createWorker, MAX_RECEIVES, type Worker } from '#control/worker.ts';
import type { Message, Queue } from '#queue/port.ts';
import { clusterOf } from '../shared/cluster-queue.ts';
import type { Installation } from '../shared/installation.ts';
import { type BatchResponse, failuresOf, messagesOf } from '../shared/queue-event.ts';
import { sweep, sweptBy } from '../shared/sweep.ts';
import type { World } from '../shared/world.ts';
import type { Worlds } from '../shared/worlds.ts';

/** Keys at once in one environment: reconciles wait for the store more than they compute. */
const AT_ONCE = 5;

export interface ReconcilerOptions {
  readonly installation: Installation;
  readonly worlds: Worlds;
  /** As the queue's redrive policy. */
  readonly maxReceives?: number;
}

/** What became of the messages of the batch at hand. */
interface Fate {
  readonly failed: Set<string>;
}

export function createReconciler({ installation, worlds, maxReceives = MAX_RECEIVES }: ReconcilerOptions): (event: unknown) => Promise<BatchResponse> {
  const { ids, random, log } = installation;
  const workers = new WeakMap<World, { readonly worker: Worker; readonly fates: Map<string, Fate> }>();

  function workerOf(world: World): { readonly worker: Worker; readonly fates: Map<string, Fate> } {
    const known = workers.get(world);
    if (known !== undefined) return known;
    const fates = new Map<string, Fate>();
    const queue: Queue = {
      ...world.queue,
      // Lambda deletes what is not told as failed
      done: async () => undefined,
      async retry(receipt, delaySeconds) {
        fates.get(receipt)?.failed.add(receipt);
        // the wait is the message's own; without it, it would come back when its visibility ends
        await world.queue.retry(receipt, delaySeconds);
      },
    };
    const worker = createWorker({
      controllers: world.controllers,
      cache: world.cache,
      queue,
      client: world.client,
      events: world.events,
      clock: world.clock,
      ids,
      random,
      metrics: world.metrics,
      maxReceives,
      onError: (what, error) => log(what, error, { cluster: world.record.name }),
    });
    const made = { worker, fates };
    workers.set(world, made);
    return made;
  }

  async function one(world: World, message: Message, again: boolean): Promise<void> {
    const { worker } = workerOf(world);
    // a key that was worked on in this very batch must see what that wrote
    if (again) await know(world, [message]);
    await worker.handle(message);
  }

  async function know(world: World, messages: readonly Message[]): Promise<void> {
    const resources = new Set<Resource>();
    const names = new Set(messages.map(({ body }) => parseWork(body)?.controller));
    for (const controller of world.controllers) if (names.has(controller.name)) for (const resource of await world.resourcesOf(controller)) resources.add(resource);
    await world.know(resources);
  }

  async function ofCluster(world: World, messages: readonly Message[], failed: Set<string>): Promise<void> {
    world.clock.thaw();
    await know(world, messages);
    const { fates } = workerOf(world);
    const fate: Fate = { failed: new Set() };
    const lanes = new Map<string, Message[]>();
    for (const message of messages) {
      fates.set(message.receipt, fate);
      const work = parseWork(message.body);
      const owner = work === undefined ? message.id : ownerOf(work);
      lanes.set(owner, [...(lanes.get(owner) ?? []), message]);
    }
    const left = Array.from(lanes.values());
    await Promise.all(
      Array.from({ length: Math.min(AT_ONCE, left.length) }, async () => {
        for (let lane = left.shift(); lane !== undefined; lane = left.shift()) {
          for (const [at, message] of lane.entries()) {
            // messages of a group come one after the other: behind one that stays, the others stay too
            if (lane.slice(0, at).some(({ id, receipt }) => failed.has(id) || fate.failed.has(receipt))) {
              failed.add(message.id);
              continue;
            }
            try {
              await one(world, message, at > 0);
            } catch (error) {
              // the queue did not take what the reconcile asked for: the message stays
              log('handling work', error, { cluster: world.record.name });
              failed.add(message.id);
            }
          }
        }
      }),
    );
    for (const message of messages) {
      if (fate.failed.has(message.receipt)) failed.add(message.id);
      fates.delete(message.receipt);
    }
    // nothing may be left for after the answer
    await world.events.flush();
  }

  return async (event) => {
    const failed = new Set<string>();
    const byCluster = new Map<string, Message[]>();
    for (const message of messagesOf(event)) {
      const swept = sweptBy(message.body);
      if (swept !== undefined) {
        await sweep(installation, swept).catch((error: unknown) => {
          log('removing what a deleted cluster left', error, { cluster: swept });
          failed.add(message.id);
        });
        continue;
      }
      const cluster = clusterOf(message.body);
      // a message that is nobody's is deleted: no later try would know it
      if (cluster === undefined) log(`a message that is no work: ${message.body.slice(0, 200)}`);
      else byCluster.set(cluster, [...(byCluster.get(cluster) ?? []), message]);
    }
    await Promise.all(
      Array.from(byCluster, async ([cluster, messages]) => {
        try {
          const world = await worlds(cluster);
          // a cluster that was deleted leaves messages behind
          if (world === undefined) return;
          await ofCluster(world, messages, failed);
        } catch (error) {
          log('a batch failed', error, { cluster });
          for (const { id } of messages) failed.add(id);
        }
      }),
    );
    return failuresOf(failed);
  };
}
