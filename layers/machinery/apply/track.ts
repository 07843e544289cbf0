import type { KubeObject, ManagedFieldsEntry } from '../object.ts';
import type { TypeSchema } from '../schema.ts';
import { deepEqual } from '../json.ts';
import { difference, type FieldSet, isEmptyNode, union } from './field-set.ts';
import { entriesOf, type Manager, managersOf, sameManager, strip } from './managers.ts';
import { compare, fieldsOf, placeOf } from './walk.ts';

export interface TrackOptions {
  readonly manager: string;
  readonly schema: TypeSchema;
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339, of this write. */
  readonly time: string;
  /** Paths that a write through this door cannot set. */
  readonly resetFields: readonly (readonly string[])[];
}

/** A client that sends an empty list, or one empty entry, gives up all ownership (the documented way to reset). */
function asksForReset(entries: readonly ManagedFieldsEntry[] | undefined): boolean {
  return entries !== undefined && (entries.length === 0 || (entries.length === 1 && Object.keys(entries[0]!).length === 0));
}

const bare = (object: KubeObject): unknown => {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
};

/** The managedFields of `object` after a create (no `old`) or a plain update by this manager. */
export function trackUpdate(old: KubeObject | undefined, object: KubeObject, options: TrackOptions): ManagedFieldsEntry[] {
  const place = placeOf(options.schema);
  const self = { manager: options.manager, operation: 'Update' as const, apiVersion: options.apiVersion, subresource: options.subresource };
  if (old === undefined) {
    const set = strip(fieldsOf(place, bare(object)) ?? {}, options.resetFields);
    return entriesOf([{ ...self, time: options.time, set }], options.time);
  }
  const sent = object.metadata.managedFields;
  if (asksForReset(sent)) return [];
  // a client may edit the entries themselves; one that sends none leaves them as they are
  const managers = managersOf(sent ?? old.metadata.managedFields);
  const { changed, removed } = compare(place, bare(old), bare(object));
  const set = strip(changed, options.resetFields);
  const gone = strip(removed, []);
  if (isEmptyNode(set) && isEmptyNode(gone)) return sent === undefined ? (old.metadata.managedFields ?? []) : entriesOf(managers, options.time);
  let mine: FieldSet = {};
  let mineBefore: Manager | undefined;
  const others: Manager[] = [];
  for (const one of managers) {
    if (sameManager(one, self)) {
      mineBefore = one;
      mine = one.set;
    } else others.push({ ...one, set: difference(difference(one.set, changed), gone) });
  }
  mine = union(difference(mine, gone), set);
  const time = mineBefore !== undefined && deepEqual(mineBefore.set, mine) && mineBefore.time !== undefined && isEmptyNode(set) ? mineBefore.time : options.time;
  return entriesOf([...others, { ...self, time, set: mine }], options.time);
}
