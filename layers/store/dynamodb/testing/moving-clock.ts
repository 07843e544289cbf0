/** The time of this machine, which a test can move forward: timers that become due ring. Behind the engine is a real server, so time cannot stand. */
import type { Clock } from '#machinery/clock.ts';

export interface MovingClock extends Clock {
  /** Moves on by so many milliseconds. */
  advance(ms: number): void;
}

export function createMovingClock(): MovingClock {
  let ahead = 0;
  const timers = new Map<{ readonly due: number }, () => void>();
  const now = (): number => Date.now() + ahead;
  return {
    now,
    after(ms, callback) {
      const timer = { due: now() + ms };
      const ring = (): void => {
        if (timers.delete(timer)) callback();
      };
      const handle = setTimeout(ring, ms);
      timers.set(timer, () => {
        clearTimeout(handle);
        ring();
      });
      return () => {
        clearTimeout(handle);
        timers.delete(timer);
      };
    },
    advance(ms) {
      ahead += ms;
      for (const [timer, ring] of timers) if (timer.due <= now()) ring();
    },
  };
}
