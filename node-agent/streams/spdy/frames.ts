/** SPDY/3 frames as bytes, as far as Kubernetes' streams use them (SPDY Protocol, Draft 3, 2.2). */
import { SpdyError } from './headers.ts';

export const SYN_STREAM = 1;
export const SYN_REPLY = 2;
export const RST_STREAM = 3;
export const PING = 6;
export const GOAWAY = 7;
const VERSION = 3;
const FLAG_FIN = 1;
const HEAD = 8;
/** Control frames are header blocks of a few hundred bytes. */
const MAX_CONTROL = 1024 * 1024;

export type Frame =
  | { readonly control: false; readonly streamId: number; readonly fin: boolean; readonly data: Buffer }
  | { readonly control: true; readonly type: number; readonly fin: boolean; readonly data: Buffer };

/** Cuts a byte stream into frames. Long data frames are handed on in pieces as they arrive, only the last of them with `fin`. */
export function frameReader(onFrame: (frame: Frame) => void): (chunk: Buffer) => void {
  let pending: Buffer[] = [];
  let size = 0;
  /** Rest of a data frame under way. */
  let streaming: { readonly streamId: number; readonly fin: boolean; left: number } | undefined;

  const joined = (): Buffer => {
    const all = pending.length === 1 ? pending[0]! : Buffer.concat(pending);
    pending = [];
    size = 0;
    return all;
  };
  const keep = (rest: Buffer): void => {
    if (rest.length === 0) return;
    pending.push(rest);
    size += rest.length;
  };

  return (chunk) => {
    keep(chunk);
    if (size < HEAD && streaming === undefined) return;
    let bytes = joined();
    while (bytes.length > 0) {
      if (streaming !== undefined) {
        const piece = bytes.subarray(0, streaming.left);
        bytes = bytes.subarray(piece.length);
        streaming.left -= piece.length;
        const { streamId, fin, left } = streaming;
        if (left === 0) streaming = undefined;
        onFrame({ control: false, streamId, fin: fin && left === 0, data: piece });
        continue;
      }
      if (bytes.length < HEAD) break;
      const flags = bytes[4]!;
      const length = bytes.readUIntBE(5, 3);
      if ((bytes[0]! & 0x80) === 0) {
        streaming = { streamId: bytes.readUInt32BE(0), fin: (flags & FLAG_FIN) !== 0, left: length };
        bytes = bytes.subarray(HEAD);
        if (length > 0) continue;
        const { streamId, fin } = streaming;
        streaming = undefined;
        onFrame({ control: false, streamId, fin, data: Buffer.alloc(0) });
        continue;
      }
      if ((bytes.readUInt16BE(0) & 0x7fff) !== VERSION) throw new SpdyError('only SPDY/3 is spoken here');
      if (length > MAX_CONTROL) throw new SpdyError('a control frame is too long');
      if (bytes.length < HEAD + length) break;
      onFrame({ control: true, type: bytes.readUInt16BE(2), fin: (flags & FLAG_FIN) !== 0, data: bytes.subarray(HEAD, HEAD + length) });
      bytes = bytes.subarray(HEAD + length);
    }
    keep(bytes);
  };
}

export function controlFrame(type: number, payload: Buffer, fin = false): Buffer {
  const frame = Buffer.alloc(HEAD + payload.length);
  frame.writeUInt16BE(0x8000 | VERSION, 0);
  frame.writeUInt16BE(type, 2);
  frame[4] = fin ? FLAG_FIN : 0;
  frame.writeUIntBE(payload.length, 5, 3);
  payload.copy(frame, HEAD);
  return frame;
}

export function dataHead(streamId: number, length: number, fin: boolean): Buffer {
  const head = Buffer.alloc(HEAD);
  head.writeUInt32BE(streamId, 0);
  head[4] = fin ? FLAG_FIN : 0;
  head.writeUIntBE(length, 5, 3);
  return head;
}

export function uint32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, 4 * index);
  return bytes;
}
