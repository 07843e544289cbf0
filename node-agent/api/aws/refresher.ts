/** Reads things anew when they are marked: a few at once, each once at a time and once more where it was marked meanwhile, until it works. */
import type { Clock, Random } from '#machinery/clock.ts';
import { messageOf } from '../../pods/failure.ts';
import { pause } from '../pause.ts';

const AT_ONCE = 8;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 15_000;

export interface Refresher {
  mark(key: string): void;
  /** Resolves when nothing is marked any more. */
  idle(): Promise<void>;
}

export interface RefresherOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  refresh(key: string): Promise<void>;
  warn(message: string): void;
}

export function createRefresher({ clock, random, signal, refresh, warn }: RefresherOptions): Refresher {
  const marked = new Set<string>();
  const running = new Set<string>();
  let quiet: (() => void)[] = [];

  async function run(key: string): Promise<void> {
    for (let failures = 0; !signal.aborted; failures++) {
      marked.delete(key);
      try {
        await refresh(key);
        return;
      } catch (error) {
        if (signal.aborted) return;
        warn(`reading ${key}: ${messageOf(error)}`);
        await pause(clock, Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures) * (0.5 + random() / 2), signal);
      }
    }
  }

  function next(): void {
    for (const key of marked) {
      if (running.size >= AT_ONCE) return;
      if (running.has(key)) continue;
      running.add(key);
      void run(key).finally(() => {
        running.delete(key);
        next();
      });
    }
    if (running.size > 0) return;
    for (const resolve of quiet.splice(0)) resolve();
    quiet = [];
  }

  return {
    mark(key) {
      marked.add(key);
      next();
    },
    idle: () => (running.size === 0 && marked.size === 0 ? Promise.resolve() : new Promise((resolve) => quiet.push(resolve))),
  };
}
