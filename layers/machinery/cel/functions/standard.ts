/** CEL's own operators, conversions and accessors (cel-go `common/stdlib`). Conditions and logic are the compiler's. */
import { CelEvaluationError } from '../api.ts';
import { compareValues, contains, equal } from '../equality.ts';
import { formatDuration, formatTimestamp, parseDuration, parseTimestamp } from '../times.ts';
import { ArrayList, Duration, GrowingList, JsonList, ListValue, MapValue, NativeMap, Timestamp, TypeValue, Uint } from '../values.ts';
import { divide, duration, formatDouble, int, intOfDouble, modulo, timestamp, uint, uintOfDouble } from './arithmetic.ts';
import { overload, type Overload } from './declare.ts';
import { joinLists } from './list-merge.ts';
import { length, pattern } from './text.ts';
import { typeOf } from './type-of.ts';

const fail = (message: string): never => {
  throw new CelEvaluationError(message);
};

const ORDERED = ['bool', 'int', 'uint', 'double', 'string', 'bytes', 'timestamp', 'duration'] as const;
const NUMBERS = ['int', 'uint', 'double'] as const;
const ORDERS: readonly (readonly [sign: string, name: string, holds: (order: number) => boolean])[] = [
  ['<', 'less', (order) => order < 0],
  ['<=', 'less_equals', (order) => order <= 0],
  ['>', 'greater', (order) => order > 0],
  ['>=', 'greater_equals', (order) => order >= 0],
];

const relations = ORDERS.flatMap(([sign, name, holds]) => {
  const run = (a: unknown, b: unknown): boolean => {
    const order = compareValues(a, b);
    if (Number.isNaN(order)) fail('NaN values cannot be ordered');
    return holds(order);
  };
  return [
    ...ORDERED.map((type) => overload(`${name}_${type}`, `_${sign}_(${type}, ${type}): bool`, run)),
    ...NUMBERS.flatMap((a) => NUMBERS.filter((b) => b !== a).map((b) => overload(`${name}_${a}_${b}`, `_${sign}_(${a}, ${b}): bool`, run))),
  ];
});

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

function add(a: ListValue, b: ListValue): ListValue {
  if (a instanceof GrowingList) {
    for (const item of b) a.items.push(item);
    return a;
  }
  return a instanceof JsonList && a.declared?.listType !== undefined ? joinLists(a, b) : new ArrayList([...a, ...b]);
}

const arithmetic: readonly Overload[] = [
  overload('add_int64', '_+_(int, int): int', (a: bigint, b: bigint) => int(a + b)),
  overload('add_uint64', '_+_(uint, uint): uint', (a: Uint, b: Uint) => uint(a.value + b.value)),
  overload('add_double', '_+_(double, double): double', (a: number, b: number) => a + b),
  overload('add_string', '_+_(string, string): string', (a: string, b: string) => a + b),
  overload('add_bytes', '_+_(bytes, bytes): bytes', (a: Uint8Array, b: Uint8Array) => new Uint8Array(Buffer.concat([a, b]))),
  overload('add_list', '_+_(list<A>, list<A>): list<A>', add),
  overload('add_timestamp_duration', '_+_(timestamp, duration): timestamp', (a: Timestamp, b: Duration) => timestamp(a.nanos + b.nanos)),
  overload('add_duration_timestamp', '_+_(duration, timestamp): timestamp', (a: Duration, b: Timestamp) => timestamp(a.nanos + b.nanos)),
  overload('add_duration_duration', '_+_(duration, duration): duration', (a: Duration, b: Duration) => duration(a.nanos + b.nanos)),
  overload('subtract_int64', '_-_(int, int): int', (a: bigint, b: bigint) => int(a - b)),
  overload('subtract_uint64', '_-_(uint, uint): uint', (a: Uint, b: Uint) => uint(a.value - b.value)),
  overload('subtract_double', '_-_(double, double): double', (a: number, b: number) => a - b),
  overload('subtract_timestamp_timestamp', '_-_(timestamp, timestamp): duration', (a: Timestamp, b: Timestamp) => duration(a.nanos - b.nanos)),
  overload('subtract_timestamp_duration', '_-_(timestamp, duration): timestamp', (a: Timestamp, b: Duration) => timestamp(a.nanos - b.nanos)),
  overload('subtract_duration_duration', '_-_(duration, duration): duration', (a: Duration, b: Duration) => duration(a.nanos - b.nanos)),
  overload('multiply_int64', '_*_(int, int): int', (a: bigint, b: bigint) => int(a * b)),
  overload('multiply_uint64', '_*_(uint, uint): uint', (a: Uint, b: Uint) => uint(a.value * b.value)),
  overload('multiply_double', '_*_(double, double): double', (a: number, b: number) => a * b),
  overload('divide_int64', '_/_(int, int): int', (a: bigint, b: bigint) => int(divide(a, b))),
  overload('divide_uint64', '_/_(uint, uint): uint', (a: Uint, b: Uint) => uint(divide(a.value, b.value))),
  overload('divide_double', '_/_(double, double): double', (a: number, b: number) => a / b),
  overload('modulo_int64', '_%_(int, int): int', (a: bigint, b: bigint) => int(modulo(a, b))),
  overload('modulo_uint64', '_%_(uint, uint): uint', (a: Uint, b: Uint) => uint(modulo(a.value, b.value))),
  overload('negate_int64', '-_(int): int', (a: bigint) => int(-a)),
  overload('negate_double', '-_(double): double', (a: number) => -a),
];

