import { badRequest, expired, isExpired, resourceVersionTooLarge, timeout } from '#machinery/status.ts';
import { StoreExpired, StoreTooNew } from '#store/errors.ts';
import type { ListPage, ListQuery, Store, StoredObject } from '#store/port.ts';
import type { Call } from '../context.ts';
import { type ListOptions, resourceVersion } from '../routing/query.ts';
import { type ContinueToken, decodeContinue, encodeContinue } from './continue-token.ts';
import { type Selection, selection } from './selection.ts';

export interface ListResult {
  readonly rv: number;
  /** The first part; `rest` reads on while there is more of an answer that is too big to hold. */
  readonly items: readonly StoredObject[];
  readonly rest: (() => AsyncGenerator<readonly StoredObject[]>) | undefined;
  readonly continue: string;
  readonly remaining: number | undefined;
}

/** Objects that a list without a limit begins with: about 24 MB of pods. */
const PART = 10_000;
/** Objects that the rest of it is read by: while one part is on its way the next is read, and what was sent is not collected at once. */
const REST_PART = 1_000;

const EXPIRED = 'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.';
const INCONSISTENT =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';

export const selectionOf = (call: Call, options: ListOptions): Selection => selection(call.kind, call.namespace, call.name, options.labels, options.fields);

/**
 * A list may be paged through for as long as etcd keeps a revision in kube-apiserver's default (`--etcd-compaction-interval`), although the store keeps
 * more: clients are written for that. Seconds.
 */
const CONTINUE_SECONDS = 300;

/** Later pages are of whatever is there then, and must not look like pages of the same list. */
async function giveUp(store: Store, resource: string, { rv, after, since }: ContinueToken): Promise<never> {
  if ((await store.frontier(resource)) === rv) await store.advance(resource);
  throw expired(INCONSISTENT, encodeContinue({ rv: -1, after, since }));
}

/** Which state of the store a list speaks of (kubernetes.md 3.8). */
function versionOf(options: ListOptions, token: ContinueToken | undefined): Pick<ListQuery, 'version' | 'notBefore' | 'after'> {
  const asked = resourceVersion(options.resourceVersion);
  if (token !== undefined) {
    if (asked !== undefined && asked !== 0) throw badRequest('specifying resource version is not allowed when using continue');
    return { version: token.rv === -1 ? 'latest' : { at: token.rv }, after: token.after };
  }
  if (asked === undefined) return { version: 'latest' };
  if (asked === 0) return { version: 'any' };
  if (options.match === 'Exact' || (options.match === '' && options.limit > 0)) return { version: { at: asked } };
  return { version: 'any', notBefore: asked };
}

export async function readPage(store: Store, query: ListQuery): Promise<ListPage> {
  try {
    return await store.list(query);
  } catch (error) {
    if (error instanceof StoreTooNew) throw resourceVersionTooLarge(error.asked, error.frontier);
    if (error instanceof StoreExpired) {
      throw expired(`The resourceVersion for the provided list is too old.`);
    }
    throw error;
  }
}

async function* remainder(store: Store, query: ListQuery, first: ListPage): AsyncGenerator<readonly StoredObject[]> {
  let page = first;
  while (page.more) {
    const { namespace, name } = page.items.at(-1)!.key;
    try {
      page = await store.list({ ...query, limit: REST_PART, version: { at: first.rv }, after: { namespace, name } });
    } catch (error) {
      if (error instanceof StoreExpired) throw timeout(EXPIRED);
      throw error;
    }
    yield page.items;
  }
}

export async function list(call: Call, options: ListOptions): Promise<ListResult> {
  const { store } = call.parts;
  const selected = selectionOf(call, options);
  const now = Math.floor(call.parts.clock.now() / 1000);
  const token = options.continue === '' ? undefined : decodeContinue(options.continue, call.kind.namespaced);
  const query: ListQuery = {
    resource: call.kind.storage,
    ...versionOf(options, token),
    ...(selected.namespace === undefined ? {} : { namespace: selected.namespace }),
    ...(selected.name === undefined ? {} : { name: selected.name }),
    ...(selected.match === undefined ? {} : { match: selected.match }),
    limit: options.limit > 0 ? options.limit : PART,
  };
  if (token !== undefined && token.rv !== -1 && now - token.since > CONTINUE_SECONDS) await giveUp(store, query.resource, token);
  const page = await readPage(store, query).catch((error: unknown) => {
    if (token !== undefined && isExpired(error)) return giveUp(store, query.resource, token);
    throw error;
  });
  // clients take 0 for "any"; engines begin above 1, so that nothing is ever missed after it
  const rv = Math.max(1, page.rv);
  if (options.limit > 0) {
    const more = page.more && page.items.length > 0;
    // a snapshot of which the first page has counted the rest
    const remaining = page.remaining ?? (token?.left === undefined || token.rv === -1 ? undefined : token.left - page.items.length);
    return {
      rv,
      items: page.items,
      rest: undefined,
      continue: more
        ? encodeContinue({
            rv,
            after: page.items.at(-1)!.key,
            since: token === undefined || token.rv === -1 ? now : token.since,
            ...(remaining === undefined ? {} : { left: remaining }),
          })
        : '',
      remaining: more && options.labelText === '' && options.fieldText === '' ? remaining : undefined,
    };
  }
  return { rv, items: page.items, rest: page.more ? () => remainder(store, query, page) : undefined, continue: '', remaining: undefined };
}
