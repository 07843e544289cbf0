import type { Random } from '#machinery/clock.ts';

export interface BackoffLimits {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** Milliseconds to wait before attempt number `attempt` + 1 (from 0): doubled each time, with half of it left to chance so that crowds spread out. */
export function backoff(attempt: number, { firstMs, maxMs }: BackoffLimits, random: Random): number {
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 40));
  return full / 2 + (full / 2) * random();
}
