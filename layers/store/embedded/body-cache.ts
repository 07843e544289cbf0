/** Bounds the bytes of bodies that tables hold. What is dropped is read from the log when it is asked for again. */
import type { Slot } from './table.ts';

/**
 * First in, first out with a second chance for what was read meanwhile: no bookkeeping on reads but a flag.
 * A head is replaced, never changed: whoever holds the old one keeps its body.
 */
export class BodyCache {
  readonly #limit: number;
  #queue: Slot[] = [];
  #next = 0;
  #gone = 0;
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** After a slot got a head with a body, the first or another one. */
  count(slot: Slot): void {
    const bytes = slot.head.body?.byteLength ?? 0;
    if (slot.counted === 0) this.#queue.push(slot);
    this.#bytes += bytes + 1 - slot.counted;
    slot.counted = bytes + 1;
    while (this.#bytes > this.#limit && this.#next < this.#queue.length) this.#turn();
    this.#compact();
  }

  /** After a slot left its table. */
  forget(slot: Slot): void {
    if (slot.counted === 0) return;
    this.#bytes -= slot.counted;
    slot.counted = 0;
    this.#gone++;
  }

  #turn(): void {
    const slot = this.#queue[this.#next++]!;
    if (slot.counted === 0) {
      this.#gone--;
      return;
    }
    if (slot.touched) {
      slot.touched = false;
      this.#queue.push(slot);
      return;
    }
    const { key, rv, uid, labels, fields } = slot.head;
    slot.head = { key, rv, uid, labels, fields };
    this.#bytes -= slot.counted;
    slot.counted = 0;
  }

  /** Objects that come and go within the budget must not pile up in the queue. */
  #compact(): void {
    const passed = this.#next > 4096 && this.#next * 2 > this.#queue.length;
    const stale = this.#gone > 4096 && this.#gone * 2 > this.#queue.length - this.#next;
    if (!passed && !stale) return;
    this.#queue = this.#queue.slice(this.#next).filter((slot) => slot.counted > 0);
    this.#next = 0;
    this.#gone = 0;
  }
}
