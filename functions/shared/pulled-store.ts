/**
 * A store whose watches move only when they are told to. Between requests an environment is frozen and sees no change; what it keeps in
 * memory (roles, caches) must catch up with the change log before the next request leans on it, and must not poll in between.
 */
import type { Clock } from '#machinery/clock.ts';
import { StoreExpired, StoreUnavailable } from '#store/errors.ts';
import type { ResourceName, Store, WatchListener } from '#store/port.ts';

/** A log that is not read to its end within this is told as a store that does not answer. */
const CATCH_UP_LIMIT_MS = 15_000;

export interface PulledStore extends Store {
  /**
   * Delivers everything that was acknowledged before the call to the watches of these resources (absent: all), and waits for lists that
   * a log too old to be followed made necessary.
   * @throws StoreUnavailable
   */
  catchUp(resources?: ReadonlySet<ResourceName>): Promise<void>;
}

interface Feed {
  readonly resource: ResourceName;
  readonly listener: WatchListener;
  at: number;
  open: boolean;
}

/** Lets promises that were just settled be acted on. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export function pulledStore(store: Store, clock: Clock): PulledStore {
  const feeds = new Set<Feed>();
  /** Reads that a follower began and catching up must wait for. */
  let reading = 0;

  async function read<T>(work: () => Promise<T>): Promise<T> {
    reading++;
    try {
      return await work();
    } finally {
      reading--;
    }
  }

  function expire(feed: Feed): void {
    if (!feed.open) return;
    feed.open = false;
    feeds.delete(feed);
    feed.listener.expired();
  }

  /** Moves one feed to `target` through a watch that lives only as long. */
  function pull(feed: Feed, target: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let stop: (() => void) | undefined;
      let over = false;
      const finish = (error?: unknown): void => {
        if (over) return;
        over = true;
        cancel();
        stop?.();
        if (error === undefined) resolve();
        else reject(error as Error);
      };
      const cancel = clock.after(CATCH_UP_LIMIT_MS, () => finish(new StoreUnavailable(`the change log of ${feed.resource} could not be read up to ${target} in time`)));
      const expired = (): void => {
        finish();
        expire(feed);
      };
      store
        .watch(feed.resource, feed.at, {
          changes(changes, frontier) {
            if (over || !feed.open) return;
            feed.at = Math.max(feed.at, frontier, changes.at(-1)?.rv ?? 0);
            feed.listener.changes(changes, frontier);
            if (feed.at >= target) finish();
          },
          expired,
        })
        .then(
          (end) => {
            stop = end;
            if (over) end();
          },
          (error: unknown) => (error instanceof StoreExpired ? expired() : finish(error)),
        );
    });
  }

  async function catchUpResource(resource: ResourceName): Promise<void> {
    const mine = Array.from(feeds).filter((feed) => feed.resource === resource);
    const target = await store.frontier(resource);
    await Promise.all(mine.filter((feed) => feed.open && feed.at < target).map((feed) => pull(feed, target)));
  }

  return {
    get: (key, version) => store.get(key, version),
    list: (query) => read(() => store.list(query)),
    commit: (writes, actor) => store.commit(writes, actor),
    advance: (resource) => store.advance(resource),
    frontier: (resource) => store.frontier(resource),
    previous: (change) => store.previous(change),
    count: (resource, namespace) => store.count(resource, namespace),
    resources: () => store.resources(),
    close: () => store.close(),
    watch: (resource, after, listener) => {
      const feed: Feed = { resource, listener, at: after, open: true };
      feeds.add(feed);
      return Promise.resolve(() => {
        feed.open = false;
        feeds.delete(feed);
      });
    },
    async catchUp(resources) {
      const wanted = new Set(Array.from(feeds, ({ resource }) => resource).filter((resource) => resources?.has(resource) ?? true));
      await Promise.all(Array.from(wanted, catchUpResource));
      const limit = clock.now() + CATCH_UP_LIMIT_MS;
      await turn();
      while (reading > 0) {
        if (clock.now() > limit) throw new StoreUnavailable('the state could not be read anew in time');
        await turn();
      }
    },
  };
}
