/**
 * Who is next: one lane for each group, served in turn so that a busy group does not hold up the others; within a lane in the order
 * of sending, one at a time. A message without a group has a lane to itself.
 */
export interface Queued {
  readonly group: string | undefined;
  /** Order of sending. */
  readonly serial: number;
}

interface Lane<T> {
  readonly group: string | undefined;
  readonly ready: T[];
  busy: boolean;
  queued: boolean;
}

export class Lanes<T extends Queued> {
  readonly #groups = new Map<string, Lane<T>>();
  #turns: Lane<T>[] = [];
  #next = 0;

  /** Makes a message ready: behind those sent before it, before those sent after it. */
  add(entry: T): void {
    const lane = this.#lane(entry.group);
    let place = lane.ready.length;
    while (place > 0 && lane.ready[place - 1]!.serial > entry.serial) place--;
    lane.ready.splice(place, 0, entry);
    this.#queue(lane);
  }

  /** The next message; its group is held until `release`. */
  take(): T | undefined {
    const lane = this.#turns[this.#next];
    if (lane === undefined) return undefined;
    this.#next++;
    if (this.#next > 1024 && this.#next * 2 > this.#turns.length) {
      this.#turns = this.#turns.slice(this.#next);
      this.#next = 0;
    }
    lane.queued = false;
    lane.busy = lane.group !== undefined;
    return lane.ready.shift();
  }

  /** A message of the group is no longer in work. */
  release(group: string | undefined): void {
    const lane = group === undefined ? undefined : this.#groups.get(group);
    if (lane === undefined) return;
    lane.busy = false;
    if (lane.ready.length > 0) this.#queue(lane);
    else this.#groups.delete(lane.group!);
  }

  #lane(group: string | undefined): Lane<T> {
    const known = group === undefined ? undefined : this.#groups.get(group);
    if (known !== undefined) return known;
    const lane: Lane<T> = { group, ready: [], busy: false, queued: false };
    if (group !== undefined) this.#groups.set(group, lane);
    return lane;
  }

  #queue(lane: Lane<T>): void {
    if (lane.busy || lane.queued) return;
    lane.queued = true;
    this.#turns.push(lane);
  }
}
