/**
 * Writes protobuf's wire format from the end to the beginning, as gogo/protobuf does: the length of a message is known once
 * its content is written, and nothing is measured beforehand.
 */
const FIRST_SIZE = 16 * 1024;
/** Short texts are written character by character; a call into native code costs more. */
const SHORT_TEXT = 48;

export class Output {
  #bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_SIZE);
  /** What is written stands from here to the end. */
  at: number = FIRST_SIZE;

  get written(): number {
    return this.#bytes.length - this.at;
  }

  /** A copy of what is written; the output is empty again after it. */
  take(): Buffer {
    const result = Buffer.from(this.#bytes.subarray(this.at));
    // One large object does not keep its memory for ever.
    if (this.#bytes.length > 16 * FIRST_SIZE) this.#bytes = Buffer.allocUnsafeSlow(FIRST_SIZE);
    this.at = this.#bytes.length;
    return result;
  }

  /** Forgets what is written: after an error half-way. */
  clear(): void {
    this.at = this.#bytes.length;
  }

  #reserve(count: number): void {
    if (this.at >= count) return;
    const size = Math.max(this.#bytes.length * 2, this.written + count);
    const larger = Buffer.allocUnsafeSlow(size);
    const at = size - this.written;
    this.#bytes.copy(larger, at, this.at);
    this.#bytes = larger;
    this.at = at;
  }

  /** An unsigned number below 2^32. */
  varint(value: number): void {
    this.#reserve(5);
    const bytes = this.#bytes;
    if (value < 128) {
      bytes[--this.at] = value;
      return;
    }
    const length = value < 2 ** 14 ? 2 : value < 2 ** 21 ? 3 : value < 2 ** 28 ? 4 : 5;
    let at = (this.at -= length);
    let rest = value;
    while (rest >= 128) {
      bytes[at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    bytes[at] = rest;
  }

  /** An int32 or int64; negative numbers take ten bytes. */
  int64(value: number | bigint): void {
    if (typeof value === 'number' && value >= 0 && value < 2 ** 32) {
      this.varint(value);
      return;
    }
    const parts: number[] = [];
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest >= 128n) {
      parts.push(Number(rest & 127n) | 128);
      rest >>= 7n;
    }
    parts.push(Number(rest));
    this.raw(Uint8Array.from(parts));
  }

  double(value: number): void {
    this.#reserve(8);
    this.at -= 8;
    this.#bytes.writeDoubleLE(value, this.at);
  }

  raw(content: Uint8Array): void {
    this.#reserve(content.length);
    this.at -= content.length;
    this.#bytes.set(content, this.at);
  }

  /** UTF-8 with its length before it. */
  text(value: string): void {
    const { length } = value;
    if (length <= SHORT_TEXT) {
      this.#reserve(length);
      const bytes = this.#bytes;
      let at = this.at;
      let index = length - 1;
      while (index >= 0) {
        const code = value.charCodeAt(index);
        if (code > 127) break;
        bytes[--at] = code;
        index--;
      }
      if (index < 0) {
        this.at = at;
        this.varint(length);
        return;
      }
    }
    const size = Buffer.byteLength(value, 'utf8');
    this.#reserve(size);
    this.at -= size;
    this.#bytes.write(value, this.at, size, 'utf8');
    this.varint(size);
  }
}
