/** cel-go's string extension, version 2, as Kubernetes has it. Positions count characters. */
import { CelEvaluationError } from '../api.ts';
import { formatDuration, formatTimestamp } from '../times.ts';
import { formatType } from '../types.ts';
import { ArrayList, Duration, ListValue, MapValue, Timestamp, TypeValue, Uint } from '../values.ts';
import { overload, type Overload } from './declare.ts';
import { characters } from './text.ts';
import { typeOf } from './type-of.ts';

const fail = (message: string): never => {
  throw new CelEvaluationError(message);
};
const outOfRange = (at: bigint | number): never => fail(`index out of range: ${at}`);

function charAt(text: string, at: bigint): string {
  const all = characters(text);
  const index = Number(at);
  return index < 0 || index > all.length ? outOfRange(at) : (all[index] ?? '');
}

const startsAt = (all: readonly string[], part: readonly string[], at: number): boolean => part.every((one, offset) => all[at + offset] === one);

function indexOf(text: string, part: string, from = 0n): bigint {
  const all = characters(text);
  const offset = Number(from);
  if (offset < 0) return outOfRange(from);
  if (part === '') return BigInt(Math.min(offset, all.length));
  const wanted = characters(part);
  for (let at = offset; at <= all.length - wanted.length; at++) if (startsAt(all, wanted, at)) return BigInt(at);
  return -1n;
}

function lastIndexOf(text: string, part: string, from?: bigint): bigint {
  const all = characters(text);
  if (part === '') return from === undefined ? BigInt(all.length) : from < 0n ? outOfRange(from) : BigInt(Math.min(Number(from), all.length));
  const wanted = characters(part);
  const offset = from === undefined ? all.length - 1 : Number(from);
  if (from !== undefined && offset < 0) return outOfRange(from);
  if (offset >= all.length) return -1n;
  for (let at = Math.min(offset, all.length - wanted.length); at >= 0; at--) if (startsAt(all, wanted, at)) return BigInt(at);
  return -1n;
}

function replace(text: string, old: string, by: string, count = -1n): string {
  if (count === 0n) return text;
  if (count < 0n) return old === '' ? ['', ...characters(text)].map((one) => one + by).join('') : text.replaceAll(old, () => by);
  if (old === '') {
    const all = characters(text);
    let out = '';
    for (let at = 0; at <= all.length; at++) out += (BigInt(at) < count ? by : '') + (all[at] ?? '');
    return out;
  }
  let out = '';
  let from = 0;
  for (let left = count; left > 0n; left--) {
    const at = text.indexOf(old, from);
    if (at === -1) break;
    out += text.slice(from, at) + by;
    from = at + old.length;
  }
  return out + text.slice(from);
}

function split(text: string, by: string, count = -1n): ListValue {
  if (count === 0n) return new ArrayList([]);
  const parts = by === '' ? [...characters(text)] : text.split(by);
  if (count < 0n || BigInt(parts.length) <= count) return new ArrayList(parts);
  const head = parts.slice(0, Number(count) - 1);
  return new ArrayList([...head, parts.slice(Number(count) - 1).join(by)]);
}

function substring(text: string, from: bigint, to?: bigint): string {
  const all = characters(text);
  const [start, end] = [Number(from), to === undefined ? all.length : Number(to)];
  if (to !== undefined && start > end) return fail(`invalid substring range. start: ${from}, end: ${to}`);
  if (start < 0 || start > all.length) return outOfRange(from);
  if (end < 0 || end > all.length) return outOfRange(end);
  return all.slice(start, end).join('');
}

function join(list: ListValue, by = ''): string {
  const parts: string[] = [];
  for (const item of list) parts.push(typeof item === 'string' ? item : fail(`join: invalid input: ${String(item)}`));
  return parts.join(by);
}

const ESCAPES: Readonly<Record<string, string>> = { '\x07': '\\a', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v', '\\': '\\\\', '"': '\\"' };
// oxlint-disable-next-line no-control-regex
const quote = (text: string): string => `"${text.toWellFormed().replaceAll(/[\x07\b\f\n\r\t\v\\"]/g, (one) => ESCAPES[one]!)}"`;
const ascii = (text: string, pattern: RegExp, change: (one: string) => string): string => text.replaceAll(pattern, change);
// Go's unicode.IsSpace
const trim = (text: string): string =>
  text.replaceAll(/^[\t\n\v\f\r \u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]+|[\t\n\v\f\r \u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]+$/g, '');

const number = (value: unknown): bigint | number | undefined => (typeof value === 'bigint' || typeof value === 'number' ? value : value instanceof Uint ? value.value : undefined);
const special = (value: number): string | undefined => (Number.isNaN(value) ? 'NaN' : value === Infinity ? 'Infinity' : value === -Infinity ? '-Infinity' : undefined);

function asText(value: unknown, nested = false): string {
  switch (typeof value) {
    case 'string':
      return nested ? JSON.stringify(value) : value;
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'number':
      return special(value) ?? String(value);
    default:
  }
  if (value === null || value === undefined) return 'null';
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Timestamp) return nested ? `timestamp("${formatTimestamp(value.nanos)}")` : formatTimestamp(value.nanos);
  if (value instanceof Duration) return nested ? `duration("${formatDuration(value.nanos)}")` : formatDuration(value.nanos);
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (value instanceof TypeValue) return formatType(value.type);
  if (value instanceof ListValue) return `[${[...value].map((item) => asText(item, true)).join(', ')}]`;
  if (value instanceof MapValue)
    return `{${[...value.keys()]
      .map((key) => `${asText(key, true)}:${asText(value.get(key), true)}`)
      .sort()
      .join(', ')}}`;
  return fail(
    `error during formatting: string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given ${formatType(typeOf(value))}`,
  );
}

