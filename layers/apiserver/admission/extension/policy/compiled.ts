/** The expressions of a policy, compiled once for each version of it. */
import { CelCompileError, type CompiledCel } from '#machinery/cel/api.ts';
import { compileExpression, compileVariables, type Expressions, type Result } from '#kinds/admissionregistration/environment.ts';
import type { MutatingAdmissionPolicy, ValidatingAdmissionPolicy } from '#kinds/generated/types.ts';
import type { Conditions, Variables } from '../evaluation.ts';

/** An expression, or why it does not compile. */
export type Expression = CompiledCel | string;

export interface CompiledPolicy {
  readonly conditions: Conditions;
  readonly variables: Variables | undefined;
  readonly validations: readonly { readonly expression: Expression; readonly message: Expression | undefined }[];
  readonly annotations: readonly Expression[];
  readonly mutations: readonly Expression[];
}

type Policy = ValidatingAdmissionPolicy & MutatingAdmissionPolicy;
const known = new WeakMap<object, CompiledPolicy>();

export function compilePolicy(policy: ValidatingAdmissionPolicy | MutatingAdmissionPolicy): CompiledPolicy {
  const found = known.get(policy);
  if (found !== undefined) return found;
  const spec: NonNullable<Policy['spec']> = (policy as Policy).spec ?? {};
  const base: Expressions = { hasParams: spec.paramKind !== undefined, hasAuthorizer: true };
  const variables = (spec.variables ?? []).length === 0 ? undefined : compileVariables(spec.variables!, base);
  const own: Expressions = variables === undefined ? base : { ...base, variables: variables.type };
  const made: CompiledPolicy = {
    variables,
    conditions: { names: (spec.matchConditions ?? []).map(({ name }) => name), compiled: (spec.matchConditions ?? []).map(({ expression }) => compiled(expression, base, 'bool')) },
    validations: (spec.validations ?? []).map(({ expression, messageExpression }) => ({
      expression: compiled(expression, own, 'bool'),
      message: messageExpression ? compiled(messageExpression, { ...own, hasAuthorizer: false }, 'string') : undefined,
    })),
    annotations: (spec.auditAnnotations ?? []).map(({ valueExpression }) => compiled(valueExpression, own, 'stringOrNull')),
    mutations: (spec.mutations ?? []).map(({ patchType, applyConfiguration, jsonPatch }) =>
      patchType === 'JSONPatch'
        ? compiled(jsonPatch?.expression ?? '', { ...own, mutation: true }, 'patch')
        : compiled(applyConfiguration?.expression ?? '', { ...own, mutation: true }, 'object'),
    ),
  };
  known.set(policy, made);
  return made;
}

function compiled(expression: string, environment: Expressions, result: Result): Expression {
  try {
    return compileExpression(expression, environment, result);
  } catch (error) {
    if (error instanceof CelCompileError) return error.message;
    throw error;
  }
}
