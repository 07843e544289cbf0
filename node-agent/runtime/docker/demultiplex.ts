/** Docker's stream of stdout and stderr in one connection: frames of `[stream, 0, 0, 0, length (4 bytes, big endian)]` and payload. */
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';

const HEADER_BYTES = 8;
const STDERR = 2;
const EMPTY = Buffer.alloc(0);

/** Writes with back pressure; false once the target is gone. */
async function write(target: Writable, chunk: Buffer): Promise<boolean> {
  if (target.destroyed || target.writableEnded) return false;
  if (target.write(chunk)) return true;
  await Promise.race([once(target, 'drain'), once(target, 'close')]);
  return !target.destroyed;
}

/** Copies until the source ends or the targets are gone; payloads pass through in pieces, whatever the frame's length. */
export async function demultiplex(source: Readable, stdout: Writable | undefined, stderr: Writable | undefined): Promise<void> {
  let header: Buffer = EMPTY;
  let remaining = 0;
  let target: Writable | undefined;
  for await (const piece of source as AsyncIterable<Buffer>) {
    let chunk = piece;
    while (chunk.length > 0) {
      if (remaining > 0) {
        const part = chunk.subarray(0, remaining);
        remaining -= part.length;
        chunk = chunk.subarray(part.length);
        if (target !== undefined && !(await write(target, part))) return;
        continue;
      }
      const missing = HEADER_BYTES - header.length;
      header = header.length === 0 && chunk.length >= HEADER_BYTES ? chunk.subarray(0, HEADER_BYTES) : Buffer.concat([header, chunk.subarray(0, missing)]);
      chunk = chunk.subarray(missing);
      if (header.length < HEADER_BYTES) break;
      remaining = header.readUInt32BE(4);
      target = header[0] === STDERR ? stderr : stdout;
      header = EMPTY;
    }
  }
}

/** A terminal's stream: everything is stdout. */
export async function copy(source: Readable, stdout: Writable | undefined): Promise<void> {
  for await (const chunk of source as AsyncIterable<Buffer>) if (stdout !== undefined && !(await write(stdout, chunk))) return;
}
