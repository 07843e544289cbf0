/** A checked tree to closures. Each adds what it costs (cel-go `interpreter/runtimecost.go`) and stops where the limit is passed. */
import { CelCostError, CelEvaluationError } from './api.ts';
import { ACCUMULATOR, type Call, type Comprehension, type Expr, type Select, type StructExpr } from './ast.ts';
import { type Checked, TYPE_NAMES } from './check.ts';
import { callCost } from './cost.ts';
import type { Overload } from './functions/declare.ts';
import type { CelType } from './types.ts';
import { adapt, ArrayList, GrowingList, kindOfValue, ListValue, MapValue, NativeMap, opaqueName, Optional, StructValue, TypeValue } from './values.ts';

/** One evaluation. */
export interface Frame {
  readonly slots: unknown[];
  cost: number;
  readonly limit: number;
}

export type Run = (frame: Frame) => unknown;

const fail = (message: string): never => {
  throw new CelEvaluationError(message);
};

function spend(frame: Frame, units: number): void {
  frame.cost += units;
  if (frame.cost > frame.limit) throw new CelCostError();
}

/** What a list, a map and an object cost to make. */
const LIST_COST = 10;
const MAP_COST = 30;
const STRUCT_COST = 40;
const UNBOUND = Symbol('unbound');

/** An accumulator that is an error. */
class Failure {
  readonly error: CelEvaluationError;
  constructor(error: CelEvaluationError) {
    this.error = error;
  }
}

class Compiler {
  readonly #checked: Checked;
  readonly #globals: ReadonlyMap<string, number>;
  #locals: readonly (readonly [string, number])[] = [];
  slots: number;

  constructor(checked: Checked, globals: ReadonlyMap<string, number>) {
    this.#checked = checked;
    this.#globals = globals;
    this.slots = globals.size;
  }

  compile(expr: Expr): Run {
    switch (expr.kind) {
      case 'literal': {
        const { value } = expr;
        return () => value;
      }
      case 'ident':
        return this.#named(expr.name);
      case 'select': {
        const name = this.#checked.names.get(expr);
        return name === undefined ? this.#select(expr) : this.#named(name);
      }
      case 'call':
        return this.#call(expr);
      case 'list':
        return this.#list(expr.elements.map(({ value, optional }) => ({ run: this.compile(value), optional })));
      case 'map': {
        const entries = expr.entries.map(({ key, value, optional }) => ({ key: this.compile(key), value: this.compile(value), optional }));
        return (frame) => {
          const map = new NativeMap();
          for (const { key, value, optional } of entries) {
            const at = key(frame);
            const entry = value(frame);
            if (map.has(at)) fail(`Failed with repeated key: ${String(at)}`);
            if (!optional) map.set(at, entry);
            else if ((entry as Optional).present) map.set(at, (entry as Optional).value);
          }
          spend(frame, MAP_COST);
          return map;
        };
      }
      case 'struct':
        return this.#struct(expr);
      case 'comprehension':
        return this.#comprehension(expr);
    }
  }

