/** Controllers that only an installation of functions has: what a process does once when it starts is work in the queue here. */
import { bootstrapRbac } from '#apiserver/authz/rbac-bootstrap.ts';
import type { Client } from '#control/client.ts';
import type { Controller } from '#control/controller.ts';
import { bootstrap as bootstrapObjects } from '#controllers/bootstrap/controller.ts';
import { serviceLbController } from '#controllers/service-lb/controller.ts';
import { nodeAddressBalancers } from '#cloud/local/load-balancers.ts';
import type { BootstrapOptions } from '#controllers/bootstrap/objects.ts';

/** The key under which a new cluster gets its first objects, and an old one what a newer version added. */
export const CLUSTER_BOOTSTRAP = { controller: 'cluster-bootstrap', key: 'cluster' } as const;

export function installationControllers({ bootstrap, client }: { readonly bootstrap: BootstrapOptions; readonly client: Client }): readonly Controller[] {
  const system = client.as('system:apiserver', ['system:masters']);
  return [
    {
      name: CLUSTER_BOOTSTRAP.controller,
      watches: [],
      concurrency: 1,
      async reconcile() {
        await bootstrapObjects(bootstrap, system);
        await bootstrapRbac(system);
        return {};
      },
    },
  ];
}

/** The schedule of the timer function. */
export interface Switch {
  on(): Promise<void>;
  off(): Promise<void>;
}

/** The timer runs while there are nodes: the first one switches it on, and it switches itself off. */
export function timerSwitch(schedule: Pick<Switch, 'on'>): Controller {
  return {
    name: 'timer-switch',
    watches: [{ resource: 'nodes', keys: ({ old, now }) => (old === undefined && now !== undefined ? ['timer'] : []) }],
    concurrency: 1,
    async reconcile() {
      await schedule.on();
      return {};
    },
  };
}

/** What the reconciler has besides the cluster's own, for who only maps changes to keys and never reconciles. */
export function mappedControllers(cluster: string): readonly Controller[] {
  return [serviceLbController({ balancers: nodeAddressBalancers(), cluster }), timerSwitch({ on: async () => undefined })];
}
