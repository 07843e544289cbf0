/** The objects that this process has last read or written: what stood before a write is mostly known, and need not be read again. */
import type { ObjectKey } from '../port.ts';
import type { Stored } from './records.ts';

/** Bytes of bodies. */
const LIMIT = 16 << 20;
const OVERHEAD = 500;

const place = ({ resource, namespace, name }: ObjectKey): string => `${resource} ${namespace} ${name}`;

export class Heads {
  /** The oldest first: a Map keeps the order of insertion. */
  readonly #objects = new Map<string, Stored>();
  #bytes = 0;

  note(object: Stored): void {
    const key = place(object.key);
    const known = this.#objects.get(key);
    // a slow read must not put an older state in the place of a newer one
    if (known !== undefined && known.rv > object.rv) return;
    this.#forget(key, known);
    this.#objects.set(key, object);
    this.#bytes += object.body.byteLength + OVERHEAD;
    for (const [oldest, state] of this.#objects) {
      if (this.#bytes <= LIMIT) break;
      this.#forget(oldest, state);
    }
  }

  forget(key: ObjectKey): void {
    this.#forget(place(key), this.#objects.get(place(key)));
  }

  #forget(key: string, state: Stored | undefined): void {
    if (state === undefined) return;
    this.#objects.delete(key);
    this.#bytes -= state.body.byteLength + OVERHEAD;
  }

  /** The newest state that this process has seen, if the object was not removed since. */
  newest(key: ObjectKey): Stored | undefined {
    return this.#objects.get(place(key));
  }

  /** The state at exactly this resourceVersion, where it is known. */
  at(key: ObjectKey, rv: number): Stored | undefined {
    const known = this.#objects.get(place(key));
    return known?.rv === rv ? known : undefined;
  }
}
