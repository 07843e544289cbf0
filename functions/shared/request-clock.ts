/**
 * The clock of functions. Its timers keep the process alive, unlike those of the system's clock: while a request waits for one of them there may be
 * nothing else in the event loop, and Lambda's runtime ends with it.
 */
import type { Clock } from '#machinery/clock.ts';

export const requestClock: Clock = {
  now: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
