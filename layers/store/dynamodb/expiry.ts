/** Removes objects whose time is over (Events), as ordinary changes that watchers see. */
import type { Clock } from '#machinery/clock.ts';
import { removeExpired } from '../remove-expired.ts';
import type { ObjectKey, ResourceName, Store } from '../port.ts';
import type { Partitions } from './keys.ts';
import type { Reader } from './reader.ts';
import { numberOf, type Item } from './records.ts';
import { fromSortKey } from './keys.ts';

/** Between two rounds (milliseconds): what expires within it goes together. */
const GAP = 1_000;
/** Objects removed at the same time, and remembered at most: the rest is left to `sweep` and to the table. */
const AT_ONCE = 16;
const REMEMBERED = 50_000;
const LONGEST_TIMER = 2 ** 31 - 1;

interface Due {
  readonly key: ObjectKey;
  readonly rv: number;
  /** Seconds since the epoch. */
  readonly at: number;
}

export class Expiry {
  readonly #store: Pick<Store, 'get' | 'commit'>;
  readonly #clock: Clock;
  readonly #timers: boolean;
  readonly #failed: (error: unknown) => void;
  readonly #due = new Map<string, Due>();
  #cancel: (() => void) | undefined;
  #wakes = Infinity;
  #stopped = false;

  constructor(store: Pick<Store, 'get' | 'commit'>, clock: Clock, timers: boolean, failed: (error: unknown) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#timers = timers;
    this.#failed = failed;
  }

  /** An object was written, and expires at this time or never. */
  note(key: ObjectKey, rv: number, at: number | undefined): void {
    if (!this.#timers) return;
    const place = `${key.resource} ${key.namespace} ${key.name}`;
    if (at === undefined) {
      this.#due.delete(place);
      return;
    }
    if (this.#due.size >= REMEMBERED) return;
    this.#due.set(place, { key, rv, at });
    this.#wakeAt(at * 1000);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  #wakeAt(due: number): void {
    if (this.#stopped || due >= this.#wakes) return;
    this.#cancel?.();
    this.#wakes = due;
    const wait = Math.max(GAP, due - this.#clock.now());
    this.#cancel = this.#clock.after(Math.min(wait, LONGEST_TIMER), () => {
      this.#wakes = Infinity;
      void this.#round();
    });
  }

  async #round(): Promise<void> {
    const now = Math.floor(this.#clock.now() / 1000);
    const over = [...this.#due].filter(([, { at }]) => at <= now);
    for (const [place] of over) this.#due.delete(place);
    try {
      await this.#remove(over.map(([, due]) => due));
    } catch (error) {
      if (!this.#stopped) this.#failed(error);
    }
    const next = Math.min(...[...this.#due.values()].map(({ at }) => at));
    if (next !== Infinity) this.#wakeAt(next * 1000);
  }

  /** Looks through all objects of a resource: for those whose writers are gone. */
  async sweep(reader: Reader, partitions: Partitions, resource: ResourceName): Promise<number> {
    const now = Math.floor(this.#clock.now() / 1000);
    let removed = 0;
    for (const pk of partitions.objects) {
      for (let from: Item | undefined; ;) {
        const { items, next } = await reader.page(pk, { low: ' ', high: '\u{10ffff}' }, { live: true, ...(from !== undefined && { from }) });
        const over = items.filter((item) => item['expires'] !== undefined && numberOf(item, 'expires') <= now);
        await this.#remove(over.map((item) => ({ key: { resource, ...fromSortKey(item['sk']!.S!) }, rv: numberOf(item, 'rv'), at: numberOf(item, 'expires') })));
        removed += over.length;
        from = next;
        if (from === undefined) break;
      }
    }
    return removed;
  }

  async #remove(all: readonly Due[]): Promise<void> {
    for (let start = 0; start < all.length; start += AT_ONCE) await Promise.all(all.slice(start, start + AT_ONCE).map(async (due) => removeExpired(this.#store, due.key, due.rv)));
  }
}
