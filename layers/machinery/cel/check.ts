/** The type checker (cel-go `checker/checker.go`): a type for every node, the overloads of every call, errors in cel-go's words. */
import { type Call, type Comprehension, type Expr, type Issue, type ListExpr, type MapExpr, type Select, type StructExpr } from './ast.ts';
import { FUNCTIONS } from './functions/all.ts';
import type { Overload } from './functions/declare.ts';
import { pattern } from './functions/text.ts';
import { qualifiedName } from './parser.ts';
import { parseDuration, parseTimestamp } from './times.ts';
import {
  BOOL,
  BYTES,
  type CelObjectType,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  ERROR,
  fieldOf,
  formatType,
  INT,
  listOf,
  mapOf,
  NULL,
  OPTIONAL,
  opaque,
  optionalOf,
  parameter,
  STRING,
  TIMESTAMP,
  TYPE,
  UINT,
} from './types.ts';
import { assignable, type Mapping, mostGeneral, substitute } from './unify.ts';
import { Uint } from './values.ts';

export interface Checked {
  readonly types: ReadonlyMap<Expr, CelType>;
  /** The overloads that a call may mean; several where arguments are dynamic. */
  readonly overloads: ReadonlyMap<Expr, readonly Overload[]>;
  /** Selections and calls that are names as a whole (`net.IP`, `optional.of(x)`), with what they name. */
  readonly names: ReadonlyMap<Expr, string>;
  readonly structs: ReadonlyMap<Expr, CelObjectType>;
  readonly references: ReadonlySet<string>;
}

export interface CheckEnvironment {
  readonly variables: Readonly<Record<string, CelType>>;
  /** Types that `Name{...}` may make. */
  readonly structOf: (name: string) => CelObjectType | undefined;
}

const typeOfType = (of: CelType): CelType => ({ kind: 'type', of });
/** Names of types, which are values. */
export const TYPE_NAMES: Readonly<Record<string, CelType>> = {
  bool: BOOL,
  int: INT,
  uint: UINT,
  double: DOUBLE,
  string: STRING,
  bytes: BYTES,
  list: listOf(DYN),
  map: mapOf(DYN, DYN),
  null_type: NULL,
  type: TYPE,
  'google.protobuf.Timestamp': TIMESTAMP,
  'google.protobuf.Duration': DURATION,
  optional_type: optionalOf(DYN),
  'net.IP': opaque('net.IP'),
  'net.CIDR': opaque('net.CIDR'),
  'kubernetes.Quantity': opaque('kubernetes.Quantity'),
  'kubernetes.Semver': opaque('kubernetes.Semver'),
  'kubernetes.URL': opaque('kubernetes.URL'),
};

const isOptional = (type: CelType): type is Extract<CelType, { kind: 'opaque' }> => type.kind === 'opaque' && type.name === OPTIONAL;
const unwrapped = (type: CelType): CelType => (isOptional(type) ? type.parameters[0]! : type);

function literalType(value: unknown): CelType {
  switch (typeof value) {
    case 'string':
      return STRING;
    case 'boolean':
      return BOOL;
    case 'bigint':
      return INT;
    case 'number':
      return DOUBLE;
    default:
      return value === null ? NULL : value instanceof Uint ? UINT : BYTES;
  }
}

interface Scope {
  readonly names: ReadonlyMap<string, CelType>;
  readonly outer: Scope | undefined;
}

class Checker {
  readonly #environment: CheckEnvironment;
  readonly issues: Issue[] = [];
  readonly types = new Map<Expr, CelType>();
  readonly overloads = new Map<Expr, readonly Overload[]>();
  readonly names = new Map<Expr, string>();
  readonly structs = new Map<Expr, CelObjectType>();
  readonly references = new Set<string>();
  #mapping: Mapping = new Map();
  #fresh = 0;
  #scope: Scope | undefined;

  constructor(environment: CheckEnvironment) {
    this.#environment = environment;
  }

  check(expr: Expr): CelType {
    const type = this.#typeOf(expr);
    this.types.set(expr, type);
    return type;
  }

  finish(): void {
    for (const [expr, type] of this.types) this.types.set(expr, substitute(this.#mapping, type, true));
  }

  #report(pos: number, message: string): CelType {
    this.issues.push({ pos, message });
    return ERROR;
  }

  #resolved(type: CelType): CelType {
    return substitute(this.#mapping, type, false);
  }

  #assignable(from: readonly CelType[], to: readonly CelType[]): boolean {
    const next = assignable(this.#mapping, from, to);
    if (next === undefined) return false;
    this.#mapping = next;
    return true;
  }

  #typeOf(expr: Expr): CelType {
    switch (expr.kind) {
      case 'literal':
        return literalType(expr.value);
      case 'ident':
        return this.#ident(expr.name) ?? this.#undeclared(expr.pos, expr.name);
      case 'select':
        return this.#select(expr);
      case 'call':
        return this.#call(expr);
      case 'list':
        return this.#list(expr);
      case 'map':
        return this.#map(expr);
      case 'struct':
        return this.#struct(expr);
      case 'comprehension':
        return this.#comprehension(expr);
    }
  }

