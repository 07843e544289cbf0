/** A heap of things that are due at a time, from which any of them can be taken out. */
export interface Deadline {
  /** Milliseconds since the epoch. */
  due: number;
  /** Where it stands in the heap; -1: not in it. Kept by the heap. */
  place: number;
}

export class Deadlines<T extends Deadline> {
  readonly #heap: T[] = [];

  get first(): T | undefined {
    return this.#heap[0];
  }

  add(entry: T): void {
    this.#heap.push(entry);
    this.#up(this.#heap.length - 1, entry);
  }

  remove(entry: T): void {
    const { place } = entry;
    if (place < 0) return;
    entry.place = -1;
    const last = this.#heap.pop()!;
    if (last === entry) return;
    this.#up(place, last);
    this.#down(last.place, last);
  }

  #up(from: number, entry: T): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = this.#heap[parent]!;
      if (above.due <= entry.due) break;
      this.#put(place, above);
      place = parent;
    }
    this.#put(place, entry);
  }

  #down(from: number, entry: T): void {
    let place = from;
    for (;;) {
      let child = place * 2 + 1;
      if (child >= this.#heap.length) break;
      if (child + 1 < this.#heap.length && this.#heap[child + 1]!.due < this.#heap[child]!.due) child++;
      const below = this.#heap[child]!;
      if (below.due >= entry.due) break;
      this.#put(place, below);
      place = child;
    }
    this.#put(place, entry);
  }

  #put(place: number, entry: T): void {
    this.#heap[place] = entry;
    entry.place = place;
  }
}
