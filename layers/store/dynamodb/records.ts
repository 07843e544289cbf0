/** The items of the table as the engine holds them, and how they are written and read. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Actor, Change, Indexed, ObjectKey, ResourceName, StoredObject } from '../port.ts';
import { unpacked } from './body.ts';
import { fromSortKey } from './keys.ts';

export type Item = Record<string, AttributeValue>;

/** An object as its item has it. */
export interface Stored extends StoredObject {
  /** Milliseconds since the epoch at which this state was written. */
  readonly time: number;
  /** The resourceVersion of the object's first state. */
  readonly created: number;
  /** Items that hold the rest of the body; 0 for a body inside the object's item. */
  readonly parts: number;
  /** Seconds since the epoch. */
  readonly expiresAt?: number;
}

/** A removed object leaves its resourceVersion behind for a while, so that a create that was held up since before cannot go below it. */
export interface Gone {
  readonly gone: true;
  readonly rv: number;
}

/** What fills a slot of the change log: a change, or nothing where its writer lost. */
export interface Slot {
  readonly rv: number;
  readonly time: number;
  /** The last resourceVersion of the same commit: they are seen together. */
  readonly last: number;
  readonly change?: LoggedChange;
  /** No change, and yet the frontier moves. */
  readonly mark?: boolean;
}

/** A change that knows where the state before it is kept. */
export class LoggedChange implements Change {
  readonly rv: number;
  readonly type: Change['type'];
  readonly key: ObjectKey;
  readonly uid: string;
  readonly body: Uint8Array;
  readonly after: Indexed;
  declare readonly before?: Indexed;
  /** The resourceVersion that the object had before; 0 for `created`. */
  readonly previous: number;
  readonly time: number;
  readonly created: number;

  constructor(change: Omit<Change, 'before'> & { readonly before: Indexed | undefined; readonly previous: number; readonly time: number; readonly created: number }) {
    this.rv = change.rv;
    this.type = change.type;
    this.key = change.key;
    this.uid = change.uid;
    this.body = change.body;
    this.after = change.after;
    if (change.before !== undefined) this.before = change.before;
    this.previous = change.previous;
    this.time = change.time;
    this.created = change.created;
  }
}

export const string = (value: string): AttributeValue => ({ S: value });
export const number = (value: number): AttributeValue => ({ N: String(value) });
export const binary = (value: Uint8Array): AttributeValue => ({ B: value });

const NONE: Readonly<Record<string, string>> = Object.freeze({});

/** Label and field sets are left out where they are empty. */
function indexedItem({ labels, fields }: Indexed): Item {
  const item: Item = {};
  const [someLabels, someFields] = [JSON.stringify(labels), JSON.stringify(fields)];
  if (someLabels !== '{}') item['labels'] = string(someLabels);
  if (someFields !== '{}') item['fields'] = string(someFields);
  return item;
}

const record = (value: AttributeValue | undefined): Readonly<Record<string, string>> => (value?.S === undefined ? NONE : (JSON.parse(value.S) as Record<string, string>));
export const indexedOf = (item: Item): Indexed => ({ labels: record(item['labels']), fields: record(item['fields']) });
export const numberOf = (item: Item, name: string): number => Number(item[name]?.N ?? 0);

export function objectItem(object: Stored, body: Uint8Array | undefined): Item {
  return {
    rv: number(object.rv),
    uid: string(object.uid),
    time: number(object.time),
    ...(object.created !== object.rv && { created: number(object.created) }),
    ...indexedItem(object),
    ...(body === undefined ? { parts: number(object.parts) } : { body: binary(body) }),
    // the table's own deletion is a broom behind the engine's: it comes late and tells nobody
    ...(object.expiresAt !== undefined && { expires: number(object.expiresAt), ttl: number(object.expiresAt + 3600) }),
  };
}