function index(list: ListValue, at: bigint | Uint | number): unknown {
  const position = at instanceof Uint ? Number(at.value) : Number(at);
  if (!Number.isInteger(position)) return fail('unsupported index value');
  if (position < 0 || position >= list.size) return fail(`index out of bounds: ${position}`);
  return list.at(position);
}

function lookUp(map: MapValue, key: unknown): unknown {
  const found = map.get(key);
  return found === undefined ? fail(`no such key: ${keyText(key)}`) : found;
}

export const keyText = (key: unknown): string => (typeof key === 'string' ? key : key instanceof Uint ? String(key.value) : String(key));

const containers: readonly Overload[] = [
  overload('equals', '_==_(A, A): bool', equal),
  overload('not_equals', '_!=_(A, A): bool', (a: unknown, b: unknown) => !equal(a, b)),
  overload('in_list', '@in(A, list<A>): bool', (item: unknown, list: ListValue) => contains(list, item)),
  overload('in_map', '@in(A, map<A, B>): bool', (key: unknown, map: MapValue) => map.get(key) !== undefined),
  overload('index_list', '_[_](list<A>, int): A', index),
  overload('index_map', '_[_](map<A, B>, A): B', lookUp),
  overload('size_string', 'size(string): int', (text: string) => BigInt(length(text))),
  overload('size_bytes', 'size(bytes): int', (value: Uint8Array) => BigInt(value.length)),
  overload('size_list', 'size(list<A>): int', (list: ListValue) => BigInt(list.size)),
  overload('size_map', 'size(map<A, B>): int', (map: MapValue) => BigInt(map.size)),
  overload('string_size', 'string->size(): int', (text: string) => BigInt(length(text))),
  overload('bytes_size', 'bytes->size(): int', (value: Uint8Array) => BigInt(value.length)),
  overload('list_size', 'list<A>->size(): int', (list: ListValue) => BigInt(list.size)),
  overload('map_size', 'map<A, B>->size(): int', (map: MapValue) => BigInt(map.size)),
  overload('@not_strictly_false', '@not_strictly_false(bool): bool', (value: unknown) => value !== false),
  overload('@mapInsert_map_key_value', 'cel.@mapInsert(map<K, V>, K, V): map<K, V>', (map: MapValue, key: unknown, value: unknown) => inserted(map, [[key, value]])),
  overload('@mapInsert_map_map', 'cel.@mapInsert(map<K, V>, map<K, V>): map<K, V>', (map: MapValue, more: MapValue) =>
    inserted(
      map,
      [...more.keys()].map((key) => [key, more.get(key)]),
    ),
  ),
];

function inserted(map: MapValue, entries: readonly (readonly [unknown, unknown])[]): NativeMap {
  const result = new NativeMap();
  for (const key of map.keys()) result.set(key, map.get(key));
  for (const [key, value] of entries) {
    if (result.has(key)) fail(`insert failed: key ${keyText(key)} already exists`);
    result.set(key, value);
  }
  return result;
}

const strings: readonly Overload[] = [
  overload('contains_string', 'string->contains(string): bool', (text: string, part: string) => text.includes(part)),
  overload('starts_with_string', 'string->startsWith(string): bool', (text: string, part: string) => text.startsWith(part)),
  overload('ends_with_string', 'string->endsWith(string): bool', (text: string, part: string) => text.endsWith(part)),
  overload('matches', 'matches(string, string): bool', (text: string, expression: string) => pattern(expression).test(text)),
  overload('matches_string', 'string->matches(string): bool', (text: string, expression: string) => pattern(expression).test(text)),
];

