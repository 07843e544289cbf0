/** The objects of one resource in memory, in key order: what gets, lists and preconditions read. */
import { compareUtf8 } from './keys.ts';
import type { Head } from './records.ts';

export interface Slot {
  head: Head;
  /** Its body was read since the cache last looked (body-cache.ts). */
  touched: boolean;
  /** Bytes the cache counts for its body. */
  counted: number;
}

interface Names {
  readonly namespace: string;
  readonly byName: Map<string, Slot>;
  readonly sorted: Slot[];
}

export interface Position {
  readonly namespace: string;
  readonly name: string;
}

export class Table {
  readonly #byNamespace = new Map<string, Names>();
  readonly #sorted: Names[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  count(namespace?: string): number {
    return namespace === undefined ? this.#size : (this.#byNamespace.get(namespace)?.sorted.length ?? 0);
  }

  get(namespace: string, name: string): Slot | undefined {
    return this.#byNamespace.get(namespace)?.byName.get(name);
  }

  set(head: Head): Slot {
    const { namespace, name } = head.key;
    let names = this.#byNamespace.get(namespace);
    if (names === undefined) {
      names = { namespace, byName: new Map(), sorted: [] };
      this.#byNamespace.set(namespace, names);
      this.#sorted.splice(place(this.#sorted, namespace, namespaceOf).index, 0, names);
    }
    const slot = names.byName.get(name);
    if (slot !== undefined) {
      slot.head = head;
      slot.touched = true;
      return slot;
    }
    const added = { head, touched: true, counted: 0 };
    names.byName.set(name, added);
    const last = names.sorted.at(-1);
    if (last === undefined || compareUtf8(nameOf(last), name) < 0) names.sorted.push(added);
    else names.sorted.splice(place(names.sorted, name, nameOf).index, 0, added);
    this.#size++;
    return added;
  }

  delete(namespace: string, name: string): Slot | undefined {
    const names = this.#byNamespace.get(namespace);
    const slot = names?.byName.get(name);
    if (names === undefined || slot === undefined) return undefined;
    names.byName.delete(name);
    names.sorted.splice(place(names.sorted, name, nameOf).index, 1);
    this.#size--;
    if (names.sorted.length === 0) {
      this.#byNamespace.delete(namespace);
      this.#sorted.splice(place(this.#sorted, namespace, namespaceOf).index, 1);
    }
    return slot;
  }

  /** Objects in key order, behind `after` where given, until `visit` answers false. */
  walk(namespace: string | undefined, after: Position | undefined, visit: (slot: Slot) => boolean): void {
    for (const { names, from } of this.#spans(namespace, after)) {
      for (let index = from; index < names.sorted.length; index++) if (!visit(names.sorted[index]!)) return;
    }
  }

  /** How many objects stand behind `after`. */
  behind(namespace: string | undefined, after: Position): number {
    let count = 0;
    for (const { names, from } of this.#spans(namespace, after)) count += names.sorted.length - from;
    return count;
  }

  *#spans(namespace: string | undefined, after: Position | undefined): Generator<{ names: Names; from: number }> {
    if (namespace !== undefined) {
      const names = this.#byNamespace.get(namespace);
      const order = after === undefined ? -1 : compareUtf8(after.namespace, namespace);
      if (names !== undefined && order <= 0) yield { names, from: order < 0 ? 0 : behindName(names, after!.name) };
      return;
    }
    const start = after === undefined ? 0 : place(this.#sorted, after.namespace, namespaceOf).index;
    for (let index = start; index < this.#sorted.length; index++) {
      const names = this.#sorted[index]!;
      yield { names, from: names.namespace === after?.namespace ? behindName(names, after.name) : 0 };
    }
  }
}

function behindName(names: Names, name: string): number {
  const { index, found } = place(names.sorted, name, nameOf);
  return found ? index + 1 : index;
}

const nameOf = (slot: Slot): string => slot.head.key.name;
const namespaceOf = (names: Names): string => names.namespace;

/** Where `key` stands or would stand. */
function place<T>(sorted: readonly T[], key: string, keyOf: (entry: T) => string): { readonly index: number; readonly found: boolean } {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const order = compareUtf8(keyOf(sorted[middle]!), key);
    if (order === 0) return { index: middle, found: true };
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return { index: low, found: false };
}
