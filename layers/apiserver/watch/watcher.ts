/**
 * One open watch: takes changes from the store, decides which of them its client sees and as what, and writes them while the client keeps
 * up. A client that does not is ended before it costs memory: it comes back with the last resourceVersion it saw.
 */
import { expired } from '#machinery/status.ts';
import type { Change, Indexed, ObjectKey, Store, WatchListener } from '#store/port.ts';
import type { StreamSink } from '../door.ts';
import type { Selection } from '../verbs/selection.ts';
import { parseBytes } from '../write/body.ts';
import { withVersion } from '../write/store-write.ts';
import type { Clocked } from './clocked.ts';
import { bookmarkFrame, changeFrame, errorFrame, type EventType, type FrameForm, frameOf, together } from './frames.ts';

/** Changes that may wait for a slow client. They are shared with all other watchers, so this bounds how far back memory is held. */
const BACKLOG = 10_000;
/** And their bytes: a few clients that sleep must not hold a gigabyte of large objects. */
const BACKLOG_BYTES = 32 * 1024 * 1024;
const BOOKMARK_MS = 60_000;
/** Kubernetes sends a last bookmark this long before the end. */
const LAST_BOOKMARK_MS = 2_000;

export interface WatcherOptions {
  readonly store: Store;
  readonly frame: FrameForm;
  readonly selection: Selection;
  readonly bookmarks: boolean;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  readonly now: () => number;
  readonly sink: StreamSink;
  readonly closed: (watcher: Watcher) => void;
}

export class Watcher implements WatchListener, Clocked {
  due: number;
  readonly #options: WatcherOptions;
  readonly #queue: Change[] = [];
  #queuedBytes = 0;
  /** Everything up to here has been written, or does not concern this watch. */
  #at = 0;
  #frontier = 0;
  #waiting = false;
  #pumping = false;
  #headers: boolean;
  #open = true;
  #lastBookmarkSent = false;
  #stop: (() => void) | undefined;

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.#headers = options.frame.form.as === 'Table';
    this.due = this.#nextDue();
    options.sink.onDrain(() => {
      this.#waiting = false;
      if (this.#queue.length > 0) void this.#pump();
    });
    options.sink.onClose(() => this.close());
  }

  get open(): boolean {
    return this.#open;
  }

  get behind(): boolean {
    return this.#waiting || this.#queue.length > 0;
  }

