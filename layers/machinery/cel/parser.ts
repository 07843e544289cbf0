/** Source text to syntax tree: a recursive descent over CEL's grammar, with the limits of Kubernetes. */
import { compileError, type Expr } from './ast.ts';
import { SyntaxIssue, type Token, tokenize } from './lexer.ts';
import { expandGlobal, expandMember } from './macros.ts';
import { RESERVED_WORDS } from './types.ts';
import { Uint } from './values.ts';

/** cel-go's limits: characters of source, depth of nesting. */
const MAX_SOURCE = 100_000;
const MAX_DEPTH = 250;
const PRIMARY = "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";
const RELATIONS: ReadonlySet<string> = new Set(['<', '<=', '>', '>=', '==', '!=', 'in']);
const MIN_INT_SIZE = 2n ** 63n;

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;
  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get #token(): Token {
    return this.#tokens[this.#at]!;
  }

  #is(text: string): boolean {
    return this.#token.kind === 'op' && this.#token.text === text;
  }

  #take(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#at++;
    return true;
  }

  #expect(text: string): Token {
    const token = this.#token;
    if (!this.#take(text)) throw new SyntaxIssue(token.pos, `Syntax error: mismatched input '${token.text}' expecting '${text}'`);
    return token;
  }

  whole(): Expr {
    const expr = this.#expression();
    const rest = this.#token;
    if (rest.kind !== 'eof') throw new SyntaxIssue(rest.pos, `Syntax error: extraneous input '${rest.text}' expecting <EOF>`);
    return expr;
  }

  #expression(): Expr {
    if (++this.#depth > MAX_DEPTH) throw new SyntaxIssue(this.#token.pos, `expression recursion limit exceeded: ${MAX_DEPTH}`);
    const condition = this.#binary(0);
    let expr = condition;
    if (this.#is('?')) {
      const { pos } = this.#expect('?');
      const yes = this.#binary(0);
      this.#expect(':');
      expr = { kind: 'call', pos, fn: '_?_:_', args: [condition, yes, this.#expression()] };
    }
    this.#depth--;
    return expr;
  }

  /** Levels: or, and, relations, sums, products. */
  #binary(level: number): Expr {
    if (level === 5) return this.#unary();
    let left = this.#binary(level + 1);
    for (;;) {
      const { kind, text, pos } = this.#token;
      if (kind !== 'op' || !isOperatorOf(level, text)) return left;
      this.#at++;
      left = { kind: 'call', pos, fn: text === 'in' ? '@in' : `_${text}_`, args: [left, this.#binary(level + 1)] };
    }
  }

  #unary(): Expr {
    const { pos, kind, text } = this.#token;
    if (kind !== 'op' || (text !== '!' && text !== '-')) return this.#member();
    const next = this.#tokens[this.#at + 1];
    if (text === '-' && next?.kind === 'literal' && (typeof next.value === 'bigint' || typeof next.value === 'number')) {
      this.#at++;
      return this.#member(pos);
    }
    let count = 0;
    while (this.#take(text)) count++;
    const operand = this.#unary();
    // two of a kind cancel out
    return count % 2 === 0 ? operand : { kind: 'call', pos, fn: text === '!' ? '!_' : '-_', args: [operand] };
  }

  /** @param minus where the minus of a negative number stands */
  #member(minus?: number): Expr {
    let expr = this.#primary(minus);
    const outer = this.#depth;
    for (;;) {
      if (++this.#depth > MAX_DEPTH) throw new SyntaxIssue(this.#token.pos, `expression recursion limit exceeded: ${MAX_DEPTH}`);
      const { pos } = this.#token;
      if (this.#take('.')) {
        const optional = this.#take('?');
        const name = this.#token;
        if (name.kind !== 'ident' && name.kind !== 'quoted') throw new SyntaxIssue(name.pos, `Syntax error: no viable alternative at input '.${name.text}'`);
        this.#at++;
        const field = name.kind === 'quoted' ? String(name.value) : name.text;
        const open = this.#token.pos;
        if (!optional && name.kind === 'ident' && this.#take('(')) {
          const args = this.#arguments(')');
          expr = expandMember(open, expr, field, args);
        } else if (this.#is('{') && name.kind === 'ident' && qualifiedName(expr) !== undefined && !optional) {
          expr = this.#struct(`${qualifiedName(expr)}.${field}`);
        } else expr = { kind: 'select', pos, operand: expr, field, ...(optional ? { optional: true as const } : {}) };
      } else if (this.#take('[')) {
        const optional = this.#take('?');
        const index = this.#expression();
        this.#expect(']');
        expr = { kind: 'call', pos, fn: optional ? '_[?_]' : '_[_]', args: [expr, index] };
      } else {
        this.#depth = outer;
        return expr;
      }
    }
  }

  #primary(minus?: number): Expr {
    const token = this.#token;
    const { pos } = token;
    if (token.kind === 'literal') {
      this.#at++;
      return { kind: 'literal', pos: minus ?? pos, value: signed(token, minus !== undefined) };
    }
    if (this.#take('(')) {
      const inner = this.#expression();
      this.#expect(')');
      return inner;
    }
    if (this.#take('[')) {
      const elements: { value: Expr; optional: boolean }[] = [];
      while (!this.#is(']')) {
        const optional = this.#take('?');
        elements.push({ value: this.#expression(), optional });
        if (!this.#take(',')) break;
      }
      this.#expect(']');
      return { kind: 'list', pos, elements };
    }
    if (this.#take('{')) {
      const entries: { key: Expr; value: Expr; optional: boolean }[] = [];
      while (!this.#is('}')) {
        const optional = this.#take('?');
        const key = this.#expression();
        this.#expect(':');
        entries.push({ key, value: this.#expression(), optional });
        if (!this.#take(',')) break;
      }
      this.#expect('}');
      return { kind: 'map', pos, entries };
    }
    const leading = this.#take('.');
    const name = this.#token;
    if (name.kind !== 'ident') throw new SyntaxIssue(name.pos, `Syntax error: mismatched input '${name.text}' expecting ${leading ? 'IDENTIFIER' : PRIMARY}`);
    this.#at++;
    if (RESERVED_WORDS.has(name.text)) throw new SyntaxIssue(name.pos, `reserved identifier: ${name.text}`);
    const open = this.#token.pos;
    if (this.#take('(')) return expandGlobal(open, name.text, this.#arguments(')'));
    if (this.#is('{')) return this.#struct(name.text);
    return { kind: 'ident', pos, name: name.text };
  }

  #arguments(close: string): Expr[] {
    const args: Expr[] = [];
    if (!this.#is(close)) {
      do args.push(this.#expression());
      while (this.#take(','));
    }
    this.#expect(close);
    return args;
  }

  #struct(name: string): Expr {
    const { pos } = this.#expect('{');
    const fields: { pos: number; name: string; value: Expr; optional: boolean }[] = [];
    while (!this.#is('}')) {
      const optional = this.#take('?');
      const field = this.#token;
      if (field.kind !== 'ident' && field.kind !== 'quoted')
        throw new SyntaxIssue(field.pos, `Syntax error: mismatched input '${field.text}' expecting {'}', ',', '?', IDENTIFIER, ESC_IDENTIFIER}`);
      this.#at++;
      const colon = this.#expect(':');
      fields.push({ pos: colon.pos, name: field.kind === 'quoted' ? String(field.value) : field.text, value: this.#expression(), optional });
      if (!this.#take(',')) break;
    }
    this.#expect('}');
    return { kind: 'struct', pos, name, fields };
  }
}

function isOperatorOf(level: number, text: string): boolean {
  switch (level) {
    case 0:
      return text === '||';
    case 1:
      return text === '&&';
    case 2:
      return RELATIONS.has(text);
    case 3:
      return text === '+' || text === '-';
    default:
      return text === '*' || text === '/' || text === '%';
  }
}

function signed({ value, pos }: Token, negative: boolean): unknown {
  if (typeof value === 'bigint') {
    if (!negative && value === MIN_INT_SIZE) throw new SyntaxIssue(pos, 'invalid int literal');
    return negative ? -value : value;
  }
  if (value instanceof Uint && negative) throw new SyntaxIssue(pos, 'invalid uint literal');
  return negative ? -(value as number) : value;
}

/** `a.b.c` as text, for anything that is only names. */
export function qualifiedName(expr: Expr): string | undefined {
  if (expr.kind === 'ident') return expr.name;
  if (expr.kind !== 'select' || expr.test === true || expr.optional === true) return undefined;
  const head = qualifiedName(expr.operand);
  return head === undefined ? undefined : `${head}.${expr.field}`;
}

/** @throws CelCompileError */
export function parse(source: string): Expr {
  try {
    if (source.length > MAX_SOURCE) throw new SyntaxIssue(0, `expression code point size exceeds limit: size: ${source.length}, limit ${MAX_SOURCE}`);
    return new Parser(tokenize(source)).whole();
  } catch (error) {
    if (error instanceof SyntaxIssue) throw compileError(source, [{ pos: error.pos, message: error.message }]);
    throw error;
  }
}