  #undeclared(pos: number, name: string): CelType {
    return this.#report(pos, `undeclared reference to '${name}' (in container '')`);
  }

  #ident(name: string): CelType | undefined {
    for (let scope = this.#scope; scope !== undefined; scope = scope.outer) {
      const local = scope.names.get(name);
      if (local !== undefined) return local;
    }
    if (Object.hasOwn(this.#environment.variables, name)) {
      this.references.add(name);
      return this.#environment.variables[name]!;
    }
    return Object.hasOwn(TYPE_NAMES, name) ? typeOfType(TYPE_NAMES[name]!) : undefined;
  }

  #isLocal(name: string): boolean {
    for (let scope = this.#scope; scope !== undefined; scope = scope.outer) if (scope.names.has(name)) return true;
    return false;
  }

  #select(expr: Select): CelType {
    const name = expr.test === true || expr.optional === true ? undefined : qualifiedName(expr);
    if (name !== undefined && !this.#isLocal(name.split('.')[0]!)) {
      const named = this.#ident(name);
      if (named !== undefined) {
        this.names.set(expr, name);
        return named;
      }
    }
    const result = this.#field(expr);
    return expr.test === true ? BOOL : this.#resolved(result);
  }

  #field(expr: Select): CelType {
    const operand = this.#resolved(this.check(expr.operand));
    const target = unwrapped(operand);
    let result: CelType = DYN;
    switch (target.kind) {
      case 'map':
        result = target.value;
        break;
      case 'object': {
        const field = fieldOf(target, expr.field);
        result = field === undefined ? this.#report(expr.pos, `undefined field '${expr.field}'`) : field.type;
        break;
      }
      case 'parameter':
        this.#assignable([DYN], [target]);
        break;
      case 'dyn':
      case 'error':
        break;
      default:
        this.#report(expr.pos, `type '${formatType(target)}' does not support field selection`);
    }
    return isOptional(operand) || expr.optional === true ? optionalOf(result) : result;
  }

  #call(expr: Call): CelType {
    const args = expr.args.map((arg) => this.check(arg));
    let target: CelType | undefined;
    let { fn } = expr;
    if (expr.target !== undefined) {
      const prefix = qualifiedName(expr.target);
      const full = prefix === undefined ? undefined : `${prefix}.${fn}`;
      if (full !== undefined && FUNCTIONS.has(full) && !this.#isLocal(prefix!.split('.')[0]!)) {
        this.names.set(expr, full);
        fn = full;
      } else target = this.check(expr.target);
    }
    const candidates = FUNCTIONS.get(fn);
    if (candidates === undefined) return this.#undeclared(expr.pos, fn);
    if (fn === '_&&_' || fn === '_||_') return this.#logical(expr, args, candidates[0]!);
    this.#literals(fn, expr);
    const all = target === undefined ? args : [target, ...args];
    const found: Overload[] = [];
    let result: CelType | undefined;
    for (const candidate of candidates) {
      if (candidate.member !== (target !== undefined) || candidate.args.length !== all.length) continue;
      const [types, own] = this.#instance(candidate);
      if (!this.#assignable(all, types)) continue;
      found.push(candidate);
      const type = this.#resolved(own);
      if (result === undefined) result = type;
      else if (result.kind !== 'dyn' && formatType(result) !== formatType(type)) result = DYN;
    }
    if (result === undefined) {
      const texts = all.map((type) => formatType(substitute(this.#mapping, type, true)));
      const signature = target === undefined ? `(${texts.join(', ')})` : `${texts[0]}.(${texts.slice(1).join(', ')})`;
      return this.#report(expr.pos, `found no matching overload for '${fn}' applied to '${signature}'`);
    }
    this.overloads.set(expr, found);
    return result;
  }

  /** Literals that can never be read are errors at once. */
  #literals(fn: string, { target, args }: Call): void {
    const text = (expr: Expr | undefined): string | undefined => (expr?.kind === 'literal' && typeof expr.value === 'string' ? expr.value : undefined);
    const wrong = (expr: Expr, what: string): void => void this.#report(expr.pos, `invalid ${what} argument`);
    if (fn === 'matches') {
      const expression = text(args[target === undefined ? 1 : 0]);
      if (expression === undefined) return;
      try {
        pattern(expression);
      } catch {
        wrong(args[target === undefined ? 1 : 0]!, 'matches');
      }
    } else if (target === undefined && args.length === 1) {
      const literal = text(args[0]);
      if (literal === undefined) return;
      if (fn === 'duration' && parseDuration(literal) === undefined) wrong(args[0]!, 'duration');
      if (fn === 'timestamp' && parseTimestamp(literal) === undefined) wrong(args[0]!, 'timestamp');
    }
  }

  #logical(expr: Call, args: readonly CelType[], overload: Overload): CelType {
    let failed = false;
    for (const [at, arg] of args.entries())
      if (!this.#assignable([arg], [BOOL])) {
        failed = true;
        this.#report(expr.args[at]!.pos, `expected type 'bool' but found '${formatType(substitute(this.#mapping, arg, true))}'`);
      }
    this.overloads.set(expr, [overload]);
    return failed ? ERROR : BOOL;
  }

  /** The overload's types, its parameters made anew for this call. */
  #instance(candidate: Overload): readonly [readonly CelType[], CelType] {
    if (candidate.parameters.length === 0) return [candidate.args, candidate.result];
    const fresh: Mapping = new Map(candidate.parameters.map((name) => [name, this.#variable()]));
    return [candidate.args.map((type) => substitute(fresh, type, false)), substitute(fresh, candidate.result, false)];
  }

  #variable(): CelType {
    return parameter(`_var${this.#fresh++}`);
  }

  #join(expr: Expr, previous: CelType | undefined, current: CelType): CelType {
    if (previous === undefined) return current;
    if (this.#assignable([previous], [current])) return mostGeneral(previous, current);
    return this.#report(expr.pos, `expected type '${formatType(this.#resolved(previous))}' but found '${formatType(this.#resolved(current))}'`);
  }

  #entry(expr: Expr, optional: boolean): CelType {
    const type = this.check(expr);
    if (!optional) return type;
    const inner = this.#resolved(type);
    if (!isOptional(inner) && inner.kind !== 'dyn') this.#report(expr.pos, `expected type 'optional_type(${formatType(inner)})' but found '${formatType(inner)}'`);
    return unwrapped(inner);
  }

  #list(expr: ListExpr): CelType {
    let element: CelType | undefined;
    for (const { value, optional } of expr.elements) element = this.#join(value, element, this.#entry(value, optional));
    return listOf(element ?? this.#variable());
  }

  #map(expr: MapExpr): CelType {
    let key: CelType | undefined;
    let value: CelType | undefined;
    for (const entry of expr.entries) {
      key = this.#join(entry.key, key, this.check(entry.key));
      value = this.#join(entry.value, value, this.#entry(entry.value, entry.optional));
    }
    return mapOf(key ?? this.#variable(), value ?? this.#variable());
  }

  #struct(expr: StructExpr): CelType {
    const type = this.#environment.structOf(expr.name);
    if (type === undefined) return this.#undeclared(expr.pos, expr.name);
    this.structs.set(expr, type);
    for (const { pos, name, value, optional } of expr.fields) {
      const given = this.#entry(value, optional);
      const field = type.fields.get(name);
      if (field === undefined && type.fields.size > 0) this.#report(pos, `undefined field '${name}'`);
      else if (field !== undefined && !this.#assignable([field.type], [given]))
        this.#report(pos, `expected type of field '${name}' is '${formatType(field.type)}' but provided type is '${formatType(this.#resolved(given))}'`);
    }
    return type;
  }

  #comprehension(expr: Comprehension): CelType {
    const range = this.#resolved(this.check(expr.range));
    const accumulator = this.check(expr.init);
    const outer = this.#scope;
    const withAccumulator: Scope = { names: new Map([[expr.accumulator, accumulator]]), outer };
    const [first, second] = this.#loopTypes(expr, range);
    const names = new Map([[expr.first, first]]);
    if (expr.second !== undefined) names.set(expr.second, second);
    this.#scope = { names, outer: withAccumulator };
    this.#expect(expr.condition, BOOL);
    this.#expect(expr.step, accumulator);
    this.#scope = withAccumulator;
    const result = this.check(expr.result);
    this.#scope = outer;
    return this.#resolved(result);
  }

  #loopTypes(expr: Comprehension, range: CelType): readonly [CelType, CelType] {
    const two = expr.second !== undefined;
    switch (range.kind) {
      case 'list':
        return two ? [INT, range.element] : [range.element, range.element];
      case 'map':
        return [range.key, range.value];
      case 'parameter':
        this.#assignable([DYN], [range]);
        return [DYN, DYN];
      case 'dyn':
      case 'error':
        return [DYN, DYN];
      default:
        this.#report(expr.range.pos, `expression of type '${formatType(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`);
        return [ERROR, ERROR];
    }
  }

  #expect(expr: Expr, type: CelType): void {
    const found = this.check(expr);
    if (!this.#assignable([type], [found])) this.#report(expr.pos, `expected type '${formatType(this.#resolved(type))}' but found '${formatType(this.#resolved(found))}'`);
  }
}

export function check(expr: Expr, environment: CheckEnvironment): { readonly checked: Checked; readonly issues: readonly Issue[]; readonly type: CelType } {
  const checker = new Checker(environment);
  checker.check(expr);
  checker.finish();
  return { checked: checker, issues: checker.issues, type: checker.types.get(expr)! };
}
