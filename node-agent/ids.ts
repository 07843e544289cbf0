import { randomInt, randomUUID } from 'node:crypto';
import type { Ids } from '#machinery/clock.ts';

const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

export const systemIds: Ids = {
  uid: () => randomUUID(),
  suffix: (length) => Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join(''),
};
