/** How long things are kept and waited for. */

export interface Times {
  /** Seconds that changes can be read: watches and lists at an older resourceVersion. */
  readonly history: number;
  /** Milliseconds that a reader waits for a writer in flight before it closes its slot. Such a writer takes another slot and loses nothing but time. */
  readonly grace: number;
  /** Milliseconds between two looks at the counter while somebody watches: after a change, and when it has long been quiet. */
  readonly poll: { readonly least: number; readonly most: number };
  /** Milliseconds that one request may take; a healthy table answers in 5 to 20. */
  readonly attempt: number;
}

export const TIMES: Times = { history: 3600, grace: 500, poll: { least: 50, most: 1_000 }, attempt: 3_000 };

/**
 * Milliseconds after which no request of a writer can still arrive: its own deadlines end it within two minutes, and AWS refuses signatures
 * older than five. A slot that is empty then stays empty.
 */
const SETTLED_AFTER = 15 * 60_000;

export class Kept {
  readonly seconds: number;

  constructor({ history }: Times) {
    this.seconds = history;
  }

  /** When the table may delete a change (seconds since the epoch). Twice the history: the state before a young change is in an older one. */
  ttl(now: number): number {
    return Math.ceil(now / 1000) + 2 * this.seconds;
  }

  /** A change of this time is too old to be read. */
  over(time: number, now: number): boolean {
    return time <= now - this.seconds * 1000;
  }

  /** A state of this time may be gone from the log before a change made now is: it must be kept once more. A sixth is for clocks that differ. */
  fading(time: number, now: number): boolean {
    return now - time > (this.seconds * 1000 * 5) / 6;
  }

  /** Milliseconds after which a slot that is empty stays empty, and its change would be too old to be read. */
  get settledAfter(): number {
    return Math.max(SETTLED_AFTER, this.seconds * 1000);
  }
}
