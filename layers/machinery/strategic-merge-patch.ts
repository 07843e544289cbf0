/**
 * Strategic merge patch (apimachinery `util/strategicpatch`): a merge patch that merges lists by a key of their items, with directives
 * for what plain JSON cannot say.
 */
import type { FieldSchema, TypeSchema } from './schema.ts';
import { badRequest } from './status.ts';
import { deepEqual } from './json.ts';

type ObjectValue = Record<string, unknown>;
const DIRECTIVE = '$patch';
const RETAIN_KEYS = '$retainKeys';
const DELETE_FROM = '$deleteFromPrimitiveList/';
const ORDER = '$setElementOrder/';

const isObject = (value: unknown): value is ObjectValue => typeof value === 'object' && value !== null && !Array.isArray(value);
const strip = (patch: ObjectValue): ObjectValue =>
  Object.fromEntries(
    Object.entries(patch)
      .filter(([key]) => !key.startsWith('$'))
      .map(([key, value]) => [key, clean(value)]),
  );

/** A value of a patch that meets nothing: directives and nulls in it mean nothing any more. */
function clean(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((item) => !(isObject(item) && (item[DIRECTIVE] === 'delete' || (DIRECTIVE in item && Object.keys(item).length === 1)))).map(clean);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, inner]) => !key.startsWith('$') && inner !== null)
      .map(([key, inner]) => [key, clean(inner)]),
  );
}

const UNTYPED: TypeSchema = { name: '', type: 'any' };

function fieldOf(schema: TypeSchema, key: string): { readonly type: TypeSchema; readonly field: FieldSchema | undefined } {
  const field = schema.fields?.get(key);
  return field === undefined ? { type: schema.items ?? UNTYPED, field: undefined } : { type: field.type, field };
}

/** `current` is not changed. @throws ApiError 400 for directives that make no sense */
export function strategicMergePatch(current: unknown, patch: unknown, schema: TypeSchema): unknown {
  if (!isObject(patch)) throw badRequest('the patch is no JSON object');
  return mergeMap(isObject(current) ? current : {}, patch, schema, undefined);
}

function mergeMap(current: ObjectValue, patch: ObjectValue, schema: TypeSchema, field: FieldSchema | undefined): ObjectValue {
  const directive = patch[DIRECTIVE];
  if (directive !== undefined) {
    if (directive === 'replace') return strip(patch);
    if (directive === 'delete') return {};
    if (directive !== 'merge') throw badRequest(`Unknown patch type: ${String(directive)}`);
  }
  const result: ObjectValue = { ...current };
  const retain = patch[RETAIN_KEYS];
  if (retain !== undefined) {
    if (!Array.isArray(retain)) throw badRequest('the retainKeys directive must be a list');
    if (field?.patchStrategy?.includes('retainKeys') !== true && field !== undefined) throw badRequest('the retainKeys directive is not allowed here');
    for (const key in patch) if (!key.startsWith('$') && patch[key] !== null && !retain.includes(key)) throw badRequest('patch contains fields that retainKeys does not name');
    for (const key in result) if (!retain.includes(key)) delete result[key];
  }
  for (const key in patch) {
    if (key === DIRECTIVE || key === RETAIN_KEYS) continue;
    if (key.startsWith(DELETE_FROM)) {
      if (!Array.isArray(patch[key])) throw badRequest(`${key} must be a list`);
      // done after additions, so that a value in both goes
      continue;
    }
    if (key.startsWith(ORDER)) continue;
    const value = patch[key];
    if (value === null) {
      delete result[key];
      continue;
    }
    const { type, field: at } = fieldOf(schema, key);
    const old = result[key];
    if (isObject(value)) {
      const replaces = at?.patchStrategy?.includes('replace') === true;
      if (replaces || !isObject(old)) result[key] = value[DIRECTIVE] === 'delete' ? {} : clean(value);
      else result[key] = mergeMap(old, value, type, at);
    } else if (Array.isArray(value)) result[key] = mergeList(Array.isArray(old) ? old : [], value, type, at, patch[`${ORDER}${key}`]);
    else result[key] = value;
  }
  for (const key in patch) {
    if (key.startsWith(DELETE_FROM)) {
      const name = key.slice(DELETE_FROM.length);
      const gone = patch[key] as readonly unknown[];
      if (Array.isArray(result[name])) result[name] = (result[name] as unknown[]).filter((item) => !gone.some((one) => deepEqual(one, item)));
      if (patch[name] === undefined && patch[`${ORDER}${name}`] !== undefined) result[name] = ordered(result[name] as unknown[], patch[`${ORDER}${name}`], undefined);
    } else if (key.startsWith(ORDER)) {
      const name = key.slice(ORDER.length);
      if (patch[name] === undefined && patch[`${DELETE_FROM}${name}`] === undefined && Array.isArray(result[name]))
        result[name] = ordered(result[name] as unknown[], patch[key], fieldOf(schema, name).field?.patchMergeKey);
    }
  }
  return result;
}

