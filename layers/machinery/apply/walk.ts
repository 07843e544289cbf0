/** Walks over objects by their schema: which fields a configuration sets, how it is laid over an object, what of an earlier one goes, what is wrong with it. */
import { compareElements, type FieldSet, isMember, MEMBER, nodeOf, sortKeys } from './field-set.ts';
import { type Place, UNTYPED } from './place.ts';
import { elementOf, isEmpty, isFields, isItems, isObject, type ObjectValue, resolve, type Value } from './value.ts';

/** The fields an object sets, as an applied configuration owns them, in order. */
export function fieldsOf(place: Place, value: Value): FieldSet | undefined {
  const at = resolve(place, value);
  switch (at.kind) {
    case 'leaf':
    case 'untyped':
      return MEMBER;
    case 'struct':
    case 'map': {
      if (!isObject(value)) return undefined;
      const node: FieldSet = {};
      let some = false;
      for (const key of sortKeys(Object.keys(value))) {
        const child = value[key];
        if (child === undefined) continue;
        const field = at.fields.get(key);
        const inner = field !== undefined && field.place.kind === 'leaf' ? MEMBER : fieldsOf(field?.place ?? at.items ?? UNTYPED, child);
        // entries of maps are members, named fields only where they are empty
        const made = field === undefined || child === null || (isObject(child) && isEmpty(child)) ? nodeOf(true, inner) : inner;
        if (made === undefined) continue;
        node[field?.element ?? `f:${key}`] = made;
        some = true;
      }
      return some ? node : undefined;
    }
    case 'list':
    case 'set': {
      if (!Array.isArray(value)) return undefined;
      const found = new Map<string, FieldSet>();
      for (const item of value as Value[]) {
        const element = elementOf(at, item);
        // of an item that is there twice only that is known
        if (element !== undefined) found.set(element, at.kind === 'set' || found.has(element) ? MEMBER : nodeOf(true, fieldsOf(at.items!, item))!);
      }
      if (found.size === 0) return undefined;
      const node: FieldSet = {};
      const elements = [...found.keys()];
      for (const element of at.textual ? sortKeys(elements) : elements.sort(compareElements)) node[element] = found.get(element)!;
      return node;
    }
  }
}

/** `config` laid over `live`; neither is changed. */
export function merge(place: Place, live: Value, config: Value): Value {
  if (config === undefined) return live;
  if (live === undefined || live === null) return config;
  const at = resolve(place, config === null ? live : config);
  if (isFields(at) && isObject(live)) {
    if (config === null) return isEmpty(live) ? null : live;
    if (!isObject(config)) return config;
    const result: ObjectValue = { ...live };
    for (const key in config) {
      const merged = merge(at.fields.get(key)?.place ?? at.items ?? UNTYPED, Object.hasOwn(live, key) ? live[key] : undefined, config[key]);
      if (key === '__proto__') Object.defineProperty(result, key, { value: merged, enumerable: true, configurable: true, writable: true });
      else result[key] = merged;
    }
    return result;
  }
  if (isItems(at) && Array.isArray(live)) {
    if (config === null) return live.length === 0 ? null : live;
    if (!Array.isArray(config)) return config;
    return live.length === 0 && config.length === 0 ? config : mergeItems(at, live, config);
  }
  return config;
}

/**
 * Items keep the order of the configuration; those it does not name stay between their neighbours. The order in which both lists have
 * their common items decides where an item of the live list waits.
 */
