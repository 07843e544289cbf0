/**
 * The change log of one resource as this process knows it: how far it is without a hole, the newest changes, and who waits for more.
 * `position` is the highest resourceVersion up to which every slot is filled; `frontier` the last change at or below it, which is what
 * readers are told: slots that were filled with nothing are nobody's business.
 */
import type { Clock, Random } from '#machinery/clock.ts';
import { StoreExpired } from '../errors.ts';
import type { ResourceName, WatchListener } from '../port.ts';
import type { Calls } from './calls.ts';
import type { Counters } from './counter.ts';
import type { Fence } from './fence.ts';
import type { Kept, Times } from './history.ts';
import type { Partitions } from './keys.ts';
import type { Reader } from './reader.ts';
import { Recent } from './recent.ts';
import type { LoggedChange, Slot } from './records.ts';

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

interface Subscription {
  readonly listener: WatchListener;
  /** The last resourceVersion that was told, or lies behind. */
  at: number;
  live: boolean;
  closed: boolean;
}

/** Changes as they come, for a list that reads objects meanwhile. */
export interface Collected {
  readonly from: number;
  readonly changes: LoggedChange[];
  end(): void;
}

export class ResourceLog {
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
  readonly #subscriptions = new Set<Subscription>();
  readonly #collecting = new Set<Collected>();
  readonly #waiting = new Set<{ readonly rv: number; readonly reached: () => void }>();
  #started: Promise<void> | undefined;
  #ready = false;
  #next: Promise<void> | undefined;
  #flight: Promise<void> | undefined;
  #interval: number;
  #cancel: (() => void) | undefined;
  #looking = false;
  #closed = false;

  constructor(parts: LogParts, resource: ResourceName, partitions: Partitions) {
    this.#parts = parts;
    this.resource = resource;
    this.partitions = partitions;
    this.#interval = parts.times.poll.least;
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
    await this.open();
    const { last } = await this.#parts.counters.read(this.partitions, consistent);
    if (last > this.position) await this.#fill(last);
  }

