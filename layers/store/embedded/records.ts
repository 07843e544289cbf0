/** The engine's own records: what stands in memory, and what goes to the log. */
import type { Change, Indexed, ObjectKey, StoredObject } from '../port.ts';

/** An object as it stands at one resourceVersion. Without `body` it has been dropped from memory and is read from the log. */
export interface Head extends Indexed {
  readonly key: ObjectKey;
  readonly rv: number;
  readonly uid: string;
  readonly body?: Uint8Array;
}

export const hasBody = (head: Head): head is StoredObject => head.body !== undefined;

/** A change that knows the state before it, so that nobody has to ask the disk for it. */
export class LoggedChange implements Change {
  readonly type: Change['type'];
  readonly after: StoredObject;
  readonly before?: Head;

  constructor(type: Change['type'], after: StoredObject, before: Head | undefined) {
    this.type = type;
    this.after = after;
    if (before !== undefined) this.before = before;
  }

  get rv(): number {
    return this.after.rv;
  }

  get key(): ObjectKey {
    return this.after.key;
  }

  get uid(): string {
    return this.after.uid;
  }

  get body(): Uint8Array {
    return this.after.body;
  }
}

/** The key of changes that only use up a resourceVersion. */
export const NOBODY = { namespace: '', name: '\u0000' } as const;
export const isSomebodys = ({ key }: LoggedChange): boolean => key.name !== NOBODY.name;

/** Change types as the log holds them. */
export const TYPES = ['created', 'updated', 'removed'] as const satisfies readonly Change['type'][];
export const CREATED = 0;
export const UPDATED = 1;
export const REMOVED = 2;

/** One change on its way to the log: an array because thousands of them cross to the writer's thread each second. */
export type Row = readonly [
  resource: number,
  rv: number,
  type: number,
  namespace: string,
  name: string,
  uid: string,
  labels: string,
  fields: string,
  previous: number | null,
  /** Milliseconds since the epoch, never smaller than in the row before. */
  time: number,
  /** Bytes written to this resource's log up to and with this row. */
  volume: number,
  user: string,
  request: string | null,
  /** Seconds since the epoch. */
  expires: number | null,
  bodyLength: number,
];

/** What one transaction writes. `bodies` are those of the rows, end to end. */
export interface Batch {
  readonly newResources: readonly (readonly [id: number, name: string])[];
  readonly rows: readonly Row[];
  readonly bodies: ArrayBuffer;
}

/** History of one resource to take away: what was superseded or removed in (from, to]. */
export interface Trim {
  readonly resource: number;
  readonly from: number;
  readonly to: number;
}

/** Bytes a change takes in the log besides its body: labels, fields, names and the page's share, about. */
export const ROW_OVERHEAD = 400;
