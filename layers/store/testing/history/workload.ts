/** Clients that read, write, list and watch one cluster through several stores at once, and write down what they did and saw. */
import { StoreConflict, StoreExpired, StoreUnavailable } from '../../errors.ts';
import type { Store, StoredObject, Write } from '../../port.ts';
import { ACTOR, paged, parsed, put, Recorder, remove } from '../fixtures.ts';
import { entryOf, instant, itemText, type Entry, type Event, type Logs, type WriteTold } from './history.ts';

export const RESOURCES = ['pods', 'services'] as const;
export const COUNTER = 'counters/hits';

export interface WorkloadOptions {
  /** One more store over the same data, as another process would open it. */
  readonly open: () => Promise<Store>;
  readonly stores: number;
  readonly operations: number;
  readonly seed: number;
  /** Begins the marks of this run, where several write one history. */
  readonly name?: string;
  /** Hears of each event as it happens; without it they are the answer of the run. */
  readonly onEvent?: (event: Event) => void;
  /** Clients for each store. */
  readonly clients?: number;
  /** Objects that are written, for each resource. */
  readonly names?: number;
  /** After so many operations a store is closed in the middle of its work and another opened in its place. */
  readonly restartEvery?: number;
  /** Told now and then how far it is. */
  readonly progress?: (done: number) => void;
}

