/**
 * A stream of text as gzip, flushed with every write, whose silence can be filled: an empty stored block is nothing to who inflates it.
 * Go's HTTP client asks for gzip by itself and inflates unseen, so `kubectl logs -f` takes it.
 */
import { constants, createGzip } from 'node:zlib';
import type { StreamSink } from '#apiserver/door.ts';

/** BTYPE 00, not final, length 0 and its complement. Byte-aligned, as everything is after a sync flush. */
const EMPTY_BLOCK = Buffer.from([0x00, 0x00, 0x00, 0xff, 0xff]);
/** Larger writes gain nothing on lines of a log. Bytes. */
const CHUNK = 16 * 1024;

export interface GzipSink extends StreamSink {
  /** Sends a block that holds nothing; not while one is being packed. */
  keepAlive(): void;
}

export function gzipSink(target: StreamSink): GzipSink {
  const gzip = createGzip({ level: constants.Z_BEST_SPEED, chunkSize: CHUNK });
  const drains: (() => void)[] = [];
  let underWay = 0;
  let begun = false;
  gzip.on('data', (bytes: Buffer) => {
    begun = true;
    if (!target.write(bytes)) gzip.pause();
  });
  gzip.on('end', () => target.end());
  gzip.on('error', () => target.abort());
  target.onDrain(() => {
    gzip.resume();
    for (const drain of drains) drain();
  });
  target.onClose(() => gzip.destroy());
  const flush = (): void => {
    underWay++;
    gzip.flush(constants.Z_SYNC_FLUSH, () => void underWay--);
  };
  // the header of the format leaves now, so that the client has an answer before the first line
  flush();
  return {
    write(bytes) {
      const room = gzip.write(bytes);
      flush();
      return room;
    },
    end: () => void gzip.end(),
    abort() {
      gzip.destroy();
      target.abort();
    },
    onDrain(callback) {
      drains.push(callback);
      gzip.on('drain', callback);
    },
    onClose: (callback) => target.onClose(callback),
    keepAlive() {
      if (begun && underWay === 0) target.write(EMPTY_BLOCK);
    },
  };
}
