/** Equality and order across types (cel-go with cross-type numeric comparisons), and what leaves an evaluation as JSON. */
import { CelEvaluationError } from './api.ts';
import { formatDuration, formatTimestamp } from './times.ts';
import { ArrayList, Duration, GrowingList, JsonList, JsonMap, JsonObject, ListValue, MapValue, Opaque, Optional, Timestamp, TypeValue, Uint } from './values.ts';
import { formatType } from './types.ts';

const numeric = (value: unknown): bigint | number | undefined => (typeof value === 'bigint' || typeof value === 'number' ? value : value instanceof Uint ? value.value : undefined);

export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  const [x, y] = [numeric(a), numeric(b)];
  // JavaScript compares BigInt and number by value, without rounding
  // oxlint-disable-next-line eqeqeq
  if (x !== undefined || y !== undefined) return x !== undefined && y !== undefined && x == y;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof ListValue) return b instanceof ListValue && equalLists(a, b);
  if (a instanceof MapValue) return b instanceof MapValue && equalMaps(a, b);
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos;
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos;
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  if (a instanceof TypeValue) return b instanceof TypeValue && baseName(a) === baseName(b);
  if (a instanceof Optional) return b instanceof Optional && a.present === b.present && (!a.present || equal(a.value, b.value));
  return a instanceof Opaque && b instanceof Opaque && a.typeName === b.typeName && a.equals(b);
}

/** `type([1])` and `list` are one. */
const baseName = ({ type }: TypeValue): string => (type.kind === 'list' || type.kind === 'map' ? type.kind : type.kind === 'type' ? 'type' : formatType(type));

function equalLists(a: ListValue, b: ListValue): boolean {
  if (a.size !== b.size) return false;
  const declared = a instanceof JsonList ? a.declared : undefined;
  if (declared?.listType === 'set') return [...a].every((item) => contains(b, item));
  if (declared?.listType === 'map') {
    const keys = declared.mapKeys ?? [];
    const byKey = new Map([...b].map((item) => [mapKeyOf(item, keys), item]));
    return [...a].every((item) => {
      const key = mapKeyOf(item, keys);
      return byKey.has(key) && equal(item, byKey.get(key));
    });
  }
  for (let at = 0; at < a.size; at++) if (!equal(a.at(at), b.at(at))) return false;
  return true;
}

export const contains = (list: ListValue, wanted: unknown): boolean => {
  for (const item of list) if (equal(item, wanted)) return true;
  return false;
};

/** The key fields of an item of a map-list as text. */
export const mapKeyOf = (item: unknown, keys: readonly string[]): string =>
  item instanceof MapValue
    ? JSON.stringify(
        keys.map((key) => toJson(item.get(key) ?? null)),
        (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value),
      )
    : '';

function equalMaps(a: MapValue, b: MapValue): boolean {
  if (a.size !== b.size) return false;
  for (const key of a.keys()) {
    const other = b.get(key);
    if (other === undefined || !equal(a.get(key), other)) return false;
  }
  return true;
}

/** @throws CelEvaluationError for what has no order */
export function compareValues(a: unknown, b: unknown): number {
  const [x, y] = [numeric(a), numeric(b)];
  if (x !== undefined && y !== undefined) {
    if (Number.isNaN(x as number) || Number.isNaN(y as number)) return Number.NaN;
    return x < y ? -1 : x > y ? 1 : 0;
  }
  if (typeof a === 'string' && typeof b === 'string') return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (a instanceof Timestamp && b instanceof Timestamp) return a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0;
  if (a instanceof Duration && b instanceof Duration) return a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0;
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  throw new CelEvaluationError('no such overload');
}

/** Whole numbers that a JavaScript number holds become one; larger ones stay BigInt, as they do in objects of the API. */
export function toJson(value: unknown): unknown {
  switch (typeof value) {
    case 'bigint':
      return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
    case 'string':
    case 'boolean':
    case 'number':
      return value;
    default:
  }
  if (value === null || value === undefined) return null;
  if (value instanceof JsonList || value instanceof JsonMap || value instanceof JsonObject) return value.raw;
  if (value instanceof ArrayList || value instanceof GrowingList) return value.items.map(toJson);
  if (value instanceof ListValue) return [...value].map(toJson);
  if (value instanceof MapValue) {
    const object: Record<string, unknown> = {};
    for (const key of value.keys()) {
      if (typeof key !== 'string') throw new CelEvaluationError('only string keys have a JSON form');
      Object.defineProperty(object, key, { value: toJson(value.get(key)), enumerable: true, configurable: true, writable: true });
    }
    return object;
  }
  if (value instanceof Uint) return toJson(value.value);
  if (value instanceof Timestamp) return formatTimestamp(value.nanos);
  if (value instanceof Duration) return formatDuration(value.nanos);
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
  if (value instanceof TypeValue) return formatType(value.type);
  if (value instanceof Optional) return value.present ? toJson(value.value) : null;
  if (value instanceof Opaque) return value.toJson();
  return value;
}
