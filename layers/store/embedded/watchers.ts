/** WATCH: replays what is past, then hands each batch of changes to every listener, the same objects to all. */
import { StoreExpired } from '../errors.ts';
import type { WatchListener } from '../port.ts';
import type { LogReader } from './log-reader.ts';
import { isSomebodys, type LoggedChange } from './records.ts';
import type { Resource, Subscription } from './resource.ts';

/** Changes handed over in one piece while the past is replayed: 2 to 4 ms of reading. */
const REPLAY_PIECE = 300;

export class Watchers {
  readonly #reader: LogReader;
  readonly #failed: (error: unknown) => void;

  constructor(reader: LogReader, failed: (error: unknown) => void) {
    this.#reader = reader;
    this.#failed = failed;
  }

  watch(resource: Resource, after: number, listener: WatchListener): () => void {
    if (after < resource.floor) throw new StoreExpired(after, resource.floor);
    const subscription: Subscription = { listener, at: after, live: after >= resource.frontier, closed: false };
    resource.subscriptions.add(subscription);
    // not before the caller holds the answer of watch()
    if (!subscription.live) setImmediate(() => this.#replay(resource, subscription));
    return () => close(resource, subscription);
  }

  /** To be called with changes that have become durable, in the turn in which `resource.frontier` moved. */
  publish(resource: Resource, changes: readonly LoggedChange[]): void {
    for (const subscription of resource.subscriptions) {
      if (!subscription.live) continue;
      // a watcher from the future waits for what is behind its resourceVersion
      const seen = subscription.at >= changes[0]!.rv;
      const wanted = seen ? changes.filter(({ rv }) => rv > subscription.at) : changes;
      if (wanted.length > 0) this.#deliver(resource, subscription, wanted);
    }
  }

  #replay(resource: Resource, subscription: Subscription): void {
    if (subscription.closed) return;
    const past = subscription.at < resource.floor ? [] : this.#past(resource, subscription.at);
    if (past.length === 0) {
      this.#end(resource, subscription);
      return;
    }
    this.#deliver(resource, subscription, past);
    if (subscription.closed) return;
    if (subscription.at >= resource.frontier) subscription.live = true;
    else setImmediate(() => this.#replay(resource, subscription));
  }

  #past(resource: Resource, after: number): readonly LoggedChange[] {
    const recent = resource.recent.after(after, resource.frontier);
    if (recent !== undefined) return recent.length > REPLAY_PIECE ? recent.slice(0, REPLAY_PIECE) : recent;
    try {
      return this.#reader.changes(resource.id, resource.name, after, resource.frontier, REPLAY_PIECE);
    } catch (error) {
      this.#failed(error);
      return [];
    }
  }

  #deliver(resource: Resource, subscription: Subscription, changes: readonly LoggedChange[]): void {
    subscription.at = changes.at(-1)!.rv;
    try {
      subscription.listener.changes(changes.every(isSomebodys) ? changes : changes.filter(isSomebodys), resource.frontier);
    } catch (error) {
      this.#failed(error);
      // what it made of these changes is unknown, so it may not go on as if it had seen them
      this.#end(resource, subscription);
    }
  }

  #end(resource: Resource, subscription: Subscription): void {
    close(resource, subscription);
    try {
      subscription.listener.expired();
    } catch (error) {
      this.#failed(error);
    }
  }
}

function close(resource: Resource, subscription: Subscription): void {
  subscription.closed = true;
  resource.subscriptions.delete(subscription);
}
