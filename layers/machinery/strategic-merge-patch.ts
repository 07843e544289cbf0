/**
 * Strategic merge patch (apimachinery `util/strategicpatch`): a merge patch that merges lists by a key of their items, with directives
 * for what plain JSON cannot say: `$patch: replace|delete`, `$retainKeys`, `$deleteFromPrimitiveList/<field>`, `$setElementOrder/<field>`.
 */
import type { FieldSchema, TypeSchema } from './schema.ts';
import { ApiError, badRequest } from './status.ts';

type ObjectValue = Record<string, unknown>;
type Strategy = '' | 'merge' | 'replace';

const DIRECTIVE = '$patch';
const RETAIN_KEYS = '$retainKeys';
const DELETE_FROM = '$deleteFromPrimitiveList';
const ORDER = '$setElementOrder';
const BAD_RETAIN_KEYS = 'invalid patch format of retainKeys';
const BAD_ORDER = 'invalid patch format of setElementOrder list';
const BAD_DELETE = 'invalid patch format of primitive list';

const isObject = (value: unknown): value is ObjectValue => typeof value === 'object' && value !== null && !Array.isArray(value);
const kindOf = (value: unknown): string => (Array.isArray(value) ? 'slice' : isObject(value) ? 'map' : value === null ? 'nil' : typeof value);

/** Go's name of a decoded JSON value's type. */
function goType(value: unknown): string {
  switch (kindOf(value)) {
    case 'slice':
      return '[]interface {}';
    case 'map':
      return 'map[string]interface {}';
    case 'boolean':
      return 'bool';
    case 'number':
      return Number.isInteger(value) ? 'int64' : 'float64';
    case 'bigint':
      return 'int64';
    case 'nil':
      return '%!s(<nil>)';
    default:
      return 'string';
  }
}

/** A value as Go's `%v` prints it. */
function goText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (isObject(value))
    return `map[${Object.keys(value)
      .sort()
      .map((key) => `${key}:${goText(value[key])}`)
      .join(' ')}]`;
  return value === null || value === undefined ? '<nil>' : String(value as string | number);
}

const noMergeKey = (item: ObjectValue, key: string): ApiError => badRequest(`map: ${goText(item)} does not contain declared merge key: ${key}`);
const badType = (expected: unknown, actual: unknown): ApiError => badRequest(`expected a ${goType(expected)}, but received a ${goType(actual)}`);
const badPatchType = (directive: unknown, patch: ObjectValue): ApiError => badRequest(`unknown patch type: ${goText(directive)} in map: ${goText(patch)}`);
const unprocessable = (message: string): ApiError =>
  new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason: 'Invalid', details: {}, code: 422 });

/** `current` and `patch` are not changed; the result may share parts with both. @throws ApiError 400 for directives that make no sense */
export function strategicMergePatch(current: unknown, patch: unknown, schema: TypeSchema): unknown {
  if (!isObject(patch)) throw badRequest('invalid JSON document');
  return mergeMap(isObject(current) ? current : {}, patch, schema);
}

interface Meta {
  readonly type: TypeSchema;
  readonly strategy: Strategy;
  readonly key: string;
}

const metas = new WeakMap<FieldSchema, Meta>();

/** How a field is patched; an item's type for a list. @throws ApiError 400 where the schema knows no such field */
function metaOf(schema: TypeSchema, name: string, list: boolean): Meta {
  if (schema.type !== 'object' || schema.fields === undefined)
    throw badRequest(`merging an object in json but data type is not struct, instead is: ${schema.type === 'array' ? 'slice' : schema.type === 'any' ? 'interface' : schema.type}`);
  const field = schema.fields.get(name);
  if (field === undefined) throw badRequest(`unable to find api field in struct ${schema.name.slice(schema.name.lastIndexOf('.') + 1)} for the json field ${JSON.stringify(name)}`);
  let meta = metas.get(field);
  if (meta === undefined) {
    const strategy = field.patchStrategy?.find((one) => one !== 'retainKeys') ?? '';
    const items = field.type.type === 'array' ? field.type.items : undefined;
    metas.set(field, (meta = { type: items ?? field.type, strategy, key: field.patchMergeKey ?? '' }));
  }
  if (list && field.type.type !== 'array') throw badRequest('expected slice or array type, but got: struct');
  return meta;
}

/** A value of a patch that meets nothing: its directives and the parts that hold them mean nothing any more, nor do nulls. */
function adopt(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((item) => !(isObject(item) && DIRECTIVE in item)).map((item) => adopt(item));
  if (!isObject(value)) return value;
  const result: ObjectValue = {};
  for (const key of Object.keys(value)) {
    const inner = value[key];
    if (inner !== null && !(isObject(inner) && DIRECTIVE in inner)) put(result, key, typeof inner === 'object' ? adopt(inner) : inner);
  }
  return result;
}

