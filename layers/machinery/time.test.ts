import { expect, test } from 'vitest';
import { fnv32a, hashOf, safeEncodeString } from './hash.ts';
import { age, canonicalTime, humanDuration, microTimestamp, shortHumanDuration, timestamp } from './time.ts';

const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000];
test.each([
  [-3 * second, '<invalid>', '<invalid>'],
  [-second, '0s', '0s'],
  [0, '0s', '0s'],
  [119 * second, '119s', '1m'],
  [2 * minute, '2m', '2m'],
  [9 * minute + 59 * second, '9m59s', '9m'],
  [10 * minute + 1, '10m', '10m'],
  [179 * minute, '179m', '2h'],
  [3 * hour, '3h', '3h'],
  [7 * hour + 59 * minute, '7h59m', '7h'],
  [47 * hour, '47h', '1d'],
  [48 * hour, '2d', '2d'],
  [7 * day + 23 * hour, '7d23h', '7d'],
  [8 * day + hour, '8d', '8d'],
  [729 * day, '729d', '1y'],
  [730 * day, '2y', '2y'],
  [2 * 365 * day + 3 * day, '2y3d', '2y'],
  [8 * 365 * day + day, '8y', '8y'],
])('%d ms is %s', (ms, long, short) => {
  expect(humanDuration(ms)).toBe(long);
  expect(shortHumanDuration(ms)).toBe(short);
});

test('times as the API writes them', () => {
  const ms = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
  expect(timestamp(ms)).toBe('2026-01-02T03:04:05Z');
  expect(microTimestamp(ms)).toBe('2026-01-02T03:04:05.678000Z');
  expect(canonicalTime('2026-01-02T03:04:05-08:00')).toBe('2026-01-02T11:04:05Z');
  expect(age('2026-01-02T03:04:05Z', ms)).toBe('0s');
  expect(age(undefined, ms)).toBe('<unknown>');
});

test('hashes are those of Go, and do not hang on the order of keys', () => {
  expect(fnv32a('')).toBe(2166136261);
  expect(fnv32a('a')).toBe(0xe40c292c);
  expect(fnv32a('foobar')).toBe(0xbf9cf968);
  expect(safeEncodeString('0123456789abcdef')).toBe('456789bcdfvwxz24');
  expect(hashOf({ a: 1, b: [{ c: 2, d: 3 }] })).toBe(hashOf({ b: [{ d: 3, c: 2 }], a: 1 }));
  expect(hashOf({ a: 1 })).not.toBe(hashOf({ a: 2 }));
  expect(hashOf({ a: 1 }, 1)).not.toBe(hashOf({ a: 1 }));
  expect(hashOf({ a: 1 })).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
});