const conversion = (from: string, to: string): never => fail(`type conversion error from '${from}' to '${to}'`);

function intOfText(text: string): bigint {
  if (!/^[+-]?\d+$/.test(text)) return conversion('string', 'int');
  return int(BigInt(text.replace(/^\+/, '')));
}

function boolOfText(text: string): boolean {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  return ['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text) ? false : conversion('string', 'bool');
}

const conversions: readonly Overload[] = [
  overload('bool_to_bool', 'bool(bool): bool', (value: boolean) => value),
  overload('string_to_bool', 'bool(string): bool', boolOfText),
  overload('bytes_to_bytes', 'bytes(bytes): bytes', (value: Uint8Array) => value),
  overload('string_to_bytes', 'bytes(string): bytes', bytes),
  overload('double_to_double', 'double(double): double', (value: number) => value),
  overload('int64_to_double', 'double(int): double', (value: bigint) => Number(value)),
  overload('uint64_to_double', 'double(uint): double', (value: Uint) => Number(value.value)),
  overload('string_to_double', 'double(string): double', (text: string) =>
    /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)
      ? Number(text)
      : /^[+-]?inf(?:inity)?$/i.test(text)
        ? text.startsWith('-')
          ? -Infinity
          : Infinity
        : /^nan$/i.test(text)
          ? Number.NaN
          : conversion('string', 'double'),
  ),
  overload('int64_to_int64', 'int(int): int', (value: bigint) => value),
  overload('uint64_to_int64', 'int(uint): int', (value: Uint) => int(value.value)),
  overload('double_to_int64', 'int(double): int', intOfDouble),
  overload('string_to_int64', 'int(string): int', intOfText),
  overload('timestamp_to_int64', 'int(timestamp): int', (value: Timestamp) => (value.nanos - (((value.nanos % SECOND) + SECOND) % SECOND)) / SECOND),
  overload('duration_to_int64', 'int(duration): int', (value: Duration) => value.nanos),
  overload('uint64_to_uint64', 'uint(uint): uint', (value: Uint) => value),
  overload('int64_to_uint64', 'uint(int): uint', uint),
  overload('double_to_uint64', 'uint(double): uint', uintOfDouble),
  overload('string_to_uint64', 'uint(string): uint', (text: string) => (/^\d+$/.test(text) ? uint(BigInt(text)) : conversion('string', 'uint'))),
  overload('string_to_string', 'string(string): string', (value: string) => value),
  overload('bool_to_string', 'string(bool): string', String),
  overload('bytes_to_string', 'string(bytes): string', (value: Uint8Array) => {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value);
    } catch {
      return fail('invalid UTF-8 in bytes, cannot convert to string');
    }
  }),
  overload('double_to_string', 'string(double): string', formatDouble),
  overload('int64_to_string', 'string(int): string', String),
  overload('uint64_to_string', 'string(uint): string', (value: Uint) => String(value.value)),
  overload('timestamp_to_string', 'string(timestamp): string', (value: Timestamp) => formatTimestamp(value.nanos)),
  overload('duration_to_string', 'string(duration): string', (value: Duration) => formatDuration(value.nanos)),
  overload('timestamp_to_timestamp', 'timestamp(timestamp): timestamp', (value: Timestamp) => value),
  overload('int64_to_timestamp', 'timestamp(int): timestamp', (seconds: bigint) => timestamp(seconds * SECOND)),
  overload('string_to_timestamp', 'timestamp(string): timestamp', (text: string) => {
    const nanos = parseTimestamp(text);
    return nanos === undefined ? conversion('string', 'google.protobuf.Timestamp') : timestamp(nanos);
  }),
  overload('duration_to_duration', 'duration(duration): duration', (value: Duration) => value),
  overload('int64_to_duration', 'duration(int): duration', (nanos: bigint) => duration(nanos)),
  overload('string_to_duration', 'duration(string): duration', (text: string) => {
    const nanos = parseDuration(text);
    return nanos === undefined ? conversion('string', 'google.protobuf.Duration') : duration(nanos);
  }),
  overload('to_dyn', 'dyn(A): dyn', (value: unknown) => value),
  overload('type', 'type(A): type', (value: unknown) => new TypeValue(typeOf(value))),
];

const SECOND = 1_000_000_000n;

