/** The reading half of the file: what memory does not hold. Synchronous, in small pieces, and never in a transaction that stays open. */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { StoredObject } from '../port.ts';
import { LoggedChange, TYPES, type Head } from './records.ts';
import { STRIDE } from './schema.ts';

type Columns = readonly SQLOutputValue[];

const HEAD = 'l.namespace, l.name, l.id, l.uid, l.labels, l.fields';
/** Bytes of bodies after which a piece ends: a few milliseconds of reading. */
const PIECE_BYTES = 1 << 20;

export interface ResourceRecord {
  readonly id: number;
  readonly name: string;
  readonly floor: number;
  readonly last: number;
  readonly time: number;
  readonly volume: number;
  readonly objects: number;
}

export class LogReader {
  readonly #database: DatabaseSync;
  readonly #objects;
  readonly #body;
  readonly #range;
  readonly #before;
  readonly #at;
  readonly #previous;
  readonly #expired;
  readonly #nextExpiry;

  constructor(database: DatabaseSync) {
    this.#database = database;
    const prepare = (sql: string) => {
      const statement = database.prepare(sql);
      statement.setReturnArrays(true);
      return statement;
    };
    this.#objects = prepare(`SELECT ${HEAD}, b.bytes FROM object o JOIN log l ON l.id = ?1 * ${STRIDE} + o.rv JOIN body b ON b.id = l.id
      WHERE o.resource = ?1 AND (o.namespace, o.name) > (?2, ?3) ORDER BY o.namespace, o.name`);
    this.#body = prepare('SELECT bytes FROM body WHERE id = ?');
    this.#range = prepare(`SELECT ${HEAD}, b.bytes, l.type, p.id, p.uid, p.labels, p.fields FROM log l JOIN body b ON b.id = l.id
      LEFT JOIN log p ON p.id = ?1 + l.previous WHERE l.id > ?1 + ?2 AND l.id <= ?1 + ?3 ORDER BY l.id`);
    this.#before = prepare(`SELECT l.namespace, l.name, p.id, p.uid, p.labels, p.fields, l.id FROM log l
      LEFT JOIN log p ON p.id = ?1 + l.previous WHERE l.id > ?1 + ?2 AND l.id <= ?1 + ?3 ORDER BY l.id LIMIT ?4`);
    this.#at = prepare('SELECT time, volume FROM log WHERE id = ?');
    this.#previous = prepare('SELECT previous FROM log WHERE id = ?');
    this.#expired = prepare('SELECT r.name, o.namespace, o.name, o.rv FROM object o JOIN resource r ON r.id = o.resource WHERE o.expires <= ? ORDER BY o.expires LIMIT ?');
    this.#nextExpiry = prepare('SELECT min(expires) FROM object WHERE expires IS NOT NULL');
  }

  resources(): ResourceRecord[] {
    const last = this.#database.prepare('SELECT id, time, volume FROM log WHERE id > ? AND id < ? ORDER BY id DESC LIMIT 1');
    const counts = new Map(
      this.#database
        .prepare('SELECT resource, count(*) AS objects FROM object GROUP BY resource')
        .all()
        .map((row) => [Number(row['resource']), Number(row['objects'])]),
    );
    return this.#database
      .prepare('SELECT id, name, floor FROM resource')
      .all()
      .map((row) => {
        const id = Number(row['id']);
        const floor = Number(row['floor']);
        const newest = last.get(id * STRIDE, (id + 1) * STRIDE);
        return {
          id,
          name: String(row['name']),
          floor,
          // a trimmed removal leaves no row: the counter is then the trim point itself
          last: newest === undefined ? floor : Math.max(floor, Number(newest['id']) - id * STRIDE),
          time: Number(newest?.['time'] ?? 0),
          volume: Number(newest?.['volume'] ?? 0),
          objects: counts.get(id) ?? 0,
        };
      });
  }

  /** The next objects behind a key, in key order; empty when there are no more. */
  objects(resource: number, name: string, after: { readonly namespace: string; readonly name: string }, limit: number): StoredObject[] {
    const found: StoredObject[] = [];
    let bytes = 0;
    for (const row of this.#objects.iterate(resource, after.namespace, after.name) as Iterable<unknown> as Iterable<Columns>) {
      const object = { ...headOf(name, resource, row), body: row[6] as Uint8Array };
      found.push(object);
      bytes += object.body.byteLength;
      if (found.length === limit || bytes > PIECE_BYTES) break;
    }
    return found;
  }

  body(resource: number, rv: number): Uint8Array | undefined {
    return columns(this.#body.get(resource * STRIDE + rv))?.[0] as Uint8Array | undefined;
  }

  /** The next changes in (after, upTo], in order; empty only when there are none. */
  changes(resource: number, name: string, after: number, upTo: number, limit: number): LoggedChange[] {
    const found: LoggedChange[] = [];
    let bytes = 0;
    for (const row of this.#range.iterate(resource * STRIDE, after, upTo) as Iterable<unknown> as Iterable<Columns>) {
      const object = { ...headOf(name, resource, row), body: row[6] as Uint8Array };
      const before = row[8] === null ? undefined : headOf(name, resource, [row[0]!, row[1]!, ...row.slice(8, 12)]);
      found.push(new LoggedChange(TYPES[Number(row[7])]!, object, before));
      bytes += object.body.byteLength;
      if (found.length === limit || bytes > PIECE_BYTES) break;
    }
    return found;
  }

  /** For the next changes in (after, upTo]: the key, and the state before (absent: there was none). */
  before(resource: number, name: string, after: number, upTo: number, limit: number): { namespace: string; name: string; rv: number; before: Head | undefined }[] {
    return (this.#before.all(resource * STRIDE, after, upTo, limit) as unknown as Columns[]).map((row) => ({
      namespace: String(row[0]),
      name: String(row[1]),
      rv: Number(row[6]) - resource * STRIDE,
      before: row[2] === null ? undefined : headOf(name, resource, row),
    }));
  }

  /** When a change was made (milliseconds since the epoch), and the bytes written to its resource's log up to it. */
  at(resource: number, rv: number): { readonly time: number; readonly volume: number } | undefined {
    const row = columns(this.#at.get(resource * STRIDE + rv));
    return row && { time: Number(row[0]), volume: Number(row[1]) };
  }

  /** The resourceVersion of the state that the change at `rv` replaced. */
  previous(resource: number, rv: number): number | undefined {
    const previous = columns(this.#previous.get(resource * STRIDE + rv))?.[0];
    return previous === null || previous === undefined ? undefined : Number(previous);
  }

  expired(seconds: number, limit: number): { resource: string; namespace: string; name: string; rv: number }[] {
    return (this.#expired.all(seconds, limit) as unknown as Columns[]).map((row) => ({
      resource: String(row[0]),
      namespace: String(row[1]),
      name: String(row[2]),
      rv: Number(row[3]),
    }));
  }

  /** Seconds since the epoch at which the next object expires. */
  nextExpiry(): number | undefined {
    const next = columns(this.#nextExpiry.get())?.[0];
    return next === null || next === undefined ? undefined : Number(next);
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }
}

// with setReturnArrays a row is an array, which the typings of node:sqlite do not say
const columns = (row: unknown): Columns | undefined => row as Columns | undefined;

function headOf(resourceName: string, resource: number, row: Columns): Head {
  return {
    key: { resource: resourceName, namespace: String(row[0]), name: String(row[1]) },
    rv: Number(row[2]) - resource * STRIDE,
    uid: String(row[3]),
    labels: parsed(row[4]),
    fields: parsed(row[5]),
  };
}

const NONE: Readonly<Record<string, string>> = Object.freeze({});
const parsed = (json: SQLOutputValue | undefined): Readonly<Record<string, string>> => (json === '{}' ? NONE : (JSON.parse(String(json)) as Record<string, string>));
