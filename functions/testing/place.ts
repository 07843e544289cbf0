/**
 * The functions around an embedded store and memory queues, driven as Lambda would: the log as a table stream, queues through event source mappings,
 * several environments of each function that are thrown away at random. Everything in this process, so that tests can look inside.
 */
import { memoryClusters } from '#cloud/local/clusters.ts';
import type { Controller } from '#control/controller.ts';
import type { Client } from '#control/client.ts';
import { mapQueue, type Mapping } from '#infra/gateway/mappings/queue.ts';
import type { Lambda } from '#infra/gateway/lambda/service.ts';
import { builtInKinds } from '#kinds/registry.ts';
import { systemClock, systemIds } from '#machinery/system.ts';
import { openMemoryQueue } from '#queue/memory/queue.ts';
import type { Queue } from '#queue/port.ts';
import { SCHEDULER_RESOURCES } from '#scheduler/feed.ts';
import { openEmbeddedStore } from '#store/embedded/store.ts';
import type { Store } from '#store/port.ts';
import { createDispatcherFunction } from '../dispatcher/handler.ts';
import { createReconciler } from '../reconciler/handler.ts';
import { createSchedulerFunction } from '../scheduler/handler.ts';
import { openCluster } from '../shared/cluster.ts';
import type { Installation, NodeBells } from '../shared/installation.ts';
import { openWorlds } from '../shared/worlds.ts';
import { testRecord } from './cluster.ts';

export type FunctionName = 'dispatcher' | 'reconciler' | 'scheduler';
type Handler = (event: unknown) => Promise<unknown>;

export interface PlaceOptions {
  readonly moreControllers?: readonly Controller[];
  readonly maxReceives?: number;
  /** The chance that an environment is thrown away after an invocation, that an answer is lost (the batch comes again), that a batch comes twice. */
  readonly chaos?: { readonly discard: number; readonly lose: number; readonly duplicate: number };
  readonly random?: () => number;
}

export interface Place {
  readonly installation: Installation;
  readonly store: Store;
  readonly client: Client;
  readonly nodeQueue: (node: string) => Queue;
  /** Nodes that have a queue now. */
  readonly nodesWithQueue: () => readonly string[];
  readonly metrics: string[];
  readonly logged: { readonly message: string; readonly error: unknown }[];
  readonly dead: string[];
  readonly invocations: Record<FunctionName, number>;
  /** How many environments were made. */
  readonly environments: Record<FunctionName, number>;
  until(test: () => boolean | Promise<boolean>, limitMs?: number): Promise<void>;
  stop(): Promise<void>;
}

