/** Walks over objects by their schema: which fields they set, how two differ, how an applied configuration is laid over an object. */
import type { FieldSchema, TypeSchema } from '../schema.ts';
import { deepEqual } from '../json.ts';
import { asNode, type FieldSet, isEmptyNode } from './field-set.ts';

type Value = unknown;
type ObjectValue = Record<string, Value>;

/** How a place is merged: by its field's marks first, then by its type's. */
interface Place {
  readonly type: TypeSchema;
  readonly listType: 'atomic' | 'set' | 'map';
  readonly keys: readonly string[];
  readonly atomicMap: boolean;
}

const placeOfField = (field: FieldSchema): Place => ({
  type: field.type,
  listType: field.listType ?? 'atomic',
  keys: field.listMapKeys ?? [],
  atomicMap: (field.mapType ?? field.type.mapType) === 'atomic',
});
const cached = new WeakMap<FieldSchema, Place>();
function fieldPlace(field: FieldSchema): Place {
  let place = cached.get(field);
  if (place === undefined) cached.set(field, (place = placeOfField(field)));
  return place;
}
const plain = new WeakMap<TypeSchema, Place>();
export function placeOf(type: TypeSchema): Place {
  let place = plain.get(type);
  if (place === undefined) plain.set(type, (place = { type, listType: 'atomic', keys: [], atomicMap: type.mapType === 'atomic' }));
  return place;
}

const isObject = (value: Value): value is ObjectValue => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A granular object: a struct or map whose members are owned one by one. */
function granular(place: Place, value: Value): value is ObjectValue {
  return (place.type.type === 'object' || place.type.type === 'map') && !place.atomicMap && isObject(value);
}

const associative = (place: Place, value: Value): value is Value[] => place.type.type === 'array' && place.listType !== 'atomic' && Array.isArray(value);

function childPlace(place: Place, key: string): { readonly place: Place; readonly known: boolean } {
  const field = place.type.fields?.get(key);
  if (field !== undefined) return { place: fieldPlace(field), known: true };
  return { place: place.type.items === undefined ? placeOf(UNTYPED) : placeOf(place.type.items), known: false };
}

const UNTYPED: TypeSchema = { name: '', type: 'any' };

/** The path element of a list's item: its keys, or its value in a set. */
function itemKey(place: Place, item: Value): string {
  if (place.listType === 'set') return `v:${JSON.stringify(item)}`;
  const keys: Record<string, Value> = {};
  for (const key of place.keys.toSorted()) {
    const value = isObject(item) ? (item[key] ?? place.type.items?.fields?.get(key)?.default) : undefined;
    keys[key] = value ?? null;
  }
  return `k:${JSON.stringify(keys)}`;
}

const item = (place: Place): Place => placeOf(place.type.items ?? UNTYPED);

/** The fields an object sets. */
export function fieldsOf(place: Place, value: Value): FieldSet | undefined {
  if (granular(place, value)) {
    const children: FieldSet = {};
    for (const key in value) {
      const child = value[key];
      if (child === undefined) continue;
      const { place: at, known } = childPlace(place, key);
      const inner = fieldsOf(at, child);
      const own = !known || child === null || (isObject(child) && isEmptyNode(child as FieldSet));
      const made = inner === undefined ? (own ? {} : undefined) : own ? asNode(true, inner) : inner;
      if (made !== undefined) children[`f:${key}`] = made;
    }
    return isEmptyNode(children) ? undefined : children;
  }
  if (associative(place, value)) {
    const children: FieldSet = {};
    const at = item(place);
    for (const entry of value) {
      const inner = place.listType === 'set' ? undefined : fieldsOf(at, entry);
      children[itemKey(place, entry)] = inner === undefined ? {} : asNode(true, inner)!;
    }
    return isEmptyNode(children) ? undefined : children;
  }
  return {};
}

export interface Comparison {
  readonly changed: FieldSet;
  readonly removed: FieldSet;
}

/** Added and modified fields together, and removed ones. */
export function compare(place: Place, before: Value, after: Value): Comparison {
  const changed: FieldSet = {};
  const removed: FieldSet = {};
  compareInto(place, before, after, changed, removed);
  return { changed, removed };
}

