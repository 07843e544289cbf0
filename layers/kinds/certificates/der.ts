/** A reader of DER, as much of it as certificate requests need (ITU-T X.690). */

export class DerError extends Error {
  readonly code = 'DER';
}

export const TAG = { integer: 0x02, bitString: 0x03, octetString: 0x04, oid: 0x06, sequence: 0x30, set: 0x31 } as const;

export interface DerValue {
  readonly tag: number;
  /** The contents. */
  readonly body: Buffer;
  /** Tag, length and contents. */
  readonly whole: Buffer;
}

/** @throws DerError */
function readValue(bytes: Buffer, at: number): DerValue {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) throw new DerError('asn1: syntax error: data truncated');
  if ((tag & 0x1f) === 0x1f) throw new DerError('asn1: structure error: long tags are not supported');
  let [length, start] = [first, at + 2];
  if (first >= 0x80) {
    const size = first & 0x7f;
    // four bytes reach further than any request may be long
    if (size === 0 || size > 4 || start + size > bytes.length) throw new DerError('asn1: syntax error: indefinite or overlong length');
    length = bytes.readUIntBE(start, size);
    start += size;
  }
  if (start + length > bytes.length) throw new DerError('asn1: syntax error: data truncated');
  return { tag, body: bytes.subarray(start, start + length), whole: bytes.subarray(at, start + length) };
}

/** The values that stand one after the other. @throws DerError */
export function readAll(bytes: Buffer): DerValue[] {
  const values: DerValue[] = [];
  for (let at = 0; at < bytes.length;) {
    const value = readValue(bytes, at);
    values.push(value);
    at += value.whole.length;
  }
  return values;
}

/** The one value that the bytes are. @throws DerError */
export function readOnly(bytes: Buffer, tag: number): DerValue {
  const value = readValue(bytes, 0);
  if (value.whole.length !== bytes.length) throw new DerError('asn1: syntax error: trailing data');
  return expectTag(value, tag);
}

export function expectTag(value: DerValue | undefined, tag: number): DerValue {
  if (value === undefined) throw new DerError('asn1: syntax error: sequence truncated');
  if (value.tag !== tag) throw new DerError(`asn1: structure error: tags don't match (${tag} vs ${value.tag})`);
  return value;
}

/** `1.2.840.10045.4.3.2` */
export function oidText({ body }: DerValue): string {
  const parts: number[] = [];
  let value = 0;
  for (const byte of body) {
    value = value * 128 + (byte & 0x7f);
    if (value > Number.MAX_SAFE_INTEGER / 128) throw new DerError('asn1: structure error: base 128 integer too large');
    if ((byte & 0x80) !== 0) continue;
    parts.push(value);
    value = 0;
  }
  const [first = 0, ...rest] = parts;
  const top = Math.min(2, Math.floor(first / 40));
  return [top, first - top * 40, ...rest].join('.');
}
