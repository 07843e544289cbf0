/** All objects of a resource, parsed, kept at hand by following the change log: what configures admission is asked for by every write. */
import type { KubeObject } from '#machinery/object.ts';
import type { ResourceName, Store } from '#store/port.ts';
import { parseBytes } from '../../write/body.ts';

export interface Followed<T extends KubeObject> {
  /** Sorted by name. Starts to follow on the first call. */
  items(): readonly T[] | Promise<readonly T[]>;
}

const byName = (a: KubeObject, b: KubeObject): number => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1);

export function follow<T extends KubeObject>(store: () => Store, resource: ResourceName): Followed<T> {
  const objects = new Map<string, T>();
  let sorted: readonly T[] | undefined;
  let starting: Promise<void> | undefined;
  let ready = false;

  async function start(): Promise<void> {
    const page = await store().list({ resource, version: 'latest' });
    objects.clear();
    for (const item of page.items) objects.set(`${item.key.namespace}/${item.key.name}`, parseBytes<T>(item.body));
    sorted = undefined;
    await store().watch(resource, page.rv, {
      changes(changes) {
        for (const change of changes) {
          const key = `${change.key.namespace}/${change.key.name}`;
          if (change.type === 'removed') objects.delete(key);
          else objects.set(key, parseBytes<T>(change.body));
        }
        if (changes.length > 0) sorted = undefined;
      },
      expired() {
        ready = false;
        starting = undefined;
      },
    });
    ready = true;
  }

  const current = (): readonly T[] => (sorted ??= [...objects.values()].sort(byName));
  return {
    items() {
      if (ready) return current();
      starting ??= start().catch((error: unknown) => {
        starting = undefined;
        throw error;
      });
      return starting.then(current);
    },
  };
}
