/** The engine on DynamoDB: many processes, one table, no server of ours. */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Clock, Random } from '#machinery/clock.ts';
import { StoreUnavailable } from '../errors.ts';
import type { Actor, Change, ListPage, ListQuery, ObjectKey, ResourceName, Store, StoredObject, WatchListener, Write } from '../port.ts';
import { Beats } from './beats.ts';
import { Calls } from './calls.ts';
import { Commits } from './commit.ts';
import { Counters } from './counter.ts';
import { Expiry } from './expiry.ts';
import { Fence } from './fence.ts';
import { Heads } from './heads.ts';
import { Kept, TIMES, type Times } from './history.ts';
import { Partitions, STRIPES, type Stripes } from './keys.ts';
import { EXPIRED_FOR, Lists } from './lists.ts';
import { nodeWork, readNodeWork, type Extra, type Work } from './node-work.ts';
import { Past } from './past.ts';
import { PLAIN, PlainResource } from './plain.ts';
import { Reader } from './reader.ts';
import type { Stored } from './records.ts';
import { Registry } from './registry.ts';
import { ResourceLog, type LogParts } from './resource-log.ts';

export interface DynamoOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  /** No slash and no blank in it. */
  readonly cluster: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly times?: Partial<Times>;
  readonly stripes?: Stripes;
  /** Items that move with a write. */
  readonly extra?: Extra;
  /** What a node's own partition is called, where that is more than its name: what IAM knows its credentials by. */
  readonly nodeKey?: (node: string) => string;
  /** Whether this process removes what it wrote when that expires. Off where nothing may outlive a request: `sweep` then does it. */
  readonly timers?: boolean;
  /** Hears of what nobody waits for: a listener that threw, a look at the log that failed. */
  readonly onError?: (error: unknown) => void;
}

export interface DynamoStore extends Store {
  /** Somebody else has written: watchers need not wait for the next look. */
  wake(resource: ResourceName): void;
  /** Removes objects whose time is over, of one resource; answers how many. */
  sweep(resource: ResourceName): Promise<number>;
  /** The pods that a node must run. */
  nodeWork(node: string): Promise<readonly Work[]>;
}

export function openDynamoStore(options: DynamoOptions): DynamoStore {
  return new Dynamo(options);
}

class Dynamo implements DynamoStore {
  readonly #options: DynamoOptions;
  readonly #calls: Calls;
  readonly #reader: Reader;
  readonly #heads = new Heads();
  readonly #registry: Registry;
  readonly #commits: Commits;
  readonly #past: Past;
  readonly #lists: Lists;
  readonly #expiry: Expiry;
  readonly #beats: Beats;
  readonly #logParts: LogParts;
  readonly #logs = new Map<ResourceName, ResourceLog>();
  readonly #plains = new Map<ResourceName, PlainResource>();

  constructor(options: DynamoOptions) {
    const { client, table, cluster, clock, random, onError = () => {}, extra = nodeWork, nodeKey = (node) => node, timers = true } = options;
    if (!/^[^/ ]+$/.test(cluster)) throw new RangeError(`a cluster cannot be called "${cluster}"`);
    this.#options = options;
    const times = { ...TIMES, ...options.times };
    const kept = new Kept(times);
    const calls = (this.#calls = new Calls(client, table, clock, random, times.attempt));
    const reader = (this.#reader = new Reader(calls));
    const counters = new Counters(calls, reader, kept);
    const fence = new Fence(calls, clock, kept);
    this.#registry = new Registry(calls, reader, cluster);
    this.#beats = new Beats(calls, reader, cluster, nodeKey);
    this.#logParts = { calls, reader, counters, fence, kept, times, clock, random, failed: onError };
    this.#commits = new Commits({
      cluster,
      calls,
      reader,
      counters,
      fence,
      heads: this.#heads,
      registry: this.#registry,
      kept,
      clock,
      extra: (of, moving) => extra(of, moving, nodeKey),
    });
    this.#past = new Past(reader);
    this.#lists = new Lists(reader, this.#past, clock);
    this.#expiry = new Expiry({ get: async (key) => this.#read(key, true), commit: async (writes, actor) => this.commit(writes, actor) }, clock, timers, onError);
  }

