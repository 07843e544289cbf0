/** A cluster without nodes for tests of controllers: store, API, queue and the runtime, on a clock that the test moves. */
import type { KindRegistry } from '#kinds/kind.ts';
import type { Ids } from '#machinery/clock.ts';
import type { KubeObject } from '#machinery/object.ts';
import type { Client } from '../client.ts';
import type { Controller } from '../controller.ts';
import { type Control, type ControlOptions, startControllers } from '../start.ts';
import { createFakeApi } from './fake-api.ts';
import { createFakeClock, type FakeClock, turn } from './fake-clock.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';
import { MAX_RECEIVES } from '../worker.ts';
import { openMemoryQueue } from '#queue/memory/queue.ts';

export interface World extends Control {
  readonly store: MemoryStore;
  readonly client: Client;
  readonly clock: FakeClock;
  readonly ids: Ids;
  readonly errors: string[];
  /** Runs until nothing is left to do at this instant. */
  settle(): Promise<void>;
  /** All objects of a resource, in the order of their names. */
  all<T extends KubeObject>(resource: string, namespace?: string): Promise<readonly T[]>;
  depth(): Promise<{ readonly waiting: number; readonly inWork: number; readonly dead: number }>;
}

export interface WorldOptions {
  readonly controllers: readonly Controller[];
  /** There before the controllers start: resource and object. */
  readonly objects?: readonly (readonly [resource: string, object: KubeObject])[];
  readonly alsoKeep?: ControlOptions['alsoKeep'];
  /** Kinds that a controller of everything follows, and the registry it asks. */
  readonly registry?: KindRegistry;
  /** Throws what the API server's admission would. */
  admit?(verb: 'create' | 'update' | 'delete', resource: string, object: KubeObject): void;
}

function countingIds(): Ids {
  let serial = 0;
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
  return {
    uid: () => `00000000-0000-4000-8000-${(++serial).toString(16).padStart(12, '0')}`,
    suffix(length) {
      let value = ++serial;
      let text = '';
      for (let i = 0; i < length; i++) {
        text = alphabet[value % alphabet.length]! + text;
        value = Math.floor(value / alphabet.length);
      }
      return text;
    },
  };
}

/** A registry of these: `[storage, Kind, namespaced]`. */
export function registryOf(served: readonly (readonly [storage: string, kind: string, namespaced: boolean])[]): KindRegistry {
  const kinds = served.map(([storage, kind, namespaced]) => {
    const dot = storage.indexOf('.');
    const [plural, group] = dot < 0 ? [storage, ''] : [storage.slice(0, dot), storage.slice(dot + 1)];
    return { storage, plural, group, version: 'v1', kind, namespaced, verbs: ['list', 'watch', 'delete'] };
  }) as unknown as ReturnType<KindRegistry['kinds']>;
  return {
    byResource: () => undefined,
    byKind: (group, _, kind) => kinds.find((one) => one.group === group && one.kind === kind),
    byStorage: (storage) => kinds.find((one) => one.storage === storage),
    virtual: () => undefined,
    kinds: () => kinds,
    virtuals: () => [],
    schema: () => undefined,
  };
}

/** Enough kinds for tests of what follows everything. */
export const SMALL_REGISTRY = registryOf([
  ['namespaces', 'Namespace', false],
  ['nodes', 'Node', false],
  ['pods', 'Pod', true],
  ['configmaps', 'ConfigMap', true],
  ['secrets', 'Secret', true],
  ['services', 'Service', true],
  ['serviceaccounts', 'ServiceAccount', true],
  ['resourcequotas', 'ResourceQuota', true],
  ['replicationcontrollers', 'ReplicationController', true],
  ['deployments.apps', 'Deployment', true],
  ['replicasets.apps', 'ReplicaSet', true],
]);

export async function createWorld(options: WorldOptions): Promise<World> {
  const store = createMemoryStore();
  const clock = createFakeClock();
  const ids = countingIds();
  const client = createFakeApi({ store, clock, ids, ...(options.admit === undefined ? {} : { admit: options.admit }) });
  for (const [resource, object] of options.objects ?? []) await client.create(resource, object);
  const queue = openMemoryQueue({ clock, maxReceives: MAX_RECEIVES });
  const errors: string[] = [];
  const control = startControllers({
    store,
    queue,
    client,
    clock,
    ids,
    random: () => 0.5,
    registry: options.registry ?? registryOf([]),
    controllers: options.controllers,
    ...(options.alsoKeep === undefined ? {} : { alsoKeep: options.alsoKeep }),
    onError: (what, error) => errors.push(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
  });
  await control.ready;
  const world: World = {
    ...control,
    store,
    client,
    clock,
    ids,
    errors,
    settle: () => turn(),
    all: async <T extends KubeObject>(resource: string, namespace?: string) => (await client.list<T>(resource, namespace === undefined ? {} : { namespace })).items,
    depth: () => queue.depth(),
  };
  await world.settle();
  return world;
}
