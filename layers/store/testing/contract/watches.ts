import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Change, Store } from '../../port.ts';
import { parsed, put, Recorder, remove, RESOURCE, write } from '../fixtures.ts';
import type { OpenStore, StoreUnderTest } from './under-test.ts';

export function watches(open: OpenStore): void {
  describe('watch', () => {
    let under: StoreUnderTest;
    let store: Store;
    let start: number;
    beforeEach(async () => {
      under = await open();
      ({ store } = under);
      start = await store.frontier(RESOURCE);
    });
    afterEach(() => under.store.close());

    test('changes come in order, with the state before and after', async () => {
      const recorder = await Recorder.start(store, start);
      const a = await write(store, put({ name: 'a', data: '1', labels: { v: '1' }, fields: { f: '1' } }));
      const a2 = await write(store, put({ name: 'a', at: a, data: '2', labels: { v: '2' } }));
      const a3 = await write(store, remove({ name: 'a', at: a2, data: '2' }));
      await recorder.reached(a3);
      expect(recorder.told).toEqual([`created default/a@${a}=1`, `updated default/a@${a2}=2`, `removed default/a@${a3}=2`]);
      const [created, updated, removed] = recorder.changes as [Change, Change, Change];
      expect(created.before).toBeUndefined();
      expect(created.after).toMatchObject({ labels: { v: '1' }, fields: { f: '1' } });
      expect(updated).toMatchObject({ uid: 'uid-a', before: { labels: { v: '1' }, fields: { f: '1' } }, after: { labels: { v: '2' }, fields: {} } });
      expect(removed).toMatchObject({ uid: 'uid-a', before: { labels: { v: '2' } } });
      expect(recorder.wrong).toEqual([]);
      recorder.stop();
    });

    test('a watch begins after the resourceVersion that it names, in the past, now or to come', async () => {
      const rvs: number[] = [];
      for (let index = 0; index < 5; index++) rvs.push(await write(store, put({ name: `o${index}` })));
      const past = await Recorder.start(store, rvs[1]!);
      const now = await Recorder.start(store, rvs[4]!);
      const future = await Recorder.start(store, rvs[4]! + 1);
      rvs.push(await write(store, put({ name: 'o5' })), await write(store, put({ name: 'o6' })));
      await Promise.all([past, now, future].map(async (recorder) => recorder.reached(rvs[6]!)));
      expect(past.changes.map(({ rv }) => rv)).toEqual(rvs.slice(2));
      expect(now.changes.map(({ rv }) => rv)).toEqual(rvs.slice(5));
      expect(future.changes.map(({ rv }) => rv)).toEqual(rvs.filter((rv) => rv > rvs[4]! + 1));
      for (const recorder of [past, now, future]) recorder.stop();
    });

    test('a resourceVersion that is used up moves the frontier, and nobody hears of it', async () => {
      const rv = await write(store, put({ name: 'a' }));
      const [early, { items }] = [await Recorder.start(store, start), await store.list({ resource: RESOURCE, version: 'latest' })];
      await store.advance(RESOURCE);
      const moved = await store.frontier(RESOURCE);
      expect(moved).toBeGreaterThan(rv);
      expect(await store.list({ resource: RESOURCE, version: 'latest' })).toMatchObject({ rv: moved, items });
      expect(await store.list({ resource: RESOURCE, version: { at: rv } })).toMatchObject({ rv, items });
      const late = await Recorder.start(store, rv);
      // those who follow the log hear how far it is
      await Promise.all([early, late].map(async (recorder) => recorder.until(({ frontier }) => frontier === moved)));
      const next = await write(store, put({ name: 'b' }));
      await Promise.all([early, late].map(async (recorder) => recorder.reached(next)));
      expect(early.changes.map((change) => change.rv)).toEqual([rv, next]);
      expect(late.changes.map((change) => change.rv)).toEqual([next]);
      for (const recorder of [early, late]) recorder.stop();
    });

    test('changes of other resources are not told', async () => {
      const recorder = await Recorder.start(store, start);
      await write(store, put({ resource: 'gadgets', name: 'g' }));
      await recorder.reached(await write(store, put({ name: 'a' })));
      expect(recorder.changes.map(({ key }) => key.resource)).toEqual([RESOURCE]);
      recorder.stop();
    });

    test('the same change is the same object for all watchers', async () => {
      const recorders = await Promise.all([Recorder.start(store, start), Recorder.start(store, start)]);
      const rv = await write(store, put({ name: 'a' }));
      for (const recorder of recorders) await recorder.reached(rv);
      expect(recorders[0]!.changes[0]).toBe(recorders[1]!.changes[0]);
      for (const recorder of recorders) recorder.stop();
    });

    test('after the stop nothing is told', async () => {
      const recorder = await Recorder.start(store, start);
      const other = await Recorder.start(store, start);
      await recorder.reached(await write(store, put({ name: 'a' })));
      recorder.stop();
      recorder.stop();
      await other.reached(await write(store, put({ name: 'b' })));
      expect(recorder.changes).toHaveLength(1);
      other.stop();
    });

    test('a listener that throws hurts nobody else, and is told that its watch is over', async () => {
      let over = 0;
      await store.watch(RESOURCE, start, {
        changes: () => {
          throw new Error('a listener with a bug');
        },
        expired: () => {
          over++;
          throw new Error('and another');
        },
      });
      const recorder = await Recorder.start(store, start);
      await write(store, put({ name: 'a' }));
      await recorder.reached(await write(store, put({ name: 'b' })));
      expect(recorder.changes).toHaveLength(2);
      expect(over).toBe(1);
      recorder.stop();
    });

    test('watches that come back from the last they saw miss nothing and see nothing twice', async () => {
      const seen: number[] = [];
      const written: number[] = [];
      let after = start;
      for (let round = 0; round < 20; round++) {
        const recorder = await Recorder.start(store, after);
        const batch = await Promise.all(Array.from({ length: 5 }, async (_, index) => write(store, put({ name: `o${round}-${index}` }))));
        written.push(...batch);
        // at times before all of it has come
        if (round % 3 !== 0) await recorder.reached(Math.max(...batch));
        after = recorder.last;
        seen.push(...recorder.changes.map(({ rv }) => rv));
        recorder.stop();
      }
      const last = await Recorder.start(store, after);
      await last.reached(Math.max(...written));
      seen.push(...last.changes.map(({ rv }) => rv));
      expect(seen).toEqual(written.sort((left, right) => left - right));
      last.stop();
    });

    test('a long past is told in full, in order', async () => {
      const writes = 900;
      for (let index = 0; index < writes; index += 100)
        await Promise.all(Array.from({ length: 100 }, async (_, offset) => write(store, put({ name: `o${index + offset}`, data: 'd'.repeat(500) }))));
      const recorder = await Recorder.start(store, start);
      const during = await write(store, put({ name: 'during' }));
      await recorder.reached(during);
      expect(recorder.changes).toHaveLength(writes + 1);
      expect(recorder.wrong).toEqual([]);
      recorder.stop();
    });

    test('the state before a change can be asked for, live and replayed', async () => {
      const a = await write(store, put({ name: 'a', data: 'one' }));
      const live = await Recorder.start(store, a);
      const a2 = await write(store, put({ name: 'a', at: a, data: 'two' }));
      const a3 = await write(store, remove({ name: 'a', at: a2 }));
      await live.reached(a3);
      const replayed = await Recorder.start(store, start);
      await replayed.reached(a3);
      const before = async (change: Change) => store.previous(change).then((body) => body && parsed(body).data);
      expect(await Promise.all(live.changes.map(before))).toEqual(['one', 'two']);
      expect(await Promise.all(replayed.changes.map(before))).toEqual([undefined, 'one', 'two']);
      // a copy of a change, as a cache on another machine would hold it
      const { rv, type, key, uid, body, after } = replayed.changes[1]!;
      expect(await before({ rv, type, key, uid, body, after })).toBe('one');
      live.stop();
      replayed.stop();
    });

    test('a watch from before the history is refused; one from its edge is told everything', async () => {
      const a = await write(store, put({ name: 'a', data: '1' }));
      const a2 = await write(store, put({ name: 'a', at: a, data: '2' }));
      const live = await Recorder.start(store, a2);
      await under.forget();
      await expect(Recorder.start(store, start)).rejects.toMatchObject({ code: 'STORE_EXPIRED', asked: start });
      const edge = await Recorder.start(store, a2);
      const a3 = await write(store, put({ name: 'a', at: a2, data: '3' }));
      for (const recorder of [live, edge]) {
        await recorder.reached(a3);
        expect(recorder.told).toEqual([`updated default/a@${a3}=3`]);
        expect(parsed((await store.previous(recorder.changes[0]!))!).data).toBe('2');
        recorder.stop();
      }
    });
  });
}
