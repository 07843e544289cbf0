import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '../../port.ts';
import { keyOf, listed, paged, put, remove, RESOURCE, told, write } from '../fixtures.ts';
import type { OpenStore, StoreUnderTest } from './under-test.ts';

/** Names whose order by UTF-16 units is another than by UTF-8 bytes are among them. */
const NAMES = ['a', 'a-b', 'a.b', 'aa', 'b', 'z', '~', 'é', '\u{ff5e}', '\u{1f600}'];

export function lists(open: OpenStore): void {
  describe('list', () => {
    let under: StoreUnderTest;
    let store: Store;
    beforeEach(async () => {
      under = await open();
      ({ store } = under);
    });
    afterEach(() => under.store.close());

    test('objects come in the order of the UTF-8 bytes of namespace and name', async () => {
      for (const name of NAMES.toReversed()) await write(store, put({ name, namespace: 'b' }));
      for (const namespace of ['c', 'a', 'a-b', '']) await write(store, put({ name: 'x', namespace }));
      const { items } = await store.list({ resource: RESOURCE, version: 'latest' });
      expect(items.map(({ key }) => `${key.namespace}/${key.name}`)).toEqual(['/x', 'a/x', 'a-b/x', ...NAMES.map((name) => `b/${name}`), 'c/x']);
    });

    test('a namespace, a name, and what matches', async () => {
      const labels = (name: string) => ({ parity: name.length % 2 === 0 ? 'even' : 'odd' });
      for (const namespace of ['one', 'two'])
        for (const name of ['a', 'bb', 'ccc', 'dddd']) await write(store, put({ namespace, name, labels: labels(name), fields: { f: name } }));
      const names = async (query: Partial<Parameters<Store['list']>[0]>) =>
        (await store.list({ resource: RESOURCE, version: 'latest', ...query })).items.map(({ key }) => `${key.namespace}/${key.name}`);
      expect(await names({ namespace: 'two' })).toEqual(['two/a', 'two/bb', 'two/ccc', 'two/dddd']);
      expect(await names({ name: 'bb' })).toEqual(['one/bb', 'two/bb']);
      expect(await names({ namespace: 'one', name: 'bb' })).toEqual(['one/bb']);
      expect(await names({ namespace: 'none' })).toEqual([]);
      expect(await names({ match: ({ labels }) => labels['parity'] === 'even' })).toEqual(['one/bb', 'one/dddd', 'two/bb', 'two/dddd']);
      expect(await names({ match: ({ fields }, key) => fields['f'] === 'a' && key.namespace === 'two' })).toEqual(['two/a']);
      expect(await names({ namespace: 'one', name: 'bb', match: () => false })).toEqual([]);
    });

    test('pages add up to the list, with the number that remains', async () => {
      for (const namespace of ['a', 'b', 'c']) for (let index = 0; index < 7; index++) await write(store, put({ namespace, name: `o${index}` }));
      const all = await listed(store);
      for (const limit of [1, 2, 3, 7, 20, 21, 22]) {
        const { items, pages } = await paged(store, limit);
        expect(items.map(told)).toEqual(all);
        expect(pages).toBe(Math.ceil(21 / limit));
      }
      const first = await store.list({ resource: RESOURCE, version: 'latest', limit: 4 });
      expect(first.more).toBe(true);
      expect(first.remaining).toBe(17);
      const inside = await store.list({ resource: RESOURCE, version: 'latest', namespace: 'b', limit: 4 });
      expect(inside.more).toBe(true);
      expect(inside.remaining).toBe(3);
      const after = await store.list({ resource: RESOURCE, version: 'latest', after: { namespace: 'b', name: 'o3x' } });
      expect(after.items.map(({ key }) => key.namespace + key.name)).toEqual(['bo4', 'bo5', 'bo6', ...[0, 1, 2, 3, 4, 5, 6].map((index) => `co${index}`)]);
    });

    test('a page is full of what matches, and knows whether there is more of it', async () => {
      for (let index = 0; index < 30; index++) await write(store, put({ name: `o${String(index).padStart(2, '0')}`, labels: { third: String(index % 3 === 0) } }));
      const match = ({ labels }: { labels: Readonly<Record<string, string>> }) => labels['third'] === 'true';
      const { items } = await paged(store, 4, { match });
      expect(items.map(({ key }) => key.name)).toEqual(['o00', 'o03', 'o06', 'o09', 'o12', 'o15', 'o18', 'o21', 'o24', 'o27']);
      const last = await store.list({ resource: RESOURCE, version: 'latest', match, limit: 10 });
      expect(last.items).toHaveLength(10);
    });

    test('pages after the first stay at its resourceVersion, whatever is written between', async () => {
      const rvs = new Map<string, number>();
      for (let index = 10; index < 30; index++) rvs.set(`o${index}`, await write(store, put({ name: `o${index}`, data: 'old' })));
      const all = await listed(store);
      let round = 0;
      const { items } = await paged(store, 3, {}, async () => {
        const [updated, removed] = [`o${29 - round}`, `o${10 + round}`];
        rvs.set(updated, await write(store, put({ name: updated, at: rvs.get(updated)!, data: 'new' })));
        await write(store, remove({ name: removed, at: rvs.get(removed)! }));
        await write(store, put({ name: `o${20 + round}a` }));
        round++;
      });
      expect(items.map(told)).toEqual(all);
      expect(await listed(store)).not.toEqual(all);
    });

    test('the state at each older resourceVersion is exact', async () => {
      const states = new Map<number, string[]>();
      const note = async (rv: number) => states.set(rv, await listed(store));
      states.set(await store.frontier(RESOURCE), []);
      const a = await write(store, put({ name: 'a' }));
      await note(a);
      const b = await write(store, put({ name: 'b', data: '1', labels: { v: '1' } }));
      await note(b);
      const b2 = await write(store, put({ name: 'b', at: b, data: '2', labels: { v: '2' } }));
      await note(b2);
      const a2 = await write(store, remove({ name: 'a', at: a }));
      await note(a2);
      const a3 = await write(store, put({ name: 'a', data: 'again' }));
      await note(a3);
      await note(await write(store, remove({ name: 'b', at: b2 })));
      for (const [at, state] of states) expect({ at, state: await listed(store, { version: { at } }) }).toEqual({ at, state });
      // selectors see the labels of that time
      expect(await listed(store, { version: { at: b2 }, match: ({ labels }) => labels['v'] === '2' })).toEqual([`default/b@${b2}=2`]);
      expect(await listed(store, { version: { at: b }, match: ({ labels }) => labels['v'] === '2' })).toEqual([]);
      expect(await listed(store, { version: { at: b }, namespace: 'default', name: 'b' })).toEqual([`default/b@${b}=1`]);
      expect(await listed(store, { version: { at: a3 }, name: 'a' })).toEqual([`default/a@${a3}=again`]);
    });

    test('a list names the resourceVersion it is at', async () => {
      const first = await write(store, put({ name: 'a' }));
      const second = await write(store, put({ name: 'b' }));
      expect((await store.list({ resource: RESOURCE, version: { at: first } })).rv).toBe(first);
      expect((await store.list({ resource: RESOURCE, version: 'latest' })).rv).toBe(second);
      expect((await store.list({ resource: RESOURCE, version: 'latest', notBefore: first })).rv).toBe(second);
      expect((await store.list({ resource: RESOURCE, version: 'any', notBefore: second })).rv).toBe(second);
      expect((await store.get(keyOf('b'), 'any'))?.rv ?? second).toBe(second);
    });

    test('a resourceVersion of the future is waited for, and refused when it does not come', async () => {
      const rv = await write(store, put({ name: 'a' }));
      const soon = store.list({ resource: RESOURCE, version: 'any', notBefore: rv + 1 });
      const exact = store.list({ resource: RESOURCE, version: { at: rv + 1 } });
      const next = await write(store, put({ name: 'b' }));
      expect((await soon).rv).toBeGreaterThanOrEqual(next);
      expect((await exact).rv).toBe(rv + 1);
      const never = store.list({ resource: RESOURCE, version: 'any', notBefore: next + 1000 });
      await Promise.all([expect(never).rejects.toMatchObject({ code: 'STORE_TOO_NEW', asked: next + 1000, frontier: next }), under.advance(10_000)]);
    });

    test('what is older than the history kept is refused, and the rest stays exact', async () => {
      const a = await write(store, put({ name: 'a', data: '1' }));
      const a2 = await write(store, put({ name: 'a', at: a, data: '2' }));
      const b = await write(store, put({ name: 'b' }));
      await under.forget();
      const a3 = await write(store, put({ name: 'a', at: a2, data: '3' }));
      await expect(store.list({ resource: RESOURCE, version: { at: a } })).rejects.toMatchObject({ code: 'STORE_EXPIRED', asked: a });
      expect(await listed(store)).toEqual([`default/a@${a3}=3`, `default/b@${b}=x`]);
      expect(await listed(store, { version: { at: b } })).toEqual([`default/a@${a2}=2`, `default/b@${b}=x`]);
    });
  });
}