function mergeItems(place: Place, live: readonly Value[], config: readonly Value[]): Value[] {
  const items = place.items!;
  const left = live.map((item) => elementOf(place, item) ?? '');
  const right = config.map((item) => elementOf(place, item) ?? '');
  const liveItems = new Map<string, Value>();
  // of items that are there twice none is merged with
  left.forEach((element, at) => liveItems.set(element, liveItems.has(element) ? undefined : live[at]));
  const wanted = new Set(right);
  const shared = right.filter((element) => liveItems.has(element));
  let next = shared.shift();
  const done = new Set<string>();
  const result: Value[] = [];
  const take = (at: number): void => {
    const element = right[at]!;
    done.add(element);
    result.push(merge(items, liveItems.get(element), config[at]));
  };
  for (let l = 0, r = 0; l < left.length || r < right.length;) {
    if (l < left.length && r < right.length) {
      if (left[l] === right[r]) {
        take(r);
        l++;
        r++;
        next = shared.shift();
        continue;
      }
      if (wanted.has(left[l]!) && next !== undefined && next !== left[l]) {
        l++;
        continue;
      }
    }
    if (l < left.length) {
      const element = left[l]!;
      if (!wanted.has(element)) {
        result.push(live[l++]);
        continue;
      }
      if (done.has(element)) l++;
    }
    if (r < right.length) {
      take(r);
      if (next !== undefined && next === right[r]) next = shared.shift();
      r++;
    }
  }
  return result;
}

/**
 * Takes out of `value` what the applier set last time and neither it nor anybody else sets now. `last` and `kept` are the sets at this
 * place; `inLast`: an ancestor was in the last set; `gone`: one was, and nobody kept it. Gives the value itself where nothing goes, and
 * null where nothing is left in it: the place is still there for those who own it, until `dropEmptied`.
 */
export function prune(place: Place, value: Value, last: FieldSet, kept: FieldSet | undefined, inLast = false, gone = false): Value {
  const at = resolve(place, value);
  if (isFields(at) && isObject(value)) {
    let result: ObjectValue | undefined;
    for (const element in last) {
      if (!element.startsWith('f:')) continue;
      const name = element.slice(2);
      if (!Object.hasOwn(value, name)) continue;
      const child = value[name];
      const field = at.fields.get(name);
      const inner = field?.place ?? at.items ?? UNTYPED;
      const next = pruneChild(inner, child, last[element]!, kept?.[element], field !== undefined, inLast, gone);
      if (next === child) continue;
      result ??= { ...value };
      if (next === undefined) delete result[name];
      else result[name] = next;
    }
    return result === undefined ? value : isEmpty(result) ? null : result;
  }
  if (isItems(at) && Array.isArray(value)) {
    let touched = false;
    const result: Value[] = [];
    for (const item of value as Value[]) {
      const element = elementOf(at, item);
      const was = element === undefined ? undefined : last[element];
      if (was === undefined) {
        result.push(item);
        continue;
      }
      const next = pruneChild(at.items!, item, was, kept?.[element!], false, inLast, gone);
      touched ||= next !== item;
      if (next !== undefined) result.push(next);
    }
    return !touched ? value : result.length === 0 ? null : result;
  }
  return value;
}

function pruneChild(place: Place, child: Value, last: FieldSet, kept: FieldSet | undefined, named: boolean, inLast: boolean, gone: boolean): Value {
  // a named field counts as a member where anything under it is one
  const was = named || isMember(last);
  const keeps = kept !== undefined && (named || isMember(kept));
  // a list without items is nobody's: it is in no set, so nothing takes it away
  const counts = !(isItems(place) && Array.isArray(child) && child.length === 0);
  const goes = gone || (counts && (inLast || was) && !keeps);
  if (goes && was && counts) return undefined;
  return prune(place, child, last, kept, inLast || was, goes);
}

/** Takes out the nulls that `prune` left. `full` is what it was given. */
export function dropEmptied(pruned: Value, full: Value): Value {
  if (pruned === full || typeof pruned !== 'object' || pruned === null) return pruned;
  if (Array.isArray(pruned)) return (pruned as Value[]).map((item) => item ?? {});
  const result: ObjectValue = { ...(pruned as ObjectValue) };
  for (const key in result) {
    const [now, was] = [result[key], (full as ObjectValue)[key]];
    if (now === was) continue;
    if (now === null) delete result[key];
    else result[key] = dropEmptied(now, was);
  }
  return result;
}

