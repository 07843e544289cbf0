/** The clock and the identifiers of the real world. */
import { randomInt, randomUUID } from 'node:crypto';
import type { Clock, Ids } from './clock.ts';

/** No vowels and nothing that looks alike: generated names spell no words (apimachinery `util/rand`). */
export const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

function suffix(length: number): string {
  let text = '';
  for (let left = length; left > 0; left--) text += ALPHABET[randomInt(ALPHABET.length)]!;
  return text;
}

export const systemIds: Ids = { uid: () => randomUUID(), suffix };
