/** The newest changes of one resource in memory, up to the frontier and without a hole. */
import type { LoggedChange } from './records.ts';

/** Bytes of bodies held for one resource: some 3,000 pods. */
const LIMIT = 8 << 20;
/** What a change takes besides its body, about. */
const OVERHEAD = 600;

export class Recent {
  /** Every change above this is here. */
  from: number;
  #changes: LoggedChange[] = [];
  #start = 0;
  #bytes = 0;

  constructor(from: number) {
    this.from = from;
  }

  push(change: LoggedChange): void {
    this.#changes.push(change);
    this.#bytes += change.body.byteLength + OVERHEAD;
    while (this.#bytes > LIMIT && this.#changes.length - this.#start > 1) {
      const oldest = this.#changes[this.#start]!;
      this.#changes[this.#start++] = undefined as unknown as LoggedChange;
      this.#bytes -= oldest.body.byteLength + OVERHEAD;
      this.from = oldest.rv;
    }
    // moved in bulk, so that taking the oldest stays cheap
    if (this.#start > 512 && this.#start * 2 > this.#changes.length) {
      this.#changes = this.#changes.slice(this.#start);
      this.#start = 0;
    }
  }

  /** At most `limit` changes after `rv`; undefined where some are no longer here. */
  after(rv: number, limit = Infinity): readonly LoggedChange[] | undefined {
    if (rv < this.from) return undefined;
    let low = this.#start;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#changes[middle]!.rv <= rv) low = middle + 1;
      else high = middle;
    }
    return this.#changes.slice(low, low + limit);
  }
}
