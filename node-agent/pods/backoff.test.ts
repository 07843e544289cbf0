import { expect, test } from 'vitest';
import { createTestClock } from '../testing/clock.ts';
import { createBackoff, durationText } from './backoff.ts';

const SECOND = 1000;

test('the first end costs nothing, then ten seconds doubling to five minutes', () => {
  const clock = createTestClock();
  const backoff = createBackoff(clock);
  expect(backoff.remaining('a', clock.now())).toBe(0);
  const pauses: number[] = [];
  for (let times = 0; times < 8; times++) {
    backoff.next('a', clock.now());
    pauses.push(backoff.remaining('a', clock.now()) / SECOND);
  }
  expect(pauses).toEqual([10, 20, 40, 80, 160, 300, 300, 300]);
  backoff.forget('a');
  expect(backoff.remaining('a', clock.now())).toBe(0);
});

test('a pause counts from the end it is for, and is forgotten after ten quiet minutes', async () => {
  const clock = createTestClock();
  const backoff = createBackoff(clock);
  backoff.next('a', clock.now());
  const ended = clock.now();
  await clock.advance(4 * SECOND);
  expect(backoff.remaining('a', ended)).toBe(6 * SECOND);
  await clock.advance(601 * SECOND);
  expect(backoff.remaining('a', clock.now())).toBe(0);
});

test.each([
  [0, 10],
  [3, 10],
  [12, 20],
  [21, 40],
  [170, 300],
  [320, 300],
])('an attempt that began %d s after the end before it leaves a pause of %d s', (after, pause) => {
  const clock = createTestClock();
  const backoff = createBackoff(clock);
  backoff.resume('a', clock.now(), after * SECOND);
  expect(backoff.remaining('a', clock.now())).toBe(pause * SECOND);
});

test('what is counted now is not overwritten by what was before', () => {
  const clock = createTestClock();
  const backoff = createBackoff(clock);
  backoff.next('a', clock.now());
  backoff.next('a', clock.now());
  backoff.resume('a', clock.now(), 0);
  expect(backoff.pause('a')).toBe(20 * SECOND);
});

test.each([
  [10, '10s'],
  [80, '1m20s'],
  [300, '5m0s'],
  [3661, '1h1m1s'],
])('%d s are written %s', (seconds, text) => expect(durationText(seconds * SECOND)).toBe(text));