const VISIBILITY_SECONDS = 2;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function startPlace({
  moreControllers = [],
  maxReceives = 5,
  chaos = { discard: 0, lose: 0, duplicate: 0 },
  random = Math.random,
}: PlaceOptions = {}): Promise<Place> {
  const store = await openEmbeddedStore({ directory: ':memory:', cluster: 'test', clock: systemClock });
  const logged: Place['logged'] = [] as never;
  const dead: string[] = [];
  const metrics: string[] = [];
  const open = (): Queue => openMemoryQueue({ clock: systemClock, maxReceives, onDead: ({ body }) => void dead.push(body) });
  const nodeQueues = new Map<string, Queue>();
  const nodeQueue = (node: string): Queue => {
    let queue = nodeQueues.get(node);
    if (queue === undefined) nodeQueues.set(node, (queue = open()));
    return queue;
  };
  const nodes: NodeBells = {
    ensure: async (_, node) => void nodeQueue(node),
    remove: async (_, node) => void nodeQueues.delete(node),
    ring: async (_, node, bodies) => {
      await nodeQueues.get(node)?.send(bodies.map((body) => ({ body })));
      return nodeQueues.has(node);
    },
  };
  const queues = { reconcile: open(), schedule: open(), nodes };
  const record = testRecord();
  const installation: Installation = {
    clusters: memoryClusters([record]),
    openStore: async () => store,
    queues,
    clock: systemClock,
    ids: systemIds,
    random,
    log: (message, error) => void (logged as { message: string; error: unknown }[]).push({ message, error }),
    caBundle: 'CA',
    api: { address: '10.0.0.1', port: 443 },
  };
  const make: Record<FunctionName, () => Handler> = {
    dispatcher: () => createDispatcherFunction({ installation, worlds: openWorlds(installation, { moreControllers }) }),
    reconciler: () => createReconciler({ installation, worlds: openWorlds(installation, { moreControllers, writeMetric: (line) => void metrics.push(line) }), maxReceives }),
    scheduler: () => createSchedulerFunction({ installation, worlds: openWorlds(installation, { alsoKeep: [...SCHEDULER_RESOURCES], moreControllers }) }),
  };
  const free: Record<FunctionName, Handler[]> = { dispatcher: [], reconciler: [], scheduler: [] };
  const invocations = { dispatcher: 0, reconciler: 0, scheduler: 0 };
  const environments = { dispatcher: 0, reconciler: 0, scheduler: 0 };

  async function run(name: FunctionName, event: unknown): Promise<unknown> {
    let handler = free[name].pop();
    if (handler === undefined) {
      handler = make[name]();
      environments[name]++;
    }
    invocations[name]++;
    const answer = await handler(event);
    if (random() >= chaos.discard) free[name].push(handler);
    if (random() < chaos.lose) throw new Error('the answer was lost');
    return answer;
  }
  const lambda: Lambda = {
    async invoke(name, event) {
      const answer = await run(name as FunctionName, event);
      return { id: '', answer: { type: 'whole', body: Buffer.from(JSON.stringify(answer ?? null)) }, over: Promise.resolve() };
    },
    stats: () => {
      throw new Error('not kept');
    },
    discardAll: () => undefined,
    close: async () => undefined,
  };
  const nastiness = { discard: 0, throttle: 0, duplicate: chaos.duplicate, delayMs: 0 };
  const mapOf = (queue: Queue, functionName: FunctionName, concurrency: number): Mapping =>
    mapQueue({ lambda, functionName, queue, arn: functionName, region: 'local', batchSize: 10, concurrency, visibilitySeconds: VISIBILITY_SECONDS, random, nastiness });
  const mappings = [mapOf(queues.reconcile, 'reconciler', 3), mapOf(queues.schedule, 'scheduler', 2)];

  // the log as the table's stream would tell it
  let waiting: object[] = [];
  let stopped = false;
  let delivering: Promise<void> | undefined;
  async function deliver(): Promise<void> {
    while (waiting.length > 0 && !stopped) {
      const Records = waiting.splice(0, 100);
      const times = random() < chaos.duplicate ? 2 : 1;
      for (let done = 0; done < times;) {
        try {
          await run('dispatcher', { Records });
          done++;
        } catch (error) {
          installation.log('the dispatcher failed', error);
          if (stopped) return;
          await pause(50);
        }
      }
    }
    delivering = undefined;
  }
  const stops: (() => void)[] = [];
  for (const resource of new Set(
    builtInKinds()
      .kinds()
      .map(({ storage }) => storage),
  )) {
    if (resource === 'events') continue;
    stops.push(
      await store.watch(resource, await store.frontier(resource), {
        changes(changes) {
          for (const { rv } of changes) waiting.push({ dynamodb: { Keys: { pk: { S: `test.1/${resource}/c/${rv % 4}` }, sk: { S: String(rv).padStart(16, '0') } } } });
          if (waiting.length > 0) delivering ??= deliver();
        },
        expired: () => undefined,
      }),
    );
  }
  const { client } = await openCluster({ record, store, registry: builtInKinds(), authenticators: [], clock: systemClock, ids: systemIds, random, log: installation.log });
  return {
    installation,
    store,
    client: client.as('admin', ['system:masters']),
    nodeQueue,
    nodesWithQueue: () => Array.from(nodeQueues.keys()),
    metrics,
    logged,
    dead,
    invocations,
    environments,
    async until(test, limitMs = 20_000) {
      for (const end = Date.now() + limitMs; Date.now() < end; await pause(20)) if (await test()) return;
      throw new Error(`not reached; logged: ${logged.map(({ message, error }) => `${message} ${error instanceof Error ? error.message : ''}`).join('; ')}`);
    },
    async stop() {
      stopped = true;
      for (const stop of stops) stop();
      waiting = [];
      await delivering;
      await Promise.all(mappings.map((mapping) => mapping.stop()));
      await Promise.all([queues.reconcile, queues.schedule, ...nodeQueues.values()].map((queue) => queue.close()));
      await store.close();
    },
  };
}