const given = (clause: string, allowed: string, value: unknown): never =>
  fail(`error during formatting: ${clause} clause can only be used on ${allowed}, was given ${formatType(typeOf(value))}`);

function clause(letter: string, precision: number | undefined, value: unknown): string {
  const numeric = number(value);
  switch (letter) {
    case 's':
      return asText(value);
    case 'd':
      return numeric === undefined ? given('decimal', 'integers', value) : asText(value);
    case 'f':
      return numeric === undefined ? given('fixed-point', 'doubles', value) : (special(Number(numeric)) ?? Number(numeric).toFixed(precision ?? 6));
    case 'e':
      return numeric === undefined
        ? given('scientific', 'doubles', value)
        : (special(Number(numeric)) ??
            Number(numeric)
              .toExponential(precision ?? 6)
              .replace(/e([+-])(\d)$/, 'e$10$2'));
    case 'b':
      if (typeof value === 'boolean') return value ? '1' : '0';
      return typeof numeric === 'bigint' ? numeric.toString(2) : given('binary', 'integers and bools', value);
    case 'o':
      return typeof numeric === 'bigint' ? numeric.toString(8) : given('octal', 'integers', value);
    case 'x':
    case 'X': {
      const hex =
        typeof numeric === 'bigint'
          ? numeric.toString(16)
          : typeof value === 'string' || value instanceof Uint8Array
            ? Buffer.from(value as string).toString('hex')
            : given('hex', 'integers, byte buffers, and strings', value);
      return letter === 'X' ? hex.toUpperCase() : hex;
    }
    default:
      return fail(`could not parse formatting clause: unrecognized formatting clause "${letter}"`);
  }
}

function format(text: string, list: ListValue): string {
  let out = '';
  let used = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== '%') {
      out += text[at]!;
      continue;
    }
    if (text[at + 1] === '%') {
      out += '%';
      at++;
      continue;
    }
    const match = /^%(?:\.(\d+))?(.)/s.exec(text.slice(at));
    if (match === null) return fail('unexpected end of string');
    if (used >= list.size) return fail(`index ${used} out of range`);
    out += clause(match[2]!, match[1] === undefined ? undefined : Number(match[1]), list.at(used++));
    at += match[0].length - 1;
  }
  return out;
}

export const STRINGS: readonly Overload[] = [
  overload('string_char_at_int', 'string->charAt(int): string', charAt),
  overload('string_index_of_string', 'string->indexOf(string): int', indexOf),
  overload('string_index_of_string_int', 'string->indexOf(string, int): int', indexOf),
  overload('string_last_index_of_string', 'string->lastIndexOf(string): int', lastIndexOf),
  overload('string_last_index_of_string_int', 'string->lastIndexOf(string, int): int', lastIndexOf),
  overload('string_lower_ascii', 'string->lowerAscii(): string', (text: string) => ascii(text, /[A-Z]+/g, (one) => one.toLowerCase())),
  overload('string_upper_ascii', 'string->upperAscii(): string', (text: string) => ascii(text, /[a-z]+/g, (one) => one.toUpperCase())),
  overload('string_replace_string_string', 'string->replace(string, string): string', replace),
  overload('string_replace_string_string_int', 'string->replace(string, string, int): string', replace),
  overload('string_split_string', 'string->split(string): list<string>', split),
  overload('string_split_string_int', 'string->split(string, int): list<string>', split),
  overload('string_substring_int', 'string->substring(int): string', substring),
  overload('string_substring_int_int', 'string->substring(int, int): string', substring),
  overload('string_trim', 'string->trim(): string', trim),
  overload('string_format', 'string->format(list<dyn>): string', format),
  overload('strings_quote', 'strings.quote(string): string', quote),
  overload('list_join', 'list<string>->join(): string', join),
  overload('list_join_string', 'list<string>->join(string): string', join),
];