/** mulberry32: the same numbers for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

const markOf = (object: StoredObject): string => parsed(object.body).data.split(' ')[0]!;
const keyText = ({ key }: Pick<StoredObject, 'key'>): string => `${key.namespace}/${key.name}`;

class Workload {
  readonly #events: Event[] = [];
  readonly #options: WorkloadOptions;
  readonly #stores: Store[] = [];
  readonly #random: () => number;
  #done = 0;
  #marks = 0;

  constructor(options: WorkloadOptions) {
    this.#options = options;
    this.#random = randomOf(options.seed);
  }

  async run(): Promise<readonly Event[]> {
    const { open, stores, clients = 4 } = this.#options;
    for (let index = 0; index < stores; index++) this.#stores.push(await open());
    const watching = { over: false };
    const watchers = RESOURCES.flatMap((resource) => [0, 1, 2].map(async (id) => this.#watcher(`${this.#options.name ?? ''}${resource}-watcher-${id}`, resource, watching)));
    await Promise.all([...Array.from({ length: stores * clients }, async (_, id) => this.#client(id, id % stores)), this.#restarts()]);
    watching.over = true;
    await Promise.all(watchers);
    for (const store of this.#stores) await store.close();
    return this.#events;
  }

  #told(event: Event): void {
    const { onEvent } = this.#options;
    if (onEvent === undefined) this.#events.push(event);
    else onEvent(event);
  }

  #pick(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  get #over(): boolean {
    return this.#done >= this.#options.operations;
  }

  async #restarts(): Promise<void> {
    const { restartEvery = Infinity, open, progress } = this.#options;
    let next = restartEvery;
    while (!this.#over) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      progress?.(this.#done);
      if (this.#done < next) continue;
      next += restartEvery;
      const index = this.#pick(this.#stores.length);
      const old = this.#stores[index]!;
      this.#stores[index] = await open();
      await old.close();
    }
  }

  async #client(id: number, index: number): Promise<void> {
    while (!this.#over) {
      this.#done++;
      const store = this.#stores[index]!;
      try {
        await this.#operation(store, id);
      } catch (error) {
        // reads that fail are no evidence, and a history that is too short for a list is no mistake
        if (!(error instanceof StoreUnavailable) && !(error instanceof StoreExpired)) throw error;
      }
    }
  }

  async #operation(store: Store, id: number): Promise<void> {
    const kind = this.#pick(100);
    if (kind < 35) return this.#write(store, id);
    if (kind < 42) return this.#count(store, id);
    const resource = RESOURCES[this.#pick(RESOURCES.length)]!;
    if (kind < 82) {
      await this.#get(store, resource, this.#name());
      return;
    }
    const asked = instant();
    if (kind < 94) {
      const page = await store.list({ resource, version: 'latest' });
      this.#listed(resource, asked, true, page.rv, page.items);
      return;
    }
    if (kind < 97) {
      const { rv, items } = await paged(store, 5, { resource });
      this.#listed(resource, asked, true, rv, items);
      return;
    }
    const rv = (await store.frontier(resource)) - this.#pick(30);
    const page = await store.list({ resource, version: { at: Math.max(1, rv) } });
    this.#listed(resource, asked, false, page.rv, page.items);
  }

  #listed(resource: string, asked: number, latest: boolean, rv: number, items: readonly StoredObject[]): void {
    const told = items.map((object) => itemText({ key: keyText(object), rv: object.rv, mark: markOf(object) }));
    this.#told({ kind: 'list', asked, answered: instant(), resource, rv, latest, items: told });
  }

  #name(): { readonly namespace: string; readonly name: string } {
    const names = this.#options.names ?? 12;
    return { namespace: `n${this.#pick(2)}`, name: `o${this.#pick(names)}` };
  }

  async #get(store: Store, resource: string, name: { readonly namespace: string; readonly name: string }): Promise<StoredObject | undefined> {
    const asked = instant();
    const object = await store.get({ resource, ...name });
    this.#told({ kind: 'get', asked, answered: instant(), resource, key: `${name.namespace}/${name.name}`, rv: object?.rv ?? 0 });
    return object;
  }

  /** One write, or two in one commit to both resources. */
  async #write(store: Store, id: number): Promise<void> {
    const both = this.#pick(5) === 0;
    const mark = `${this.#options.name ?? ''}${id}-${++this.#marks}`;
    const writes: Write[] = [];
    const told: WriteTold[] = [];
    for (const resource of both ? RESOURCES : [RESOURCES[this.#pick(RESOURCES.length)]!]) {
      const name = this.#name();
      const current = await this.#get(store, resource, name);
      const goes = current !== undefined && this.#pick(4) === 0;
      const data = `${mark} ${'d'.repeat(this.#pick(200))}`;
      const at = current?.rv;
      writes.push(goes ? remove({ resource, ...name, at: at!, data }) : put({ resource, ...name, data, ...(at !== undefined && { at }) }));
      told.push({ resource, key: `${name.namespace}/${name.name}`, type: goes ? 'remove' : 'put', read: at ?? 0 });
    }
    await this.#commit(store, mark, writes, told);
  }

  /** Read, add one, write back: many do so to the same object. */
  async #count(store: Store, id: number): Promise<void> {
    const resource = RESOURCES[0];
    const [namespace, name] = COUNTER.split('/') as [string, string];
    const mark = `${this.#options.name ?? ''}${id}-${++this.#marks}`;
    const current = await this.#get(store, resource, { namespace, name });
    const value = Number(current === undefined ? 0 : parsed(current.body).data.split(' ')[1]) + 1;
    const write = put({ resource, namespace, name, data: `${mark} ${value}`, ...(current !== undefined && { at: current.rv }) });
    await this.#commit(store, mark, [write], [{ resource, key: COUNTER, type: 'put', read: current?.rv ?? 0 }]);
  }

  async #commit(store: Store, mark: string, writes: readonly Write[], told: readonly WriteTold[]): Promise<void> {
    const asked = instant();
    const note = (outcome: 'done' | 'conflict' | 'unknown', rvs: readonly number[] = []): void => {
      const made = told.map((one, index) => ({ ...one, ...(rvs[index] !== undefined && { rv: rvs[index] }) }));
      this.#told({ kind: 'write', asked, answered: instant(), mark, outcome, writes: made });
    };
    try {
      note('done', await store.commit(writes, ACTOR));
    } catch (error) {
      if (error instanceof StoreConflict) note('conflict');
      else if (error instanceof StoreUnavailable) note('unknown');
      else throw error;
    }
  }

  /** Watches from the beginning, goes away at random, and comes back to any of the stores with the last that it saw. */
  async #watcher(watcher: string, resource: string, watching: { readonly over: boolean }): Promise<void> {
    let after = 1;
    while (!watching.over) {
      const store = this.#stores[this.#pick(this.#stores.length)]!;
      let recorder: Recorder;
      try {
        recorder = await Recorder.start(store, after, resource);
      } catch (error) {
        if (error instanceof StoreUnavailable) continue;
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 50 + this.#pick(400)));
      recorder.stop();
      const changes: Entry[] = recorder.changes.map(entryOf);
      this.#told({ kind: 'watch', watcher, resource, after, changes });
      if (recorder.wrong.length > 0) throw new Error(`${watcher}: ${recorder.wrong.join(', ')}`);
      if (recorder.expired > 0) throw new Error(`${watcher} was told that its history is over`);
      after = changes.at(-1)?.rv ?? after;
    }
  }
}

export async function runWorkload(options: WorkloadOptions): Promise<readonly Event[]> {
  return new Workload(options).run();
}

/** The whole log of each resource, as a watch of a fresh store tells it. */
export async function readLogs(store: Store, resources: readonly string[] = RESOURCES): Promise<Logs> {
  const logs = new Map<string, readonly Entry[]>();
  for (const resource of resources) {
    const frontier = await store.frontier(resource);
    const recorder = await Recorder.start(store, 1, resource);
    if (frontier > 1) await recorder.reached(frontier);
    recorder.stop();
    logs.set(resource, recorder.changes.map(entryOf));
  }
  return logs;
}
