import type { Clock } from '#machinery/clock.ts';

/** The machine's clock. Timers are unreferenced: the process lives by its sockets. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