function put(object: ObjectValue, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
}

/** The field that a parallel key is about. */
function fieldOf(key: string, prefix: string, message: string): string {
  if (!key.startsWith(`${prefix}/`)) throw badRequest(message);
  return key.slice(prefix.length + 1);
}

function mergeMap(current: ObjectValue, patch: ObjectValue, schema: TypeSchema): ObjectValue {
  if (Object.hasOwn(patch, DIRECTIVE)) {
    const { [DIRECTIVE]: directive, ...rest } = patch;
    if (directive === 'replace') return rest;
    if (directive === 'delete') return {};
    throw badPatchType(directive, patch);
  }
  const result: ObjectValue = { ...current };
  if (Object.hasOwn(patch, RETAIN_KEYS)) retainKeys(result, patch);
  const ordered = new Set<string>();
  for (const key of Object.keys(patch)) if (key.startsWith(ORDER)) applyOrder(result, patch, key, schema, ordered);
  const deletions: string[] = [];
  for (const key of Object.keys(patch)) {
    if (key === RETAIN_KEYS || key.startsWith(ORDER) || ordered.has(key)) continue;
    // deletions last: a value that is both added and deleted goes
    if (key.startsWith(DELETE_FROM)) deletions.push(key);
    else mergeField(result, key, patch[key], schema);
  }
  for (const key of deletions) {
    const name = fieldOf(key, DELETE_FROM, BAD_DELETE);
    const [list, gone] = [result[name], patch[key]];
    if (Array.isArray(list) && Array.isArray(gone)) result[name] = deleteFrom(list, gone);
  }
  return result;
}

function retainKeys(result: ObjectValue, patch: ObjectValue): void {
  const keys = patch[RETAIN_KEYS];
  if (!Array.isArray(keys)) throw badRequest(BAD_RETAIN_KEYS);
  const retained = new Set<unknown>(keys);
  for (const key of Object.keys(patch)) {
    if (key === RETAIN_KEYS || patch[key] === null || key.startsWith(DELETE_FROM) || key.startsWith(ORDER)) continue;
    if (!retained.has(key)) throw badRequest(BAD_RETAIN_KEYS);
  }
  for (const key of Object.keys(result)) if (!retained.has(key)) delete result[key];
}

function mergeField(result: ObjectValue, key: string, value: unknown, schema: TypeSchema): void {
  if (value === null) {
    delete result[key];
    return;
  }
  const old = Object.hasOwn(result, key) ? result[key] : undefined;
  if (old === undefined || kindOf(old) !== kindOf(value)) {
    if (isObject(value) && DIRECTIVE in value) delete result[key];
    else put(result, key, adopt(value));
  } else if (isObject(value)) {
    const { type, strategy } = metaOf(schema, key, false);
    put(result, key, strategy === 'replace' ? value : mergeMap(old as ObjectValue, value, type));
  } else if (Array.isArray(value)) {
    const { type, strategy, key: mergeKey } = metaOf(schema, key, true);
    result[key] = strategy === 'merge' ? mergeList(old as unknown[], value, type, mergeKey) : value;
  } else put(result, key, value);
}

/** Lists hold values of one type, and no lists. @throws ApiError */
function itemKind(...lists: readonly (readonly unknown[])[]): string {
  let kind: string | undefined;
  for (const list of lists)
    for (const item of list) {
      const own = kindOf(item);
      if (kind === undefined) {
        if (own === 'slice') throw unprocessable('lists of lists are not supported');
        kind = own;
      } else if (kind !== own) throw badRequest(`list element types are not identical: ${goText(lists)}`);
    }
  if (kind === undefined) throw badRequest('no elements in any of the given slices');
  return kind;
}

function mergeList(current: readonly unknown[], patch: readonly unknown[], schema: TypeSchema, key: string): unknown[] {
  if (current.length === 0 && patch.length === 0) return [];
  if (itemKind(current, patch) !== 'map') {
    const merged = [...new Set([...current, ...patch])];
    return arrange(merged, patch, current, '');
  }
  if (key === '') throw badRequest('cannot merge lists without merge key for struct');
  const items: ObjectValue[] = [];
  let kept = current as readonly ObjectValue[];
  let replaces = false;
  for (const item of patch as readonly ObjectValue[]) {
    if (!Object.hasOwn(item, DIRECTIVE)) {
      items.push(item);
      continue;
    }
    const directive = item[DIRECTIVE];
    if (directive === 'delete') {
      if (!Object.hasOwn(item, key)) throw noMergeKey(item, key);
      kept = kept.filter((old) => !Object.is(old[key], item[key]));
    } else if (directive === 'replace') replaces = true;
    else if (directive === 'merge') throw badRequest('merging lists cannot yet be specified in the patch');
    else throw badPatchType(directive, item);
  }
  if (replaces) {
    const named = items.find((item) => !Object.hasOwn(item, key));
    if (named !== undefined) throw noMergeKey(named, key);
    return items;
  }
  const merged = [...kept];
  for (const item of items) {
    if (!Object.hasOwn(item, key)) throw noMergeKey(item, key);
    const at = merged.findIndex((old) => old[key] === item[key]);
    if (at < 0) merged.push(item);
    else merged[at] = mergeMap(merged[at]!, item, schema);
  }
  return arrange(merged, items, kept, key);
}

