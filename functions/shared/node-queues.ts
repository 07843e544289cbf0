/** A node's queue comes with its node and goes with it. The agent may take from its queue; making one is not its to do. */
import type { Controller } from '#control/controller.ts';
import type { NodeBells } from './installation.ts';

export function nodeQueueController(cluster: string, bells: Pick<NodeBells, 'ensure' | 'remove'>): Controller {
  return {
    name: 'node-queue-controller',
    watches: [
      {
        resource: 'nodes',
        keep: 'metadata',
        // a node that only changes keeps its queue
        keys: ({ old, now }) => (old === undefined ? [now!.metadata.name!] : now === undefined ? [old.metadata.name!] : []),
      },
    ],
    concurrency: 4,
    async reconcile(name, { cache }) {
      if (cache.get('nodes', '', name) === undefined) await bells.remove(cluster, name);
      else await bells.ensure(cluster, name);
      return {};
    },
  };
}