  /** Finds out where the log is, once. */
  open(): Promise<void> {
    this.#started ??= this.#begin().catch((error: unknown) => {
      this.#started = undefined;
      throw error;
    });
    return this.#started;
  }

  async #begin(): Promise<void> {
    const { clock, counters, kept } = this.#parts;
    const { last, settled, time } = await counters.read(this.partitions);
    // after a long silence nothing is in flight, and the log may have been deleted
    const from = time > 0 && clock.now() - time > kept.settledAfter ? last : settled;
    this.position = this.frontier = this.#hint = from;
    this.#recent = new Recent(from);
    if (from > settled) {
      this.#floor = from;
      await counters.settle(this.partitions, from);
    }
    this.#ready = true;
  }

  /** Slots that this process has filled itself. */
  async note(slots: readonly Slot[]): Promise<void> {
    if (!this.#ready) return;
    this.#take(slots);
    this.#interval = this.#parts.times.poll.least;
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
      for (const subscription of this.#subscriptions) if (subscription.at < this.#floor) this.#end(subscription);
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
    const changes: LoggedChange[] = [];
    for (let slot = this.#ahead.get(this.position + 1); slot !== undefined && this.#whole(slot); slot = this.#ahead.get(this.position + 1)) {
      for (let rv = slot.rv; rv <= slot.last; rv++) {
        const { change } = this.#ahead.get(rv)!;
        this.#ahead.delete(rv);
        this.#missing.delete(rv);
        this.position = rv;
        if (change === undefined) continue;
        this.frontier = rv;
        changes.push(change);
      }
    }
    this.#publish(changes);
  }

  /** The writes of one commit are seen together. */
  #whole({ rv, last }: Slot): boolean {
    for (let other = rv + 1; other <= last; other++) if (!this.#ahead.has(other)) return false;
    return true;
  }

  #publish(changes: readonly LoggedChange[]): void {
    for (const change of changes) this.#recent.push(change);
    if (changes.length > 0) {
      for (const { changes: collected } of this.#collecting) collected.push(...changes);
      for (const subscription of this.#subscriptions) {
        if (!subscription.live) continue;
        // a watcher from the future waits for what is behind its resourceVersion
        const wanted = subscription.at >= changes[0]!.rv ? changes.filter(({ rv }) => rv > subscription.at) : changes;
        if (wanted.length > 0) this.#deliver(subscription, wanted);
      }
    }
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
      this.#poll();
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

  async watch(after: number, listener: WatchListener): Promise<() => void> {
    // while somebody watches the log is followed anyway
    if (this.#subscriptions.size === 0) await this.current();
    await this.#kept(after);
    const subscription: Subscription = { listener, at: after, live: after >= this.frontier, closed: false };
    this.#subscriptions.add(subscription);
    // not before the caller holds the answer of watch()
    if (!subscription.live) setImmediate(() => void this.#replay(subscription));
    this.#poll();
    return () => this.#drop(subscription);
  }

  async #replay(subscription: Subscription): Promise<void> {
    try {
      while (!subscription.closed && subscription.at < this.frontier) {
        const upTo = Math.min(this.frontier, subscription.at + PIECE);
        const past = this.#recent.after(subscription.at, PIECE) ?? (await this.#past(subscription.at, upTo));
        if (subscription.closed) return;
        const last = past.at(-1)?.rv ?? upTo;
        if (past.length > 0) this.#deliver(subscription, past);
        subscription.at = Math.max(subscription.at, last);
        await new Promise((resolve) => setImmediate(resolve));
      }
      subscription.live = true;
    } catch (error) {
      if (!(error instanceof StoreExpired)) this.#parts.failed(error);
      this.#end(subscription);
    }
  }

  #deliver(subscription: Subscription, changes: readonly LoggedChange[]): void {
    subscription.at = changes.at(-1)!.rv;
    try {
      subscription.listener.changes(changes, this.frontier);
    } catch (error) {
      this.#parts.failed(error);
      // what it made of these changes is unknown, so it may not go on as if it had seen them
      this.#end(subscription);
    }
  }

  #end(subscription: Subscription): void {
    if (subscription.closed) return;
    this.#drop(subscription);
    try {
      subscription.listener.expired();
    } catch (error) {
      this.#parts.failed(error);
    }
  }

  #drop(subscription: Subscription): void {
    subscription.closed = true;
    this.#subscriptions.delete(subscription);
    if (this.#subscriptions.size + this.#waiting.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Something was written, elsewhere: looks at once where somebody watches. */
  wake(): void {
    this.#interval = this.#parts.times.poll.least;
    if (this.#cancel === undefined || this.#looking) return;
    this.#cancel();
    this.#cancel = undefined;
    void this.#tick();
  }

  #poll(): void {
    if (this.#closed || this.#looking || this.#cancel !== undefined || this.#subscriptions.size + this.#waiting.size === 0) return;
    this.#cancel = this.#parts.clock.after(this.#interval, () => {
      this.#cancel = undefined;
      void this.#tick();
    });
  }

  async #tick(): Promise<void> {
    const { failed, times } = this.#parts;
    const before = this.position;
    this.#looking = true;
    try {
      // one at a time: who looks for a list or a read looks for the watchers too
      if (this.#flight === undefined && this.#next === undefined) {
        this.#flight = this.#look(false).finally(() => (this.#flight = undefined));
        await this.#flight;
      }
    } catch (error) {
      if (!this.#closed) failed(error);
    }
    this.#looking = false;
    this.#interval = this.position > before ? times.poll.least : Math.min(times.poll.most, this.#interval * 1.5);
    this.#poll();
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
    for (const subscription of this.#subscriptions) subscription.closed = true;
    this.#subscriptions.clear();
    for (const { reached } of this.#waiting) reached();
  }
}
