import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';

const END_OF_CENTRAL_DIRECTORY = 0x06054b50;
const CENTRAL_ENTRY = 0x02014b50;
/** The end record is 22 bytes, and a comment of up to 64 KiB may follow it. */
const TAIL_BYTES = 22 + 0xffff;

/** Reads single files out of a zip archive (PKWARE APPNOTE 4.3; stored and deflated entries, no zip64). */
export function unzip(archive: string, wanted: (name: string) => boolean): Map<string, Buffer> {
  const fd = openSync(archive, 'r');
  try {
    const size = fstatSync(fd).size;
    const read = (at: number, length: number): Buffer => {
      const bytes = Buffer.alloc(length);
      readSync(fd, bytes, 0, length, at);
      return bytes;
    };
    const tailAt = Math.max(0, size - TAIL_BYTES);
    const tail = read(tailAt, size - tailAt);
    let end = tail.length - 22;
    while (end >= 0 && tail.readUInt32LE(end) !== END_OF_CENTRAL_DIRECTORY) end--;
    if (end < 0) throw new Error(`${archive} is not a zip archive`);
    const directory = read(tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12));
    const files = new Map<string, Buffer>();
    for (let at = 0; at + 46 <= directory.length && directory.readUInt32LE(at) === CENTRAL_ENTRY;) {
      const [method, packed, nameLength] = [directory.readUInt16LE(at + 10), directory.readUInt32LE(at + 20), directory.readUInt16LE(at + 28)];
      const name = directory.toString('utf8', at + 46, at + 46 + nameLength);
      if (wanted(name)) {
        const local = directory.readUInt32LE(at + 42);
        const header = read(local, 30);
        const data = read(local + 30 + header.readUInt16LE(26) + header.readUInt16LE(28), packed);
        files.set(name, method === 0 ? data : inflateRawSync(data));
      }
      at += 46 + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
    }
    return files;
  } finally {
    closeSync(fd);
  }
}
