import { expect, test } from 'vitest';
import { fuzz } from './fuzz.ts';

test('nearly right requests are answered or refused, never broken', async () => {
  const { findings, statuses } = await fuzz(1, 1500);
  expect(findings).toEqual([]);
  // both sides of the line were reached
  expect(statuses.get(201) ?? 0).toBeGreaterThan(20);
  expect(statuses.get(422) ?? 0).toBeGreaterThan(50);
}, 60_000);
