/** WATCH: the state it begins with where the client asked for that, and every change after it until the deadline. */
import type { Random } from '#machinery/clock.ts';
import { expired, resourceVersionTooLarge } from '#machinery/status.ts';
import { StoreExpired, StoreTooNew } from '#store/errors.ts';
import type { ListQuery, Store } from '#store/port.ts';
import type { Call } from '../context.ts';
import type { StreamBody, StreamSink } from '../door.ts';
import { type ListOptions, resourceVersion } from '../routing/query.ts';
import type { WatchClock } from '../watch/clocked.ts';
import type { FrameForm } from '../watch/frames.ts';
import { Watcher } from '../watch/watcher.ts';
import { readPage, selectionOf } from './list.ts';

export interface WatchEnvironment {
  readonly clock: WatchClock;
  readonly random: Random;
}

/** Without timeoutSeconds a watch lasts between this and twice this. */
const MIN_TIMEOUT_MS = 30 * 60_000;
/** Objects of the first state read at once. */
const PAGE = 500;

type Start =
  /** Changes after `rv` only. */
  { readonly type: 'after'; readonly rv: number } | { readonly type: 'state'; readonly version: Pick<ListQuery, 'version' | 'notBefore'>; readonly mark: boolean };

function startOf(options: ListOptions): Start {
  const asked = resourceVersion(options.resourceVersion);
  if (options.sendInitialEvents === true) {
    return { type: 'state', version: asked === undefined ? { version: 'latest' } : asked === 0 ? { version: 'any' } : { version: 'any', notBefore: asked }, mark: true };
  }
  if (asked === undefined) return options.sendInitialEvents === false ? { type: 'after', rv: 0 } : { type: 'state', version: { version: 'latest' }, mark: false };
  if (asked === 0) return options.sendInitialEvents === false ? { type: 'after', rv: 0 } : { type: 'state', version: { version: 'any' }, mark: false };
  return { type: 'after', rv: asked };
}

/** @throws ApiError before the answer begins, for what can be known by then */
export async function watch(call: Call, options: ListOptions, frame: FrameForm, environment: WatchEnvironment): Promise<StreamBody> {
  const { store, clock } = call.parts;
  const selection = selectionOf(call, options);
  const start = startOf(options);
  const lasts = options.timeoutSeconds !== undefined && options.timeoutSeconds > 0 ? options.timeoutSeconds * 1000 : MIN_TIMEOUT_MS * (1 + environment.random());
  const deadline = clock.now() + lasts;
  const resource = call.kind.storage;
  // what is known to fail fails with a status of its own, not inside a stream
  const first = start.type === 'state' ? await readPage(store, { resource, ...start.version, limit: PAGE, ...selected(selection) }) : undefined;
  const from = start.type === 'after' ? (start.rv === 0 ? await store.frontier(resource) : start.rv) : 0;
  const probe = start.type === 'after' ? await subscribe(store, resource, from) : undefined;
  return {
    start(sink: StreamSink) {
      const watcher = new Watcher({
        store,
        frame,
        selection,
        bookmarks: options.allowWatchBookmarks,
        deadline,
        now: () => clock.now(),
        sink,
        closed: (closed) => environment.clock.remove(closed),
      });
      environment.clock.add(watcher);
      if (probe !== undefined) {
        watcher.started(from, probe.stop);
        probe.handOver(watcher);
        return;
      }
      void begin(store, { resource, ...selected(selection) }, first!, watcher, sink, start.type === 'state' && start.mark && options.allowWatchBookmarks).catch(() =>
        watcher.fail(),
      );
    },
  };
}

const selected = ({ namespace, name, match }: ReturnType<typeof selectionOf>): Partial<ListQuery> => ({
  ...(namespace === undefined ? {} : { namespace }),
  ...(name === undefined ? {} : { name }),
  ...(match === undefined ? {} : { match }),
});

/** A subscription that begins before the answer does: what comes in between is kept for the watcher. */
async function subscribe(store: Store, resource: string, from: number): Promise<{ stop: () => void; handOver(watcher: Watcher): void }> {
  let target: Watcher | undefined;
  let early: (() => void)[] | undefined = [];
  const now = (act: (watcher: Watcher) => void): void => {
    if (target !== undefined) act(target);
    else early!.push(() => act(target!));
  };
  try {
    const stop = await store.watch(resource, from, {
      changes: (changes, frontier) => now((watcher) => watcher.changes(changes, frontier)),
      expired: () => now((watcher) => watcher.expired()),
    });
    return {
      stop,
      handOver(watcher) {
        target = watcher;
        for (const act of early!) act();
        early = undefined;
      },
    };
  } catch (error) {
    if (error instanceof StoreExpired) throw expired(`too old resource version: ${error.asked} (${error.oldest})`);
    if (error instanceof StoreTooNew) throw resourceVersionTooLarge(error.asked, error.frontier);
    throw error;
  }
}

/** The state as ADDED events, page by page as the client takes them, then the changes after it. */
async function begin(
  store: Store,
  query: ListQuery | Omit<ListQuery, 'version'>,
  first: Awaited<ReturnType<typeof readPage>>,
  watcher: Watcher,
  sink: StreamSink,
  mark: boolean,
): Promise<void> {
  let wake: (() => void) | undefined;
  sink.onDrain(() => wake?.());
  sink.onClose(() => wake?.());
  for (let page = first; ;) {
    for (const item of page.items) if (watcher.open && !watcher.initial(item.body)) await new Promise<void>((resolve) => (wake = resolve));
    if (!watcher.open) return;
    if (!page.more || page.items.length === 0) break;
    page = await store.list({ ...query, version: { at: first.rv }, after: page.items.at(-1)!.key, limit: PAGE } as ListQuery);
  }
  const rv = Math.max(1, first.rv);
  if (mark) watcher.initialEnd(rv);
  watcher.started(rv, await store.watch(query.resource, rv, watcher));
}
