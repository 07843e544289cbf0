import { expect, test } from 'vitest';
import { fuzz } from './fuzz.ts';

const ROUNDS = 100_000;
/** The log of changes is kept for a while, outside of the heap; what stays in it is caches. */
const GROWTH_LIMIT_BYTES = 32 * 2 ** 20;

test('nearly right requests are answered or refused, never broken', async () => {
  const { findings, statuses, growth } = await fuzz(1, ROUNDS);
  expect(findings).toEqual([]);
  expect(growth).toBeLessThan(GROWTH_LIMIT_BYTES);
  // both sides of the line were reached
  expect(statuses.get(201) ?? 0).toBeGreaterThan(ROUNDS / 100);
  expect(statuses.get(422) ?? 0).toBeGreaterThan(ROUNDS / 10);
}, 600_000);