function mergeList(current: readonly unknown[], patch: readonly unknown[], schema: TypeSchema, field: FieldSchema | undefined, order: unknown): unknown[] {
  if (field?.patchStrategy?.includes('merge') !== true) {
    // a list without a strategy is replaced; a lone directive says so of an empty one
    return patch.filter((item) => !(isObject(item) && DIRECTIVE in item && Object.keys(item).length === 1)).map(clean);
  }
  if (patch.some((item) => isObject(item) && item[DIRECTIVE] === 'replace' && Object.keys(item).length === 1))
    return patch.filter((item) => !(isObject(item) && item[DIRECTIVE] === 'replace' && Object.keys(item).length === 1)).map(clean);
  const key = field.patchMergeKey;
  const items = schema.items ?? UNTYPED;
  if (key === undefined || key === '') {
    const added = patch.filter((item, at) => !current.some((old) => deepEqual(old, item)) && patch.findIndex((other) => deepEqual(other, item)) === at);
    return ordered([...current, ...added], order, undefined);
  }
  const result = [...current];
  for (const item of patch) {
    if (!isObject(item)) throw badRequest('Invalid JSON document: an item of a list that merges by key is no object');
    const value = item[key];
    if (value === undefined) {
      if (item[DIRECTIVE] !== undefined && Object.keys(item).length === 1) continue;
      throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
    }
    const same = (old: unknown): boolean => isObject(old) && deepEqual(old[key], value);
    if (item[DIRECTIVE] === 'delete') {
      for (let at = result.length - 1; at >= 0; at--) if (same(result[at])) result.splice(at, 1);
      continue;
    }
    const at = result.findIndex(same);
    if (at < 0) result.push(clean(item));
    else if (item[DIRECTIVE] === 'replace') result[at] = strip(item);
    else result[at] = mergeMap(result[at] as ObjectValue, item, items, undefined);
  }
  return ordered(result, order, key);
}

/** Brings the items that the order names into it; others keep their place relative to those before them. */
function ordered(list: readonly unknown[], order: unknown, key: string | undefined): unknown[] {
  if (!Array.isArray(order)) return [...list];
  const rank = (item: unknown): number =>
    order.findIndex((wanted) => (key === undefined ? deepEqual(wanted, item) : isObject(wanted) && isObject(item) && deepEqual(wanted[key], item[key])));
  const named = list.filter((item) => rank(item) >= 0).toSorted((a, b) => rank(a) - rank(b));
  const others = list.filter((item) => rank(item) < 0);
  // server-only items go before the first named one that stood after them
  const result: unknown[] = [];
  let next = 0;
  for (const item of others) {
    const place = list.indexOf(item);
    while (next < named.length && list.indexOf(named[next]) < place) result.push(named[next++]);
    result.push(item);
  }
  return [...result, ...named.slice(next)];
}
