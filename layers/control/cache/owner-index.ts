/** Which objects name which owner, over all resources: one map serves controllers (their pods) and the garbage collector (everything). */
import type { KubeObject, OwnerReference } from '#machinery/object.ts';
import type { Resource } from '../client.ts';
import type { Dependent } from '../controller.ts';

const NONE: readonly never[] = [];

/** The owner reference with `controller: true`; there is at most one. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true);
}

export class OwnerIndex {
  /** Owner's uid -> dependent's place (resource, namespace and name) -> dependent. */
  readonly #byOwner = new Map<string, Map<string, Dependent>>();

  add(resource: Resource, place: string, object: KubeObject): void {
    const references = object.metadata.ownerReferences;
    if (references === undefined || references.length === 0) return;
    const dependent = { resource, object };
    for (const { uid } of references) {
      const known = this.#byOwner.get(uid);
      if (known === undefined) this.#byOwner.set(uid, new Map([[place, dependent]]));
      else known.set(place, dependent);
    }
  }

  remove(place: string, object: KubeObject): void {
    for (const { uid } of object.metadata.ownerReferences ?? NONE) {
      const known = this.#byOwner.get(uid);
      if (known === undefined) continue;
      known.delete(place);
      if (known.size === 0) this.#byOwner.delete(uid);
    }
  }

  dependents(uid: string): readonly Dependent[] {
    const known = this.#byOwner.get(uid);
    return known === undefined ? NONE : [...known.values()];
  }

  ownedBy(resource: Resource, uid: string): KubeObject[] {
    const found: KubeObject[] = [];
    for (const dependent of this.#byOwner.get(uid)?.values() ?? NONE) {
      if (dependent.resource === resource && controllerOf(dependent.object)?.uid === uid) found.push(dependent.object);
    }
    return found;
  }
}
