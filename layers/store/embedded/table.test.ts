import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { BodyCache } from './body-cache.ts';
import { compareUtf8 } from './keys.ts';
import { Recent, RecentBudget } from './recent-changes.ts';
import { LoggedChange } from './records.ts';
import { Table } from './table.ts';

const head = (namespace: string, name: string, rv = 1, bytes = 10) => ({
  key: { resource: 'r', namespace, name },
  rv,
  uid: 'u',
  labels: {},
  fields: {},
  body: new Uint8Array(bytes),
});

test('the order of strings is that of their UTF-8 bytes', () => {
  const text = fc.string({ unit: 'binary', maxLength: 6 });
  fc.assert(fc.property(text, text, (left, right) => Math.sign(compareUtf8(left, right)) === Buffer.from(left).compare(Buffer.from(right))));
});

test('a table is a sorted map', () => {
  const names = fc.constantFrom('a', 'b', 'c', 'a-', '\u{ff5e}', '\u{1f600}');
  const change = fc.record({ set: fc.boolean(), namespace: names, name: names, rv: fc.nat() });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), names, names, (changes, namespace, name) => {
      const table = new Table();
      const map = new Map<string, number>();
      for (const one of changes) {
        if (one.set) table.set(head(one.namespace, one.name, one.rv));
        else table.delete(one.namespace, one.name);
        if (one.set) map.set(`${one.namespace}\0${one.name}`, one.rv);
        else map.delete(`${one.namespace}\0${one.name}`);
      }
      const sorted = [...map].sort(([left], [right]) => Buffer.from(left).compare(Buffer.from(right)));
      const walked = (...[where, after]: [string | undefined, { namespace: string; name: string } | undefined]) => {
        const seen: [string, number][] = [];
        table.walk(where, after, ({ head: { key, rv } }) => seen.push([`${key.namespace}\0${key.name}`, rv]) > 0);
        return seen;
      };
      expect(walked(undefined, undefined)).toEqual(sorted);
      const behind = sorted.filter(([key]) => Buffer.from(key).compare(Buffer.from(`${namespace}\0${name}`)) > 0);
      expect(walked(undefined, { namespace, name })).toEqual(behind);
      expect(table.behind(undefined, { namespace, name })).toBe(behind.length);
      const inside = sorted.filter(([key]) => key.startsWith(`${namespace}\0`));
      expect(walked(namespace, undefined)).toEqual(inside);
      expect(table.count(namespace)).toBe(inside.length);
      expect(walked(namespace, { namespace, name })).toEqual(behind.filter(([key]) => key.startsWith(`${namespace}\0`)));
      expect(table.size).toBe(sorted.length);
    }),
  );
});

test('the body cache holds no more than its bytes, and what is read often longest', () => {
  const cache = new BodyCache(1_000);
  const table = new Table();
  const hot = table.set(head('', 'hot', 1, 100));
  cache.count(hot);
  for (let index = 0; index < 100; index++) {
    hot.touched = true;
    const slot = table.set(head('', `o${index}`, 1, 90));
    slot.touched = false;
    cache.count(slot);
    expect(cache.bytes).toBeLessThanOrEqual(1_000);
  }
  expect(hot.head.body).toBeDefined();
  expect(table.get('', 'o0')!.head.body).toBeUndefined();
  expect(table.get('', 'o99')!.head.body).toBeDefined();
});

test('objects that come and go leave nothing behind in the body cache', () => {
  const cache = new BodyCache(1_000);
  const table = new Table();
  for (let index = 0; index < 20_000; index++) {
    cache.count(table.set(head('', 'brief', index, 10)));
    cache.forget(table.delete('', 'brief')!);
  }
  expect(cache.bytes).toBe(0);
});

test('recent changes of all resources together hold no more than their bytes, the oldest go first', () => {
  const budget = new RecentBudget(10_000);
  const [one, two] = [new Recent(), new Recent()];
  const change = (rv: number) => new LoggedChange('created', head('', `o${rv}`, rv, 600), undefined);
  for (let rv = 2; rv <= 101; rv++) budget.add(one, change(rv));
  expect(one.after(101, 101)).toEqual([]);
  expect(one.after(95, 101)?.map(({ rv }) => rv)).toEqual([96, 97, 98, 99, 100, 101]);
  expect(one.after(50, 101)).toBeUndefined();
  expect(one.since(101)).toBe(91);
  for (let rv = 2; rv <= 101; rv++) budget.add(two, change(rv));
  expect(one.since(101)).toBe(101);
  expect(two.since(101)).toBe(91);
});
