/** Growing pauses per key, as the kubelet has them for restarts and image pulls: the first failure costs nothing, then 10 s doubling to 5 min. */
import type { Clock } from '#machinery/clock.ts';

const FIRST_MS = 10_000;
const LONGEST_MS = 300_000;
/** A key without failures for twice the longest pause starts anew. */
const FORGET_MS = 2 * LONGEST_MS;

export interface Backoff {
  /** Milliseconds still to wait after something that happened at `since`; 0: go. */
  remaining(key: string, since: number): number;
  /** The pause in force, in milliseconds. */
  pause(key: string): number;
  /** A new try begins now, because of what happened at `since`: the next pause is twice as long. */
  next(key: string, since: number): void;
  /** Takes up what an earlier life of the agent had counted: a try began at `began`, this long after what it was for (milliseconds). */
  resume(key: string, began: number, after: number): void;
  forget(prefix: string): void;
}

export function createBackoff(clock: Clock): Backoff {
  const entries = new Map<string, { pause: number; updated: number }>();
  const stale = (entry: { readonly updated: number }, since: number): boolean => since - entry.updated > FORGET_MS;
  return {
    remaining(key, since) {
      const entry = entries.get(key);
      if (entry === undefined || stale(entry, since)) return 0;
      return Math.max(0, since + entry.pause - clock.now());
    },
    pause: (key) => entries.get(key)?.pause ?? 0,
    next(key, since) {
      const entry = entries.get(key);
      const pause = entry === undefined || stale(entry, since) ? FIRST_MS : Math.min(LONGEST_MS, entry.pause * 2);
      entries.set(key, { pause, updated: clock.now() });
    },
    resume(key, began, after) {
      let pause = FIRST_MS;
      while (pause <= after && pause < LONGEST_MS) pause = Math.min(LONGEST_MS, pause * 2);
      if (!entries.has(key)) entries.set(key, { pause, updated: began });
    },
    forget(prefix) {
      for (const key of entries.keys()) if (key.startsWith(prefix)) entries.delete(key);
    },
  };
}

/** Go's way to write a duration, for whole seconds: `10s`, `1m20s`, `5m0s`. */
export function durationText(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds}s`;
  const hours = Math.floor(seconds / 3600);
  return `${hours > 0 ? `${hours}h` : ''}${Math.floor((seconds % 3600) / 60)}m${seconds % 60}s`;
}