  /** The subscription to end with the watch; changes come after `rv`. */
  started(rv: number, stop: () => void): void {
    this.#at = Math.max(this.#at, rv);
    this.#frontier = Math.max(this.#frontier, rv);
    this.#stop = stop;
    if (!this.#open) stop();
  }

  changes(changes: readonly Change[], frontier: number): void {
    if (!this.#open) return;
    this.#frontier = frontier;
    if (this.behind || this.#pumping) {
      for (const change of changes) if (this.#concerns(change.key)) this.#enqueue(change);
      if (this.#queue.length > BACKLOG || this.#queuedBytes > BACKLOG_BYTES) this.end();
      return;
    }
    const { frame, now } = this.#options;
    const frames: Uint8Array[] = [];
    for (let at = 0; at < changes.length; at++) {
      const change = changes[at]!;
      if (!this.#concerns(change.key)) continue;
      const type = this.#typeOf(change);
      if (type === undefined) continue;
      if (type === 'DELETED' && change.type !== 'removed') {
        // the state before must be fetched: what follows waits its turn
        for (const later of changes.slice(at)) if (this.#concerns(later.key)) this.#enqueue(later);
        break;
      }
      frames.push(changeFrame(frame, type, change, now(), this.#takeHeaders()));
      this.#at = change.rv;
    }
    if (frames.length > 0) this.#write(together(frames));
    if (this.#queue.length > 0) void this.#pump();
  }

  expired(): void {
    this.fail();
  }

  /** An ERROR event, after which the client lists anew. */
  fail(message = 'The resourceVersion for the provided watch is too old.'): void {
    if (!this.#open) return;
    this.#options.sink.write(errorFrame(this.#options.frame, expired(message).status));
    this.end();
  }

  /** One object of the state that the watch begins with. False when the client should be waited for. */
  initial(body: Uint8Array): boolean {
    return this.#write(frameOf(this.#options.frame, 'ADDED', body, this.#options.now(), this.#takeHeaders()));
  }

  initialEnd(rv: number): void {
    this.#at = rv;
    this.#write(bookmarkFrame(this.#options.frame, rv, true, this.#options.now(), this.#takeHeaders()));
  }

  tick(now: number): void {
    const { deadline, bookmarks } = this.#options;
    if (now >= deadline) return this.end();
    if (bookmarks && !this.behind && !this.#pumping && this.#stop !== undefined) this.#bookmark(now);
    if (now >= deadline - LAST_BOOKMARK_MS) this.#lastBookmarkSent = true;
    this.due = this.#nextDue();
  }

  /** The normal end: the client sees a finished answer. */
  end(): void {
    if (!this.#open) return;
    this.close();
    this.#options.sink.end();
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#queue.length = 0;
    this.#stop?.();
    this.#options.closed(this);
  }

  #nextDue(): number {
    const { bookmarks, deadline, now } = this.#options;
    if (!bookmarks || this.#lastBookmarkSent) return deadline;
    return Math.min(now() + BOOKMARK_MS, Math.max(deadline - LAST_BOOKMARK_MS, now()));
  }

  #bookmark(now: number): void {
    const rv = Math.max(this.#at, this.#frontier);
    this.#write(bookmarkFrame(this.#options.frame, rv, false, now, this.#takeHeaders()));
    this.#at = rv;
  }

  #takeHeaders(): boolean {
    const headers = this.#headers;
    this.#headers = false;
    return headers;
  }

  #enqueue(change: Change): void {
    this.#queue.push(change);
    this.#queuedBytes += change.body.byteLength;
  }

  #write(bytes: Uint8Array): boolean {
    if (!this.#options.sink.write(bytes)) this.#waiting = true;
    return !this.#waiting;
  }

  #concerns(key: ObjectKey): boolean {
    const { namespace, name } = this.#options.selection;
    return (namespace === undefined || key.namespace === namespace) && (name === undefined || key.name === name);
  }

  #matches(indexed: Indexed | undefined, key: ObjectKey): boolean {
    const { match } = this.#options.selection;
    return indexed !== undefined && (match === undefined || match(indexed, key));
  }

  /** How a change looks through the selector: an object that comes into it is ADDED, one that leaves it DELETED. */
  #typeOf(change: Change): EventType | undefined {
    if (this.#options.selection.match === undefined) return change.type === 'created' ? 'ADDED' : change.type === 'updated' ? 'MODIFIED' : 'DELETED';
    switch (change.type) {
      case 'created':
        return this.#matches(change.after, change.key) ? 'ADDED' : undefined;
      case 'removed':
        return this.#matches(change.before, change.key) ? 'DELETED' : undefined;
      case 'updated': {
        const before = this.#matches(change.before, change.key);
        const after = this.#matches(change.after, change.key);
        return after ? (before ? 'MODIFIED' : 'ADDED') : before ? 'DELETED' : undefined;
      }
    }
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#open && !this.#waiting && this.#queue.length > 0) {
        const change = this.#queue.shift()!;
        this.#queuedBytes -= change.body.byteLength;
        const type = this.#typeOf(change);
        if (type !== undefined) await this.#deliver(change, type);
        this.#at = change.rv;
      }
    } catch {
      this.end();
    } finally {
      this.#pumping = false;
    }
  }

  async #deliver(change: Change, type: EventType): Promise<void> {
    const { store, frame, now } = this.#options;
    if (type !== 'DELETED' || change.type === 'removed') {
      this.#write(changeFrame(frame, type, change, now(), this.#takeHeaders()));
      return;
    }
    // the last state that matched, under the resourceVersion of the change that took it out of sight
    const previous = await store.previous(change);
    if (previous === undefined) return this.fail();
    const object = withVersion(parseBytes(previous), change.rv);
    if (this.#open) this.#write(frameOf(frame, type, Buffer.from(JSON.stringify(object)), now(), this.#takeHeaders()));
  }
}
