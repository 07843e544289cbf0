/**
 * The safety net under what waits for its time: every key that ought to look again by itself is rung, in case the message that carried its
 * time is among the dead letters. Runs while there are nodes; says when there are none, so that the schedule can be switched off.
 */
import { message } from '#control/work.ts';
import { schedulerBell } from '../dispatcher/bells.ts';
import { clusterQueue } from '../shared/cluster-queue.ts';
import type { Installation } from '../shared/installation.ts';

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

export function createTimer({ installation, schedule }: TimerOptions): (event: unknown) => Promise<{ readonly nodes: number }> {
  const { clusters, queues, log } = installation;
  return async () => {
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
        if (nodes > 0) await queues.schedule.send([schedulerBell(name)]);
      } catch (error) {
        // one cluster that cannot be read must not keep the others from their turn
        log('the timer', error, { cluster: name });
      }
    }
    if (nodes === 0) await schedule?.off();
    return { nodes };
  };
}