  #named(name: string): Run {
    const slot = this.#locals.findLast(([known]) => known === name)?.[1] ?? this.#globals.get(name);
    if (slot === undefined) {
      const value = new TypeValue(TYPE_NAMES[name]!);
      return (frame) => {
        spend(frame, 1);
        return value;
      };
    }
    if (name === ACCUMULATOR)
      return (frame) => {
        spend(frame, 1);
        const value = frame.slots[slot];
        if (value instanceof Failure) throw value.error;
        return value;
      };
    return (frame) => {
      spend(frame, 1);
      const value = frame.slots[slot];
      return value === UNBOUND ? fail(`no such attribute(s): ${name}`) : value;
    };
  }

  #select(expr: Select): Run {
    const operand = this.compile(expr.operand);
    const { field } = expr;
    if (expr.test === true)
      // presence costs nothing, what leads to it does
      return (frame) => {
        const value = operand(frame);
        if (value instanceof Optional) return value.present && has(value.value, field);
        return has(value, field);
      };
    if (expr.optional === true)
      return (frame) => {
        const value = operand(frame);
        spend(frame, 1);
        return optionalField(value, field);
      };
    return (frame) => {
      const value = operand(frame);
      spend(frame, 1);
      if (value instanceof MapValue) {
        const found = value.get(field);
        return found === undefined ? fail(`no such key: ${field}`) : found;
      }
      return value instanceof Optional ? optionalField(value, field) : fail(value === null ? `no such key: ${field}` : 'no such overload');
    };
  }

  #list(elements: readonly { readonly run: Run; readonly optional: boolean }[]): Run {
    return (frame) => {
      const items: unknown[] = [];
      for (const { run, optional } of elements) {
        const item = run(frame);
        if (!optional) items.push(item);
        else if ((item as Optional).present) items.push((item as Optional).value);
      }
      spend(frame, LIST_COST);
      return new ArrayList(items);
    };
  }

  #struct(expr: StructExpr): Run {
    const type = this.#checked.structs.get(expr)!;
    const fields = expr.fields.map(({ name, value, optional }) => ({ name, run: this.compile(value), optional }));
    return (frame) => {
      const values = new Map<string, unknown>();
      for (const { name, run, optional } of fields) {
        const value = run(frame);
        if (!optional) values.set(name, value);
        else if ((value as Optional).present) values.set(name, (value as Optional).value);
      }
      spend(frame, STRUCT_COST);
      return new StructValue(type, values);
    };
  }

  #call(expr: Call): Run {
    const args = expr.args.map((arg) => this.compile(arg));
    switch (expr.fn) {
      case '_&&_':
        return logical(args[0]!, args[1]!, false);
      case '_||_':
        return logical(args[0]!, args[1]!, true);
      case '_?_:_': {
        const [condition, yes, no] = args as [Run, Run, Run];
        return (frame) => {
          const value = condition(frame);
          return value === true ? yes(frame) : value === false ? no(frame) : fail('no such overload');
        };
      }
      case '@not_strictly_false':
        return (frame) => {
          let value: unknown = true;
          try {
            value = args[0]!(frame);
          } catch (error) {
            if (!(error instanceof CelEvaluationError)) throw error;
          }
          spend(frame, 1);
          return value !== false;
        };
      default:
    }
    if (expr.target !== undefined && !this.#checked.names.has(expr)) args.unshift(this.compile(expr.target));
    return invoke(this.#checked.overloads.get(expr)!, args);
  }

  #comprehension(expr: Comprehension): Run {
    const range = this.compile(expr.range);
    const init = this.compile(expr.init);
    const outer = this.#locals;
    const accumulator = this.slots++;
    const first = this.slots++;
    const second = expr.second === undefined ? -1 : this.slots++;
    this.#locals = [...outer, [expr.accumulator, accumulator], [expr.first, first], ...(expr.second === undefined ? [] : [[expr.second, second] as const])];
    const condition = this.compile(expr.condition);
    const step = this.compile(expr.step);
    this.#locals = [...outer, [expr.accumulator, accumulator]];
    const result = this.compile(expr.result);
    this.#locals = outer;
    const quantifier = expr.init.kind === 'literal' && typeof expr.init.value === 'boolean';
    const grows = expr.init.kind === 'list' && expr.init.elements.length === 0;
    return (frame) => {
      const over = range(frame);
      const start = init(frame);
      // slots of an inner loop are used again by each turn of the outer one
      frame.slots[accumulator] = grows ? new GrowingList() : start;
      const turn = (a: unknown, b: unknown): boolean => {
        frame.slots[first] = a;
        if (second >= 0) frame.slots[second] = b;
        if (condition(frame) === false) return false;
        try {
          frame.slots[accumulator] = step(frame);
        } catch (error) {
          // a later turn may still decide `all` and `exists`: the error is the accumulator's until then
          if (!quantifier || !(error instanceof CelEvaluationError)) throw error;
          frame.slots[accumulator] = new Failure(error);
        }
        return true;
      };
      if (over instanceof ListValue) {
        for (let at = 0; at < over.size; at++) {
          const item = over.at(at);
          if (!(second < 0 ? turn(item, undefined) : turn(BigInt(at), item))) break;
        }
      } else if (over instanceof MapValue) {
        for (const key of over.keys()) if (!turn(key, second < 0 ? undefined : over.get(key))) break;
      } else return fail('no such overload');
      const value = frame.slots[accumulator];
      if (value instanceof GrowingList) frame.slots[accumulator] = new ArrayList(value.items);
      return result(frame);
    };
  }
}

