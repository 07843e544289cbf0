/**
 * Writes of one object from one process, one after the other: of two that were made for the same state the second cannot win, and finds
 * that out with a read instead of a resourceVersion, a transaction and a slot.
 */
import type { ObjectKey } from '../port.ts';

/** Milliseconds that a write waits for another: a writer that stands still must not hold up those who could overtake it. */
const LONGEST_WAIT = 1_000;

const place = ({ resource, namespace, name }: ObjectKey): string => `${resource} ${namespace} ${name}`;

export class Turns {
  readonly #flying = new Map<string, Promise<void>>();
  readonly #pause: (ms: number) => Promise<void>;

  constructor(pause: (ms: number) => Promise<void>) {
    this.#pause = pause;
  }

  /** Waits until none of the keys is being written, then runs `work` as the one who writes them. */
  async take<Answer>(keys: readonly ObjectKey[], work: () => Promise<Answer>): Promise<Answer> {
    const places = keys.map(place);
    await this.#wait(places);
    // all are claimed in one turn, so that nobody waits for one key while holding another
    let over = (): void => {};
    const flight = new Promise<void>((resolve) => (over = resolve));
    for (const one of places) this.#flying.set(one, flight);
    try {
      return await work();
    } finally {
      for (const one of places) if (this.#flying.get(one) === flight) this.#flying.delete(one);
      over();
    }
  }

  async #wait(places: readonly string[]): Promise<void> {
    let patience: Promise<'over'> | undefined;
    for (;;) {
      const others = places.map((one) => this.#flying.get(one)).filter((flight) => flight !== undefined);
      if (others.length === 0) return;
      patience ??= this.#pause(LONGEST_WAIT).then(() => 'over' as const);
      if ((await Promise.race([patience, ...others])) === 'over') return;
    }
  }
}
