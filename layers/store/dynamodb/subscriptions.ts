/** Who watches the log of one resource in this process: each is handed the past first, piece by piece, and then what comes. */
import { StoreExpired } from '../errors.ts';
import type { WatchListener } from '../port.ts';
import type { LoggedChange } from './records.ts';

/** What was, as the log knows it. */
export interface Past {
  readonly frontier: number;
  /** Some changes after `after`, in order, from memory or from the table, and how far that goes. @throws StoreExpired */
  piece(after: number): Promise<{ readonly changes: readonly LoggedChange[]; readonly upTo: number }>;
}

interface Subscription {
  readonly listener: WatchListener;
  /** The last resourceVersion that was told, or lies behind. */
  at: number;
  live: boolean;
  closed: boolean;
}

export class Subscriptions {
  readonly #all = new Set<Subscription>();
  readonly #past: Past;
  readonly #failed: (error: unknown) => void;
  readonly #dropped: () => void;

  /** `dropped` is told when one is gone. */
  constructor(past: Past, failed: (error: unknown) => void, dropped: () => void) {
    this.#past = past;
    this.#failed = failed;
    this.#dropped = dropped;
  }

  get size(): number {
    return this.#all.size;
  }

  /** Answers how it is ended. */
  add(after: number, listener: WatchListener): () => void {
    const subscription: Subscription = { listener, at: after, live: after >= this.#past.frontier, closed: false };
    this.#all.add(subscription);
    // not before the caller holds the answer of watch()
    if (!subscription.live) setImmediate(() => void this.#replay(subscription));
    return () => this.#drop(subscription);
  }

  /** The frontier has moved: to the last of these changes, or beyond it where resourceVersions were used up. */
  publish(changes: readonly LoggedChange[]): void {
    const { frontier } = this.#past;
    for (const subscription of this.#all) {
      // a watcher from the future waits for what is behind its resourceVersion
      if (!subscription.live || subscription.at >= frontier) continue;
      const seen = subscription.at >= (changes[0]?.rv ?? Infinity);
      this.#deliver(subscription, seen ? changes.filter(({ rv }) => rv > subscription.at) : changes, frontier);
    }
  }

  /** Changes at or below may be gone: who has not been told of them cannot go on. */
  expire(floor: number): void {
    for (const subscription of this.#all) if (subscription.at < floor) this.#end(subscription);
  }

  close(): void {
    for (const subscription of this.#all) subscription.closed = true;
    this.#all.clear();
  }

  async #replay(subscription: Subscription): Promise<void> {
    try {
      while (!subscription.closed && subscription.at < this.#past.frontier) {
        const { changes, upTo } = await this.#past.piece(subscription.at);
        if (subscription.closed) return;
        this.#deliver(subscription, changes, Math.max(upTo, changes.at(-1)?.rv ?? 0));
        await new Promise((resolve) => setImmediate(resolve));
      }
      subscription.live = true;
    } catch (error) {
      if (!(error instanceof StoreExpired)) this.#failed(error);
      this.#end(subscription);
    }
  }

  #deliver(subscription: Subscription, changes: readonly LoggedChange[], upTo: number): void {
    subscription.at = upTo;
    try {
      subscription.listener.changes(changes, this.#past.frontier);
    } catch (error) {
      this.#failed(error);
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
      this.#failed(error);
    }
  }

  #drop(subscription: Subscription): void {
    subscription.closed = true;
    this.#all.delete(subscription);
    this.#dropped();
  }
}
