/** The syntax tree of an expression, macros already expanded, as cel-go's `common/ast` has it. */
import { CelCompileError } from './api.ts';

export type Expr = Literal | Ident | Select | Call | ListExpr | MapExpr | StructExpr | Comprehension;

interface Base {
  /** Offset in the source, in UTF-16 units: of the operator, the dot, the bracket, as cel-go points at them. */
  readonly pos: number;
}
export interface Literal extends Base {
  readonly kind: 'literal';
  /** null, boolean, bigint (int), Uint, number (double), string, Uint8Array */
  readonly value: unknown;
}
export interface Ident extends Base {
  readonly kind: 'ident';
  readonly name: string;
}
export interface Select extends Base {
  readonly kind: 'select';
  readonly operand: Expr;
  readonly field: string;
  /** `has(a.b)` */
  readonly test?: true;
  /** `a.?b` */
  readonly optional?: true;
}
export interface Call extends Base {
  readonly kind: 'call';
  readonly fn: string;
  readonly target?: Expr;
  readonly args: readonly Expr[];
}
export interface ListExpr extends Base {
  readonly kind: 'list';
  readonly elements: readonly { readonly value: Expr; readonly optional: boolean }[];
}
export interface MapExpr extends Base {
  readonly kind: 'map';
  readonly entries: readonly { readonly key: Expr; readonly value: Expr; readonly optional: boolean }[];
}
export interface StructExpr extends Base {
  readonly kind: 'struct';
  readonly name: string;
  readonly fields: readonly { readonly pos: number; readonly name: string; readonly value: Expr; readonly optional: boolean }[];
}
/** A loop: what all macros over lists and maps become. */
export interface Comprehension extends Base {
  readonly kind: 'comprehension';
  readonly range: Expr;
  readonly first: string;
  readonly second?: string;
  readonly accumulator: string;
  readonly init: Expr;
  readonly condition: Expr;
  readonly step: Expr;
  readonly result: Expr;
}

export const ACCUMULATOR = '@result';

export interface Issue {
  readonly pos: number;
  readonly message: string;
}

/** As cel-go displays errors: the place, the line, and a mark under the column. */
export function displayIssues(source: string, issues: readonly Issue[]): string {
  const lines = source.split('\n');
  return [...issues]
    .sort((a, b) => a.pos - b.pos)
    .map(({ pos, message }) => {
      let line = 0;
      let start = 0;
      while (line < lines.length - 1 && pos > start + lines[line]!.length) start += lines[line++]!.length + 1;
      const text = lines[line]!.replaceAll('\t', ' ');
      // columns count characters, not UTF-16 units
      const column = Array.from(text.slice(0, pos - start)).length;
      return `ERROR: <input>:${line + 1}:${column + 1}: ${message}\n | ${text}\n | ${'.'.repeat(column)}^`;
    })
    .join('\n');
}

export const compileError = (source: string, issues: readonly Issue[]): CelCompileError => new CelCompileError(displayIssues(source, issues));
