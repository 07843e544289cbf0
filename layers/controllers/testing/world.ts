/** Some controllers over the real API server, in memory, on a clock that the test moves: what they write has to pass validation. */
import { defaultPlugins } from '#apiserver/admission/default-plugins.ts';
import { createLocalClient } from '#apiserver/local-client.ts';
import { type ApiServer, createApiServer } from '#apiserver/server.ts';
import type { VirtualHandler } from '#apiserver/virtual/port.ts';
import type { Client } from '#control/client.ts';
import type { Controller } from '#control/controller.ts';
import { type Control, type ControlOptions, startControllers } from '#control/start.ts';
import { createFakeClock, type FakeClock, turn } from '#control/testing/fake-clock.ts';
import { createMemoryStore } from '#control/testing/memory-store.ts';
import { MAX_RECEIVES } from '#control/worker.ts';
import { builtInKinds } from '#kinds/registry.ts';
import type { KubeObject } from '#machinery/object.ts';
import { systemIds as ids } from '#machinery/system.ts';
import { openMemoryQueue } from '#queue/memory/queue.ts';

export interface ApiWorld extends Control {
  readonly client: Client;
  readonly clock: FakeClock;
  readonly errors: string[];
  /** Runs until nothing is left to do at this instant. */
  settle(): Promise<void>;
  /** Lets time go by in steps that leave delays longer than a queue's room to be asked for again. */
  pass(ms: number): Promise<void>;
  get<T extends KubeObject>(resource: string, name: string, namespace?: string): Promise<T>;
  all<T extends KubeObject>(resource: string, namespace?: string): Promise<readonly T[]>;
  /** A strategic merge patch of the status. */
  status(resource: string, name: string, status: unknown, namespace?: string): Promise<void>;
  /** `reason message` of every event, oldest first. */
  told(): Promise<string[]>;
}

/** Reconciles chain: each may take several turns of the event loop. */
const TURNS = 200;
/** Below SQS' longest delay. */
const STEP_MS = 300_000;

export async function createApiWorld(
  controllers: readonly Controller[],
  { alsoKeep = [], virtuals = [] }: { readonly alsoKeep?: NonNullable<ControlOptions['alsoKeep']>; readonly virtuals?: readonly VirtualHandler[] } = {},
): Promise<ApiWorld> {
  const store = createMemoryStore();
  const clock = createFakeClock();
  const registry = builtInKinds();
  const errors: string[] = [];
  const random = (): number => 0.5;
  const server: ApiServer = createApiServer({
    store,
    registry,
    admission: defaultPlugins({ serviceCIDR: '10.96.0.0/16', nodePorts: [30000, 32767], defaultTolerationSeconds: 20, random, services: () => server.services }),
    authenticator: { authenticate: () => Promise.resolve(undefined) },
    authorizer: { authorize: () => ({ outcome: 'allow', reason: '' }) },
    virtuals,
    clock,
    ids,
    random,
    log: (message, error) => errors.push(`${message} ${String(error)}`),
  });
  const client = createLocalClient(server.services);
  for (const name of ['default', 'kube-system']) {
    await client.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    await client.create('serviceaccounts', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: name } });
  }
  const control = startControllers({
    store,
    queue: openMemoryQueue({ clock, maxReceives: MAX_RECEIVES }),
    client,
    clock,
    ids,
    random,
    registry,
    controllers,
    alsoKeep,
    onError: (what, error) => errors.push(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
  });
  await control.ready;
  const all = async <T extends KubeObject>(resource: string, namespace?: string): Promise<readonly T[]> =>
    (await client.list<T>(resource, namespace === undefined ? {} : { namespace })).items;
  return {
    ...control,
    client,
    clock,
    errors,
    settle: () => turn(TURNS),
    async pass(ms) {
      for (let left = ms; left > 0; left -= STEP_MS) {
        await clock.advance(Math.min(left, STEP_MS));
        await turn(TURNS);
      }
    },
    get: (resource, name, namespace = 'default') => client.get(resource, namespace, name),
    all,
    async status(resource, name, status, namespace = 'default') {
      await client.patch(resource, namespace, name, { type: 'strategic', body: { status } }, 'status');
      await turn(TURNS);
    },
    async told() {
      await control.events.flush();
      return (await all<KubeObject & { reason: string; message: string }>('events')).map(({ reason, message }) => `${reason} ${message}`);
    },
  };
}
