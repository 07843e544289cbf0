/** Objects and writes for tests of stores. */
import type { Change, ListQuery, Put, Remove, Store, StoredObject } from '../port.ts';

export const ACTOR = { user: 'tester', requestId: 'request-1' };
export const RESOURCE = 'widgets.example.com';

export interface Body {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly data: string;
}

export interface PutOptions {
  readonly resource?: string;
  readonly namespace?: string;
  readonly name: string;
  /** The resourceVersion that is expected; absent: no object may be there. */
  readonly at?: number;
  readonly data?: string;
  readonly labels?: Record<string, string>;
  readonly fields?: Record<string, string>;
  readonly expiresAt?: number;
}

const bytes = (name: string, rv: number, data: string): Uint8Array =>
  new TextEncoder().encode(JSON.stringify({ metadata: { name, resourceVersion: String(rv) }, data } satisfies Body));

export function put(options: PutOptions): Put {
  const { resource = RESOURCE, namespace = 'default', name, at, data = 'x', labels = {}, fields = {}, expiresAt } = options;
  return {
    type: 'put',
    key: { resource, namespace, name },
    if: at === undefined ? { absent: true } : { rv: at },
    uid: `uid-${name}`,
    labels,
    fields,
    body: (rv) => bytes(name, rv, data),
    ...(expiresAt !== undefined && { expiresAt }),
  };
}

export function remove(options: { readonly resource?: string; readonly namespace?: string; readonly name: string; readonly at: number; readonly data?: string }): Remove {
  const { resource = RESOURCE, namespace = 'default', name, at, data = 'x' } = options;
  return { type: 'remove', key: { resource, namespace, name }, if: { rv: at }, body: (rv) => bytes(name, rv, data) };
}

export async function write(store: Store, ...writes: (Put | Remove)[]): Promise<number> {
  return (await store.commit(writes, ACTOR))[0]!;
}

export const parsed = (body: Uint8Array): Body => JSON.parse(new TextDecoder().decode(body)) as Body;
export const keyOf = (name: string, namespace = 'default', resource = RESOURCE) => ({ resource, namespace, name });

/** `namespace/name@rv=data`, checked against the resourceVersion inside the body. */
export function told({ key, rv, body }: Pick<StoredObject, 'key' | 'rv' | 'body'>): string {
  const { metadata, data } = parsed(body);
  const inside = metadata.resourceVersion === String(rv) ? '' : ` (but ${metadata.resourceVersion} inside)`;
  return `${key.namespace}/${key.name}@${rv}=${data}${inside}`;
}

export async function listed(store: Store, query: Partial<ListQuery> = {}): Promise<string[]> {
  return (await store.list({ resource: RESOURCE, version: 'latest', ...query })).items.map(told);
}

/** All pages of a list, each at the resourceVersion of the first. */
export async function paged(
  store: Store,
  limit: number,
  query: Partial<ListQuery> = {},
  between?: () => Promise<unknown>,
): Promise<{ rv: number; items: StoredObject[]; pages: number }> {
  let page = await store.list({ resource: RESOURCE, version: 'latest', ...query, limit });
  const { rv } = page;
  const items = [...page.items];
  let pages = 1;
  while (page.more) {
    await between?.();
    page = await store.list({ resource: RESOURCE, ...query, version: { at: rv }, limit, after: items.at(-1)!.key });
    if (page.rv !== rv) throw new Error(`a page at ${rv} says it is at ${page.rv}`);
    items.push(...page.items);
    pages++;
  }
  return { rv, items, pages };
}

/** A watcher that notes what it is told and complains about holes, doubles and a frontier that goes back. */
export class Recorder {
  readonly changes: Change[] = [];
  expired = 0;
  frontier = 0;
  readonly wrong: string[] = [];
  #last: number;
  #waiting: { readonly ready: () => boolean; readonly resolve: () => void }[] = [];
  #stop: () => void = () => {};

  private constructor(after: number) {
    this.#last = after;
  }

  static async start(store: Store, after: number, resource = RESOURCE): Promise<Recorder> {
    const recorder = new Recorder(after);
    recorder.#stop = await store.watch(resource, after, {
      changes: (changes, frontier) => recorder.#take(changes, frontier),
      expired: () => {
        recorder.expired++;
        recorder.#wake();
      },
    });
    return recorder;
  }

  #take(changes: readonly Change[], frontier: number): void {
    for (const change of changes) {
      if (change.rv <= this.#last) this.wrong.push(`${change.rv} after ${this.#last}`);
      if (change.rv > frontier) this.wrong.push(`${change.rv} above the frontier ${frontier}`);
      this.#last = change.rv;
      this.changes.push(change);
    }
    if (frontier < this.frontier) this.wrong.push(`frontier ${frontier} after ${this.frontier}`);
    this.frontier = frontier;
    this.#wake();
  }

  #wake(): void {
    const ready = this.#waiting.filter((waiter) => waiter.ready());
    this.#waiting = this.#waiting.filter((waiter) => !ready.includes(waiter));
    for (const { resolve } of ready) resolve();
  }

  /** The last resourceVersion seen. */
  get last(): number {
    return this.#last;
  }

  async until(ready: (recorder: Recorder) => boolean): Promise<this> {
    if (!ready(this)) await new Promise<void>((resolve) => this.#waiting.push({ ready: () => ready(this), resolve }));
    return this;
  }

  async reached(rv: number): Promise<this> {
    return this.until(({ last }) => last >= rv);
  }

  get told(): string[] {
    return this.changes.map((change) => `${change.type} ${told(change)}`);
  }

  stop(): void {
    this.#stop();
  }
}
