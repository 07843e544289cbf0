/** The newest changes of all resources in memory, bounded by bytes: what watchers that reconnect and lists at a recent version read. */
import type { LoggedChange } from './records.ts';
import { ROW_OVERHEAD } from './records.ts';

/** The newest changes of one resource, without a hole, up to its frontier. */
export class Recent {
  #changes: LoggedChange[] = [];
  #start = 0;

  /** The changes in (after, frontier], or undefined where some are no longer in memory. */
  after(after: number, frontier: number): readonly LoggedChange[] | undefined {
    const wanted = frontier - after;
    if (wanted <= 0) return [];
    const held = this.#changes.length - this.#start;
    return wanted > held ? undefined : this.#changes.slice(this.#changes.length - wanted);
  }

  /** The resourceVersion above which every change is in memory. */
  since(frontier: number): number {
    return frontier - (this.#changes.length - this.#start);
  }

  push(change: LoggedChange): void {
    this.#changes.push(change);
  }

  shift(): void {
    this.#changes[this.#start++] = undefined as unknown as LoggedChange;
    // moved in bulk, so that taking the oldest stays cheap
    if (this.#start > 512 && this.#start * 2 > this.#changes.length) {
      this.#changes = this.#changes.slice(this.#start);
      this.#start = 0;
    }
  }
}

/** One budget for all resources: the oldest change of any of them goes first. */
export class RecentBudget {
  readonly #limit: number;
  #order: { readonly of: Recent; readonly bytes: number }[] = [];
  #start = 0;
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(of: Recent, change: LoggedChange): void {
    const bytes = change.body.byteLength + (change.before?.body?.byteLength ?? 0) + ROW_OVERHEAD;
    of.push(change);
    this.#order.push({ of, bytes });
    this.#bytes += bytes;
    while (this.#bytes > this.#limit && this.#start < this.#order.length) {
      const oldest = this.#order[this.#start++]!;
      this.#bytes -= oldest.bytes;
      oldest.of.shift();
    }
    if (this.#start > 4096 && this.#start * 2 > this.#order.length) {
      this.#order = this.#order.slice(this.#start);
      this.#start = 0;
    }
  }
}
