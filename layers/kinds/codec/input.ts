/** Reads protobuf's wire format. All reads stay below `end`; what does not fit is a `MalformedMessage`. */
// gives integers beyond 2^53 their form in JSON
import '#machinery/json-text.ts';
import { decodeText } from './text.ts';

/** The bytes are not what protobuf, or the message's type, asks for. Caught at the codec's edge and turned into a 400. */
export class MalformedMessage extends Error {
  readonly code = 'MALFORMED_PROTOBUF';
}

/** JSON schemas are the only types that nest in themselves; deeper ones than this are nobody's. */
const MAX_DEPTH = 256;
/** An empty message costs two bytes on the wire and a hundred in memory: bodies of 3 MiB may not become gigabytes. */
const MAX_MESSAGES = 400_000;

const TWO_TO_7 = 2 ** 7;

export class Input {
  readonly bytes: Buffer;
  at: number;
  end: number;
  #depth = 0;
  #messages = 0;
  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
    this.end = this.bytes.length;
  }

  /** The low 32 bits of a varint, unsigned: tags, lengths, booleans and int32. */
  varint32(): number {
    const { bytes, end } = this;
    let at = this.at;
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= end) throw new MalformedMessage('unexpected end of input');
      const byte = bytes[at++]!;
      if (shift < 32) value |= (byte & 127) << shift;
      if (byte < 128) {
        this.at = at;
        return value >>> 0;
      }
    }
    throw new MalformedMessage('a number is longer than 64 bits');
  }

  /** An int64; a bigint where a number cannot hold it exactly. */
  int64(): number | bigint {
    const { bytes, end } = this;
    let at = this.at;
    let value = 0;
    // Seven bytes are 49 bits: exact in a number. Larger and negative ones take the slow way.
    for (let factor = 1, count = 0; count < 7; factor *= TWO_TO_7, count++) {
      if (at >= end) throw new MalformedMessage('unexpected end of input');
      const byte = bytes[at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) {
        this.at = at;
        return value;
      }
    }
    return this.#wide();
  }

  #wide(): number | bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (this.at >= this.end) throw new MalformedMessage('unexpected end of input');
      const byte = this.bytes[this.at++]!;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) {
        const signed = BigInt.asIntN(64, value);
        const number = Number(signed);
        return Number.isSafeInteger(number) ? number : signed;
      }
    }
    throw new MalformedMessage('a number is longer than 64 bits');
  }

  double(): number {
    if (this.end - this.at < 8) throw new MalformedMessage('unexpected end of input');
    const value = this.bytes.readDoubleLE(this.at);
    // encoding/json has no text for them either.
    if (!Number.isFinite(value)) throw new MalformedMessage('a number is not finite');
    this.at += 8;
    return value;
  }

  /** A length, checked; `at` is left before the content. */
  length(): number {
    const length = this.varint32();
    if (length > this.end - this.at) throw new MalformedMessage('unexpected end of input');
    return length;
  }

  text(): string {
    const start = this.at + 0;
    const first = start < this.end ? this.bytes[start]! : 128;
    const length = first < 128 ? ((this.at = start + 1), first) : this.varint32();
    const from = this.at;
    if (length > this.end - from) throw new MalformedMessage('unexpected end of input');
    this.at = from + length;
    return length === 0 ? '' : decodeText(this.bytes, from, from + length);
  }

  /** A view, not a copy. */
  raw(): Buffer {
    const length = this.length();
    const from = this.at;
    this.at = from + length;
    return this.bytes.subarray(from, this.at);
  }

  /** Begins a nested message; the answer goes to `leave`. */
  enter(): number {
    const length = this.length();
    if (++this.#depth > MAX_DEPTH) throw new MalformedMessage(`messages are nested deeper than ${MAX_DEPTH}`);
    if (++this.#messages > MAX_MESSAGES) throw new MalformedMessage(`there are more than ${MAX_MESSAGES} messages`);
    const outer = this.end;
    this.end = this.at + length;
    return outer;
  }

  leave(outer: number): void {
    this.#depth--;
    this.end = outer;
  }

  /** Passes over the value of a field nobody knows. */
  skip(wire: number): void {
    switch (wire) {
      case 0:
        this.varint32();
        return;
      case 1:
        this.#forward(8);
        return;
      case 2:
        this.#forward(this.length());
        return;
      case 3:
        this.#skipGroup();
        return;
      case 5:
        this.#forward(4);
        return;
      default:
        throw new MalformedMessage(`wire type ${wire} does not exist or is out of place`);
    }
  }

  #forward(count: number): void {
    if (count > this.end - this.at) throw new MalformedMessage('unexpected end of input');
    this.at += count;
  }

  #skipGroup(): void {
    if (++this.#depth > MAX_DEPTH) throw new MalformedMessage(`messages are nested deeper than ${MAX_DEPTH}`);
    for (;;) {
      const wire = this.varint32() & 7;
      if (wire === 4) break;
      this.skip(wire);
    }
    this.#depth--;
  }
}
