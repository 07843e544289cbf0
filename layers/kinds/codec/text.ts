/**
 * Strings of API objects are short and come again and again (label keys, image names, `Always`): a table of those last
 * seen saves the call into native code and the copy that decoding each of them would cost.
 */
const SLOTS = 4096;
const LONGEST = 40;
const seen: (string | undefined)[] = Array.from({ length: SLOTS });

/** Buffer's own decoder, without the checks of `toString`; the types leave it out. */
const utf8 = (Buffer.prototype as unknown as { utf8Slice(this: Buffer, start: number, end: number): string }).utf8Slice;

/** UTF-8; what is not becomes U+FFFD, as in Go's JSON. */
export function decodeText(bytes: Buffer, start: number, end: number): string {
  const length = end - start;
  if (length > LONGEST) return utf8.call(bytes, start, end);
  let hash = length;
  for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + bytes[at]!) | 0;
  const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
  const known = seen[slot];
  // Only ASCII is kept, so that characters and bytes are the same.
  if (known !== undefined && known.length === length) {
    let index = 0;
    while (index < length && known.charCodeAt(index) === bytes[start + index]) index++;
    if (index === length) return known;
  }
  const text = utf8.call(bytes, start, end);
  if (text.length === length) seen[slot] = text;
  return text;
}
