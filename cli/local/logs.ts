/** `paperplane logs`: the log of the control plane or of a node's agent, its end or as it grows. */
import { closeSync, existsSync, fstatSync, openSync, readSync, statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { LocalCluster, Program } from './cluster.ts';

const BLOCK_BYTES = 64 * 1024;

export class NoSuchProgram extends Error {
  readonly code = 'NO_SUCH_PROGRAM';
}

/** @throws NoSuchProgram */
export function programNamed({ programs }: LocalCluster, name: string): Program {
  const found = programs.find((program) => program.name === name);
  if (found === undefined) throw new NoSuchProgram(`there is no program ${JSON.stringify(name)}: there are ${programs.map((program) => program.name).join(', ')}`);
  return found;
}

/** Where the last `lines` lines begin. Read from the end, so that a long log costs nothing. */
export function tailStart(fd: number, lines: number): number {
  const { size } = fstatSync(fd);
  const block = Buffer.alloc(BLOCK_BYTES);
  let seen = 0;
  for (let end = size; end > 0;) {
    const length = Math.min(BLOCK_BYTES, end);
    readSync(fd, block, 0, length, end - length);
    for (let at = length - 1; at >= 0; at--) {
      // the newline that ends the file ends its last line, and begins none
      if (block[at] === 0x0a && end - length + at !== size - 1 && ++seen === lines) return end - length + at + 1;
    }
    end -= length;
  }
  return 0;
}

function copy(fd: number, from: number, out: (bytes: Buffer) => void): number {
  const block = Buffer.alloc(BLOCK_BYTES);
  for (let at = from; ;) {
    const length = readSync(fd, block, 0, BLOCK_BYTES, at);
    if (length === 0) return at;
    out(Buffer.from(block.subarray(0, length)));
    at += length;
  }
}

export interface LogOptions {
  /** Absent: the whole log. */
  readonly tail?: number;
  readonly follow: boolean;
  /** Ends the following. */
  readonly signal: AbortSignal;
}

/** Resolves at the end of the log; with `follow` when the signal is aborted. */
export async function printLog(file: string, options: LogOptions, out: (bytes: Buffer) => void): Promise<void> {
  if (!existsSync(file)) throw new NoSuchProgram(`${file} is not there: the program has never run`);
  let fd = openSync(file, 'r');
  let at = 0;
  try {
    at = copy(fd, options.tail === undefined ? 0 : options.tail === 0 ? fstatSync(fd).size : tailStart(fd, options.tail), out);
    if (!options.follow) return;
    const more = (): void => {
      at = copy(fd, at, out);
      // a start moves a log that has grown too long aside
      if (!existsSync(file) || statSync(file).ino === fstatSync(fd).ino) return;
      closeSync(fd);
      fd = openSync(file, 'r');
      at = copy(fd, 0, out);
    };
    await new Promise<void>((resolve, reject) => {
      const watcher = watch(dirname(file), (_event, name) => {
        if (name !== null && name !== basename(file)) return;
        try {
          more();
        } catch (error) {
          watcher.close();
          reject(error as Error);
        }
      });
      watcher.once('error', reject);
      options.signal.addEventListener('abort', () => {
        watcher.close();
        resolve();
      });
      // what was written between the first copy and the watch
      more();
    });
  } finally {
    closeSync(fd);
  }
}
