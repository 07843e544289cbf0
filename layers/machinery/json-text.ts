/**
 * JSON text read exactly: integers beyond 2^53 stay what they are, repeated keys are seen, and what is no JSON is refused in the
 * words of Go's encoding/json. `JSON.parse` does the work wherever none of that shows; the parser here is the slow path.
 */

/** A body that is no JSON, no YAML, or not of its type. The message is Kubernetes'; who knows the kind puts a sentence around it. */
export class DecodeError extends Error {
  readonly code = 'DECODE';
}

declare global {
  interface BigInt {
    toJSON(): unknown;
  }
  interface JSON {
    rawJSON(text: string): unknown;
  }
}

// integers that a number cannot hold are bigints in objects, and numbers again in every text made of them
BigInt.prototype.toJSON = function (this: bigint) {
  return JSON.rawJSON(this.toString());
};

/** Go's decoder allows 10,000 levels; the walks over objects here recurse, and no object of the API comes near this. */
export const MAX_DEPTH = 1_000;
const MAX_INT64 = 9_223_372_036_854_775_807n;
const MIN_INT64 = -9_223_372_036_854_775_808n;
/** For each object with a repeated key, all its keys in the order of the text. */
export type RepeatedKeys = WeakMap<object, readonly string[]>;

/** @throws DecodeError */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // the exact parser refuses the same texts, with the message wanted
    return parseExactly(text);
  }
  return isExact(value) ? value : parseExactly(text);
}

/** Whether no integer is in it that a number may have rounded. What is too deep is for the exact parser to refuse. */
export function isExact(value: unknown, depth = 0): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value) || !Number.isInteger(value);
  if (typeof value !== 'object' || value === null) return true;
  if (depth > MAX_DEPTH) return false;
  for (const key in value) if (!isExact((value as Record<string, unknown>)[key], depth + 1)) return false;
  return true;
}

function quoteCharacter(char: string): string {
  if (char === "'") return "'\\''";
  if (char === '"') return "'\"'";
  const code = char.charCodeAt(0);
  // Go looks at bytes: a longer character is named by its first one, as if it were Latin-1
  const byte = code < 0x80 ? code : Buffer.from(char)[0]!;
  if (byte === 0x5c) return "'\\\\'";
  const named: Readonly<Record<number, string>> = { 7: '\\a', 8: '\\b', 9: '\\t', 10: '\\n', 11: '\\v', 12: '\\f', 13: '\\r' };
  if (byte < 0x20 || byte === 0x7f) return `'${named[byte] ?? `\\x${byte.toString(16).padStart(2, '0')}`}'`;
  return byte >= 0x80 && byte < 0xa1 ? `'\\u${byte.toString(16).padStart(4, '0')}'` : `'${String.fromCharCode(byte)}'`;
}

