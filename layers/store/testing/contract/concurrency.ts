import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StoreConflict } from '../../errors.ts';
import type { Change, ListPage, Store } from '../../port.ts';
import { ACTOR, keyOf, paged, parsed, put, Recorder, remove, RESOURCE, told, write } from '../fixtures.ts';
import type { OpenStore, StoreUnderTest } from './under-test.ts';

/** What a list said, and what was known to be written before it was asked. */
interface Seen {
  readonly page: Pick<ListPage, 'rv' | 'items'>;
  readonly acknowledged: number;
}

export function concurrency(open: OpenStore): void {
  describe('many at once', () => {
    let under: StoreUnderTest;
    let store: Store;
    let start: number;
    beforeEach(async () => {
      under = await open();
      ({ store } = under);
      start = await store.frontier(RESOURCE);
    });
    afterEach(() => under.store.close());

    test('of many creates of one name one wins', async () => {
      const results = await Promise.allSettled(Array.from({ length: 50 }, async (_, client) => write(store, put({ name: 'a', data: String(client) }))));
      const won = results.filter((result) => result.status === 'fulfilled');
      expect(won).toHaveLength(1);
      for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'STORE_CONFLICT', current: { rv: won[0]!.value } });
      expect(await store.count(RESOURCE)).toBe(1);
    });

    test('read, change and write back counts exactly', async () => {
      await write(store, put({ name: 'counter', data: '0' }));
      const increment = async (): Promise<void> => {
        for (;;) {
          const current = (await store.get(keyOf('counter')))!;
          try {
            await write(store, put({ name: 'counter', at: current.rv, data: String(Number(parsed(current.body).data) + 1) }));
            return;
          } catch (error) {
            if (!(error instanceof StoreConflict)) throw error;
          }
        }
      };
      await Promise.all(
        Array.from({ length: 16 }, async () => {
          for (let turn = 0; turn < 10; turn++) await increment();
        }),
      );
      expect(parsed((await store.get(keyOf('counter')))!.body).data).toBe('160');
    });

    test('two writes of one commit are never seen apart', async () => {
      await store.commit([put({ name: 'left', data: '0' }), put({ name: 'right', data: '0' })], ACTOR);
      const state = { done: false };
      const transfer = async (client: number): Promise<void> => {
        for (let turn = 0; turn < 15; turn++) {
          const { items } = await store.list({ resource: RESOURCE, version: 'latest' });
          const writes = items.map(({ key, rv }) => put({ name: key.name, at: rv, data: `${client}-${turn}` }));
          await store.commit(writes, ACTOR).catch((error: unknown) => {
            if (!(error instanceof StoreConflict)) throw error;
          });
        }
      };
      const look = async (): Promise<string[][]> => {
        const pairs: string[][] = [];
        while (!state.done) {
          const { items } = await store.list({ resource: RESOURCE, version: 'latest' });
          pairs.push(items.map(({ body }) => parsed(body).data));
          await new Promise((resolve) => setImmediate(resolve));
        }
        return pairs;
      };
      const looking = look();
      await Promise.all(Array.from({ length: 8 }, async (_, client) => transfer(client)));
      state.done = true;
      const pairs = await looking;
      expect(pairs.length).toBeGreaterThan(0);
      expect(pairs.filter(([left, right]) => left !== right)).toEqual([]);
    });

    test('every list under load is the log up to its resourceVersion, holds what was acknowledged, and never goes back', async () => {
      const log = await Recorder.start(store, start);
      const acknowledged: { readonly rv: number; readonly name: string }[] = [];
      const seen: Seen[] = [];
      let newest = start;
      const running = new Set<number>();
      const client = async (id: number): Promise<void> => {
        running.add(id);
        // a small generator of its own, so that a failure comes again
        let random = id + 1;
        const next = (limit: number): number => (random = (random * 48_271) % 2_147_483_647) % limit;
        for (let turn = 0; turn < 40; turn++) {
          const name = `o${next(12)}`;
          const namespace = next(2) === 0 ? 'a' : 'b';
          const current = await store.get(keyOf(name, namespace));
          const one =
            current === undefined
              ? put({ namespace, name })
              : next(3) === 0
                ? remove({ namespace, name, at: current.rv })
                : put({ namespace, name, at: current.rv, data: `${id}` });
          try {
            const rv = await write(store, one);
            acknowledged.push({ rv, name: `${namespace}/${name}` });
            newest = Math.max(newest, rv);
          } catch (error) {
            if (!(error instanceof StoreConflict)) throw error;
          }
        }
        running.delete(id);
      };
      const reader = async (id: number): Promise<void> => {
        while (running.size > 0) {
          const before = newest;
          const page = id === 0 ? await paged(store, 3) : await store.list({ resource: RESOURCE, version: 'latest' });
          seen.push({ page, acknowledged: before });
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      await Promise.all([...Array.from({ length: 8 }, async (_, id) => client(id)), reader(0), reader(1)]);
      await log.reached(newest);
      log.stop();

      expect(log.wrong).toEqual([]);
      const logged = new Map(log.changes.map((change) => [change.rv, `${change.key.namespace}/${change.key.name}`]));
      expect(logged.size).toBe(acknowledged.length);
      for (const { rv, name } of acknowledged) expect(logged.get(rv)).toBe(name);
      expect(seen.length).toBeGreaterThan(2);
      const states = statesAt(log.changes, new Set(seen.map(({ page }) => page.rv)));
      for (const { page, acknowledged: before } of seen) {
        expect(page.rv).toBeGreaterThanOrEqual(before);
        expect(page.items.map(told).sort().join(' ')).toBe(states.get(page.rv));
      }
    });
  });
}

/** The objects that the log leaves at each of these resourceVersions, in one walk: a slow disk makes for many lists. */
function statesAt(changes: readonly Change[], rvs: ReadonlySet<number>): ReadonlyMap<number, string> {
  const state = new Map<string, string>();
  const states = new Map<number, string>();
  const note = (from: number, to: number): void => {
    const now = [...state.values()].sort().join(' ');
    for (const rv of rvs) if (rv >= from && rv < to) states.set(rv, now);
  };
  for (const [index, change] of changes.entries()) {
    if (index === 0) note(0, change.rv);
    const key = `${change.key.namespace}/${change.key.name}`;
    if (change.type === 'removed') state.delete(key);
    else state.set(key, told(change));
    note(change.rv, changes[index + 1]?.rv ?? Infinity);
  }
  return states;
}
