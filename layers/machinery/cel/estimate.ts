/**
 * What an expression may cost at most, before there are values (cel-go `checker/cost.go`, apiserver `pkg/cel/library/cost.go`). Sizes come
 * from literals, from what functions make of them, and from the limits that the schema's types carry.
 */
import type { CelCost } from './api.ts';
import type { Call, Comprehension, Expr } from './ast.ts';
import type { Checked } from './check.ts';
import { CHECK_COST, REGEX, TRAVERSAL } from './cost.ts';
import type { Overload } from './functions/declare.ts';
import { length } from './functions/text.ts';
import type { CelType } from './types.ts';

type Range = CelCost;

/** The largest number of 64 bits: everything above is it. */
const MAX = 2 ** 64;
const cap = (value: number): number => (Number.isNaN(value) ? 0 : Math.min(value, MAX));
const fixed = (value: number): Range => ({ min: value, max: value });
const plus = (...ranges: readonly Range[]): Range => ({ min: cap(ranges.reduce((sum, { min }) => sum + min, 0)), max: cap(ranges.reduce((sum, { max }) => sum + max, 0)) });
const times = (a: Range, b: Range): Range => ({ min: cap(a.min * b.min), max: cap(a.max * b.max) });
const scaled = (a: Range, factor: number): Range => ({ min: cap(Math.ceil(a.min * factor)), max: cap(Math.ceil(a.max * factor)) });
const union = (a: Range, b: Range): Range => ({ min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) });
const UNKNOWN: Range = { min: 0, max: MAX };
const ONE = fixed(1);

const MAX_FORMAT_REGEX = 128;
const SCALARS: ReadonlySet<CelType['kind']> = new Set(['bool', 'int', 'uint', 'double', 'duration', 'timestamp']);

function typeSize(type: CelType | undefined): Range | undefined {
  if (type === undefined) return undefined;
  if (SCALARS.has(type.kind)) return ONE;
  if (type.maxElements !== undefined) return { min: 0, max: type.maxElements };
  if (type.kind === 'opaque' && type.name === 'optional_type') return typeSize(type.parameters[0]);
  return type.kind === 'object' ? fixed(0) : undefined;
}

function elementType(type: CelType | undefined): CelType | undefined {
  return type?.kind === 'list' ? type.element : undefined;
}

interface Local {
  readonly size: Range | undefined;
  readonly entries: Entries | undefined;
}
interface Entries {
  readonly key: Range;
  readonly value: Range;
}
interface Estimate {
  readonly cost: Range;
  readonly size?: Range;
}

class Coster {
  readonly #checked: Checked;
  readonly #sizes = new Map<Expr, Range>();
  readonly #entries = new Map<Expr, Entries>();
  readonly #locals = new Map<string, Local[]>();

  constructor(checked: Checked) {
    this.#checked = checked;
  }

  cost(expr: Expr): Range {
    switch (expr.kind) {
      case 'literal':
        return fixed(0);
      case 'ident':
        return ONE;
      case 'select': {
        if (this.#checked.names.has(expr)) return ONE;
        const operand = this.cost(expr.operand);
        return expr.test === true ? operand : plus(operand, ONE);
      }
      case 'call':
        return this.#call(expr);
      case 'list': {
        const costs = expr.elements.map(({ value }) => this.cost(value));
        this.#entries.set(expr, { key: ONE, value: this.#unionOf(expr.elements.map(({ value }) => value)) });
        return plus(fixed(10), ...costs);
      }
      case 'map': {
        const costs = expr.entries.flatMap(({ key, value }) => [this.cost(key), this.cost(value)]);
        this.#entries.set(expr, { key: this.#unionOf(expr.entries.map(({ key }) => key)), value: this.#unionOf(expr.entries.map(({ value }) => value)) });
        return plus(fixed(30), ...costs);
      }
      case 'struct':
        return plus(fixed(40), ...expr.fields.map(({ value }) => this.cost(value)));
      case 'comprehension':
        return this.#comprehension(expr);
    }
  }

  #unionOf(exprs: readonly Expr[]): Range {
    return exprs.length === 0 ? fixed(0) : exprs.map((one) => this.#size(one) ?? UNKNOWN).reduce(union);
  }

  #type(expr: Expr): CelType | undefined {
    return this.#checked.types.get(expr);
  }

