/**
 * The change log of one resource as this process knows it: how far it is without a hole, the newest changes, and who waits for more.
 * `position` is the highest resourceVersion up to which every slot is filled; `frontier` the last change at or below it, which is what
 * readers are told: slots that were filled with nothing are nobody's business, but for those that were used up to move the frontier.
 */
import type { Clock, Random } from '#machinery/clock.ts';
import { StoreExpired } from '../errors.ts';
import type { ResourceName, WatchListener } from '../port.ts';
import type { Calls } from './calls.ts';
import type { Count, Counters } from './counter.ts';
import type { Fence } from './fence.ts';
import type { Kept, Times } from './history.ts';
import type { Partitions } from './keys.ts';
import type { Reader } from './reader.ts';
import { Polls } from './polls.ts';
import { Recent } from './recent.ts';
import type { LoggedChange, Slot } from './records.ts';
import { type Past, Subscriptions } from './subscriptions.ts';

/** Slots read, and changes handed over, in one piece. */
const PIECE = 300;
/** Between two looks at a hole (milliseconds): a writer in flight needs 5 to 20. */
const FIRST_LOOK = 5;
const LATER_LOOKS = 100;
/** Slots between two hints to those who begin to read: what a cold start reads at most, and a sixty-fourth of a write unit for each write. */
const HINT_EVERY = 64;

export interface LogParts {
  readonly calls: Calls;
  readonly reader: Reader;
  readonly counters: Counters;
  readonly fence: Fence;
  readonly kept: Kept;
  readonly times: Times;
  readonly clock: Clock;
  readonly random: Random;
  readonly failed: (error: unknown) => void;
}

/** Changes as they come, for a list that reads objects meanwhile. */
export interface Collected {
  readonly from: number;
  readonly changes: LoggedChange[];
  end(): void;
}

export class ResourceLog implements Past {
  readonly resource: ResourceName;
  readonly partitions: Partitions;
  position = 1;
  frontier = 1;
  readonly #parts: LogParts;
  /** Changes at or below may be gone without a trace. */
  #floor = 1;
  #hint = 1;
  #recent = new Recent(1);
  /** Filled slots above a hole. */
  readonly #ahead = new Map<number, Slot>();
  /** When a hole was first seen (milliseconds since the epoch). */
  readonly #missing = new Map<number, number>();
  readonly #subscriptions: Subscriptions;
  readonly #polls: Polls;
  readonly #collecting = new Set<Collected>();
  readonly #waiting = new Set<{ readonly rv: number; readonly reached: () => void }>();
  #started: Promise<Count> | undefined;
  #ready = false;
  #next: Promise<void> | undefined;
  #flight: Promise<void> | undefined;