  async get(key: ObjectKey, version: 'latest' | 'any' = 'latest'): Promise<StoredObject | undefined> {
    const object = await this.#read(key, version === 'latest');
    return object?.expiresAt !== undefined && object.expiresAt < Math.floor(this.#options.clock.now() / 1000) - EXPIRED_FOR ? undefined : object;
  }

  async #read(key: ObjectKey, consistent: boolean): Promise<Stored | undefined> {
    const object = PLAIN.has(key.resource) ? await this.#plain(key.resource).get(key, consistent) : await this.#reader.object(this.#log(key.resource).partitions, key, consistent);
    if (object !== undefined) this.#heads.note(object);
    return object;
  }

  async list(query: ListQuery): Promise<ListPage> {
    return PLAIN.has(query.resource) ? this.#plain(query.resource).list(query) : this.#lists.list(this.#log(query.resource), query);
  }

  async commit(writes: readonly Write[], actor: Actor): Promise<readonly number[]> {
    if (writes.length === 0) return [];
    const plain = writes.find(({ key }) => PLAIN.has(key.resource));
    if (plain !== undefined) return this.#plain(plain.key.resource).commit(writes);
    const logs = writes.map(({ key }) => this.#log(key.resource));
    const rvs = await this.#commits.commit(writes, logs, actor);
    for (const [index, write] of writes.entries()) if (write.type === 'put') this.#expiry.note(write.key, rvs[index]!, write.expiresAt);
    return rvs;
  }

  async advance(resource: ResourceName): Promise<void> {
    // lists of leases are no snapshots, and their resourceVersions come from the clock
    if (!PLAIN.has(resource)) await this.#commits.advance(this.#log(resource));
  }

  async frontier(resource: ResourceName): Promise<number> {
    if (PLAIN.has(resource)) return this.#plain(resource).frontier();
    const log = this.#log(resource);
    await log.current();
    return log.frontier;
  }

  async watch(resource: ResourceName, after: number, listener: WatchListener): Promise<() => void> {
    return PLAIN.has(resource) ? this.#plain(resource).watch(after, listener) : this.#log(resource).watch(after, listener);
  }

  async previous(change: Change): Promise<Uint8Array | undefined> {
    if (change.type === 'created') return undefined;
    // the states of leases are not kept, and nothing that selectors look at changes in them
    return PLAIN.has(change.key.resource) ? change.body : this.#past.before(this.#log(change.key.resource), change);
  }

  async count(resource: ResourceName, namespace?: string): Promise<number> {
    const { partitions } = this.#log(resource);
    const stripes = namespace === undefined ? partitions.objects : [partitions.of(namespace)];
    const range = namespace === undefined ? { low: ' ', high: '\u{10ffff}' } : { low: `${namespace} `, high: `${namespace}!` };
    const counts = await Promise.all(stripes.map(async (pk) => this.#reader.count(pk, range)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async resources(): Promise<readonly ResourceName[]> {
    this.#calls.check();
    return this.#registry.all();
  }

  wake(resource: ResourceName): void {
    this.#logs.get(resource)?.wake();
  }

  async sweep(resource: ResourceName): Promise<number> {
    return this.#expiry.sweep(this.#reader, this.#log(resource).partitions, resource);
  }

  async nodeWork(node: string): Promise<readonly Work[]> {
    return readNodeWork(this.#reader, this.#options.cluster, (this.#options.nodeKey ?? ((name) => name))(node));
  }

  async close(): Promise<void> {
    this.#calls.close();
    this.#expiry.stop();
    for (const log of [...this.#logs.values(), ...this.#plains.values()]) log.close();
  }

  #plain(name: ResourceName): PlainResource {
    let plain = this.#plains.get(name);
    if (plain === undefined) {
      const { calls, reader, clock, kept, failed } = this.#logParts;
      plain = new PlainResource({ calls, reader, clock, kept, failed, heads: this.#heads, registry: this.#registry, beats: this.#beats }, name, this.#log(name).partitions);
      this.#plains.set(name, plain);
    }
    this.#calls.check();
    return plain;
  }

  #log(name: ResourceName): ResourceLog {
    this.#calls.check();
    let log = this.#logs.get(name);
    if (log === undefined) {
      if (name.includes('/')) throw new StoreUnavailable(`a resource cannot be called "${name}"`);
      log = new ResourceLog(this.#logParts, name, new Partitions(this.#options.cluster, name, this.#options.stripes ?? STRIPES));
      this.#logs.set(name, log);
    }
    return log;
  }
}
