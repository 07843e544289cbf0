/** Lists, sets, and optional values: cel-go's extensions and Kubernetes' list library. */
import { CelEvaluationError } from '../api.ts';
import { compareValues, contains, equal } from '../equality.ts';
import { ArrayList, Duration, ListValue, MapValue, Optional, Uint } from '../values.ts';
import { duration, int, uint } from './arithmetic.ts';
import { overload, type Overload } from './declare.ts';

const fail = (message: string): never => {
  throw new CelEvaluationError(message);
};
/** A list in a schema is bounded; what `lists.range` may make is bounded here. */
const RANGE_LIMIT = 1_000_000n;

const ordered = (list: ListValue): boolean => {
  for (let at = 1; at < list.size; at++) if (compareValues(list.at(at - 1), list.at(at)) > 0) return false;
  return true;
};

function extreme(list: ListValue, name: string, sign: 1 | -1): unknown {
  if (list.size === 0) return fail(`${name} called on empty list`);
  let best = list.at(0);
  for (const item of list) if (compareValues(item, best) * sign > 0) best = item;
  return best;
}

const SUMS: Readonly<Record<string, (list: ListValue) => unknown>> = {
  int: (list) => [...list].reduce<bigint>((sum, item) => int(sum + (item as bigint)), 0n),
  uint: (list) => uint([...list].reduce<bigint>((sum, item) => sum + (item as Uint).value, 0n)),
  double: (list) => [...list].reduce<number>((sum, item) => sum + (item as number), 0),
  duration: (list) => duration([...list].reduce<bigint>((sum, item) => sum + (item as Duration).nanos, 0n)),
};

const COMPARABLE = ['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes'];

function find(list: ListValue, wanted: unknown, last: boolean): bigint {
  for (let step = 0; step < list.size; step++) {
    const at = last ? list.size - 1 - step : step;
    if (equal(list.at(at), wanted)) return BigInt(at);
  }
  return -1n;
}

const kubernetes: readonly Overload[] = [
  ...COMPARABLE.flatMap((type) => [
    overload(`list_${type}_is_sorted_bool`, `list<${type}>->isSorted(): bool`, ordered),
    overload(`list_${type}_max_${type}`, `list<${type}>->max(): ${type}`, (list: ListValue) => extreme(list, 'max', 1)),
    overload(`list_${type}_min_${type}`, `list<${type}>->min(): ${type}`, (list: ListValue) => extreme(list, 'min', -1)),
  ]),
  ...Object.entries(SUMS).map(([type, sum]) => overload(`list_${type}_sum_${type}`, `list<${type}>->sum(): ${type}`, sum)),
  overload('list_a_index_of_int', 'list<A>->indexOf(A): int', (list: ListValue, item: unknown) => find(list, item, false)),
  overload('list_a_last_index_of_int', 'list<A>->lastIndexOf(A): int', (list: ListValue, item: unknown) => find(list, item, true)),
];

function slice(list: ListValue, from: bigint, to: bigint): ListValue {
  if (from < 0n || to < 0n) return fail(`cannot slice(${from}, ${to}), negative indexes not supported`);
  if (from > to) return fail(`cannot slice(${from}, ${to}), start index must be less than or equal to end index`);
  if (to > BigInt(list.size)) return fail(`cannot slice(${from}, ${to}), list is length ${list.size}`);
  return new ArrayList([...list].slice(Number(from), Number(to)));
}

function flatten(list: ListValue, depth = 1n): ListValue {
  if (depth < 0n) return fail('level must be non-negative');
  const out: unknown[] = [];
  for (const item of list) {
    if (item instanceof ListValue && depth > 0n) out.push(...flatten(item, depth - 1n));
    else out.push(item);
  }
  return new ArrayList(out);
}

function sorted(list: ListValue, keys: ListValue): ListValue {
  const pairs = [...list].map((item, at) => [keys.at(at), item] as const);
  return new ArrayList(pairs.sort(([a], [b]) => compareValues(a, b)).map(([, item]) => item));
}

function range(count: bigint): ListValue {
  if (count > RANGE_LIMIT) return fail(`lists.range size limit exceeded: ${count}`);
  return new ArrayList(Array.from({ length: Math.max(0, Number(count)) }, (_, at) => BigInt(at)));
}

function distinct(list: ListValue): ListValue {
  const out = new ArrayList([]);
  const items = out.items as unknown[];
  for (const item of list) if (!contains(out, item)) items.push(item);
  return out;
}

