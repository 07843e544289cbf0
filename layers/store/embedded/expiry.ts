/** Removes objects whose time is over (Events), as ordinary changes that watchers see. No timer runs where nothing will expire. */
import type { Clock } from '#machinery/clock.ts';
import { removeExpired } from '../remove-expired.ts';
import type { Store } from '../port.ts';
import type { LogReader } from './log-reader.ts';

/** Objects removed in one go: a burst of Events must not become a burst of writes an hour later. */
const SWEEP = 500;
/** Between two sweeps (milliseconds): what expires within it goes together. */
const SWEEP_GAP = 1_000;
/** After a sweep that failed, on a full disk for example (milliseconds). */
const RETRY_AFTER = 10_000;

export class Expiry {
  readonly #store: Pick<Store, 'get' | 'commit'>;
  readonly #reader: LogReader;
  readonly #clock: Clock;
  readonly #failed: (error: unknown) => void;
  #cancel: (() => void) | undefined;
  #due = Infinity;
  #stopped = false;

  constructor(store: Pick<Store, 'get' | 'commit'>, reader: LogReader, clock: Clock, failed: (error: unknown) => void) {
    this.#store = store;
    this.#reader = reader;
    this.#clock = clock;
    this.#failed = failed;
  }

  /** An object expires at this time (seconds since the epoch). */
  note(seconds: number): void {
    this.#wakeAt(seconds * 1000);
  }

  start(): void {
    const next = this.#reader.nextExpiry();
    if (next !== undefined) this.note(next);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  #wakeAt(due: number): void {
    if (this.#stopped || due >= this.#due) return;
    this.#cancel?.();
    this.#due = due;
    const wait = Math.max(SWEEP_GAP, due - this.#clock.now());
    this.#cancel = this.#clock.after(Math.min(wait, 2 ** 31 - 1), () => {
      this.#due = Infinity;
      void this.#sweep();
    });
  }

  async #sweep(): Promise<void> {
    try {
      const now = Math.floor(this.#clock.now() / 1000);
      const gone = this.#reader.expired(now, SWEEP);
      await Promise.all(gone.map(async ({ resource, namespace, name, rv }) => removeExpired(this.#store, { resource, namespace, name }, rv)));
      if (!this.#stopped) this.start();
    } catch (error) {
      if (this.#stopped) return;
      this.#failed(error);
      this.#wakeAt(this.#clock.now() + RETRY_AFTER);
    }
  }
}
