/** One process for each directory. The lock is the kernel's and ends with its process, however that ends. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Another process has the store open. */
export class StoreLocked extends Error {
  readonly code = 'STORE_LOCKED';
  /** Of the other process, where it could be read. */
  readonly pid: number | undefined;
  constructor(directory: string, pid: number | undefined) {
    super(`the store in ${directory} is in use by ${pid === undefined ? 'another process' : `process ${pid}`}`);
    this.pid = pid;
  }
}

/** Answers how to let go. Holds an exclusive SQLite transaction on a file of its own, because Node.js has no flock. */
export function lockDirectory(directory: string): () => void {
  const note = join(directory, 'owner');
  const database = new DatabaseSync(join(directory, 'lock'), { timeout: 0 });
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) throw new StoreLocked(directory, ownerOf(note));
    throw error;
  }
  // only the error message of the next one reads it
  writeFileSync(note, `${process.pid}\n`);
  return () => {
    rmSync(note, { force: true });
    database.close();
  };
}

const SQLITE_BUSY = 5;

function ownerOf(note: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(note, 'utf8'), 10) || undefined;
  } catch {
    return undefined;
  }
}
