/** The engine: an expression to something that can be evaluated, and the variables and types that Kubernetes' callers share. */
import { CelResultError, type CelOptions, type CompiledCel } from './api.ts';
import { compileError } from './ast.ts';
import { check } from './check.ts';
import { compile, frameFor } from './compile.ts';
import { toJson } from './equality.ts';
import { estimate } from './estimate.ts';
import { parse } from './parser.ts';
import { type CelObjectType, type CelType, DYN, formatType, STRING } from './types.ts';

/** Units that one evaluation may cost (apiserver `PerCallLimit`). */
export const PER_CALL_LIMIT = 1_000_000;
/** Units that all evaluations of one object or one policy may cost together. */
export const RUNTIME_BUDGET = 10_000_000;

const JSON_PATCH: CelObjectType = {
  kind: 'object',
  name: 'JSONPatch',
  constructible: true,
  fields: new Map([...['op', 'path', 'from'].map((name) => [name, { name, type: STRING, required: false }] as const), ['value', { name: 'value', type: DYN, required: false }]]),
};

class AnyFields extends Map<string, { readonly name: string; readonly type: CelType; readonly required: boolean }> {
  override get(name: string): { readonly name: string; readonly type: CelType; readonly required: boolean } {
    return { name, type: DYN, required: false };
  }
}

/** `Object`, `Object.spec.template`, ...: any field, the name alone says where it belongs. */
function mutationType(name: string): CelObjectType | undefined {
  if (name === 'JSONPatch') return JSON_PATCH;
  return name === 'Object' || name.startsWith('Object.') ? { kind: 'object', name, constructible: true, fields: new AnyFields() } : undefined;
}

/** @throws CelCompileError, and CelResultError for a result of another type */
export function compileCel(expression: string, options: CelOptions): CompiledCel {
  const tree = parse(expression);
  const { checked, issues, type } = check(tree, { variables: options.variables, structOf: options.mutation === true ? mutationType : () => undefined });
  if (issues.length > 0) throw compileError(expression, issues);
  if (options.result !== undefined && !options.result.some((wanted) => formatType(type) === formatType(wanted)))
    throw new CelResultError(`must evaluate to ${resultNames(options.result)} but got ${formatType(type)}`);
  const program = compile(tree, checked, options.variables);
  const limit = options.costLimit ?? PER_CALL_LIMIT;
  let estimated: CompiledCel['estimate'] | undefined;
  return {
    expression,
    type,
    limit,
    references: checked.references,
    get estimate() {
      return (estimated ??= estimate(tree, checked));
    },
    evaluate(bindings, budget = Infinity) {
      const frame = frameFor(program, bindings, Math.min(limit, budget));
      const value = program.run(frame);
      return { value, cost: frame.cost, json: () => toJson(value) };
    },
  };
}

function resultNames(types: readonly CelType[]): string {
  const names = types.map(formatType);
  return names.length === 1 ? names[0]! : `one of [${names.join(' ')}]`;
}