  constructor(parts: LogParts, resource: ResourceName, partitions: Partitions) {
    this.#parts = parts;
    this.resource = resource;
    this.partitions = partitions;
    this.#subscriptions = new Subscriptions(this, parts.failed, () => this.#polls.rest());
    this.#polls = new Polls(parts.clock, parts.times.poll, {
      wanted: () => this.#subscriptions.size + this.#waiting.size > 0,
      look: async () => this.#lookForWatchers(),
      failed: parts.failed,
    });
  }

  /** Everything that was acknowledged before the call is at or below `position` when it resolves. */
  current(): Promise<void> {
    // a look that began before the call may have missed what was written since: the call waits for the next one, with all who came meanwhile
    this.#next ??= this.#follow(this.#flight);
    return this.#next;
  }

  async #follow(before: Promise<void> | undefined): Promise<void> {
    // who waits for the look before has its error; one turn at least, so that the field is set
    await before?.catch(() => {});
    await Promise.resolve();
    this.#flight = this.#next;
    this.#next = undefined;
    try {
      await this.#look(true);
    } finally {
      this.#flight = undefined;
    }
  }

  async #look(consistent: boolean): Promise<void> {
    // who opens the log has just read the counter
    const opened = this.#started === undefined ? await this.open() : undefined;
    await this.open();
    const { last } = opened ?? (await this.#parts.counters.read(this.partitions, consistent));
    if (last > this.position) await this.#fill(last);
  }

  /** Finds out where the log is, once. */
  open(): Promise<Count> {
    this.#started ??= this.#begin().catch((error: unknown) => {
      this.#started = undefined;
      throw error;
    });
    return this.#started;
  }

  async #begin(): Promise<Count> {
    const { clock, counters, kept } = this.#parts;
    const count = await counters.read(this.partitions);
    const { last, settled, time } = count;
    // after a long silence nothing is in flight, and the log may have been deleted
    const from = time > 0 && clock.now() - time > kept.settledAfter ? last : settled;
    this.position = this.frontier = this.#hint = from;
    this.#recent = new Recent(from);
    if (from > settled) {
      this.#floor = from;
      await counters.settle(this.partitions, from);
    }
    this.#ready = true;
    return count;
  }

  /** Slots that this process has filled itself. */
  async note(slots: readonly Slot[]): Promise<void> {
    if (!this.#ready) return;
    this.#take(slots);
    this.#polls.soon();
    await this.#tellOthers();
  }

  /** Reads up to `last` and waits for the writers that are behind others. Slots at the end may stay empty: nobody was told of them. */
  async #fill(last: number): Promise<void> {
    const { reader } = this.#parts;
    for (let at = this.position; at < last; at += PIECE) {
      const to = Math.min(last, at + PIECE);
      const wanted = this.#unknown(at, to);
      const first = wanted[0];
      if (first === undefined) continue;
      const dense = wanted.length === wanted.at(-1)! - first + 1;
      this.#take(dense ? await reader.slots(this.partitions, this.resource, first, wanted.at(-1)!) : await reader.slotsAt(this.partitions, this.resource, wanted));
    }
    let goal = this.position;
    // of a commit's slots one may have been read before they were filled and the other after
    for (const slot of this.#ahead.values()) if (slot.rv <= last) goal = Math.max(goal, slot.last);
    for (let wait = FIRST_LOOK; this.position < goal; wait = Math.min(wait * 2, LATER_LOOKS)) {
      await this.#close(goal, wait);
      const holes = this.#unknown(this.position, goal);
      this.#take(await reader.slotsAt(this.partitions, this.resource, holes));
    }
    await this.#tellOthers();
  }

  #unknown(from: number, to: number): number[] {
    const unknown: number[] = [];
    for (let rv = Math.max(from, this.position) + 1; rv <= to; rv++) if (!this.#ahead.has(rv)) unknown.push(rv);
    return unknown;
  }

  /** Closes the holes that have been waited for long enough; waits where there are none yet. */
  async #close(goal: number, wait: number): Promise<void> {
    const { calls, clock, fence, kept, random, times } = this.#parts;
    const now = clock.now();
    const holes = this.#unknown(this.position, goal);
    const settled = Math.max(0, ...[...this.#ahead.values()].filter(({ time }) => now - time > kept.settledAfter).map(({ rv }) => rv));
    const gone = holes.filter((rv) => rv < settled);
    if (gone.length > 0) {
      // older than anything in flight: the table has deleted them, or their writers died when nobody looked
      this.#floor = gone.at(-1)!;
      this.#recent = new Recent(Math.max(this.#recent.from, this.#floor));
      this.#subscriptions.expire(this.#floor);
      this.#take(gone.map((rv) => ({ rv, time: now, last: rv })));
      return;
    }
    const overdue = holes.filter((rv) => {
      const since = this.#missing.get(rv);
      // not all readers at once: what one has closed the others find filled
      if (since === undefined) this.#missing.set(rv, now + random() * times.grace);
      return since !== undefined && now - since >= times.grace;
    });
    if (overdue.length > 0) this.#take(await fence.close(this.partitions, overdue));
    else await calls.pause(wait);
  }

  #take(slots: readonly Slot[]): void {
    for (const slot of slots) if (slot.rv > this.position) this.#ahead.set(slot.rv, slot);
    const before = this.frontier;
    const changes: LoggedChange[] = [];
    for (let slot = this.#ahead.get(this.position + 1); slot !== undefined && this.#whole(slot); slot = this.#ahead.get(this.position + 1)) {
      for (let rv = slot.rv; rv <= slot.last; rv++) {
        const { change, mark } = this.#ahead.get(rv)!;
        this.#ahead.delete(rv);
        this.#missing.delete(rv);
        this.position = rv;
        if (change === undefined && !mark) continue;
        this.frontier = rv;
        if (change !== undefined) changes.push(change);
      }
    }
    this.#publish(changes, this.frontier > before);
  }

  /** The writes of one commit are seen together. */
  #whole({ rv, last }: Slot): boolean {
    for (let other = rv + 1; other <= last; other++) if (!this.#ahead.has(other)) return false;
    return true;
  }

  #publish(changes: readonly LoggedChange[], moved: boolean): void {
    for (const change of changes) this.#recent.push(change);
    for (const { changes: collected } of this.#collecting) collected.push(...changes);
    if (moved) this.#subscriptions.publish(changes);
    for (const waiter of this.#waiting) {
      if (waiter.rv > this.position) continue;
      this.#waiting.delete(waiter);
      waiter.reached();
    }
  }

  async #tellOthers(): Promise<void> {
    if (this.frontier - this.#hint < HINT_EVERY) return;
    this.#hint = this.frontier;
    try {
      await this.#parts.counters.settle(this.partitions, this.frontier);
    } catch (error) {
      // a hint that is not given costs the next reader some reads; what was asked for has been done
      this.#parts.failed(error);
    }
  }

  collect(): Collected {
    const collected: Collected = { from: this.position, changes: [], end: () => this.#collecting.delete(collected) };
    this.#collecting.add(collected);
    return collected;
  }

  /** False when `rv` did not come about within `ms`. */
  async reached(rv: number, ms: number): Promise<boolean> {
    await this.current();
    if (this.position >= rv) return true;
    return new Promise((resolve) => {
      const waiter = {
        rv,
        reached: () => {
          cancel();
          resolve(true);
        },
      };
      const cancel = this.#parts.clock.after(ms, () => {
        this.#waiting.delete(waiter);
        resolve(false);
      });
      this.#waiting.add(waiter);
      this.#polls.begin();
    });
  }

  /** The state written at `rv`, where it is still in memory. */
  bodyAt(rv: number): Uint8Array | undefined {
    const change = this.#recent.after(rv - 1, 1)?.[0];
    return change?.rv === rv ? change.body : undefined;
  }

  /** The changes in (after, upTo], from memory or from the table. @throws StoreExpired */
  async changes(after: number, upTo: number): Promise<readonly LoggedChange[]> {
    await this.#kept(after);
    const recent = this.#recent.after(after);
    if (recent !== undefined) return recent.filter(({ rv }) => rv <= upTo);
    const all: LoggedChange[] = [];
    for (let at = after; at < upTo; at += PIECE) all.push(...(await this.#past(at, Math.min(upTo, at + PIECE))));
    return all;
  }

  async #past(after: number, upTo: number): Promise<LoggedChange[]> {
    const slots = await this.#parts.reader.slots(this.partitions, this.resource, after + 1, upTo);
    // below the position every slot was filled: what is not there has been deleted
    if (slots.length < upTo - after) throw new StoreExpired(after, this.frontier);
    return slots.flatMap(({ change }) => change ?? []).sort((left, right) => left.rv - right.rv);
  }

  /** @throws StoreExpired where changes after this may be gone */
  async #kept(after: number): Promise<void> {
    if (after >= this.frontier) return;
    if (after < this.#floor) throw new StoreExpired(after, this.#floor);
    const { clock, kept, reader } = this.#parts;
    const time = this.#recent.after(after, 1)?.[0]?.time ?? (await reader.slotsAt(this.partitions, this.resource, [after + 1]))[0]?.time;
    if (time === undefined || kept.over(time, clock.now())) throw new StoreExpired(after, this.frontier);
  }

  async piece(after: number): Promise<{ readonly changes: readonly LoggedChange[]; readonly upTo: number }> {
    const recent = this.#recent.after(after, PIECE);
    // less than a piece is all there is
    if (recent !== undefined) return { changes: recent, upTo: recent.length < PIECE ? this.frontier : recent.at(-1)!.rv };
    const upTo = Math.min(this.frontier, after + PIECE);
    return { changes: await this.#past(after, upTo), upTo };
  }

  async watch(after: number, listener: WatchListener): Promise<() => void> {
    // while somebody watches the log is followed anyway
    if (this.#subscriptions.size === 0) await this.current();
    await this.#kept(after);
    const end = this.#subscriptions.add(after, listener);
    this.#polls.begin();
    return end;
  }

  /** Something was written, elsewhere: looks at once where somebody watches. */
  wake(): void {
    this.#polls.wake();
  }

  async #lookForWatchers(): Promise<boolean> {
    const before = this.position;
    // one at a time: who looks for a list or a read looks for the watchers too
    if (this.#flight === undefined && this.#next === undefined) {
      this.#flight = this.#look(false).finally(() => (this.#flight = undefined));
      await this.#flight;
    }
    return this.position > before;
  }

  close(): void {
    this.#polls.close();
    this.#subscriptions.close();
    for (const { reached } of this.#waiting) reached();
  }
}