interface Parts {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  readonly dayOfYear: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** @param zone an offset such as `-07:30`, or a name of the IANA data base */
function partsIn(nanos: bigint, zone: string): Parts {
  const rest = ((nanos % SECOND) + SECOND) % SECOND;
  let ms = Number((nanos - rest) / 1_000_000n);
  const offset = /^([+-]?)(\d\d):(\d\d)$/.exec(zone);
  if (offset !== null) ms += (Number(offset[2]) * 60 + Number(offset[3])) * (offset[1] === '-' ? -60_000 : 60_000);
  else if (zone !== 'UTC' && zone !== '') {
    let format: Intl.DateTimeFormat;
    try {
      format = new Intl.DateTimeFormat('en-US', {
        timeZone: zone,
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
        weekday: 'short',
      });
    } catch {
      return fail(`unknown time zone ${zone}`);
    }
    const part = Object.fromEntries(format.formatToParts(new Date(ms)).map(({ type, value }) => [type, value]));
    const local = Date.UTC(Number(part['year']), Number(part['month']) - 1, Number(part['day']), Number(part['hour']), Number(part['minute']), Number(part['second']));
    return partsOf(local, WEEKDAYS.indexOf(part['weekday']!));
  }
  return partsOf(ms, new Date(ms).getUTCDay());
}

function partsOf(ms: number, weekday: number): Parts {
  const date = new Date(ms);
  const year = date.getUTCFullYear();
  const start = new Date(0);
  start.setUTCFullYear(year, 0, 1);
  return {
    year,
    month: date.getUTCMonth(),
    day: date.getUTCDate(),
    weekday,
    dayOfYear: Math.floor((ms - start.getTime()) / 86_400_000),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
  };
}

const ACCESSORS: readonly (readonly [fn: string, id: string, of: (parts: Parts) => number])[] = [
  ['getFullYear', 'timestamp_to_year', ({ year }) => year],
  ['getMonth', 'timestamp_to_month', ({ month }) => month],
  ['getDayOfYear', 'timestamp_to_day_of_year', ({ dayOfYear }) => dayOfYear],
  ['getDayOfMonth', 'timestamp_to_day_of_month', ({ day }) => day - 1],
  ['getDate', 'timestamp_to_day_of_month_1_based', ({ day }) => day],
  ['getDayOfWeek', 'timestamp_to_day_of_week', ({ weekday }) => weekday],
  ['getHours', 'timestamp_to_hours', ({ hour }) => hour],
  ['getMinutes', 'timestamp_to_minutes', ({ minute }) => minute],
  ['getSeconds', 'timestamp_to_seconds', ({ second }) => second],
];
const millis = (nanos: bigint): bigint => (((nanos % SECOND) + SECOND) % SECOND) / 1_000_000n;

const times: readonly Overload[] = [
  ...ACCESSORS.flatMap(([fn, id, of]) => [
    overload(id, `timestamp->${fn}(): int`, (value: Timestamp) => BigInt(of(partsIn(value.nanos, 'UTC')))),
    overload(`${id}_with_tz`, `timestamp->${fn}(string): int`, (value: Timestamp, zone: string) => BigInt(of(partsIn(value.nanos, zone)))),
  ]),
  overload('timestamp_to_milliseconds', 'timestamp->getMilliseconds(): int', (value: Timestamp) => millis(value.nanos)),
  overload('timestamp_to_milliseconds_with_tz', 'timestamp->getMilliseconds(string): int', (value: Timestamp) => millis(value.nanos)),
  overload('duration_to_hours', 'duration->getHours(): int', (value: Duration) => value.nanos / (3600n * SECOND)),
  overload('duration_to_minutes', 'duration->getMinutes(): int', (value: Duration) => value.nanos / (60n * SECOND)),
  overload('duration_to_seconds', 'duration->getSeconds(): int', (value: Duration) => value.nanos / SECOND),
  overload('duration_to_milliseconds', 'duration->getMilliseconds(): int', (value: Duration) => (value.nanos / 1_000_000n) % 1000n),
];

/** The type checker knows logic and conditions by these. */
const logic: readonly Overload[] = [
  overload('logical_not', '!_(bool): bool', (value: boolean) => !value),
  overload('logical_and', '_&&_(bool, bool): bool', (a: boolean, b: boolean) => a && b),
  overload('logical_or', '_||_(bool, bool): bool', (a: boolean, b: boolean) => a || b),
  overload('conditional', '_?_:_(bool, A, A): A', (condition: boolean, yes: unknown, no: unknown) => (condition ? yes : no)),
];

export const STANDARD: readonly Overload[] = [...logic, ...relations, ...arithmetic, ...containers, ...strings, ...conversions, ...times];
