/** Looks at a log again and again while somebody waits for it: soon after a change, ever more seldom while it is quiet. */
import type { Clock } from '#machinery/clock.ts';
import type { Times } from './history.ts';

/** How much longer each wait is than the one before it, while nothing happens. */
const SLOWER = 1.5;

export interface Looked {
  /** Whether somebody waits. */
  readonly wanted: () => boolean;
  /** Answers whether there was something new. */
  readonly look: () => Promise<boolean>;
  readonly failed: (error: unknown) => void;
}

export class Polls {
  readonly #clock: Clock;
  readonly #poll: Times['poll'];
  readonly #looked: Looked;
  /** Milliseconds. */
  #interval: number;
  #cancel: (() => void) | undefined;
  #looking = false;
  #closed = false;

  constructor(clock: Clock, poll: Times['poll'], looked: Looked) {
    this.#clock = clock;
    this.#poll = poll;
    this.#looked = looked;
    this.#interval = poll.least;
  }

  /** Somebody may have begun to wait. */
  begin(): void {
    if (this.#closed || this.#looking || this.#cancel !== undefined || !this.#looked.wanted()) return;
    this.#cancel = this.#clock.after(this.#interval, () => {
      this.#cancel = undefined;
      void this.#tick();
    });
  }

  /** Somebody may have ceased to wait. */
  rest(): void {
    if (this.#looked.wanted()) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Something happened: more of it may follow. */
  soon(): void {
    this.#interval = this.#poll.least;
  }

  /** Something was written, elsewhere: looks at once where somebody waits. */
  wake(): void {
    this.soon();
    if (this.#cancel === undefined || this.#looking) return;
    this.#cancel();
    this.#cancel = undefined;
    void this.#tick();
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
  }

  async #tick(): Promise<void> {
    let found = false;
    this.#looking = true;
    try {
      found = await this.#looked.look();
    } catch (error) {
      if (!this.#closed) this.#looked.failed(error);
    }
    this.#looking = false;
    this.#interval = found ? this.#poll.least : Math.min(this.#poll.most, this.#interval * SLOWER);
    this.begin();
  }
}
