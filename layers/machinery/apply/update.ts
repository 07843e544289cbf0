/** The step that every write shares: who loses what, and who has what now (structured-merge-diff `merge/update.go`). */
import type { KubeObject } from '../object.ts';
import type { TypeSchema } from '../schema.ts';
import { difference, intersection, isEmptyNode, type FieldSet } from './field-set.ts';
import type { Manager, ManagerId } from './managers.ts';
import { sameManager } from './managers.ts';
import { type Place, placeOf } from './place.ts';
import { compare, type Comparison, type Skip } from './compare.ts';

/** Another version of the kind in which a manager wrote. */
export interface OtherVersion {
  readonly schema: TypeSchema;
  convert(object: KubeObject): KubeObject;
}

export interface WriteOptions {
  readonly manager: string;
  readonly schema: TypeSchema;
  readonly apiVersion: string;
  /** Empty for the main door. */
  readonly subresource: string;
  /** RFC 3339, of this write. */
  readonly time: string;
  /** Paths that a write through this door cannot set. */
  readonly resetFields: readonly (readonly string[])[];
  /**
   * Versions besides `apiVersion` that managers wrote in; `undefined` for one that is no longer served: its entries go.
   * Absent: all versions of the kind have the same fields.
   */
  readonly versions?: (apiVersion: string) => OtherVersion | undefined;
}

export interface Outcome {
  /** Everybody's sets after the change, without those that are empty now; `self` among them as it was. */
  readonly managers: Manager[];
  readonly conflicts: readonly { readonly manager: Manager; readonly set: FieldSet }[];
  readonly comparison: Comparison;
}

/** Takes what changed between two objects from all managers but `self`. @param like see `compare` */
export function take(
  place: Place,
  before: Record<string, unknown>,
  after: Record<string, unknown>,
  managers: readonly Manager[],
  self: ManagerId | undefined,
  skip: Skip,
  options: WriteOptions,
  like?: FieldSet,
): Outcome {
  const comparison = compare(place, before, after, skip, like);
  const byVersion = new Map<string, Comparison | undefined>([[options.apiVersion, comparison]]);
  const conflicts: { manager: Manager; set: FieldSet }[] = [];
  const kept: Manager[] = [];
  for (const one of managers) {
    if (self !== undefined && sameManager(one, self)) {
      if (!isEmptyNode(one.set)) kept.push(one);
      continue;
    }
    if (!byVersion.has(one.apiVersion)) byVersion.set(one.apiVersion, options.versions === undefined ? comparison : inVersion(before, after, one.apiVersion, skip, options));
    const seen = byVersion.get(one.apiVersion);
    if (seen === undefined) continue;
    const lost = intersection(one.set, seen.changed);
    if (!isEmptyNode(lost)) conflicts.push({ manager: one, set: lost });
    const set = difference(difference(one.set, lost), intersection(one.set, seen.removed));
    if (set === one.set) kept.push(one);
    else if (!isEmptyNode(set)) kept.push({ ...one, set });
  }
  return { managers: kept, conflicts, comparison };
}

function inVersion(before: Record<string, unknown>, after: Record<string, unknown>, apiVersion: string, skip: Skip, options: WriteOptions): Comparison | undefined {
  const version = options.versions?.(apiVersion);
  if (version === undefined) return undefined;
  return compare(placeOf(version.schema), version.convert(before as KubeObject), version.convert(after as KubeObject), skip);
}

/** An object as it is compared: managedFields are about it, not of it. */
export function bare(object: KubeObject): Record<string, unknown> {
  if (object.metadata.managedFields === undefined) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
