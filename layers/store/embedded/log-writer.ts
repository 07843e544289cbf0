/** The writing half of the file: appends batches, trims history, checkpoints. Synchronous; runs in the writer's thread. */
import type { DatabaseSync } from 'node:sqlite';
import { REMOVED, type Batch, type Row, type Trim } from './records.ts';
import { STRIDE, type Synchronous } from './schema.ts';

/** Rows of history looked at in one trim transaction: half a millisecond, so that a commit that arrives meanwhile waits no longer. */
const TRIM_SLICE = 32;
/** Trims wait this long for an idle moment (milliseconds). After it each batch brings twice its rows with it, so that trims never fall behind. */
const TRIM_PATIENCE = 2_000;
/** Bytes of write-ahead log after which an idle moment is used for a checkpoint. */
const CHECKPOINT_IDLE = 1 << 20;
/** Bytes of write-ahead log after which a checkpoint is made in the middle of work: some 15 ms, once in about 6,000 writes. */
const CHECKPOINT_FORCED = 4 << 20;

export class LogWriter {
  readonly #database: DatabaseSync;
  readonly #begin;
  readonly #commit;
  readonly #log;
  readonly #body;
  readonly #put;
  readonly #remove;
  readonly #resource;
  readonly #history;
  readonly #dropLog;
  readonly #dropBody;
  readonly #floor;
  readonly #synchronous: Synchronous;
  readonly #trims: Trim[] = [];
  #trimmed = 0;
  #unflushed = 0;

  constructor(database: DatabaseSync, synchronous: Synchronous) {
    this.#database = database;
    this.#synchronous = synchronous;
    this.#begin = database.prepare('BEGIN IMMEDIATE');
    this.#commit = database.prepare('COMMIT');
    this.#log = database.prepare('INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
    this.#body = database.prepare('INSERT INTO body VALUES (?, ?)');
    this.#put = database.prepare('INSERT INTO object VALUES (?, ?, ?, ?, ?) ON CONFLICT (resource, namespace, name) DO UPDATE SET rv = excluded.rv, expires = excluded.expires');
    this.#remove = database.prepare('DELETE FROM object WHERE resource = ? AND namespace = ? AND name = ?');
    this.#resource = database.prepare('INSERT OR IGNORE INTO resource VALUES (?, ?, 1)');
    this.#history = database.prepare('SELECT id, type, previous FROM log WHERE id > ? AND id <= ? ORDER BY id LIMIT ?');
    this.#dropLog = database.prepare('DELETE FROM log WHERE id = ?');
    this.#dropBody = database.prepare('DELETE FROM body WHERE id = ?');
    this.#floor = database.prepare('UPDATE resource SET floor = ? WHERE id = ?');
  }

  /** All of the batch or, when this throws, nothing of it. Durable when it returns. */
  append(batch: Batch): void {
    this.#transaction(() => {
      for (const [id, name] of batch.newResources) this.#resource.run(id, name);
      let offset = 0;
      for (const row of batch.rows) {
        const length = row[14];
        this.#append(row, new Uint8Array(batch.bodies, offset, length));
        offset += length;
      }
      this.#unflushed += offset + batch.rows.length * 8192;
    });
  }

  #append(row: Row, body: Uint8Array): void {
    const [resource, rv, type, namespace, name, uid, labels, fields, previous, time, volume, user, request, expires] = row;
    const id = resource * STRIDE + rv;
    this.#log.run(id, type, namespace, name, uid, labels, fields, previous, time, volume, user, request);
    this.#body.run(id, body);
    if (type === REMOVED) this.#remove.run(resource, namespace, name);
    else this.#put.run(resource, namespace, name, rv, expires);
  }

  trim(trim: Trim): void {
    if (this.#trims.length === 0) this.#trimmed = performance.now();
    this.#trims.push(trim);
  }

  /** To be called after a batch was answered: does what may not wait for an idle moment that never comes. */
  relieve(rows: number): void {
    if (this.#trims.length > 0 && performance.now() - this.#trimmed > TRIM_PATIENCE) this.#trimSome(Math.min(2 * rows, TRIM_SLICE));
    if (this.#unflushed > CHECKPOINT_FORCED) this.#checkpoint();
  }

  /** Does a little of what can wait; false when nothing is left to do, or nothing can be done now. */
  idle(): boolean {
    if (this.#trims.length > 0) {
      const done = this.#trimSome(TRIM_SLICE);
      this.#trimmed = performance.now();
      return done;
    }
    if (this.#unflushed > CHECKPOINT_IDLE) this.#checkpoint();
    return false;
  }

  #trimSome(rows: number): boolean {
    const trim = this.#trims[0]!;
    try {
      const reached = this.#slice(trim, rows);
      if (reached >= trim.to) this.#trims.shift();
      else this.#trims[0] = { ...trim, from: reached };
      return true;
    } catch {
      // a full disk: the next idle moment tries again
      return false;
    }
  }

  /**
   * Takes away rows that a row at or below the trim point superseded, and removals at or below it. Each row names the one
   * before it, so the walk costs what was written since the last trim and never looks at the objects that stay.
   */
  #slice(trim: Trim, limit: number): number {
    const base = trim.resource * STRIDE;
    const rows = this.#history.all(base + trim.from, base + trim.to, limit);
    const last = rows.at(-1);
    const reached = rows.length < limit || last === undefined ? trim.to : Number(last['id']) - base;
    // nobody waits for this to be durable: the sync of the next commit covers it
    this.#database.exec('PRAGMA synchronous = NORMAL');
    try {
      this.#transaction(() => {
        for (const { id, type, previous } of rows) {
          if (previous !== null) this.#drop(base + Number(previous));
          if (type === REMOVED) this.#drop(Number(id));
        }
        this.#floor.run(reached, trim.resource);
        this.#unflushed += rows.length * 8192;
      });
    } finally {
      this.#database.exec(`PRAGMA synchronous = ${this.#synchronous}`);
    }
    return reached;
  }

  #drop(id: number): void {
    this.#dropLog.run(id);
    this.#dropBody.run(id);
  }

  #transaction(work: () => void): void {
    this.#begin.run();
    try {
      work();
      this.#commit.run();
    } catch (error) {
      // a full disk has often ended the transaction already
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  #checkpoint(): void {
    // on a full disk this fails and is tried again later; the log stays valid meanwhile
    try {
      this.#database.exec('PRAGMA wal_checkpoint(PASSIVE)');
    } catch {
      return;
    }
    this.#unflushed = 0;
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }
}
