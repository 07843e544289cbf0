import type { Random } from '#machinery/clock.ts';

/** Chance for jitter; nothing secret comes from it. */
export const systemRandom: Random = () => Math.random();