const deleteFrom = (list: readonly unknown[], gone: readonly unknown[]): unknown[] => {
  const values = new Set(gone);
  return list.filter((item) => !values.has(item));
};

/** `$setElementOrder`: merges the list that it is about and brings its items into the order. */
function applyOrder(result: ObjectValue, patch: ObjectValue, orderKey: string, schema: TypeSchema, done: Set<string>): void {
  const order: unknown = patch[orderKey];
  if (!Array.isArray(order)) throw badType([], order);
  const name = fieldOf(orderKey, ORDER, BAD_ORDER);
  const [old, value] = [Object.hasOwn(result, name) ? result[name] : undefined, Object.hasOwn(patch, name) ? patch[name] : undefined];
  if (old !== undefined && !Array.isArray(old)) throw badType([], old);
  if (value !== undefined && !Array.isArray(value)) throw badType([], value);
  const { type, strategy, key } = metaOf(schema, name, true);
  checkOrder(value ?? [], order, key);
  if (old === undefined && value === undefined) return;
  const merged = old === undefined ? (adopt(value) as unknown[]) : value === undefined ? old : strategy === 'merge' ? mergeList(old, value, type, key) : [...value];
  if (key !== '')
    for (const item of merged) {
      if (!isObject(item)) throw badType({}, item);
      if (!Object.hasOwn(item, key)) throw noMergeKey(item, key);
    }
  itemKind(old ?? [], value ?? []);
  result[name] = arrange(merged, order, old ?? [], key);
  done.add(name);
}

/** The items of the patch must stand in the order that the patch itself gives. */
function checkOrder(patch: readonly unknown[], order: readonly unknown[], key: string): void {
  if (patch.length === 0 || order.length === 0) return;
  const items = key === '' ? patch : patch.filter((item) => !(isObject(item) && item[DIRECTIVE] === 'delete'));
  let at = 0;
  let placed = 0;
  while (at < items.length && placed < order.length) {
    const item = items[at];
    if (isObject(item) && DIRECTIVE in item) {
      at++;
      continue;
    }
    if (keyOf(item, key, true) === keyOf(order[placed], key, true)) at++;
    placed++;
  }
  if (at < items.length && placed >= order.length) throw badRequest(`The order in patch list:\n${goText(patch)}\n doesn't match $setElementOrder list:\n${goText(order)}\n`);
}

function keyOf(item: unknown, key: string, strict = false): unknown {
  if (key === '') return item;
  if (!isObject(item)) {
    if (strict) throw badType({}, item);
    return undefined;
  }
  if (strict && !Object.hasOwn(item, key)) throw noMergeKey(item, key);
  return item[key];
}

/** Items that `order` names stand in its order, the others in that of the live list, and both as the live list has them to each other. */
function arrange(merged: readonly unknown[], order: readonly unknown[], live: readonly unknown[], key: string): unknown[] {
  const rankIn = (list: readonly unknown[]): ReadonlyMap<unknown, number> => {
    const ranks = new Map<unknown, number>();
    list.forEach((item, at) => {
      const id = keyOf(item, key);
      if (!ranks.has(id)) ranks.set(id, at);
    });
    return ranks;
  };
  const [ordered, lived] = [rankIn(order), rankIn(live)];
  const rank = (ranks: ReadonlyMap<unknown, number>, item: unknown): number => ranks.get(keyOf(item, key)) ?? -1;
  const named = merged.filter((item) => rank(ordered, item) >= 0).sort((a, b) => rank(ordered, a) - rank(ordered, b));
  const others = merged.filter((item) => rank(ordered, item) < 0).sort((a, b) => rank(lived, a) - rank(lived, b));
  const result: unknown[] = [];
  let [left, right] = [0, 0];
  while (left < others.length || right < named.length) {
    if (left >= others.length) result.push(named[right++]);
    else if (right >= named.length) result.push(others[left++]);
    else {
      const [before, after] = [rank(lived, others[left]), rank(lived, named[right])];
      if (before >= 0 && after >= 0 && before < after) result.push(others[left++]);
      else result.push(named[right++]);
    }
  }
  return result;
}
