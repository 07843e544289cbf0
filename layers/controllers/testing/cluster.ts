/** The whole control plane in memory, but for its doors: the real API server with its admission, every controller, the scheduler. */
import { defaultPlugins } from '#apiserver/admission/default-plugins.ts';
import { createLocalClient } from '#apiserver/local-client.ts';
import { type ApiServer, createApiServer } from '#apiserver/server.ts';
import type { Client } from '#control/client.ts';
import { type Control, startControllers } from '#control/start.ts';
import { builtInKinds } from '#kinds/registry.ts';
import { systemClock as clock, systemIds as ids } from '#machinery/system.ts';
import { openMemoryQueue } from '#queue/memory/queue.ts';
import { SCHEDULER_RESOURCES } from '#scheduler/feed.ts';
import { type Scheduler, startScheduler } from '#scheduler/scheduler.ts';
import { openEmbeddedStore } from '#store/embedded/store.ts';
import type { Store } from '#store/port.ts';
import { bootstrap } from '../bootstrap/controller.ts';
import { clusterControllers } from '../index.ts';

export interface TestCluster {
  readonly client: Client;
  readonly control: Control;
  readonly scheduler: Scheduler;
  readonly store: Store;
  readonly errors: string[];
  /** Resolves when `holds` answers true; looks after every change. */
  until(what: string, holds: () => boolean, ms?: number): Promise<void>;
  stop(): Promise<void>;
}

const random = Math.random;

export async function startTestCluster(): Promise<TestCluster> {
  const errors: string[] = [];
  const store = await openEmbeddedStore({ directory: ':memory:', cluster: 'test', clock });
  const registry = builtInKinds();
  const server: ApiServer = createApiServer({
    store,
    registry,
    admission: defaultPlugins({ serviceCIDR: '10.96.0.0/16', nodePorts: [30000, 32767], defaultTolerationSeconds: 20, random, services: () => server.services }),
    authenticator: { authenticate: () => Promise.resolve(undefined) },
    authorizer: { authorize: () => ({ outcome: 'allow', reason: '' }) },
    clock,
    ids,
    random,
    log: (message, error) => errors.push(`${message} ${String(error)}`),
  });
  const client = createLocalClient(server.services);
  const options = { apiAddress: '192.0.2.1', apiPort: 6443, serviceCidr: '10.96.0.0/16', clientCa: 'PEM' };
  await bootstrap(options, client);
  const queue = openMemoryQueue({ clock, maxReceives: 12 });
  const onError = (what: string, error: unknown): void => void errors.push(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  const control = startControllers({
    store,
    queue,
    client,
    clock,
    ids,
    random,
    registry,
    alsoKeep: [...SCHEDULER_RESOURCES],
    controllers: clusterControllers({ registry, caBundle: 'PEM', clusterCidr: '10.244.0.0/16', bootstrap: options }),
    onError,
  });
  await control.ready;
  const scheduler = startScheduler({ cache: control.cache, client, events: control.events, clock, random, metrics: control.metrics, onError });
  return {
    client,
    control,
    scheduler,
    store,
    errors,
    until(what, holds, ms = 5000) {
      if (holds()) return Promise.resolve();
      return new Promise((resolve, reject) => {
        const cancel = setTimeout(() => {
          unsubscribe();
          reject(new Error(`${what} did not come about in ${ms} ms; ${errors.join('; ')}`));
        }, ms);
        const unsubscribe = control.cache.subscribe(() => {
          if (!holds()) return;
          clearTimeout(cancel);
          unsubscribe();
          resolve();
        });
      });
    },
    async stop() {
      await scheduler.stop();
      await control.stop();
      await queue.close();
      await store.close();
    },
  };
}
