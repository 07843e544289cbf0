/**
 * A clock for environments that are frozen: what came due meanwhile is rung when a request begins, and not when the runtime's own timers, which
 * may have stood still, find out.
 */
import type { Clock } from '#machinery/clock.ts';

export interface ThawingClock extends Clock {
  thaw(): void;
}

export function thawingClock(clock: Clock): ThawingClock {
  const waiting = new Set<{ readonly at: number; ring(): void }>();
  return {
    now: () => clock.now(),
    after(ms, callback) {
      const ring = (): void => {
        if (!waiting.delete(timer)) return;
        cancel();
        callback();
      };
      const timer = { at: clock.now() + ms, ring };
      waiting.add(timer);
      const cancel = clock.after(ms, ring);
      return () => {
        waiting.delete(timer);
        cancel();
      };
    },
    thaw() {
      const now = clock.now();
      for (const timer of Array.from(waiting).sort((a, b) => a.at - b.at)) if (timer.at <= now) timer.ring();
    },
  };
}
