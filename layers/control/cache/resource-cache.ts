/** The objects of one resource as of one resourceVersion, by namespace and name. */
import type { KubeObject } from '#machinery/object.ts';
import type { Change, StoredObject } from '#store/port.ts';
import type { Resource } from '../client.ts';
import type { Mapped } from '../controller.ts';
import { controllerOf, type OwnerIndex } from './owner-index.ts';

export type Keep = 'full' | 'metadata';

const NONE: readonly never[] = [];
const decoder = new TextDecoder();

/**
 * A stored body as controllers keep it. managedFields go: no controller reads them, and they are half of a small object. A
 * consequence to know: an object from the cache must not be PUT back as it is where its managers matter; the API server
 * restores the entries of an update that sends none.
 */
function parse(body: Uint8Array, keep: Keep): KubeObject {
  const object = JSON.parse(decoder.decode(body)) as KubeObject;
  // a copy without them and not `delete`, which would leave a hash table in the place of a compact object
  const { managedFields: _, ...metadata } = object.metadata;
  if (keep !== 'full') return { apiVersion: object.apiVersion, kind: object.kind, metadata };
  object.metadata = metadata;
  return object;
}

export class ResourceCache {
  readonly resource: Resource;
  readonly keep: Keep;
  readonly #owners: OwnerIndex;
  readonly #namespaces = new Map<string, Map<string, KubeObject>>();
  readonly #orphans = new Map<string, Map<string, KubeObject>>();
  #waiting: { rv: number; resolve: () => void }[] = [];
  /** The last answers of `list`, until something changes: reconciles of one burst ask for the same list. */
  readonly #lists = new Map<string, readonly KubeObject[]>();
  version = 0;

  constructor(resource: Resource, keep: Keep, owners: OwnerIndex) {
    this.resource = resource;
    this.keep = keep;
    this.#owners = owners;
  }

  get(namespace: string, name: string): KubeObject | undefined {
    return this.#namespaces.get(namespace)?.get(name);
  }

  list(namespace: string | undefined): readonly KubeObject[] {
    const wanted = namespace ?? '*';
    const known = this.#lists.get(wanted);
    if (known !== undefined) return known;
    const found = namespace === undefined ? [...this.#namespaces.values()].flatMap((objects) => [...objects.values()]) : [...(this.#namespaces.get(namespace)?.values() ?? NONE)];
    this.#lists.set(wanted, found);
    return found;
  }

  orphans(namespace: string): readonly KubeObject[] {
    return [...(this.#orphans.get(namespace)?.values() ?? NONE)];
  }

  /** Takes changes in order and says what each did; `frontier` as in the store's watch. */
  apply(changes: readonly Change[], frontier: number): Mapped[] {
    const mapped: Mapped[] = [];
    for (const change of changes) {
      if (change.rv <= this.version) continue;
      this.version = change.rv;
      const { namespace, name } = change.key;
      const old = this.get(namespace, name);
      if (change.type === 'removed') {
        if (old === undefined) continue;
        this.#drop(namespace, name, old);
        mapped.push({ old: parse(change.body, this.keep) });
        continue;
      }
      const now = parse(change.body, this.keep);
      this.#set(namespace, name, now, old);
      mapped.push(old === undefined ? { now } : old.metadata.uid === now.metadata.uid ? { old, now } : { now });
      // deleted and made anew between two looks: owners of the old one must hear of both
      if (old !== undefined && old.metadata.uid !== now.metadata.uid) mapped.push({ old });
    }
    this.#advance(frontier);
    return mapped;
  }

  /** Makes the cache equal to a list, and says what changed against what it held. */
  replace(items: readonly StoredObject[], rv: number): Mapped[] {
    const mapped: Mapped[] = [];
    const gone = new Map<string, Map<string, KubeObject>>();
    for (const [namespace, objects] of this.#namespaces) gone.set(namespace, new Map(objects));
    for (const { key, body } of items) {
      const old = this.get(key.namespace, key.name);
      gone.get(key.namespace)?.delete(key.name);
      const now = parse(body, this.keep);
      if (old?.metadata.resourceVersion === now.metadata.resourceVersion && old?.metadata.uid === now.metadata.uid) continue;
      this.#set(key.namespace, key.name, now, old);
      mapped.push(old === undefined ? { now } : { old, now });
    }
    for (const [namespace, objects] of gone) {
      for (const [name, old] of objects) {
        this.#drop(namespace, name, old);
        mapped.push({ old });
      }
    }
    this.#advance(rv);
    return mapped;
  }

  /** Resolves when the cache has seen `rv`. */
  until(rv: number): Promise<void> {
    if (this.version >= rv) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push({ rv, resolve });
    });
  }

  #advance(version: number): void {
    if (version > this.version) this.version = version;
    if (this.#waiting.length === 0) return;
    const still = [];
    for (const one of this.#waiting) {
      if (one.rv <= this.version) one.resolve();
      else still.push(one);
    }
    this.#waiting = still;
  }

  #set(namespace: string, name: string, now: KubeObject, old: KubeObject | undefined): void {
    const place = `${this.resource}\0${namespace}\0${name}`;
    if (old !== undefined) this.#owners.remove(place, old);
    this.#owners.add(this.resource, place, now);
    put(this.#namespaces, namespace, name, now);
    if (controllerOf(now) === undefined) put(this.#orphans, namespace, name, now);
    else this.#orphans.get(namespace)?.delete(name);
    this.#lists.clear();
  }

  #drop(namespace: string, name: string, old: KubeObject): void {
    this.#owners.remove(`${this.resource}\0${namespace}\0${name}`, old);
    for (const map of [this.#namespaces, this.#orphans]) {
      const objects = map.get(namespace);
      objects?.delete(name);
      if (objects?.size === 0) map.delete(namespace);
    }
    this.#lists.clear();
  }
}

function put(map: Map<string, Map<string, KubeObject>>, namespace: string, name: string, object: KubeObject): void {
  const objects = map.get(namespace);
  if (objects === undefined) map.set(namespace, new Map([[name, object]]));
  else objects.set(name, object);
}
