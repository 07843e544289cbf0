/** Macros, turned into loops and conditions while the expression is parsed (cel-go `parser/macro.go`, `ext/comprehensions.go`, optionals). */
import { ACCUMULATOR, type Call, type Comprehension, type Expr } from './ast.ts';
import { SyntaxIssue } from './lexer.ts';

type Expander = (pos: number, target: Expr, args: readonly Expr[]) => Expr;

const literal = (pos: number, value: unknown): Expr => ({ kind: 'literal', pos, value });
const call = (pos: number, fn: string, ...args: readonly Expr[]): Call => ({ kind: 'call', pos, fn, args });
const member = (pos: number, target: Expr, fn: string): Call => ({ kind: 'call', pos, fn, target, args: [] });
const accu = (pos: number): Expr => ({ kind: 'ident', pos, name: ACCUMULATOR });
const list = (pos: number, ...elements: readonly Expr[]): Expr => ({ kind: 'list', pos, elements: elements.map((value) => ({ value, optional: false })) });

function variable(expr: Expr): string {
  if (expr.kind !== 'ident') throw new SyntaxIssue(expr.pos, 'argument must be a simple name');
  if (expr.name === ACCUMULATOR) throw new SyntaxIssue(expr.pos, 'iteration variable overwrites accumulator variable');
  return expr.name;
}

interface Loop {
  readonly init: Expr;
  readonly condition: Expr;
  readonly step: Expr;
  readonly result: Expr;
}

function loop(pos: number, range: Expr, variables: readonly Expr[], parts: Loop): Comprehension {
  const [first, second] = variables.map(variable);
  if (first === second && second !== undefined) throw new SyntaxIssue(variables[1]!.pos, `duplicate variable name: ${first}`);
  return { kind: 'comprehension', pos, range, first: first!, ...(second === undefined ? {} : { second }), accumulator: ACCUMULATOR, ...parts };
}

const all = (pos: number, predicate: Expr): Loop => ({
  init: literal(pos, true),
  condition: call(pos, '@not_strictly_false', accu(pos)),
  step: call(pos, '_&&_', accu(pos), predicate),
  result: accu(pos),
});
const exists = (pos: number, predicate: Expr): Loop => ({
  init: literal(pos, false),
  condition: call(pos, '@not_strictly_false', call(pos, '!_', accu(pos))),
  step: call(pos, '_||_', accu(pos), predicate),
  result: accu(pos),
});
const existsOne = (pos: number, predicate: Expr): Loop => ({
  init: literal(pos, 0n),
  condition: literal(pos, true),
  step: call(pos, '_?_:_', predicate, call(pos, '_+_', accu(pos), literal(pos, 1n)), accu(pos)),
  result: call(pos, '_==_', accu(pos), literal(pos, 1n)),
});
const collect = (pos: number, init: Expr, add: Expr, filter: Expr | undefined): Loop => ({
  init,
  condition: literal(pos, true),
  step: filter === undefined ? add : call(pos, '_?_:_', filter, add, accu(pos)),
  result: accu(pos),
});
const push = (pos: number, item: Expr): Expr => call(pos, '_+_', accu(pos), list(pos, item));
const emptyMap = (pos: number): Expr => ({ kind: 'map', pos, entries: [] });

/** A name bound to a value: a loop over nothing, whose result speaks of the accumulator. */
const bind = (pos: number, name: string, value: Expr, body: Expr): Comprehension => ({
  kind: 'comprehension',
  pos,
  range: list(pos),
  first: '#unused',
  accumulator: name,
  init: value,
  condition: literal(pos, false),
  step: { kind: 'ident', pos, name },
  result: body,
});

function optional(flat: boolean): Expander {
  return (pos, target, [name, body]) => {
    const bound = bind(pos, variable(name!), member(pos, target, 'value'), body!);
    return call(pos, '_?_:_', member(pos, target, 'hasValue'), flat ? bound : call(pos, 'optional.of', bound), call(pos, 'optional.none'));
  };
}