/** Why an applied configuration cannot be read: a field that the schema does not have, a value of another form, an item twice. */
export function applyErrors(place: Place, value: Value, path = ''): string[] {
  const at = resolve(place, value);
  if (value === null || value === undefined) return [];
  if (isFields(at)) {
    if (!isObject(value)) return [`${path}: expected map, got &{${goText(value)}}`];
    return Object.entries(value).flatMap(([key, child]) => {
      const inner = at.fields.get(key)?.place ?? at.items;
      return inner === undefined ? [`${path}.${key}: field not declared in schema`] : applyErrors(inner, child, `${path}.${key}`);
    });
  }
  if (isItems(at)) {
    if (!Array.isArray(value)) return [`${path}: expected list, got &{${goText(value)}}`];
    const errors: string[] = [];
    const seen = new Set<string>();
    for (const [index, item] of (value as Value[]).entries()) {
      const element = elementOf(at, item);
      if (element === undefined) return [...errors, `${path}: element ${index}: ${noElement(at, item)}`];
      const text = element.startsWith('v:') ? `[=${element.slice(2)}]` : `[${keyText(element)}]`;
      if (seen.has(element)) errors.push(`${path}: duplicate entries for key ${text}`);
      seen.add(element);
      errors.push(...applyErrors(at.items!, item, `${path}${text}`));
    }
    return errors;
  }
  return leafErrors(at, value, path);
}

const keyText = (element: string): string =>
  Object.entries(JSON.parse(element.slice(2)) as object)
    .map(([name, key]) => `${name}=${JSON.stringify(key)}`)
    .join(',');
const goText = (value: Value): string => (typeof value === 'string' ? value : JSON.stringify(value));

function noElement(place: Place, item: Value): string {
  if (place.kind === 'set')
    return item === null
      ? "associative list without keys has an element that's an explicit null"
      : Array.isArray(item)
        ? 'not supported: associative list with lists as elements'
        : "associative list without keys has an element that's a map type";
  if (item === null) return 'associative list with keys may not have a null element';
  if (!isObject(item)) return 'associative list with keys may not have non-map elements';
  return `associative list with keys has an element that omits all key fields [${place.keys.map(({ name }) => JSON.stringify(name)).join(' ')}] (and doesn't have default values for any key fields)`;
}

function leafErrors(place: Place, value: Value, path: string): string[] {
  const { type } = place;
  switch (type.type) {
    case 'array':
      if (!Array.isArray(value)) return [`${path}: expected list, got &{${goText(value)}}`];
      // the items of an atomic list are checked all the same
      return (value as Value[]).flatMap((item, index) => (type.items === undefined ? [] : atomicErrors(type.items, item, `${path}[${index}]`)));
    case 'object':
    case 'map':
      return atomicErrors(type, value, path);
    case 'string':
    case 'bytes':
    case 'time':
    case 'microTime':
      return typeof value === 'string' ? [] : [`${path}: expected string, got &value.valueUnstructured{Value:${goText(value)}}`];
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`${path}: expected boolean, got &{${goText(value)}}`];
    case 'integer':
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint' ? [] : [`${path}: expected numeric (int or float), got ${goType(value)}`];
    case 'quantity':
    case 'intOrString':
      return typeof value === 'object' ? [`${path}: expected any scalar, got &{${goText(value)}}`] : [];
    case 'any':
    case 'fieldsV1':
      return [];
  }
}

const goType = (value: Value): string =>
  typeof value === 'string' ? 'string' : typeof value === 'boolean' ? 'bool' : Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}';

function atomicErrors(type: Place['type'], value: Value, path: string): string[] {
  if (value === null || value === undefined) return [];
  if (type.type !== 'object' && type.type !== 'map') return leafErrors({ ...UNTYPED, kind: 'leaf', type }, value, path);
  if (!isObject(value)) return [`${path}: expected map, got &{${goText(value)}}`];
  return Object.entries(value).flatMap(([key, child]) => {
    const inner = type.fields?.get(key)?.type ?? type.items;
    if (inner === undefined) return type.preserveUnknown === true ? [] : [`${path}.${key}: field not declared in schema`];
    return atomicErrors(inner, child, `${path}.${key}`);
  });
}
