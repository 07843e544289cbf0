/** A clock for tests: it stands until it is moved, and rings what is due in order. */
import type { Clock } from '#machinery/clock.ts';

export interface TestClock extends Clock {
  advance(milliseconds: number): Promise<void>;
}

/** Lets everything that is ready run. */
export async function settle(times = 20): Promise<void> {
  for (let at = 0; at < times; at++) await new Promise<void>((resolve) => setImmediate(resolve));
}

export function createTestClock(start = Date.parse('2026-01-01T00:00:00Z')): TestClock {
  let now = start;
  let serial = 0;
  const timers = new Map<number, { readonly at: number; readonly ring: () => void }>();
  const due = (end: number): [number, { readonly at: number; readonly ring: () => void }] | undefined =>
    [...timers].filter(([, { at }]) => at <= end).sort(([a, x], [b, y]) => x.at - y.at || a - b)[0];
  return {
    now: () => now,
    after(ms, callback) {
      const id = serial++;
      timers.set(id, { at: now + ms, ring: callback });
      return () => timers.delete(id);
    },
    async advance(milliseconds) {
      const end = now + milliseconds;
      await settle(4);
      for (let next = due(end); next !== undefined; next = due(end)) {
        timers.delete(next[0]);
        now = Math.max(now, next[1].at);
        next[1].ring();
        await settle(4);
      }
      now = end;
      await settle();
    },
  };
}
