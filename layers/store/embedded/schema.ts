/**
 * The file: one SQLite database with an append-only log and a table that points at the newest row of each object.
 * A body is written once. Log and bodies are apart so that a walk over the log (selectors, undo, trim) touches no body.
 */
import { DatabaseSync } from 'node:sqlite';

/** "PapP": tells our files from any other SQLite database. */
const APPLICATION_ID = 0x50_61_70_50;
const FORMAT = 1;

/**
 * A row's id is its resource's number times this, plus its resourceVersion: rows of a resource lie side by side in order without an
 * index of their own. 2^40 resourceVersions a resource, and 2^13 resources before ids leave what a double holds exactly.
 */
export const STRIDE = 2 ** 40;
export const MAX_RESOURCES = 2 ** 13 - 1;

const TABLES = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE resource (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, floor INTEGER NOT NULL);
  CREATE TABLE log (
    id INTEGER PRIMARY KEY, type INTEGER NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, uid TEXT NOT NULL,
    labels TEXT NOT NULL, fields TEXT NOT NULL, previous INTEGER, time INTEGER NOT NULL, volume INTEGER NOT NULL,
    user TEXT NOT NULL, request TEXT);
  CREATE TABLE body (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
  CREATE TABLE object (
    resource INTEGER NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, rv INTEGER NOT NULL, expires INTEGER,
    PRIMARY KEY (resource, namespace, name)) WITHOUT ROWID;
  CREATE INDEX object_expires ON object (expires) WHERE expires IS NOT NULL;
`;

export class StoreFormatError extends Error {
  readonly code = 'STORE_FORMAT';
}

const pragma = (database: DatabaseSync, name: string): number => Number(Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]);

/** Makes the tables in a new file; refuses what is not ours, of another cluster, or newer than this program. */
export function prepareFile(database: DatabaseSync, cluster: string): void {
  const format = pragma(database, 'user_version');
  const id = pragma(database, 'application_id');
  if (format === 0 && id === 0) {
    if (pragma(database, 'schema_version') !== 0) throw new StoreFormatError('the file is a database of another program');
    // before the first table: the page size cannot change later. 8 KiB holds three objects of the usual 2.4 KB (measured: 1.5 times the commits of 4 KiB)
    database.exec('PRAGMA page_size = 8192; PRAGMA journal_mode = WAL;');
    database.exec(`BEGIN IMMEDIATE; ${TABLES} PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${FORMAT};`);
    database.prepare('INSERT INTO meta VALUES (?, ?)').run('cluster', cluster);
    database.exec('COMMIT');
    return;
  }
  if (id !== APPLICATION_ID) throw new StoreFormatError('the file is a database of another program');
  if (format > FORMAT) throw new StoreFormatError(`the file has format ${format}, and this version of Paperplane reads up to ${FORMAT}: start the newer version that wrote it`);
  const owner = database.prepare("SELECT value FROM meta WHERE name = 'cluster'").get()?.['value'];
  if (owner !== cluster) throw new StoreFormatError(`the file belongs to cluster "${String(owner)}", not to "${cluster}"`);
}

export type Synchronous = 'FULL' | 'NORMAL';

/** The only connection that writes. Checkpoints are the writer's own business (log-writer.ts), so SQLite makes none by itself. */
export function openForWriting(path: string, synchronous: Synchronous): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec(`
    PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}; PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = ${64 << 20};
    PRAGMA cache_size = -${8 << 10}; PRAGMA temp_store = MEMORY;`);
  return database;
}

/** A connection that sees only what is durable: the writer syncs its log before readers may see it. */
export function openForReading(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly: true });
  database.exec(`PRAGMA cache_size = -${2 << 10}; PRAGMA temp_store = MEMORY;`);
  return database;
}
