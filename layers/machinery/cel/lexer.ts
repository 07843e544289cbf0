/** Tokens of CEL (the language's `langdef`), with cel-go's reading of literals. */
import { Uint } from './values.ts';

export interface Token {
  readonly kind: 'literal' | 'ident' | 'quoted' | 'op' | 'eof';
  /** As in the source. */
  readonly text: string;
  readonly value?: unknown;
  readonly pos: number;
}

export class SyntaxIssue extends Error {
  readonly pos: number;
  constructor(pos: number, message: string) {
    super(message);
    this.pos = pos;
  }
}

const SPACE = /(?:[\t\n\f\r ]|\/\/[^\n]*)+/y;
const FLOAT = /(?:\d*\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)/y;
const INTEGER = /(0x[0-9a-fA-F]+|\d+)([uU]?)/y;
const STRING = /([bB][rR]?|[rR][bB]?)?("""|'''|"|')/y;
const IDENT = /[_a-zA-Z]\w*/y;
const QUOTED = /`([a-zA-Z0-9_.\-/ ]+)`/y;
const OPERATOR = /==|!=|<=|>=|&&|\|\||[-+*/%<>!?:.,()[\]{}]/y;
const SIMPLE: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\\': '\\', '?': '?', '"': '"', "'": "'", '`': '`' };
const MAX_INT = 2n ** 63n;

export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(source);
  };
  while (at < source.length) {
    const space = match(SPACE);
    if (space !== null) {
      at += space[0].length;
      continue;
    }
    const pos = at;
    const string = match(STRING);
    if (string !== null) {
      const [text, value] = readString(source, pos, string[1] ?? '', string[2]!);
      tokens.push({ kind: 'literal', text, value, pos });
      at += text.length;
      continue;
    }
    const float = match(FLOAT);
    if (float !== null) {
      tokens.push({ kind: 'literal', text: float[0], value: Number(float[0]), pos });
      at += float[0].length;
      continue;
    }
    const integer = match(INTEGER);
    if (integer !== null) {
      const value = BigInt(integer[1]!);
      if (integer[2] === '' ? value > MAX_INT : value >= 2n * MAX_INT) throw new SyntaxIssue(pos, integer[2] === '' ? 'invalid int literal' : 'invalid uint literal');
      // 2^63 is kept: a minus before it makes it the smallest integer
      tokens.push({ kind: 'literal', text: integer[0], value: integer[2] === '' ? value : new Uint(value), pos });
      at += integer[0].length;
      continue;
    }
    const ident = match(IDENT);
    if (ident !== null) {
      const text = ident[0];
      if (text === 'true' || text === 'false') tokens.push({ kind: 'literal', text, value: text === 'true', pos });
      else if (text === 'null') tokens.push({ kind: 'literal', text, value: null, pos });
      else tokens.push({ kind: text === 'in' ? 'op' : 'ident', text, pos });
      at += text.length;
      continue;
    }
    const quoted = match(QUOTED);
    if (quoted !== null) {
      tokens.push({ kind: 'quoted', text: quoted[0], value: quoted[1], pos });
      at += quoted[0].length;
      continue;
    }
    const operator = match(OPERATOR);
    if (operator === null) throw new SyntaxIssue(pos, `Syntax error: token recognition error at: '${source[pos]}'`);
    tokens.push({ kind: 'op', text: operator[0], pos });
    at += operator[0].length;
  }
  tokens.push({ kind: 'eof', text: '<EOF>', pos: source.length });
  return tokens;
}

function readString(source: string, start: number, prefix: string, quote: string): [string, string | Uint8Array] {
  const raw = /r/i.test(prefix);
  const bytes = /b/i.test(prefix);
  const from = start + prefix.length + quote.length;
  let end = from;
  for (;;) {
    if (end >= source.length || (quote.length === 1 && source[end] === '\n')) throw new SyntaxIssue(start, `Syntax error: token recognition error at: '${source.slice(start)}'`);
    if (source.startsWith(quote, end)) break;
    end += source[end] === '\\' && !raw ? 2 : 1;
  }
  const text = source.slice(start, end + quote.length);
  const inner = source.slice(from, end);
  if (!bytes) return [text, raw ? inner : unescape(inner, start, false)];
  return [text, raw ? Buffer.from(inner) : Buffer.from(unescape(inner, start, true), 'latin1')];
}

/** For bytes the answer holds one character a byte. */
function unescape(text: string, pos: number, bytes: boolean): string {
  const plain = (part: string): string => (bytes ? Buffer.from(part).toString('latin1') : part);
  if (!text.includes('\\')) return plain(text);
  const bad = (): never => {
    throw new SyntaxIssue(pos, `invalid ${bytes ? 'bytes' : 'string'} literal: unable to unescape string`);
  };
  let out = '';
  for (let at = 0; at < text.length;) {
    if (text[at] !== '\\') {
      const next = text.indexOf('\\', at);
      out += plain(text.slice(at, next === -1 ? undefined : next));
      at = next === -1 ? text.length : next;
      continue;
    }
    const escape = text[at + 1] ?? '';
    const simple = SIMPLE[escape];
    if (simple !== undefined) {
      out += simple;
      at += 2;
      continue;
    }
    const coded = /^(?:[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2}))/.exec(text.slice(at + 1));
    if (coded === null) return bad();
    const unicode = coded[2] ?? coded[3];
    if (unicode !== undefined && bytes) return bad();
    const code = coded[4] === undefined ? Number.parseInt(coded[1] ?? unicode!, 16) : Number.parseInt(coded[4], 8);
    if (code > 0x10_ff_ff || (unicode !== undefined && code >= 0xd8_00 && code <= 0xdf_ff)) return bad();
    out += String.fromCodePoint(code);
    at += 1 + coded[0].length;
  }
  return out;
}
