import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '../../port.ts';
import { ACTOR, keyOf, listed, put, Recorder, remove, RESOURCE, told, write } from '../fixtures.ts';
import type { OpenStore, StoreUnderTest } from './under-test.ts';

export function writes(open: OpenStore): void {
  describe('commit', () => {
    let under: StoreUnderTest;
    let store: Store;
    beforeEach(async () => {
      under = await open();
      ({ store } = under);
    });
    afterEach(() => under.store.close());

    test('an empty resource is at a resourceVersion that the first write is above', async () => {
      const before = await store.frontier(RESOURCE);
      expect(before).toBeGreaterThan(0);
      expect(await store.list({ resource: RESOURCE, version: 'latest' })).toMatchObject({ rv: before, items: [], more: false });
      expect(await write(store, put({ name: 'a' }))).toBeGreaterThan(before);
    });

    test('what was committed is what is read', async () => {
      const rv = await write(store, put({ name: 'a', data: 'hello', labels: { app: 'web' }, fields: { 'spec.nodeName': 'n1' } }));
      const object = await store.get(keyOf('a'));
      expect(object).toMatchObject({ key: keyOf('a'), rv, uid: 'uid-a', labels: { app: 'web' }, fields: { 'spec.nodeName': 'n1' } });
      expect(told(object!)).toBe(`default/a@${rv}=hello`);
      expect(await store.get(keyOf('b'))).toBeUndefined();
      expect(await store.get(keyOf('a', 'other'))).toBeUndefined();
      expect(await store.frontier(RESOURCE)).toBe(rv);
    });

    test('resourceVersions grow with every write and belong to the resource', async () => {
      const created = await write(store, put({ name: 'a' }));
      const updated = await write(store, put({ name: 'a', at: created }));
      const removed = await write(store, remove({ name: 'a', at: updated }));
      const again = await write(store, put({ name: 'a' }));
      expect([...new Set([created, updated, removed, again])].sort((left, right) => left - right)).toEqual([created, updated, removed, again]);
      const elsewhere = await store.frontier('gadgets');
      await write(store, put({ name: 'b' }));
      expect(await store.frontier('gadgets')).toBe(elsewhere);
    });

    test('a create fails where there is an object, and says which', async () => {
      const rv = await write(store, put({ name: 'a', data: 'first' }));
      const failed = await write(store, put({ name: 'a', data: 'second' })).catch((error: unknown) => error);
      expect(failed).toMatchObject({ code: 'STORE_CONFLICT', key: keyOf('a'), current: { rv, uid: 'uid-a' } });
      expect(await listed(store)).toEqual([`default/a@${rv}=first`]);
      expect(await store.frontier(RESOURCE)).toBe(rv);
    });

    test('update and remove fail at another resourceVersion, and where there is nothing', async () => {
      const first = await write(store, put({ name: 'a' }));
      const second = await write(store, put({ name: 'a', at: first, data: 'y' }));
      await expect(write(store, put({ name: 'a', at: first }))).rejects.toMatchObject({ code: 'STORE_CONFLICT', current: { rv: second } });
      await expect(write(store, remove({ name: 'a', at: first }))).rejects.toMatchObject({ code: 'STORE_CONFLICT', current: { rv: second } });
      await expect(write(store, put({ name: 'b', at: first }))).rejects.toMatchObject({ code: 'STORE_CONFLICT', current: undefined });
      await expect(write(store, remove({ name: 'b', at: first }))).rejects.toMatchObject({ code: 'STORE_CONFLICT', current: undefined });
      expect(await listed(store)).toEqual([`default/a@${second}=y`]);
    });

    test('several writes are made together, with a resourceVersion of each resource', async () => {
      const rvs = await store.commit([put({ name: 'a' }), put({ name: 'b' }), put({ resource: 'gadgets', namespace: '', name: 'g' })], ACTOR);
      expect(rvs).toHaveLength(3);
      expect(rvs[1]).toBeGreaterThan(rvs[0]!);
      expect(await listed(store)).toHaveLength(2);
      expect((await store.get({ resource: 'gadgets', namespace: '', name: 'g' }))!.rv).toBe(rvs[2]);
    });

    test('several writes are not made at all when one of them fails, whichever it is', async () => {
      const rv = await write(store, put({ name: 'taken' }));
      for (const order of [0, 1, 2]) {
        const batch = [put({ name: 'a' }), put({ resource: 'gadgets', name: 'b' })];
        batch.splice(order, 0, put({ name: 'taken' }));
        await expect(store.commit(batch, ACTOR)).rejects.toMatchObject({ code: 'STORE_CONFLICT', key: keyOf('taken'), current: { rv } });
      }
      expect(await listed(store)).toEqual([`default/taken@${rv}=x`]);
      expect(await store.list({ resource: 'gadgets', version: 'latest' })).toMatchObject({ items: [] });
      expect(await store.frontier(RESOURCE)).toBe(rv);
    });

    test('a write that fails does not take its neighbours with it', async () => {
      const rv = await write(store, put({ name: 'taken' }));
      const results = await Promise.allSettled([write(store, put({ name: 'a' })), write(store, put({ name: 'taken' })), write(store, put({ name: 'b' }))]);
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(await store.count(RESOURCE)).toBe(3);
      expect(await store.frontier(RESOURCE)).toBeGreaterThan(rv);
    });

    test('a body that cannot be made fails its own commit only, and leaves no hole', async () => {
      const recorder = await Recorder.start(store, await store.frontier(RESOURCE));
      const broken = {
        ...put({ name: 'broken' }),
        body: () => {
          throw new RangeError('no such body');
        },
      };
      const results = await Promise.allSettled([write(store, put({ name: 'a' })), store.commit([put({ name: 'c' }), broken], ACTOR), write(store, put({ name: 'b' }))]);
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect((results[1] as PromiseRejectedResult).reason).toBeInstanceOf(RangeError);
      await recorder.until(({ changes }) => changes.length === 2);
      expect((await store.list({ resource: RESOURCE, version: 'latest' })).items.map(({ key }) => key.name)).toEqual(['a', 'b']);
      recorder.stop();
    });

    test('large objects are kept as they are', async () => {
      const data = 'Kubernetes '.repeat(130_000);
      const rv = await write(store, put({ name: 'large', data }));
      expect(told((await store.get(keyOf('large')))!)).toBe(`default/large@${rv}=${data}`);
    });

    test('count and resources say what there is', async () => {
      expect(await store.resources()).toEqual([]);
      const rv = await write(store, put({ name: 'a' }));
      await write(store, put({ name: 'b' }));
      await write(store, put({ name: 'a', namespace: 'other' }));
      expect([await store.count(RESOURCE), await store.count(RESOURCE, 'default'), await store.count(RESOURCE, 'none'), await store.count('gadgets')]).toEqual([3, 2, 0, 0]);
      expect(await store.resources()).toEqual([RESOURCE]);
      await write(store, remove({ name: 'a', at: rv }));
      expect([await store.count(RESOURCE), await store.count(RESOURCE, 'default')]).toEqual([2, 1]);
    });

    test('an object with a time to live is removed after it, as a change that watchers see', async () => {
      const recorder = await Recorder.start(store, await store.frontier(RESOURCE));
      const rv = await write(store, put({ name: 'brief', expiresAt: Math.floor(under.now()) + 60, data: 'event', labels: { a: 'b' } }));
      const kept = await write(store, put({ name: 'kept' }));
      await under.advance(30_000);
      expect(await store.count(RESOURCE)).toBe(2);
      await under.advance(40_000);
      await recorder.until(({ changes }) => changes.length === 3);
      expect(recorder.told.at(-1)).toMatch(/^removed default\/brief@\d+=event$/);
      expect(recorder.changes.at(-1)).toMatchObject({ before: { labels: { a: 'b' } }, uid: 'uid-brief' });
      expect(recorder.last).toBeGreaterThan(kept);
      expect(await store.get(keyOf('brief'))).toBeUndefined();
      expect(rv).toBeLessThan(kept);
      recorder.stop();
    });

    test('a later write decides anew when an object expires', async () => {
      const first = await write(store, put({ name: 'a', expiresAt: Math.floor(under.now()) + 60 }));
      const second = await write(store, put({ name: 'a', at: first, expiresAt: Math.floor(under.now()) + 600 }));
      const other = await write(store, put({ name: 'b', expiresAt: Math.floor(under.now()) + 60 }));
      await write(store, put({ name: 'b', at: other }));
      await under.advance(120_000);
      expect((await store.get(keyOf('a')))?.rv).toBe(second);
      await under.advance(600_000);
      await expect.poll(async () => store.get(keyOf('a'))).toBeUndefined();
      expect(await store.get(keyOf('b'))).toBeDefined();
    });

    test('a closed store says so', async () => {
      await store.close();
      await expect(write(store, put({ name: 'a' }))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      await expect(store.list({ resource: RESOURCE, version: 'latest' })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    });

    test('everything is there again after the store was closed and opened', async (context) => {
      if (under.reopen === undefined) return context.skip('the engine keeps nothing');
      const first = await write(store, put({ name: 'a', data: '1', labels: { app: 'web' } }));
      const second = await write(store, put({ name: 'a', at: first, data: '2' }));
      const gone = await write(store, put({ name: 'gone' }));
      const removed = await write(store, remove({ name: 'gone', at: gone }));
      under = await under.reopen();
      ({ store } = under);
      expect(await store.frontier(RESOURCE)).toBe(removed);
      expect(await listed(store)).toEqual([`default/a@${second}=2`]);
      expect(await listed(store, { version: { at: gone } })).toEqual([`default/a@${second}=2`, `default/gone@${gone}=x`]);
      const recorder = await Recorder.start(store, first);
      await recorder.reached(removed);
      expect(recorder.told).toEqual([`updated default/a@${second}=2`, `created default/gone@${gone}=x`, `removed default/gone@${removed}=x`]);
      expect(recorder.changes[0]!.before).toMatchObject({ labels: { app: 'web' } });
      expect(await write(store, put({ name: 'b' }))).toBeGreaterThan(removed);
      recorder.stop();
    });

    test('resourceVersions go on above the last, even where nothing is left of it', async (context) => {
      if (under.reopen === undefined) return context.skip('the engine keeps nothing');
      const created = await write(store, put({ name: 'a' }));
      const removed = await write(store, remove({ name: 'a', at: created }));
      await under.forget();
      under = await under.reopen();
      ({ store } = under);
      expect(await store.frontier(RESOURCE)).toBe(removed);
      expect(await write(store, put({ name: 'a' }))).toBeGreaterThan(removed);
    });
  });
}
