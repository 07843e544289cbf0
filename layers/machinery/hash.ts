/** Short, stable names for what an object says: pod-template-hash, controller-revision-hash. */
import { canonicalStringify } from './json.ts';
import { ALPHABET } from './system.ts';

const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;

/** 32-bit FNV-1a over the UTF-8 bytes, as Go's `hash/fnv` (`New32a`). */
export function fnv32a(data: string | Uint8Array, seed: number = OFFSET): number {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  let hash = seed;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, PRIME);
  return hash >>> 0;
}

/** Each character to one that spells no words (apimachinery `rand.SafeEncodeString`). */
export function safeEncodeString(text: string): string {
  let safe = '';
  for (const byte of Buffer.from(text)) safe += ALPHABET[byte % ALPHABET.length];
  return safe;
}

/**
 * A hash of any JSON value that does not depend on the order of keys. `collisions` is mixed in as four bytes, little endian,
 * where an earlier hash was found taken.
 */
export function hashOf(value: unknown, collisions?: number): string {
  let hash = fnv32a(canonicalStringify(value));
  if (collisions !== undefined) {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, collisions, true);
    hash = fnv32a(bytes, hash);
  }
  return safeEncodeString(String(hash));
}
