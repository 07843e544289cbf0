/**
 * Two things that have to do with time. Messages whose time has come go from the queue that holds them to the one they are for. And the safety net under what waits for its time: every key that ought to look again by itself is rung, in case the message that carried its
 * time is among the dead letters. Runs while there are nodes; says when there are none, so that the schedule can be switched off.
 */
import { message } from '#control/work.ts';
import { schedulerBell } from '../dispatcher/bells.ts';
import { clusterQueue } from '../shared/cluster-queue.ts';
import type { Installation } from '../shared/installation.ts';
import { askSweep } from '../shared/sweep.ts';
import { type BatchResponse, failuresOf, messagesOf } from '../shared/queue-event.ts';

export interface TimerOptions {
  readonly installation: Installation;
  /** Switches the schedule of this function; absent: it is always on. */
  readonly schedule?: { off(): Promise<void> };
}

/** Controllers that look at an object again without a change, by the resource whose keys they take. */
const LOOKS_AGAIN: readonly (readonly [resource: string, controller: string])[] = [
  ['nodes', 'node-controller'],
  ['cronjobs.batch', 'cronjob-controller'],
];

/** Messages of the holding queue, put where they belong; those that could not stay. */
async function forward(event: unknown, { queues, log }: Installation): Promise<BatchResponse> {
  const failed = new Set<string>();
  await Promise.all(
    messagesOf(event).map(async ({ id, body }) => {
      try {
        const { queue, body: inner, group } = JSON.parse(body) as { readonly queue: string; readonly body: string; readonly group: string };
        const target = queue === 'schedule' ? queues.schedule : queues.reconcile;
        await target.send([{ body: inner, group }]);
      } catch (error) {
        log('a message whose time had come', error);
        failed.add(id);
      }
    }),
  );
  return failuresOf(failed);
}

/** Resources whose objects have an end. */
const EXPIRING = ['events'] as const;

export function createTimer({ installation, schedule }: TimerOptions): (event: unknown) => Promise<{ readonly nodes: number } | BatchResponse> {
  const { clusters, queues, log } = installation;
  return async (event) => {
    if (Array.isArray((event as { readonly Records?: unknown }).Records)) return forward(event, installation);
    let nodes = 0;
    for (const { name, id } of await clusters.list()) {
      try {
        const store = await installation.openStore(id);
        const queue = clusterQueue(queues.reconcile, name);
        for (const [resource, controller] of LOOKS_AGAIN) {
          const { items } = await store.list({ resource, version: 'any' });
          if (resource === 'nodes') nodes += items.length;
          const work = items.map(({ key }) => message({ controller, key: key.namespace === '' ? key.name : `${key.namespace}/${key.name}` }));
          if (work.length > 0) await queue.send(work);
        }
        // an event lives for an hour; nothing in a function may wait for that
        for (const resource of EXPIRING) await store.sweep?.(resource);
        if (nodes > 0) await queues.schedule.send([schedulerBell(name)]);
      } catch (error) {
        // one cluster that cannot be read must not keep the others from their turn
        log('the timer', error, { cluster: name });
      }
    }
    // those whose own message is among the dead letters
    for (const id of await clusters.deleted()) await askSweep(queues.reconcile, id);
    if (nodes === 0) await schedule?.off();
    return { nodes };
  };
}
