/** `/scale` shows one field of an object under another path: ownership of it is carried over and back (apimachinery `scalehandler.go`). */
import type { ManagedFieldsEntry } from '../object.ts';
import { difference, hasPath, isEmptyNode, setOfPath } from './field-set.ts';
import { entriesOf, type Manager, managersOf, sameManager } from './managers.ts';
import { withoutEntry } from './track.ts';

const SCALE_VERSION = 'autoscaling/v1';
const REPLICAS = ['spec', 'replicas'];
/** Where each version of the object keeps its replicas; `undefined` for a version that has none of them. */
export type ReplicasPaths = (apiVersion: string) => readonly string[] | undefined;

/** The entries of the object as the Scale shows them. */
export function toScale(entries: readonly ManagedFieldsEntry[] | undefined, paths: ReplicasPaths): ManagedFieldsEntry[] {
  const owners = managersOf(entries).filter(({ apiVersion, set }) => {
    const path = paths(apiVersion);
    return path !== undefined && hasPath(set, path);
  });
  return entriesOf(owners.map((one) => ({ ...withoutEntry(one), apiVersion: SCALE_VERSION, set: setOfPath(REPLICAS) })));
}

/** The entries of the object after a write of its Scale left `scaled` there. `apiVersion`: the one whose door was used. */
export function fromScale(
  entries: readonly ManagedFieldsEntry[] | undefined,
  scaled: readonly ManagedFieldsEntry[],
  apiVersion: string,
  paths: ReplicasPaths,
): ManagedFieldsEntry[] {
  // update entries carry the version in their name: in a Scale it is the Scale's
  const scaleOwners = managersOf(scaled);
  const isSame = (parent: Manager, scale: Manager): boolean => sameManager({ ...parent, apiVersion: SCALE_VERSION }, { ...scale, apiVersion: SCALE_VERSION });
  const result: Manager[] = [];
  const kept = new Set<Manager>();
  for (const one of managersOf(entries)) {
    const path = paths(one.apiVersion);
    if (path === undefined || !hasPath(one.set, path)) {
      result.push(one);
      continue;
    }
    const still = scaleOwners.find((scale) => isSame(one, scale));
    if (still === undefined) {
      const set = difference(one.set, setOfPath(path));
      if (!isEmptyNode(set)) result.push({ ...one, set });
    } else {
      kept.add(still);
      result.push(one);
    }
  }
  const own = paths(apiVersion);
  for (const one of scaleOwners.filter((scale) => !kept.has(scale)))
    if (hasPath(one.set, REPLICAS) && own !== undefined) result.push({ ...withoutEntry(one), apiVersion, set: setOfPath(own) });
  return entriesOf(result);
}
