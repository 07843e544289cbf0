/**
 * One resource, or a selection of it, kept in memory: list, then watch from there, resumed at the last resourceVersion after each
 * break and listed anew only when the server says that is too old. What is held is what the listener chooses to keep.
 */
import type { Clock, Random } from '#machinery/clock.ts';
import type { KubeObject } from '#machinery/object.ts';
import type { ApiClient } from './client.ts';
import { ApiRefused } from './errors.ts';
import { pause } from './pause.ts';

const PAGE = 500;
/** The server ends a watch after this many seconds (and up to twice as many, so that they do not all end at once). */
const WATCH_SECONDS = 300;
/** Beyond which a stream without its end is dead. */
const WATCH_SLACK_SECONDS = 30;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;

export interface Collection {
  /** `/api/v1/pods`, `/api/v1/namespaces/x/configmaps`. */
  readonly path: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

export interface ReflectorListener<T extends KubeObject> {
  /** Everything there is, after a (new) list: what is not in it is gone. */
  replaced(objects: readonly T[]): void;
  changed(object: T): void;
  deleted(object: T): void;
  /** The server could not be asked; called on each failure. */
  failed?(error: unknown): void;
}

interface ListAnswer<T> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: T[];
}
interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: T;
}

class TooOld extends Error {}

export interface ReflectorContext {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly random: Random;
}

/** Everything there is, page by page, and the resourceVersion at which it was so. */
export async function listAll<T extends KubeObject>(
  client: ApiClient,
  collection: Collection,
  signal: AbortSignal,
): Promise<{ readonly objects: readonly T[]; readonly version: string }> {
  const selection = { fieldSelector: collection.fieldSelector, labelSelector: collection.labelSelector };
  const objects: T[] = [];
  let next: string | undefined;
  let version: string;
  do {
    const page: ListAnswer<T> = await client.call<ListAnswer<T>>({
      method: 'GET',
      path: collection.path,
      query: { ...selection, limit: PAGE, continue: next },
      retries: 0,
      signal,
    });
    objects.push(...page.items);
    next = page.metadata.continue === '' ? undefined : page.metadata.continue;
    version = page.metadata.resourceVersion;
  } while (next !== undefined);
  return { objects, version };
}

/** Runs until `signal` is aborted. Objects in lists lack kind and apiVersion, as they do on the wire. */
export function reflect<T extends KubeObject>(context: ReflectorContext, collection: Collection, listener: ReflectorListener<T>, signal: AbortSignal): void {
  const { client, clock, random } = context;
  const selection = { fieldSelector: collection.fieldSelector, labelSelector: collection.labelSelector };

  async function list(): Promise<string> {
    const { objects, version } = await listAll<T>(client, collection, signal);
    listener.replaced(objects);
    return version;
  }

  async function watch(from: string, seen: (version: string) => void): Promise<void> {
    const seconds = Math.round(WATCH_SECONDS * (1 + random()));
    const bounded = new AbortController();
    const abort = (): void => bounded.abort();
    signal.addEventListener('abort', abort, { once: true });
    const cancel = clock.after((seconds + WATCH_SLACK_SECONDS) * 1000, abort);
    let tooOld = false;
    try {
      await client.lines(
        { method: 'GET', path: collection.path, query: { ...selection, watch: true, allowWatchBookmarks: true, resourceVersion: from, timeoutSeconds: seconds } },
        (line) => {
          const event = JSON.parse(line) as WatchEvent<T>;
          if (event.type === 'ERROR') {
            tooOld = (event.object as unknown as { code?: number }).code === 410;
            bounded.abort();
            return;
          }
          seen(event.object.metadata.resourceVersion ?? '');
          if (event.type === 'DELETED') listener.deleted(event.object);
          else if (event.type !== 'BOOKMARK') listener.changed(event.object);
        },
        bounded.signal,
      );
    } catch (error) {
      if (error instanceof ApiRefused && error.status === 410) throw new TooOld();
      if (!tooOld) throw error;
    } finally {
      cancel();
      signal.removeEventListener('abort', abort);
    }
    if (tooOld) throw new TooOld();
  }

  async function run(): Promise<void> {
    let version: string | undefined;
    let failures = 0;
    while (!signal.aborted) {
      try {
        version ??= await list();
        await watch(version, (seen) => {
          version = seen;
          failures = 0;
        });
        // A server that ends streams at once must not be asked in a tight loop.
        await pause(clock, FIRST_PAUSE_MS * random(), signal);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof TooOld) version = undefined;
        else listener.failed?.(error);
        await pause(clock, Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures++) * (0.5 + random() / 2), signal);
      }
    }
  }
  void run();
}
