/** A clock that stands until it is moved. */
import type { Clock } from '#machinery/clock.ts';

export interface FakeClock extends Clock {
  /** Moves on, ringing what is due in order, with room for what each ring starts. */
  advance(ms: number): Promise<void>;
  /** Milliseconds until the next ring; undefined when none is set. */
  next(): number | undefined;
}

/** Lets everything that is ready run: promises, and what they start. */
export async function turn(times = 30): Promise<void> {
  for (let i = 0; i < times; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}

export function createFakeClock(start = Date.parse('2026-01-01T00:00:00Z')): FakeClock {
  let now = start;
  let serial = 0;
  const timers = new Map<number, { at: number; callback: () => void }>();
  const earliest = (): [number, { at: number; callback: () => void }] | undefined => [...timers].sort(([idA, a], [idB, b]) => a.at - b.at || idA - idB)[0];
  return {
    now: () => now,
    after(ms, callback) {
      const id = serial++;
      timers.set(id, { at: now + ms, callback });
      return () => timers.delete(id);
    },
    next: () => {
      const first = earliest();
      return first === undefined ? undefined : first[1].at - now;
    },
    async advance(ms) {
      const end = now + ms;
      for (let first = earliest(); first !== undefined && first[1].at <= end; first = earliest()) {
        timers.delete(first[0]);
        now = Math.max(now, first[1].at);
        first[1].callback();
        await turn(3);
      }
      now = end;
      await turn();
    },
  };
}