/** `body` where the item does not hold it. */
export function storedObject(resource: ResourceName, item: Item, body?: Uint8Array): Stored {
  const rv = numberOf(item, 'rv');
  return {
    key: { resource, ...fromSortKey(item['sk']!.S!) },
    rv,
    uid: item['uid']?.S ?? '',
    ...indexedOf(item),
    body: unpacked(body ?? item['body']!.B!),
    time: numberOf(item, 'time'),
    created: item['created'] === undefined ? rv : numberOf(item, 'created'),
    parts: numberOf(item, 'parts'),
    ...(item['expires'] !== undefined && { expiresAt: numberOf(item, 'expires') }),
  };
}

export const isGone = (item: Item): boolean => item['gone'] !== undefined;

/** A removed object's item: next to nothing, and the table deletes it by itself. */
export const goneItem = (rv: number, ttl: number): Item => ({ rv: number(rv), gone: { BOOL: true }, ttl: number(ttl) });

export function changeItem(
  change: LoggedChange,
  options: { readonly key: string; readonly body: Uint8Array | undefined; readonly parts: number; readonly last: number; readonly ttl: number; readonly actor: Actor },
): Item {
  const { key, body, parts, last, ttl, actor } = options;
  return {
    type: string(change.type),
    key: string(key),
    uid: string(change.uid),
    time: number(change.time),
    ttl: number(ttl),
    ...(change.previous > 0 && { previous: number(change.previous) }),
    ...(change.created !== change.rv && { created: number(change.created) }),
    ...(last !== change.rv && { last: number(last) }),
    ...(body === undefined ? { parts: number(parts) } : { body: binary(body) }),
    user: string(actor.user),
    ...(actor.requestId !== undefined && { request: string(actor.requestId) }),
  };
}

/** Labels and fields before and after stand in front of the body and are compressed with it, in which they mostly stand too. */
export function changeText({ after, before, body }: Pick<LoggedChange, 'after' | 'before' | 'body'>): Uint8Array {
  const head = Buffer.from(JSON.stringify([after, ...(before === undefined ? [] : [sameAs(after, before) ? 0 : before])]));
  const text = Buffer.allocUnsafe(4 + head.byteLength + body.byteLength);
  text.writeUInt32BE(head.byteLength);
  text.set(head, 4);
  text.set(body, 4 + head.byteLength);
  return text;
}

const sameAs = (left: Indexed, right: Indexed): boolean => JSON.stringify([left.labels, left.fields]) === JSON.stringify([right.labels, right.fields]);

function opened(text: Uint8Array): Pick<LoggedChange, 'after' | 'body'> & { readonly before: Indexed | undefined } {
  const bytes = Buffer.from(text.buffer, text.byteOffset, text.byteLength);
  const end = 4 + bytes.readUInt32BE();
  const [after, before] = JSON.parse(bytes.toString('utf8', 4, end)) as [Indexed, (Indexed | 0)?];
  return { after, before: before === 0 ? after : before, body: text.subarray(end) };
}

/** What a writer that lost, or a reader that no longer waits, puts into a slot. */
export const noChangeItem = (time: number, ttl: number, mark = false): Item => ({ time: number(time), ttl: number(ttl), ...(mark && { mark: { BOOL: true } }) });

export function slotOf(resource: ResourceName, item: Item, body?: Uint8Array): Slot {
  const rv = Number(item['sk']!.S!);
  const time = numberOf(item, 'time');
  const type = item['type']?.S as Change['type'] | undefined;
  const last = item['last'] === undefined ? rv : numberOf(item, 'last');
  if (type === undefined) return { rv, time, last, mark: item['mark'] !== undefined };
  const created = item['created'] === undefined ? rv : numberOf(item, 'created');
  const change = new LoggedChange({
    rv,
    type,
    key: { resource, ...fromSortKey(item['key']!.S!) },
    uid: item['uid']?.S ?? '',
    ...opened(unpacked(body ?? item['body']!.B!)),
    previous: numberOf(item, 'previous'),
    time,
    created,
  });
  return { rv, time, last, change };
}
