/** How much history is kept, and when the rest goes: by age and by size, in the background, for ever in step with what is written. */
import type { Clock } from '#machinery/clock.ts';
import type { Appender } from './appender.ts';
import type { LogReader } from './log-reader.ts';
import type { Resource } from './resource.ts';

/** Between two looks (milliseconds). None is made while there is no history. */
const LOOK_EVERY = 30_000;

export interface HistoryLimits {
  /** Changes younger than this are kept, unless `bytes` forbids it. */
  readonly seconds: number;
  /** Bytes of log, all resources together; a resource's share is what it wrote. */
  readonly bytes: number;
}

export class History {
  readonly #reader: LogReader;
  readonly #appender: Appender;
  readonly #clock: Clock;
  readonly #limits: HistoryLimits;
  readonly #resources: () => Iterable<Resource>;
  #cancel: (() => void) | undefined;
  #stopped = false;

  constructor(reader: LogReader, appender: Appender, clock: Clock, limits: HistoryLimits, resources: () => Iterable<Resource>) {
    this.#reader = reader;
    this.#appender = appender;
    this.#clock = clock;
    this.#limits = limits;
    this.#resources = resources;
  }

  /** There may be something to trim in a while. Cheap: called for every batch. */
  note(): void {
    if (this.#stopped || this.#cancel !== undefined) return;
    this.#cancel = this.#clock.after(LOOK_EVERY, () => {
      this.#cancel = undefined;
      this.trim();
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  trim(): void {
    const held = [...this.#resources()]
      .filter(({ frontier, floor }) => frontier > floor)
      .map((resource) => ({ resource, bytes: resource.volume - (this.#reader.at(resource.id, resource.floor + 1)?.volume ?? resource.volume) }));
    const total = held.reduce((sum, { bytes }) => sum + bytes, 0);
    const keep = Math.min(1, this.#limits.bytes / Math.max(1, total));
    const oldest = this.#clock.now() - this.#limits.seconds * 1000;
    for (const { resource, bytes } of held) {
      const smallest = resource.volume - bytes * keep;
      const floor = this.#last(resource, ({ time, volume }) => time <= oldest || volume < smallest);
      if (floor === resource.floor) continue;
      const from = resource.floor;
      // readers are refused from now on; the rows go when the writer has time
      resource.floor = floor;
      this.#appender.trim({ resource: resource.id, from, to: floor });
    }
    if (held.length > 0) this.note();
  }

  /** The last resourceVersion that is to go. Time and volume grow with it, and above the floor every row is there: halve. */
  #last(resource: Resource, goes: (row: { readonly time: number; readonly volume: number }) => boolean): number {
    let low = resource.floor;
    let high = resource.frontier;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const row = this.#reader.at(resource.id, middle);
      if (row !== undefined && goes(row)) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