function compareChild(place: Place, key: string, own: boolean, before: Value, after: Value, changed: FieldSet, removed: FieldSet): void {
  if (before === after) return;
  if (before === undefined || after === undefined) {
    const only = before === undefined ? after : before;
    const inner = fieldsOf(place, only);
    const self = own || only === null || (isObject(only) && isEmptyNode(only as FieldSet));
    const made = inner === undefined ? (self ? {} : undefined) : self ? asNode(true, inner) : inner;
    if (made !== undefined) (before === undefined ? changed : removed)[key] = made;
    return;
  }
  if ((granular(place, before) && granular(place, after)) || (associative(place, before) && associative(place, after))) {
    const [inChanged, inRemoved]: [FieldSet, FieldSet] = [{}, {}];
    compareInto(place, before, after, inChanged, inRemoved);
    if (!isEmptyNode(inChanged)) changed[key] = inChanged;
    if (!isEmptyNode(inRemoved)) removed[key] = inRemoved;
  } else if (!deepEqual(before, after)) changed[key] = {};
}

function compareInto(place: Place, before: Value, after: Value, changed: FieldSet, removed: FieldSet): void {
  if (granular(place, before) && granular(place, after)) {
    for (const key in after) {
      const { place: at, known } = childPlace(place, key);
      compareChild(at, `f:${key}`, !known, before[key], after[key], changed, removed);
    }
    for (const key in before) {
      if (after[key] !== undefined) continue;
      const { place: at, known } = childPlace(place, key);
      compareChild(at, `f:${key}`, !known, before[key], undefined, changed, removed);
    }
  } else if (associative(place, before) && associative(place, after)) {
    const at = item(place);
    const old = new Map(before.map((entry) => [itemKey(place, entry), entry]));
    for (const entry of after) {
      const key = itemKey(place, entry);
      compareChild(at, key, true, old.get(key), entry, changed, removed);
      old.delete(key);
    }
    for (const [key, entry] of old) compareChild(at, key, true, entry, undefined, changed, removed);
  }
}

/** `config` laid over `live`; neither is changed. */
export function merge(place: Place, live: Value, config: Value): Value {
  if (granular(place, live) && granular(place, config)) {
    const result: ObjectValue = { ...live };
    for (const key in config) result[key] = merge(childPlace(place, key).place, live[key], config[key]);
    return result;
  }
  if (associative(place, live) && associative(place, config)) return mergeLists(place, live, config);
  return config;
}

/** Items keep the order of the configuration; those it does not name stay where they were between their neighbours. */
function mergeLists(place: Place, live: readonly Value[], config: readonly Value[]): Value[] {
  const at = item(place);
  const liveKeys = live.map((entry) => itemKey(place, entry));
  const configKeys = config.map((entry) => itemKey(place, entry));
  const byKey = new Map(liveKeys.map((key, index) => [key, live[index]]));
  const [inLive, inConfig] = [new Set(liveKeys), new Set(configKeys)];
  const done = new Set<string>();
  const result: Value[] = [];
  let [l, c] = [0, 0];
  while (l < live.length || c < config.length) {
    if (l < live.length && (done.has(liveKeys[l]!) || !inConfig.has(liveKeys[l]!))) {
      if (!done.has(liveKeys[l]!)) result.push(live[l]);
      l++;
    } else if (c < config.length) {
      const key = configKeys[c]!;
      result.push(inLive.has(key) ? merge(at, byKey.get(key), config[c]) : config[c]);
      done.add(key);
      c++;
    } else l++;
  }
  return result;
}

/** Takes out of `value` what is in `last` and in nobody's set any more; `kept` is the union of all current sets. Gives a new value. */
export function prune(place: Place, value: Value, last: FieldSet, kept: FieldSet | undefined): Value {
  if (granular(place, value)) {
    let result: ObjectValue | undefined;
    for (const key in last) {
      if (key === '.' || !key.startsWith('f:')) continue;
      const name = key.slice(2);
      if (value[name] === undefined) continue;
      const keep = kept?.[key];
      if (keep === undefined) {
        result ??= { ...value };
        delete result[name];
      } else {
        const next = prune(childPlace(place, name).place, value[name], last[key]!, keep);
        if (next !== value[name]) (result ??= { ...value })[name] = next;
      }
    }
    return result ?? value;
  }
  if (associative(place, value)) {
    const at = item(place);
    let touched = false;
    const result = value.flatMap((entry) => {
      const key = itemKey(place, entry);
      const was = last[key];
      if (was === undefined) return [entry];
      const keep = kept?.[key];
      if (keep === undefined) {
        touched = true;
        return [];
      }
      const next = prune(at, entry, was, keep);
      touched ||= next !== entry;
      return [next];
    });
    return touched ? result : value;
  }
  return value;
}