const extension: readonly Overload[] = [
  overload('list_slice', 'list<T>->slice(int, int): list<T>', slice),
  overload('list_flatten', 'list<list<T>>->flatten(): list<T>', flatten),
  overload('list_flatten_int', 'list<dyn>->flatten(int): list<dyn>', flatten),
  ...COMPARABLE.flatMap((type) => [
    overload(`list_${type}_sort`, `list<${type}>->sort(): list<${type}>`, (list: ListValue) => sorted(list, list)),
    overload(`list_${type}_sortByAssociatedKeys`, `list<T>->@sortByAssociatedKeys(list<${type}>): list<T>`, sorted),
  ]),
  overload('lists_range', 'lists.range(int): list<int>', range),
  overload('list_reverse', 'list<T>->reverse(): list<T>', (list: ListValue) => new ArrayList([...list].reverse())),
  overload('list_distinct', 'list<T>->distinct(): list<T>', distinct),
];

const subset = (list: ListValue, of: ListValue): boolean => [...list].every((item) => contains(of, item));

const sets: readonly Overload[] = [
  overload('list_sets_contains_list', 'sets.contains(list<T>, list<T>): bool', (list: ListValue, part: ListValue) => subset(part, list)),
  overload('list_sets_equivalent_list', 'sets.equivalent(list<T>, list<T>): bool', (a: ListValue, b: ListValue) => subset(a, b) && subset(b, a)),
  overload('list_sets_intersects_list', 'sets.intersects(list<T>, list<T>): bool', (a: ListValue, b: ListValue) => [...a].some((item) => contains(b, item))),
];

function isZero(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === 0n || value === 0 || value === '') return true;
  if (value instanceof ListValue || value instanceof MapValue) return value.size === 0;
  if (value instanceof Uint8Array) return value.length === 0;
  if (value instanceof Uint) return value.value === 0n;
  return value instanceof Duration && value.nanos === 0n;
}

const inList = (list: ListValue, at: bigint): Optional => (at >= 0n && at < BigInt(list.size) ? Optional.of(list.at(Number(at))) : Optional.NONE);
const inMap = (map: MapValue, key: unknown): Optional => {
  const found = map.get(key);
  return found === undefined ? Optional.NONE : Optional.of(found);
};
const through = <T>(value: Optional, next: (inner: T) => Optional): Optional => (value.present ? next(value.value as T) : Optional.NONE);

const optionals: readonly Overload[] = [
  overload('optional_of', 'optional.of(V): optional<V>', (value: unknown) => Optional.of(value)),
  overload('optional_ofNonZeroValue', 'optional.ofNonZeroValue(V): optional<V>', (value: unknown) => (isZero(value) ? Optional.NONE : Optional.of(value))),
  overload('optional_none', 'optional.none(): optional<V>', () => Optional.NONE),
  overload('optional_value', 'optional<V>->value(): V', (value: Optional) => (value.present ? value.value : fail('optional.none() dereference'))),
  overload('optional_hasValue', 'optional<V>->hasValue(): bool', (value: Optional) => value.present),
  overload('optional_or_optional', 'optional<V>->or(optional<V>): optional<V>', (value: Optional, other: Optional) => (value.present ? value : other)),
  overload('optional_orValue_value', 'optional<V>->orValue(V): V', (value: Optional, other: unknown) => (value.present ? value.value : other)),
  overload('list_optindex_optional_int', '_[?_](list<V>, int): optional<V>', inList),
  overload('optional_list_optindex_optional_int', '_[?_](optional<list<V>>, int): optional<V>', (list: Optional, at: bigint) =>
    through<ListValue>(list, (inner) => inList(inner, at)),
  ),
  overload('map_optindex_optional_value', '_[?_](map<K, V>, K): optional<V>', inMap),
  overload('optional_map_optindex_optional_value', '_[?_](optional<map<K, V>>, K): optional<V>', (map: Optional, key: unknown) =>
    through<MapValue>(map, (inner) => inMap(inner, key)),
  ),
  overload('optional_list_index_int', '_[_](optional<list<V>>, int): optional<V>', (list: Optional, at: bigint) => through<ListValue>(list, (inner) => inList(inner, at))),
  overload('optional_map_index_value', '_[_](optional<map<K, V>>, K): optional<V>', (map: Optional, key: unknown) => through<MapValue>(map, (inner) => inMap(inner, key))),
];

export const LISTS: readonly Overload[] = [...kubernetes, ...extension, ...sets, ...optionals];
