/** How a body is kept: compressed, and in parts where one item cannot hold it. */
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { DICTIONARY } from './dictionary.ts';

/** The first byte says how the rest is to be read; what was written once can be read for ever. */
const PLAIN = 0;
const DEFLATED = 1;
/** Below this nothing is gained (bytes). */
const SHORTEST = 64;
/** Items end at 400 KB with all their attributes; labels and annotations that are indexed need room too (bytes). */
const INLINE = 320 << 10;
const PART = 380 << 10;
/** Level 1 takes half the time of the usual level and leaves 3 % more; the dictionary does the rest. */
const OPTIONS = { level: constants.Z_BEST_SPEED, dictionary: DICTIONARY };

export function packed(body: Uint8Array): Uint8Array {
  if (body.byteLength >= SHORTEST) {
    const deflated = deflateRawSync(body, OPTIONS);
    if (deflated.byteLength < body.byteLength) return prefixed(DEFLATED, deflated);
  }
  return prefixed(PLAIN, body);
}

export function unpacked(stored: Uint8Array): Uint8Array {
  const rest = stored.subarray(1);
  switch (stored[0]) {
    case PLAIN:
      return rest;
    case DEFLATED:
      return inflateRawSync(rest, { dictionary: DICTIONARY });
    default:
      throw new RangeError(`a body is stored in form ${stored[0]}, which this version does not know`);
  }
}

function prefixed(form: number, rest: Uint8Array): Uint8Array {
  const whole = new Uint8Array(rest.byteLength + 1);
  whole[0] = form;
  whole.set(rest, 1);
  return whole;
}

/** Undefined where the body fits into its item. */
export function parts(stored: Uint8Array): readonly Uint8Array[] | undefined {
  if (stored.byteLength <= INLINE) return undefined;
  const all: Uint8Array[] = [];
  for (let start = 0; start < stored.byteLength; start += PART) all.push(stored.subarray(start, start + PART));
  return all;
}

export function joined(all: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(all.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let offset = 0;
  for (const one of all) {
    whole.set(one, offset);
    offset += one.byteLength;
  }
  return whole;
}