function has(value: unknown, field: string): boolean {
  return value instanceof MapValue ? value.get(field) !== undefined : fail('no such overload');
}

function optionalField(value: unknown, field: string): Optional {
  const inner = value instanceof Optional ? (value.present ? value.value : null) : value;
  if (inner === null) return Optional.NONE;
  if (!(inner instanceof MapValue)) return fail('no such overload');
  const found = inner.get(field);
  return found === undefined ? Optional.NONE : Optional.of(found);
}

/** @param decisive the value that decides alone; an error of one side yields to it on the other */
function logical(left: Run, right: Run, decisive: boolean): Run {
  return (frame) => {
    let error: CelEvaluationError | undefined;
    try {
      const value = left(frame);
      if (value === decisive) return decisive;
      if (value !== !decisive) error = new CelEvaluationError('no such overload');
    } catch (caught) {
      if (!(caught instanceof CelEvaluationError)) throw caught;
      error = caught;
    }
    const value = right(frame);
    if (value === decisive) return decisive;
    if (error !== undefined) throw error;
    return value === !decisive ? !decisive : fail('no such overload');
  };
}

function fits(type: CelType, value: unknown): boolean {
  switch (type.kind) {
    case 'dyn':
    case 'parameter':
      return true;
    case 'map':
      return value instanceof MapValue;
    case 'opaque':
      if (opaqueName(value) !== type.name) return false;
      return !(value instanceof Optional) || !value.present || type.parameters.length === 0 || fits(type.parameters[0]!, value.value);
    case 'list':
      return value instanceof ListValue && (value.size === 0 || fits(type.element, value.at(0)));
    default:
      return kindOfValue(value) === type.kind;
  }
}

function invoke(overloads: readonly Overload[], args: readonly Run[]): Run {
  const single = overloads.length === 1 ? overloads[0]! : undefined;
  // arguments of a single overload still may be dynamic: what they are is known only now
  const choose = (values: readonly unknown[]): Overload => {
    if (single !== undefined) return single.args.every((type, at) => fits(type, values[at])) ? single : fail('no such overload');
    return overloads.find((one) => one.args.every((type, at) => fits(type, values[at]))) ?? fail('no such overload');
  };
  if (args.length === 2) {
    const [a, b] = args as [Run, Run];
    return (frame) => {
      const values = [a(frame), b(frame)];
      const overload = choose(values);
      const result = overload.run(values[0], values[1]);
      spend(frame, callCost(overload, values, result));
      return result;
    };
  }
  return (frame) => {
    const values = args.map((arg) => arg(frame));
    const overload = choose(values);
    const result = overload.run(...values);
    spend(frame, callCost(overload, values, result));
    return result;
  };
}

export interface Program {
  readonly run: Run;
  readonly slots: number;
  /** The slots that are filled before the run, with the names and types of their variables. */
  readonly globals: readonly (readonly [name: string, type: CelType])[];
}

export function compile(expr: Expr, checked: Checked, variables: Readonly<Record<string, CelType>>): Program {
  const globals = [...checked.references].map((name) => [name, variables[name]!] as const);
  const compiler = new Compiler(checked, new Map(globals.map(([name], at) => [name, at])));
  const run = compiler.compile(expr);
  return { run, slots: compiler.slots, globals };
}

export function frameFor(program: Program, bindings: Readonly<Record<string, unknown>>, limit: number): Frame {
  const slots: unknown[] = Array.from({ length: program.slots });
  for (const [at, [name, type]] of program.globals.entries()) slots[at] = Object.hasOwn(bindings, name) && bindings[name] !== undefined ? adapt(bindings[name], type) : UNBOUND;
  return { slots, cost: 0, limit };
}