  #local(name: string): Local | undefined {
    return this.#locals.get(name)?.at(-1);
  }

  #size(expr: Expr): Range | undefined {
    const known = this.#sizes.get(expr);
    if (known !== undefined) return known;
    if (expr.kind === 'literal') return fixed(typeof expr.value === 'string' ? length(expr.value) : expr.value instanceof Uint8Array ? expr.value.length : 1);
    if (expr.kind === 'list') return fixed(expr.elements.length);
    if (expr.kind === 'map') return fixed(expr.entries.length);
    return typeSize(this.#type(expr)) ?? (expr.kind === 'ident' ? this.#local(expr.name)?.size : undefined);
  }

  #sizeOf(expr: Expr): Range {
    return this.#size(expr) ?? UNKNOWN;
  }

  #entriesOf(expr: Expr): Entries | undefined {
    return this.#entries.get(expr) ?? (expr.kind === 'ident' ? this.#local(expr.name)?.entries : undefined);
  }

  #within<T>(locals: readonly (readonly [string, Local])[], run: () => T): T {
    for (const [name, local] of locals) this.#locals.set(name, [...(this.#locals.get(name) ?? []), local]);
    const result = run();
    for (const [name] of locals) this.#locals.get(name)!.pop();
    return result;
  }

  #comprehension(expr: Comprehension): Range {
    const start = plus(this.cost(expr.range), this.cost(expr.init));
    const accumulator: Local = { size: this.#size(expr.init), entries: this.#entriesOf(expr.init) };
    if (expr.first === '#unused') {
      const result = this.#within([[expr.accumulator, accumulator]], () => this.cost(expr.result));
      const size = this.#size(expr.result);
      if (size !== undefined) this.#sizes.set(expr, size);
      return plus(start, result);
    }
    const entries = this.#entriesOf(expr.range);
    const isList = this.#type(expr.range)?.kind === 'list';
    const first: Local = { size: isList && expr.second === undefined ? entries?.value : entries?.key, entries: undefined };
    const second: Local = { size: entries?.value, entries: undefined };
    const count = this.#sizeOf(expr.range);
    return this.#within([[expr.accumulator, accumulator]], () => {
      const turn = this.#within([[expr.first, first] as const, ...(expr.second === undefined ? [] : [[expr.second, second] as const])], () =>
        plus(this.cost(expr.condition), this.cost(expr.step)),
      );
      const result = this.cost(expr.result);
      if (expr.init.kind === 'literal') this.#sizes.set(expr, this.#sizeOf(expr.init));
      else this.#sizes.set(expr, count);
      const made = this.#entriesOf(expr.step);
      if (made !== undefined && expr.init.kind !== 'literal') this.#entries.set(expr, made);
      return plus(start, result, times(count, turn));
    });
  }

  #call(expr: Call): Range {
    const costs = expr.args.map((arg) => this.cost(arg));
    if (expr.fn === 'dyn' && expr.target === undefined) {
      const size = this.#size(expr.args[0]!);
      if (size !== undefined) this.#sizes.set(expr, size);
      return plus(ONE, costs[0]!);
    }
    const named = this.#checked.names.get(expr);
    const target = named === undefined ? expr.target : undefined;
    const overloads = this.#checked.overloads.get(expr) ?? [];
    const receiver = target === undefined ? fixed(0) : this.cost(target);
    let total: Range = { min: MAX, max: 0 };
    let size: Range | undefined;
    for (const overload of overloads) {
      const estimate = this.#overload(expr, overload, target, costs);
      total = union(total, estimate.cost);
      if (estimate.size !== undefined) size = size === undefined ? estimate.size : union(size, estimate.size);
    }
    if (overloads.length === 0) return fixed(0);
    size ??= this.#size(expr);
    if (size !== undefined) this.#sizes.set(expr, size);
    return plus(receiver, total);
  }

  #overload(expr: Call, overload: Overload, target: Expr | undefined, costs: readonly Range[]): Estimate {
    const args = expr.args;
    const all = plus(...costs);
    switch (expr.fn) {
      case '_&&_':
      case '_||_':
        return { cost: { min: costs[0]!.min, max: cap(costs[0]!.max + costs[1]!.max) } };
      case '_?_:_': {
        const entries = [this.#entriesOf(args[1]!), this.#entriesOf(args[2]!)];
        if (entries[0] !== undefined && entries[1] !== undefined)
          this.#entries.set(expr, { key: union(entries[0].key, entries[1].key), value: union(entries[0].value, entries[1].value) });
        else if (entries[0] !== undefined || entries[1] !== undefined) this.#entries.set(expr, (entries[0] ?? entries[1])!);
        return { cost: plus(costs[0]!, union(costs[1]!, costs[2]!)), size: union(this.#sizeOf(args[1]!), this.#sizeOf(args[2]!)) };
      }
      default:
    }
    const own = this.#own(overload, target, args, expr);
    return { cost: plus(own.cost, all), ...(own.size === undefined ? {} : { size: own.size }) };
  }

  /** The cost of the call alone. */
  #own(overload: Overload, target: Expr | undefined, args: readonly Expr[], expr: Expr): Estimate {
    const first = (): Range => this.#sizeOf(args[0]!);
    const received = (): Range => this.#sizeOf(target!);
    switch (overload.fn) {
      case 'check':
        return { cost: fixed(CHECK_COST) };
      case 'fieldSelector':
      case 'labelSelector':
        return { cost: plus(fixed(10), scaled(first(), TRAVERSAL), scaled(scaled(first(), 0.5), 50)) };
      case 'isSorted':
      case 'sum':
      case 'max':
      case 'min':
      case 'indexOf':
      case 'lastIndexOf': {
        if (target === undefined) return { cost: ONE };
        const element = elementType(this.#type(target));
        if (element === undefined) return { cost: scaled(received(), TRAVERSAL) };
        const each = element.kind === 'string' || element.kind === 'bytes' ? plus(ONE, scaled(typeSize(element) ?? UNKNOWN, TRAVERSAL)) : ONE;
        return { cost: times(received(), each) };
      }
      case 'url':
      case 'jsonpatch.escapeKey':
        return { cost: scaled(first(), TRAVERSAL), size: first() };
      case 'lowerAscii':
      case 'upperAscii':
      case 'substring':
      case 'trim':
        return { cost: scaled(received(), TRAVERSAL), size: received() };
      case 'replace':
        return { cost: scaled(received(), 2 * TRAVERSAL), size: replacedSize(received(), first(), this.#sizeOf(args[1]!)) };
      case 'split': {
        const limit = args[1]?.kind === 'literal' && typeof args[1].value === 'bigint' && args[1].value >= 0n ? Number(args[1].value) : received().max;
        return { cost: scaled(received(), 2 * TRAVERSAL), size: { min: 0, max: limit } };
      }
      case 'join': {
        const list = received();
        let size = times(list, typeSize(elementType(this.#type(target!))) ?? UNKNOWN);
        if (args.length > 0) size = plus(size, times(first(), { min: Math.max(0, list.min - 1), max: Math.max(0, list.max - 1) }));
        return { cost: scaled(size, TRAVERSAL), size };
      }
      case 'find':
      case 'findAll':
        return { cost: times(scaled(plus(received(), ONE), TRAVERSAL), scaled(first(), REGEX)), size: { min: 0, max: received().max } };
      case 'matches': {
        const [text, expression] = target === undefined ? [first(), this.#sizeOf(args[1]!)] : [received(), first()];
        return { cost: times(scaled(plus(text, ONE), TRAVERSAL), scaled(expression, REGEX)) };
      }
      case 'ip':
        return { cost: overload.id === 'cidr_ip' ? ONE : scaled(first(), TRAVERSAL) };
      case 'cidr':
      case 'isIP':
      case 'isCIDR':
      case 'quantity':
      case 'isQuantity':
      case 'semver':
      case 'isSemver':
        return { cost: scaled(first(), TRAVERSAL) };
      case 'ip.isCanonical':
        return { cost: scaled(first(), 2 * TRAVERSAL) };
      case 'containsIP':
        return { cost: plus({ min: 1, max: 4 }, overload.id === 'cidr_contains_ip_string' ? scaled(first(), TRAVERSAL) : fixed(0)) };
      case 'containsCIDR':
        return { cost: plus({ min: 3, max: 7 }, overload.id === 'cidr_contains_cidr_string' ? scaled(first(), TRAVERSAL) : fixed(0)) };
      case 'validate':
        return { cost: scaled(scaled(first(), TRAVERSAL), MAX_FORMAT_REGEX * REGEX) };
      case 'format':
        return { cost: scaled(received(), TRAVERSAL) };
      case 'strings.quote':
        return { cost: scaled(first(), TRAVERSAL), size: { min: first().min + 2, max: cap(first().max * 2 + 2) } };
      case 'startsWith':
      case 'endsWith':
        return { cost: scaled(first(), TRAVERSAL) };
      case 'contains':
        return { cost: times(scaled(received(), TRAVERSAL), scaled(first(), TRAVERSAL)) };
      case '_==_':
      case '_!=_':
      case '_<_':
      case '_<=_':
      case '_>_':
      case '_>=_': {
        if (overload.fn !== '_==_' && overload.fn !== '_!=_' && !/_(?:string|bytes)$/.test(overload.id)) return { cost: ONE };
        const max = Math.min(first().max, this.#sizeOf(args[1]!).max);
        return { cost: scaled({ min: max > 0 ? 1 : 0, max }, TRAVERSAL) };
      }
      default:
        return this.#byOverload(overload, args, expr);
    }
  }

  #byOverload(overload: Overload, args: readonly Expr[], expr: Expr): Estimate {
    switch (overload.id) {
      case 'string_to_bytes':
        return { cost: scaled(this.#sizeOf(args[0]!), TRAVERSAL), size: { min: this.#sizeOf(args[0]!).min, max: cap(this.#sizeOf(args[0]!).max * 4) } };
      case 'bytes_to_string':
        return { cost: scaled(this.#sizeOf(args[0]!), TRAVERSAL), size: { min: Math.floor(this.#sizeOf(args[0]!).min / 4), max: this.#sizeOf(args[0]!).max } };
      case 'in_list':
        return { cost: this.#sizeOf(args[1]!) };
      case 'add_string':
      case 'add_bytes': {
        const size = plus(this.#sizeOf(args[0]!), this.#sizeOf(args[1]!));
        return { cost: scaled(size, TRAVERSAL), size };
      }
      case 'add_list': {
        const entries = [this.#entriesOf(args[0]!), this.#entriesOf(args[1]!)].filter((one) => one !== undefined);
        if (entries.length > 0)
          this.#entries.set(
            expr,
            entries.reduce((a, b) => ({ key: union(a.key, b.key), value: union(a.value, b.value) })),
          );
        return { cost: ONE, size: plus(this.#sizeOf(args[0]!), this.#sizeOf(args[1]!)) };
      }
      case 'index_list':
      case 'index_map': {
        const value = this.#entriesOf(args[0]!)?.value;
        return { cost: ONE, ...(value === undefined ? {} : { size: value }) };
      }
      default:
        return { cost: ONE };
    }
  }
}

/** The length of a text after `replace(old, by)`. */
function replacedSize(text: Range, old: Range, by: Range): Range {
  const most = old.min === 0 ? { count: text.max + 1, kept: text.max } : by.max <= old.min ? { count: 0, kept: text.max } : { count: Math.ceil(text.max / old.min), kept: 0 };
  const least = old.max === 0 ? { count: text.min + 1, kept: text.min } : old.max <= by.min ? { count: 0, kept: text.min } : { count: Math.ceil(text.min / old.max), kept: 0 };
  return { min: cap(least.count * by.min + least.kept), max: cap(most.count * by.max + most.kept) };
}

export const estimate = (expr: Expr, checked: Checked): CelCost => new Coster(checked).cost(expr);
