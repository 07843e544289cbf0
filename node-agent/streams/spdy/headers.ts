/**
 * SPDY/3 header blocks. The peer compresses all blocks of a connection as one zlib stream and flushes after each, to a byte boundary. So a
 * block can be unpacked alone, without a live decompressor, when the last 32 KiB of what came before serve as its dictionary. Our
 * own blocks are few and short: they are "stored" deflate blocks, each with the empty one behind it that a flush leaves.
 */
import { constants, inflateRawSync } from 'node:zlib';
import { DICTIONARY } from './dictionary.ts';

/** What deflate may refer back to. */
const WINDOW = 32 * 1024;
/** Kubernetes' stream headers are a few dozen bytes; anything large is an attack. */
const MAX_BLOCK = 64 * 1024;
const FDICT = 0x20;
/** zlib's header for "no preset dictionary", 32 KiB window. */
const ZLIB_HEADER = Buffer.from([0x78, 0x01]);

/** An empty stored block. Go's decompressor hands out what it has when it reads this, and without it runs into the end of its input, for good. */
const FLUSH = Buffer.from([0x00, 0x00, 0x00, 0xff, 0xff]);

export type Headers = ReadonlyMap<string, string>;

export class SpdyError extends Error {
  readonly code = 'SPDY_PROTOCOL';
}

export function decodeBlock(block: Buffer): Headers {
  let at = 0;
  const uint = (): number => {
    if (at + 4 > block.length) throw new SpdyError('a header block ends early');
    at += 4;
    return block.readUInt32BE(at - 4);
  };
  const text = (): string => {
    const length = uint();
    if (at + length > block.length) throw new SpdyError('a header block ends early');
    at += length;
    return block.toString('utf8', at - length, at);
  };
  const headers = new Map<string, string>();
  for (let left = uint(); left > 0; left--) {
    const name = text().toLowerCase();
    // Several values are separated by zero bytes; Kubernetes uses the first.
    headers.set(name, text().split('\0')[0] ?? '');
  }
  return headers;
}

export function encodeBlock(headers: Headers): Buffer {
  const parts: Buffer[] = [];
  const uint = (value: number): void => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value, 0);
    parts.push(bytes);
  };
  uint(headers.size);
  for (const [name, value] of headers)
    for (const text of [name.toLowerCase(), value]) {
      const bytes = Buffer.from(text, 'utf8');
      uint(bytes.length);
      parts.push(bytes);
    }
  return Buffer.concat(parts);
}

/** Call it with every block of one direction of one connection, in order. */
export function headerReader(): (compressed: Buffer) => Headers {
  let window: Buffer = DICTIONARY;
  let first = true;
  return (compressed) => {
    let data = compressed;
    if (first) {
      if (data.length < 2) throw new SpdyError('a header block ends early');
      data = data.subarray((data[1]! & FDICT) === 0 ? 2 : 6);
      first = false;
    }
    let block: Buffer;
    try {
      block = inflateRawSync(data, { dictionary: window, finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: MAX_BLOCK });
    } catch (error) {
      throw new SpdyError('a header block cannot be unpacked', { cause: error });
    }
    window = Buffer.concat([window, block]).subarray(-WINDOW);
    return decodeBlock(block);
  };
}

/** Call it for every block sent on one connection. */
export function headerWriter(): (headers: Headers) => Buffer {
  let first = true;
  return (headers) => {
    const block = encodeBlock(headers);
    if (block.length > 0xffff) throw new SpdyError('headers are too long');
    const stored = Buffer.alloc(5);
    stored.writeUInt16LE(block.length, 1);
    stored.writeUInt16LE(~block.length & 0xffff, 3);
    const parts = first ? [ZLIB_HEADER, stored, block, FLUSH] : [stored, block, FLUSH];
    first = false;
    return Buffer.concat(parts);
  };
}
