/** Frames of `application/vnd.kubernetes.protobuf;stream=watch`: four bytes of length, big-endian, and a WatchEvent. */
import { badRequest } from '#machinery/status.ts';
import { Input, MalformedMessage } from './input.ts';
import { Output } from './output.ts';

export interface WatchFrame {
  /** ADDED, MODIFIED, DELETED, BOOKMARK or ERROR. */
  readonly type: string;
  /** The object in its envelope, for `decodeObject`. */
  readonly object: Uint8Array;
}

/** client-go reads no longer ones. */
const LONGEST_FRAME = 16 * 1024 * 1024;
const LENGTH_BYTES = 4;

const output = new Output();

/** `object` is in its envelope (`encodeEnvelope`); the event around it is not. */
export function encodeWatchFrame(type: string, object: Uint8Array): Buffer {
  output.raw(object);
  output.varint(object.length);
  output.varint(0x0a);
  output.varint(output.written);
  output.varint(0x12);
  output.text(type);
  output.varint(0x0a);
  const length = output.written;
  output.raw(Uint8Array.of(length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255));
  return output.take();
}

function readEvent(bytes: Buffer): WatchFrame {
  const input = new Input(bytes);
  let type = '';
  let object: Uint8Array = new Uint8Array();
  while (input.at < input.end) {
    const tag = input.varint32();
    if (tag === 0x0a) type = input.text();
    else if (tag === 0x12) {
      const outer = input.enter();
      while (input.at < input.end) {
        const inner = input.varint32();
        if (inner === 0x0a) object = input.raw();
        else input.skip(inner & 7);
      }
      input.leave(outer);
    } else input.skip(tag & 7);
  }
  return { type, object };
}

/** Cuts a stream of bytes into frames; chunks may end anywhere. */
export class WatchFrames {
  #rest: Buffer = Buffer.alloc(0);

  /**
   * The frames that this chunk completes.
   * @throws ApiError 400 where the stream is damaged; nothing more can be read from it then
   */
  push(chunk: Uint8Array): WatchFrame[] {
    this.#rest = this.#rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk]);
    const frames: WatchFrame[] = [];
    let at = 0;
    while (this.#rest.length - at >= LENGTH_BYTES) {
      const length = this.#rest.readUInt32BE(at);
      if (length > LONGEST_FRAME) throw badRequest(`a watch frame of ${length} bytes is too long`);
      if (this.#rest.length - at - LENGTH_BYTES < length) break;
      at += LENGTH_BYTES;
      try {
        frames.push(readEvent(this.#rest.subarray(at, at + length)));
      } catch (error) {
        if (error instanceof MalformedMessage) throw badRequest(`a watch frame is not valid protobuf: ${error.message}`);
        throw error;
      }
      at += length;
    }
    this.#rest = this.#rest.subarray(at);
    return frames;
  }
}
