import type { KubeObject, ManagedFieldsEntry } from '../object.ts';
import { applyConflict, type StatusCause } from '../status.ts';
import { deepEqual } from '../json.ts';
import { difference, type FieldSet, intersection, isEmptyNode, paths, union } from './field-set.ts';
import { entriesOf, type Manager, managersOf, sameManager, strip } from './managers.ts';
import type { TrackOptions } from './track.ts';
import { compare, fieldsOf, merge, placeOf, prune } from './walk.ts';

export interface ApplyOptions extends TrackOptions {
  readonly force: boolean;
}

export interface Applied {
  readonly object: KubeObject;
  readonly managedFields: ManagedFieldsEntry[];
}

/** Objects written before anyone tracked fields: all they hold belongs to this manager on the first apply. */
const BEFORE_FIRST_APPLY = 'before-first-apply';

function describe(conflicts: readonly { readonly manager: Manager; readonly set: FieldSet }[]): never {
  const causes: StatusCause[] = [];
  const lines: string[] = [];
  for (const { manager, set } of conflicts) {
    const name = `${JSON.stringify(manager.manager)}${manager.subresource === '' ? '' : ` with subresource ${JSON.stringify(manager.subresource)}`}${manager.operation === 'Update' ? ` using ${manager.apiVersion}${manager.time === undefined ? '' : ` at ${manager.time}`}` : ''}`;
    for (const path of paths(set)) causes.push({ reason: 'FieldManagerConflict', message: `conflict with ${name}`, field: path });
    const fields = paths(set);
    lines.push(fields.length === 1 ? `conflict with ${name}: ${fields[0]}` : `conflicts with ${name}:\n- ${fields.join('\n- ')}`);
  }
  const count = causes.length;
  throw applyConflict(`Apply failed with ${count} conflict${count === 1 ? '' : 's'}: ${lines.join('\n')}`, causes);
}

/**
 * Server-side apply of `config` to `live` (absent: it is created).
 * @throws ApiError 409 with a cause per field that another manager owns and that would change
 */
export function apply(live: KubeObject | undefined, config: KubeObject, options: ApplyOptions): Applied {
  const place = placeOf(options.schema);
  const clean = (object: KubeObject): KubeObject => {
    const { managedFields: _, ...metadata } = object.metadata;
    return { ...object, metadata };
  };
  const wanted = clean(config);
  const self = { manager: options.manager, operation: 'Apply' as const, apiVersion: options.apiVersion, subresource: options.subresource };
  const set = strip(fieldsOf(place, wanted) ?? {}, options.resetFields);
  if (live === undefined) return { object: wanted, managedFields: entriesOf([{ ...self, time: options.time, set }], options.time) };

  const current = clean(live);
  let managers = managersOf(live.metadata.managedFields);
  if (managers.length === 0)
    managers = [
      { manager: BEFORE_FIRST_APPLY, operation: 'Update', apiVersion: options.apiVersion, subresource: '', time: options.time, set: strip(fieldsOf(place, current) ?? {}, []) },
    ];
  const mine = managers.find((one) => sameManager(one, self));
  const others = managers.filter((one) => one !== mine);

  let object = merge(place, current, wanted) as KubeObject;
  if (mine !== undefined && !isEmptyNode(mine.set)) {
    const kept = [...others.map((one) => one.set), set].reduce(union, {} as FieldSet);
    object = prune(place, object, mine.set, kept) as KubeObject;
  }
  const { changed, removed } = compare(place, current, object);
  const conflicts = others.map((manager) => ({ manager, set: intersection(manager.set, changed) })).filter((conflict) => !isEmptyNode(conflict.set));
  if (conflicts.length > 0 && !options.force) describe(conflicts);
  const rest = others.map((one) => ({ ...one, set: difference(difference(one.set, changed), removed) }));
  const unchanged = mine !== undefined && deepEqual(mine.set, set) && mine.apiVersion === options.apiVersion && isEmptyNode(changed) && isEmptyNode(removed);
  return { object, managedFields: entriesOf([...rest, { ...self, time: unchanged && mine.time !== undefined ? mine.time : options.time, set }], options.time) };
}
