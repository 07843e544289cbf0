/** One timer for all open watches: bookmarks about every minute, and the end of each. Runs only while there is a watch. */
import type { Clock } from '#machinery/clock.ts';

export interface Clocked {
  /** Milliseconds since the epoch of the next thing to do. */
  due: number;
  tick(now: number): void;
}

const STEP_MS = 1_000;

export class WatchClock {
  readonly #clock: Clock;
  readonly #members = new Set<Clocked>();
  #running = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#members.size;
  }

  add(member: Clocked): void {
    this.#members.add(member);
    if (!this.#running) this.#wait();
  }

  remove(member: Clocked): void {
    this.#members.delete(member);
  }

  #wait(): void {
    this.#running = true;
    this.#clock.after(STEP_MS, () => {
      this.#running = false;
      const now = this.#clock.now();
      for (const member of this.#members) if (member.due <= now) member.tick(now);
      if (this.#members.size > 0) this.#wait();
    });
  }
}