/** By method and count of arguments. */
const MACROS: Readonly<Record<string, Expander>> = {
  'all/2': (pos, target, [v, p]) => loop(pos, target, [v!], all(pos, p!)),
  'exists/2': (pos, target, [v, p]) => loop(pos, target, [v!], exists(pos, p!)),
  'exists_one/2': (pos, target, [v, p]) => loop(pos, target, [v!], existsOne(pos, p!)),
  'existsOne/2': (pos, target, [v, p]) => loop(pos, target, [v!], existsOne(pos, p!)),
  'map/2': (pos, target, [v, t]) => loop(pos, target, [v!], collect(pos, list(pos), push(pos, t!), undefined)),
  'map/3': (pos, target, [v, f, t]) => loop(pos, target, [v!], collect(pos, list(pos), push(pos, t!), f!)),
  'filter/2': (pos, target, [v, p]) => loop(pos, target, [v!], collect(pos, list(pos), push(pos, v!), p!)),
  'all/3': (pos, target, [k, v, p]) => loop(pos, target, [k!, v!], all(pos, p!)),
  'exists/3': (pos, target, [k, v, p]) => loop(pos, target, [k!, v!], exists(pos, p!)),
  'exists_one/3': (pos, target, [k, v, p]) => loop(pos, target, [k!, v!], existsOne(pos, p!)),
  'existsOne/3': (pos, target, [k, v, p]) => loop(pos, target, [k!, v!], existsOne(pos, p!)),
  'transformList/3': (pos, target, [k, v, t]) => loop(pos, target, [k!, v!], collect(pos, list(pos), push(pos, t!), undefined)),
  'transformList/4': (pos, target, [k, v, f, t]) => loop(pos, target, [k!, v!], collect(pos, list(pos), push(pos, t!), f!)),
  'transformMap/3': (pos, target, [k, v, t]) => loop(pos, target, [k!, v!], collect(pos, emptyMap(pos), call(pos, 'cel.@mapInsert', accu(pos), k!, t!), undefined)),
  'transformMap/4': (pos, target, [k, v, f, t]) => loop(pos, target, [k!, v!], collect(pos, emptyMap(pos), call(pos, 'cel.@mapInsert', accu(pos), k!, t!), f!)),
  'transformMapEntry/3': (pos, target, [k, v, t]) => loop(pos, target, [k!, v!], collect(pos, emptyMap(pos), call(pos, 'cel.@mapInsert', accu(pos), t!), undefined)),
  'transformMapEntry/4': (pos, target, [k, v, f, t]) => loop(pos, target, [k!, v!], collect(pos, emptyMap(pos), call(pos, 'cel.@mapInsert', accu(pos), t!), f!)),
  'optMap/2': optional(false),
  'optFlatMap/2': optional(true),
  'sortBy/2': sortBy,
};

/** `list.sortBy(x, key)`: the keys beside the list, sorted by them. */
function sortBy(pos: number, target: Expr, [v, key]: readonly Expr[]): Expr {
  const name = '@__sortBy_input__';
  const input: Expr = { kind: 'ident', pos, name };
  const keys = loop(pos, input, [v!], collect(pos, list(pos), push(pos, key!), undefined));
  return bind(pos, name, target, { kind: 'call', pos, fn: '@sortByAssociatedKeys', target: input, args: [keys] });
}

export function expandMember(pos: number, target: Expr, fn: string, args: readonly Expr[]): Expr {
  const expander = Object.hasOwn(MACROS, `${fn}/${args.length}`) ? MACROS[`${fn}/${args.length}`] : undefined;
  return expander === undefined ? { kind: 'call', pos, fn, target, args } : expander(pos, target, args);
}

export function expandGlobal(pos: number, fn: string, args: readonly Expr[]): Expr {
  if (fn !== 'has' || args.length !== 1) return { kind: 'call', pos, fn, args };
  const [arg] = args;
  if (arg!.kind !== 'select') throw new SyntaxIssue(arg!.pos, 'invalid argument to has() macro');
  return { ...arg!, pos, test: true };
}
