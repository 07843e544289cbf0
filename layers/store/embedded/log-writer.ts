/** The writing half of the file: appends batches, trims history, checkpoints. Synchronous; runs in the writer's thread. */
import type { DatabaseSync } from 'node:sqlite';
import { REMOVED, type Batch, type Row, type Trim } from './records.ts';
import { STRIDE } from './schema.ts';

/** Rows of history looked at in one trim transaction: about a millisecond, so that a commit that arrives meanwhile waits no longer. */
const TRIM_SLICE = 64;
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
  readonly #trims: Trim[] = [];
  #unflushed = 0;

  constructor(database: DatabaseSync) {
    this.#database = database;
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
    this.#trims.push(trim);
  }

  /** To be called after a batch was answered: keeps the write-ahead log from growing where no idle moment comes. */
  relieve(): void {
    if (this.#unflushed > CHECKPOINT_FORCED) this.#checkpoint();
  }

  /** Does a little of what can wait; false when nothing is left to do, or nothing can be done now. */
  idle(): boolean {
    const trim = this.#trims[0];
    if (trim === undefined) {
      if (this.#unflushed > CHECKPOINT_IDLE) this.#checkpoint();
      return false;
    }
    try {
      const reached = this.#slice(trim);
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
  #slice(trim: Trim): number {
    const base = trim.resource * STRIDE;
    const rows = this.#history.all(base + trim.from, base + trim.to, TRIM_SLICE);
    const last = rows.at(-1);
    const reached = rows.length < TRIM_SLICE || last === undefined ? trim.to : Number(last['id']) - base;
    this.#transaction(() => {
      for (const { id, type, previous } of rows) {
        if (previous !== null) this.#drop(base + Number(previous));
        if (type === REMOVED) this.#drop(Number(id));
      }
      this.#floor.run(reached, trim.resource);
      this.#unflushed += rows.length * 8192;
    });
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
