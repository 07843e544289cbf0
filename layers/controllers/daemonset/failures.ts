/**
 * How long a pod that failed is left alone before the next is tried on its node: kubelet and controller would otherwise outdo each other.
 * Kept in memory only; a process that starts anew begins with the shortest wait again.
 */
const FIRST_MS = 1_000;
const LONGEST_MS = 15 * 60_000;
/** Entries kept; the oldest give way. */
const KEPT = 10_000;

export interface Failures {
  /** Milliseconds to wait yet; 0: now, and the next wait is twice as long. */
  wait(key: string, now: number): number;
}

export function createFailures(): Failures {
  const known = new Map<string, { delay: number; at: number }>();
  return {
    wait(key, now) {
      const before = known.get(key);
      const age = before === undefined ? Infinity : now - before.at;
      if (before !== undefined && age < before.delay) return before.delay - age;
      known.delete(key);
      known.set(key, { delay: before === undefined || age > 2 * LONGEST_MS ? FIRST_MS : Math.min(2 * before.delay, LONGEST_MS), at: now });
      if (known.size > KEPT) known.delete(known.keys().next().value!);
      return 0;
    },
  };
}
