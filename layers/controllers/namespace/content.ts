/** Deletes what is in a namespace, resource by resource, and says what is left. */
import type { Client, Resource } from '#control/client.ts';
import type { Kind, KindRegistry } from '#kinds/kind.ts';
import type { KubeObject } from '#machinery/object.ts';
import { isConflict, isNotFound } from '#machinery/status.ts';

export interface Remaining {
  /** Objects left of each resource, as `pods.` or `deployments.apps`. */
  readonly instances: Map<string, number>;
  /** Objects left by the finalizer that they wait for. */
  readonly finalizers: Map<string, number>;
  /** What could not be deleted, as text. */
  readonly failures: string[];
}

/** Deletes at once, per resource: a namespace of thousands must not take the API server from its users. */
const AT_ONCE = 16;

/** Every namespaced resource that holds objects of its own, once. */
export function deletableResources(registry: KindRegistry): readonly Kind[] {
  const found = new Map<string, Kind>();
  for (const kind of registry.kinds()) {
    if (kind.namespaced && kind.verbs.includes('delete') && kind.verbs.includes('list') && !found.has(kind.storage))
      found.set(kind.storage, registry.byStorage(kind.storage) ?? kind);
  }
  return [...found.values()];
}

const count = (map: Map<string, number>, key: string): void => {
  map.set(key, (map.get(key) ?? 0) + 1);
};

async function deleteAll(client: Client, resource: Resource, namespace: string, objects: readonly KubeObject[], failures: string[]): Promise<void> {
  for (let at = 0; at < objects.length; at += AT_ONCE) {
    await Promise.all(
      objects.slice(at, at + AT_ONCE).map(async ({ metadata }) => {
        try {
          await client.delete(resource, namespace, metadata.name!, { propagationPolicy: 'Background', preconditions: { uid: metadata.uid! } });
        } catch (error) {
          // gone, or another one of that name by now: the next look sees it
          if (!isNotFound(error) && !isConflict(error)) failures.push(error instanceof Error ? error.message : String(error));
        }
      }),
    );
  }
}

/** One resource: deletes what is not on its way out already, then counts what is left. */
async function empty(client: Client, kind: Kind, namespace: string, remaining: Remaining): Promise<void> {
  const { items } = await client.list(kind.storage, { namespace });
  if (items.length === 0) return;
  const going = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  await deleteAll(client, kind.storage, namespace, going, remaining.failures);
  const left = going.length === 0 ? items : (await client.list(kind.storage, { namespace })).items;
  for (const { metadata } of left) {
    count(remaining.instances, `${kind.plural}.${kind.group}`);
    for (const finalizer of metadata.finalizers ?? []) count(remaining.finalizers, finalizer);
  }
}

/**
 * Pods first, and the rest only when they are gone: what a pod needs for its orderly end (its config maps, the policies that guard it)
 * is there as long as it is.
 */
export async function emptyNamespace(client: Client, registry: KindRegistry, namespace: string): Promise<Remaining> {
  const remaining: Remaining = { instances: new Map(), finalizers: new Map(), failures: [] };
  const kinds = deletableResources(registry);
  const pods = kinds.find(({ storage }) => storage === 'pods');
  if (pods !== undefined) {
    await empty(client, pods, namespace, remaining);
    if (remaining.instances.size > 0 || remaining.failures.length > 0) return remaining;
  }
  const rest = kinds.filter(({ storage }) => storage !== 'pods');
  const results = await Promise.allSettled(rest.map((kind) => empty(client, kind, namespace, remaining)));
  for (const result of results) if (result.status === 'rejected') remaining.failures.push(result.reason instanceof Error ? result.reason.message : String(result.reason));
  return remaining;
}