const ESCAPES: Readonly<Record<string, string>> = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };
const PLAIN = /[ !#-[\]-\uffff]*/y;
const isDigit = (char: string | undefined): boolean => char !== undefined && char >= '0' && char <= '9';

/** @throws DecodeError */
export function parseExactly(text: string, repeated?: RepeatedKeys): unknown {
  let at = 0;
  const wrong = (context: string): never => {
    if (at >= text.length) throw new DecodeError('unexpected end of JSON input');
    throw new DecodeError(`invalid character ${quoteCharacter(String.fromCodePoint(text.codePointAt(at)!))} ${context}`);
  };
  const space = (): void => {
    for (let code = text.charCodeAt(at); code === 32 || code === 10 || code === 13 || code === 9; code = text.charCodeAt(at)) at++;
  };
  const string = (): string => {
    at++;
    let plain = '';
    for (;;) {
      PLAIN.lastIndex = at;
      plain += PLAIN.exec(text)![0];
      at = PLAIN.lastIndex;
      const char = text[at];
      if (char === '"') {
        at++;
        return plain;
      }
      if (char !== '\\') return wrong('in string literal');
      at++;
      const escape = text[at];
      if (escape === 'u') {
        at++;
        const from = at;
        for (; at < from + 4; at++) if (!/[0-9a-fA-F]/.test(text[at] ?? '')) wrong('in \\u hexadecimal character escape');
        plain += String.fromCharCode(Number.parseInt(text.slice(from, at), 16));
      } else if (escape !== undefined && Object.hasOwn(ESCAPES, escape)) {
        plain += ESCAPES[escape];
        at++;
      } else wrong('in string escape code');
    }
  };
  const number = (): number | bigint => {
    const from = at;
    if (text[at] === '-') at++;
    if (text[at] === '0') at++;
    else if (isDigit(text[at])) while (isDigit(text[at])) at++;
    else wrong('in numeric literal');
    let integer = true;
    if (text[at] === '.') {
      integer = false;
      at++;
      if (!isDigit(text[at])) wrong('after decimal point in numeric literal');
      while (isDigit(text[at])) at++;
    }
    if (text[at] === 'e' || text[at] === 'E') {
      integer = false;
      at++;
      if (text[at] === '+' || text[at] === '-') at++;
      if (!isDigit(text[at])) wrong('in exponent of numeric literal');
      while (isDigit(text[at])) at++;
    }
    const literal = text.slice(from, at);
    const value = Number(literal);
    if (!integer || Number.isSafeInteger(value)) return value;
    const exact = BigInt(literal);
    return exact > MAX_INT64 || exact < MIN_INT64 ? value : exact;
  };
  const word = <T>(literal: string, value: T): T => {
    const from = at;
    // Go names the last letter of null in both of its last two places
    for (; at < from + literal.length; at++) if (text[at] !== literal[at - from]) wrong(`in literal ${literal} (expecting '${literal[at - from]!}')`);
    return value;
  };
  const put = (object: Record<string, unknown>, key: string, value: unknown): void => {
    if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
    else object[key] = value;
  };
  const value = (depth: number): unknown => {
    space();
    const char = text[at];
    if (char === '{' || char === '[') {
      if (depth >= MAX_DEPTH) throw new DecodeError('exceeded max depth');
      return char === '{' ? object(depth + 1) : array(depth + 1);
    }
    if (char === '"') return string();
    if (char === 't') return word('true', true);
    if (char === 'f') return word('false', false);
    if (char === 'n') return word('null', null);
    if (char === '-' || isDigit(char)) return number();
    return wrong('looking for beginning of value');
  };
  const array = (depth: number): unknown[] => {
    const items: unknown[] = [];
    at++;
    space();
    if (text[at] === ']') {
      at++;
      return items;
    }
    for (;;) {
      items.push(value(depth));
      space();
      const char = text[at];
      if (char !== ',' && char !== ']') wrong('after array element');
      at++;
      if (char === ']') return items;
    }
  };
  const object = (depth: number): Record<string, unknown> => {
    const result: Record<string, unknown> = {};
    const keys: string[] = [];
    let twice = false;
    at++;
    space();
    if (text[at] === '}') {
      at++;
      return result;
    }
    for (;;) {
      space();
      if (text[at] !== '"') wrong('looking for beginning of object key string');
      const key = string();
      space();
      if (text[at] !== ':') wrong('after object key');
      at++;
      if (repeated !== undefined) {
        twice ||= Object.hasOwn(result, key);
        keys.push(key);
      }
      put(result, key, value(depth));
      space();
      const char = text[at];
      if (char !== ',' && char !== '}') wrong('after object key:value pair');
      at++;
      if (char === '}') break;
    }
    if (twice) repeated!.set(result, keys);
    return result;
  };
  const result = value(0);
  space();
  if (at < text.length) wrong('after top-level value');
  return result;
}

/** How many keys the objects in a JSON text have together. `text` is valid JSON. */
export function countKeys(text: string): number {
  let count = 0;
  for (let at = text.indexOf('"'); at >= 0;) {
    let end = text.indexOf('"', at + 1);
    while (text.charCodeAt(end - 1) === 92 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
    let next = end + 1;
    let code = text.charCodeAt(next);
    while (code === 32 || code === 10 || code === 13 || code === 9) code = text.charCodeAt(++next);
    if (code === 58) count++;
    at = text.indexOf('"', next);
  }
  return count;
}

function isEscaped(text: string, quote: number): boolean {
  let slashes = 0;
  while (text.charCodeAt(quote - 1 - slashes) === 92) slashes++;
  return slashes % 2 === 1;
}
