import { deepEqual } from '../json.ts';
import type { KubeObject, ManagedFieldsEntry } from '../object.ts';
import { type FieldSet, isEmptyNode, sorted, union } from './field-set.ts';
import { cap, entriesOf, type Manager, type ManagerId, managersOf, sameManager, skipOf } from './managers.ts';
import { type Place, placeOf } from './place.ts';
import { reconcile } from './reconcile.ts';
import { bare, take, type WriteOptions } from './update.ts';
import { zeroObject } from './zero.ts';

export type TrackOptions = WriteOptions;

/** A client that sends an empty list, or one empty entry, gives up all ownership (the documented way to reset). */
function asksForReset(entries: readonly ManagedFieldsEntry[] | undefined): boolean {
  return entries !== undefined && (entries.length === 0 || (entries.length === 1 && Object.keys(entries[0]!).length === 0));
}

/** The entries a write starts from: the client's own where it sent some that can be read, else those of the live object. */
function managersBefore(old: KubeObject | undefined, object: KubeObject, options: TrackOptions): readonly Manager[] {
  const live = old?.metadata.managedFields;
  // nobody edits entries through a subresource
  if (options.subresource !== '') return managersOf(live);
  const sent = object.metadata.managedFields;
  if (sent === live) return managersOf(live);
  if (asksForReset(sent)) return [];
  const managers = sent === undefined ? undefined : managersOf(sent, true);
  if (managers === undefined || managers.length === 0) return managersOf(live);
  // entries that a client only hands back keep their place in memory, and need no sorting
  return managers.map((one) => {
    const same = live?.find((entry) => entry.manager === one.manager && entry.time === one.time && deepEqual(entry, one.entry));
    return same === undefined ? { ...withoutEntry(one), set: sorted(one.set) } : { ...one, set: same.fieldsV1 as Manager['set'], entry: same };
  });
}

/** Written anew, in order. */
export const withoutEntry = ({ manager, operation, apiVersion, subresource, time, set }: Manager): Manager => ({ manager, operation, apiVersion, subresource, time, set });

/** What the last object made of a kind had: the next is often like it, and then owns the very same set. */
const lastMade = new WeakMap<Place, FieldSet>();
/** Of sets that more than one object has. */
const texts = new WeakMap<object, string>();

function remember(place: Place, set: FieldSet): void {
  if (lastMade.get(place) !== set) lastMade.set(place, set);
  else if (!texts.has(set)) texts.set(set, JSON.stringify(set));
}

/** The JSON of a set of fields. */
export const textOfSet = (set: object): string => texts.get(set) ?? JSON.stringify(set);

/**
 * The managedFields of `object` after a create (no `old`) or a plain update by this manager; neither object is changed. An object whose
 * fields nobody tracks (it has no entries) stays so until somebody applies to it.
 */
export function trackUpdate(old: KubeObject | undefined, object: KubeObject, options: TrackOptions): ManagedFieldsEntry[] {
  const before = managersBefore(old, object, options);
  if (before.length === 0 && old !== undefined) return [];
  const place = placeOf(options.schema);
  const skip = skipOf(options.resetFields);
  const managers = old === undefined || before.length === 0 ? before : before.map((one) => reconcile(place, one));
  const outcome =
    old === undefined
      ? take(place, zeroObject(options.schema), bare(object), managers, undefined, skip, options, lastMade.get(place))
      : take(place, bare(old), bare(object), managers, undefined, skip, options);
  if (old === undefined) remember(place, outcome.comparison.changed);
  return entriesOf(cap(withUpdate(outcome.managers, options, outcome.comparison.changed)));
}

/** Adds what this write set to its manager's entry, and makes that the latest. */
export function withUpdate(managers: readonly Manager[], options: Pick<TrackOptions, 'manager' | 'apiVersion' | 'subresource' | 'time'>, set: Manager['set']): readonly Manager[] {
  if (isEmptyNode(set)) return managers;
  const { manager, apiVersion, subresource, time } = options;
  const self: ManagerId = { manager: manager === '' ? 'unknown' : manager, operation: 'Update', apiVersion, subresource };
  const previous = managers.find((one) => sameManager(one, self));
  return [...managers.filter((one) => one !== previous), { ...self, time, set: previous === undefined ? set : union(set, previous.set) }];
}

/**
 * Whether two lists of entries differ in nothing but their times: a write that changes nothing else is none. Kubernetes keeps the old
 * object then, times and resourceVersion with it.
 */
export function sameButTimes(a: readonly ManagedFieldsEntry[] | undefined, b: readonly ManagedFieldsEntry[] | undefined): boolean {
  const timeless = (entries: readonly ManagedFieldsEntry[] | undefined): readonly string[] =>
    (entries ?? []).map(({ manager, operation, apiVersion, subresource }) => JSON.stringify([manager, operation, apiVersion, subresource])).toSorted();
  const sets = (entries: readonly ManagedFieldsEntry[] | undefined): ReadonlyMap<string, unknown> =>
    new Map((entries ?? []).map(({ manager, operation, apiVersion, subresource, fieldsV1 }) => [JSON.stringify([manager, operation, apiVersion, subresource]), fieldsV1]));
  if ((a?.length ?? 0) !== (b?.length ?? 0) || !deepEqual(timeless(a), timeless(b))) return false;
  const right = sets(b);
  for (const [id, set] of sets(a)) if (!deepEqual(set, right.get(id))) return false;
  return true;
}
