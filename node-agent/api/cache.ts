/** What a reflector told, by namespace and name, with listeners. */
import type { KubeObject } from '#machinery/object.ts';
import type { ReflectorListener } from './reflector.ts';

export interface CacheListener<T> {
  changed(now: T | undefined, before: T | undefined): void;
}

export interface ObjectCache<T extends KubeObject = KubeObject> {
  /** Resolves once the first list is in. */
  readonly synced: Promise<void>;
  get(namespace: string, name: string): T | undefined;
  list(): readonly T[];
  /** Called for all that is known, then for each change; the answer ends it. */
  listen(listener: CacheListener<T>): () => void;
}

const keyOf = (object: KubeObject): string => `${object.metadata.namespace ?? ''}/${object.metadata.name}`;

export function createCache<T extends KubeObject>(): { readonly cache: ObjectCache<T>; readonly feed: ReflectorListener<T> } {
  const objects = new Map<string, T>();
  const listeners = new Set<CacheListener<T>>();
  const { promise: synced, resolve } = Promise.withResolvers<void>();
  const tell = (now: T | undefined, before: T | undefined): void => {
    for (const listener of listeners) listener.changed(now, before);
  };
  const put = (object: T): void => {
    const key = keyOf(object);
    const before = objects.get(key);
    if (before?.metadata.resourceVersion === object.metadata.resourceVersion && before?.metadata.uid === object.metadata.uid) return;
    objects.set(key, object);
    tell(object, before);
  };
  const drop = (key: string): void => {
    const before = objects.get(key);
    if (!objects.delete(key)) return;
    tell(undefined, before);
  };
  return {
    cache: {
      synced,
      get: (namespace, name) => objects.get(`${namespace}/${name}`),
      list: () => [...objects.values()],
      listen(listener) {
        listeners.add(listener);
        for (const object of objects.values()) listener.changed(object, undefined);
        return () => listeners.delete(listener);
      },
    },
    feed: {
      replaced(all) {
        const kept = new Set(all.map(keyOf));
        for (const key of objects.keys()) if (!kept.has(key)) drop(key);
        for (const object of all) put(object);
        resolve();
      },
      changed: put,
      deleted: (object) => drop(keyOf(object)),
    },
  };
}
