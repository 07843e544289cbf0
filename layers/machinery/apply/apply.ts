import { decodeValue, DecodeError } from '../decode.ts';
import { clone, deepEqual } from '../json.ts';
import type { KubeObject, ManagedFieldsEntry } from '../object.ts';
import { badRequest } from '../status.ts';
import { conflictError } from './conflict.ts';
import { difference, type FieldSet, isEmptyNode, MEMBER, union, without } from './field-set.ts';
import { LAST_APPLIED, ownedByLastApplied, withLastApplied } from './last-applied.ts';
import { entriesOf, type Manager, type ManagerId, managersOf, sameManager, skipOf, strip } from './managers.ts';
import { type Place, placeOf } from './place.ts';
import { reconcile } from './reconcile.ts';
import { withUpdate } from './track.ts';
import { bare, type Outcome, take, type WriteOptions } from './update.ts';
import { compare } from './compare.ts';
import { applyErrors, dropEmptied, fieldsOf, merge, prune } from './walk.ts';
import { zeroObject } from './zero.ts';

export interface ApplyOptions extends WriteOptions {
  readonly force: boolean;
  /** Custom resources: values are not brought into the shape of Go's structs. */
  readonly unstructured?: boolean;
}

export interface Applied {
  readonly object: KubeObject;
  readonly managedFields: ManagedFieldsEntry[];
  /** Neither the object nor any set of fields is another than before. */
  readonly unchanged: boolean;
}

/** Objects written before anyone tracked fields: all they hold belongs to this manager on the first apply. */
const BEFORE_FIRST_APPLY = 'before-first-apply';

/**
 * Server-side apply of `config`, as it was parsed, to `live` (absent: it is created). Neither is changed, but the result may share parts
 * with `live`. The result is not defaulted yet.
 * @throws ApiError 409 with a cause per field that another manager owns and that would change
 * @throws ApiError 400 for a configuration that the schema does not fit
 */
export function apply(live: KubeObject | undefined, config: KubeObject, options: ApplyOptions): Applied {
  if (config.metadata.managedFields !== undefined && config.metadata.managedFields !== null) throw badRequest('metadata.managedFields must be nil');
  const place = placeOf(options.schema);
  const errors = applyErrors(place, config);
  if (errors.length > 0) throw badRequest(`failed to create typed patch object (${named(config)}): ${errors.length === 1 ? errors[0]! : `errors:\n  ${errors.join('\n  ')}`}`);

  const current = live === undefined ? zeroObject(options.schema) : bare(live);
  const skip = skipOf(options.resetFields);
  const all = fieldsOf(place, config) ?? MEMBER;
  const set = strip(all, skip);
  const self: ManagerId = { manager: options.manager === '' ? 'unknown' : options.manager, operation: 'Apply', apiVersion: options.apiVersion, subresource: options.subresource };
  let before: readonly Manager[] = managersOf(live?.metadata.managedFields);
  if (before.length === 0 && live !== undefined)
    before = withUpdate([], { ...options, manager: BEFORE_FIRST_APPLY }, compare(place, zeroObject(options.schema), current, skip).changed);
  else before = before.map((one) => reconcile(place, one));
  const mine = before.find((one) => sameManager(one, self));
  const others = before.filter((one) => one !== mine);

  const laidOver = merge(place, current, config) as Record<string, unknown>;
  let merged = laidOver;
  if (mine !== undefined && !isEmptyNode(mine.set)) {
    // the name and its like are nobody's in managedFields, and yet in the configuration
    const kept = others.reduce((sum, one) => union(sum, one.set), without(all, options.resetFields));
    merged = prune(place, laidOver, mine.set, kept) as Record<string, unknown>;
  }
  const next: Manager = { ...self, time: mine?.time, set };
  const outcome = take(place, current, merged, isEmptyNode(set) ? others : [...others, next], self, skip, options);
  if (outcome.conflicts.length > 0 && !options.force) refuse(place, outcome, live, options);

  // typed objects lose nulls and zeros here, as they do in Go's structs
  const changed = !deepEqual(current, merged);
  let object = (changed ? normalized(dropEmptied(merged, laidOver) as Record<string, unknown>, options) : merged) as KubeObject;
  if (options.manager === 'kubectl' && object.metadata.annotations?.[LAST_APPLIED]) object = withLastApplied(object, config);
  const same = live !== undefined && (!changed || deepEqual(bare(live), object));
  const unchanged = same && mine !== undefined && deepEqual(mine.set, set) && mine.apiVersion === options.apiVersion && outcome.managers.length === before.length;
  const managers = outcome.managers.map((one) => {
    if (one !== next) return one;
    if (unchanged) return mine;
    return same && !changed ? one : { ...one, time: options.time };
  });
  return { object, managedFields: entriesOf(managers), unchanged: unchanged && deepEqual(entriesOf(managers), live.metadata.managedFields) };
}

/** Conflicts with what client-side apply wrote are none for the kubectl that takes over from itself. */
function refuse(place: Place, outcome: Outcome, live: KubeObject | undefined, options: ApplyOptions): void {
  let { conflicts } = outcome;
  const allowed: FieldSet | undefined = options.manager === 'kubectl' && live !== undefined ? ownedByLastApplied(place, live, options.apiVersion) : undefined;
  if (allowed !== undefined) conflicts = conflicts.map(({ manager, set }) => ({ manager, set: difference(set, allowed) })).filter(({ set }) => !isEmptyNode(set));
  if (conflicts.length > 0) throw conflictError(conflicts);
}

function normalized(merged: Record<string, unknown>, options: ApplyOptions): Record<string, unknown> {
  if (options.unstructured === true) return merged;
  try {
    return decodeValue(clone(merged), { schema: options.schema, findings: false }).object;
  } catch (error) {
    if (error instanceof DecodeError) throw badRequest(`failed to convert new object (${named(merged as KubeObject)}) to proper version: ${error.message}`);
    throw error;
  }
}

function named(object: KubeObject): string {
  const { apiVersion = '', kind = '', metadata } = object;
  const [name, namespace] = [metadata?.name ?? '', metadata?.namespace ?? ''];
  // Go's text of a kind: the core group is the empty one before the slash
  return `${namespace}/${name}; ${apiVersion.includes('/') ? '' : '/'}${apiVersion}, Kind=${kind}`;
}
