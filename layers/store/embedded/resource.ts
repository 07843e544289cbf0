/** Everything the engine knows in memory of one resource. */
import type { ResourceName, WatchListener } from '../port.ts';
import type { BodyCache } from './body-cache.ts';
import type { LogReader } from './log-reader.ts';
import { Recent } from './recent-changes.ts';
import { hasBody, type LoggedChange } from './records.ts';
import { Table } from './table.ts';

/** Objects read in one piece while a table is filled: some 4 ms. */
const LOAD_PIECE = 500;

/** A watcher. `at` is the last resourceVersion it has seen; `live` once that is the frontier, until then the disk feeds it. */
export interface Subscription {
  readonly listener: WatchListener;
  at: number;
  live: boolean;
  closed: boolean;
}

export class Resource {
  readonly id: number;
  readonly name: ResourceName;
  /** The log names it already. */
  persisted: boolean;
  /** The newest resourceVersion that is durable. The first write gets 2, so that an empty resource is at 1 and never at 0. */
  frontier = 1;
  /** States and changes are exact from here on; below, history is trimmed. */
  floor = 1;
  /** Of the newest change: milliseconds since the epoch, and bytes of log up to it. */
  time = 0;
  volume = 0;
  objects = 0;
  readonly recent = new Recent();
  readonly subscriptions = new Set<Subscription>();
  /** Those who wait for a resourceVersion that is still to come. */
  readonly waiting = new Set<{ readonly rv: number; readonly reached: () => void }>();
  #table: Table | undefined;
  #loading: Promise<Table> | undefined;

  constructor(id: number, name: ResourceName, persisted: boolean) {
    this.id = id;
    this.name = name;
    this.persisted = persisted;
  }

  get table(): Table | undefined {
    return this.#table;
  }

  /** Fills the table once. Nobody writes meanwhile: a commit waits for the tables of its resources. */
  load(reader: LogReader, cache: BodyCache): Promise<Table> {
    this.#loading ??= this.#fill(reader, cache).catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    return this.#loading;
  }

  async #fill(reader: LogReader, cache: BodyCache): Promise<Table> {
    const table = new Table();
    let after = { namespace: '', name: '' };
    for (let left = this.objects; left > 0;) {
      const piece = reader.objects(this.id, this.name, after, LOAD_PIECE);
      const last = piece.at(-1);
      if (last === undefined) break;
      for (const object of piece) cache.count(table.set(object));
      after = last.key;
      left -= piece.length;
      if (left > 0) await new Promise((resolve) => setImmediate(resolve));
    }
    this.#table = table;
    return table;
  }

  /** Takes in a change that is durable now. */
  apply(change: LoggedChange, cache: BodyCache): void {
    const { namespace, name } = change.key;
    const table = this.#table!;
    if (change.type === 'removed') {
      const slot = table.delete(namespace, name);
      if (slot !== undefined) cache.forget(slot);
    } else if (hasBody(change.after)) cache.count(table.set(change.after));
    this.objects = table.size;
    this.frontier = change.rv;
  }
}
