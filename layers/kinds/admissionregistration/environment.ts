/** What expressions of webhooks and policies may speak of (apiserver `admission/plugin/cel`). */
import { CelCompileError, CelResultError, type CompiledCel } from '#machinery/cel/api.ts';
import { compileCel } from '#machinery/cel/cel.ts';
import { BOOL, type CelObjectType, type CelType, DYN, INT, listOf, mapOf, NULL, objectType, opaque, STRING, TIMESTAMP } from '#machinery/cel/types.ts';

const GVK = objectType('kubernetes.GroupVersionKind', { group: STRING, version: STRING, kind: STRING });
const GVR = objectType('kubernetes.GroupVersionResource', { group: STRING, version: STRING, resource: STRING });
const USER = objectType('kubernetes.UserInfo', { username: STRING, uid: STRING, groups: listOf(STRING), extra: mapOf(STRING, listOf(STRING)) });
export const REQUEST_TYPE = objectType('kubernetes.AdmissionRequest', {
  kind: GVK,
  resource: GVR,
  subResource: STRING,
  requestKind: GVK,
  requestResource: GVR,
  requestSubResource: STRING,
  name: STRING,
  namespace: STRING,
  operation: STRING,
  userInfo: USER,
  dryRun: BOOL,
  options: DYN,
});
const LABELS = mapOf(STRING, STRING);
export const NAMESPACE_TYPE = objectType('kubernetes.Namespace', {
  metadata: objectType('kubernetes.NamespaceMetadata', {
    name: STRING,
    generateName: STRING,
    namespace: STRING,
    labels: LABELS,
    annotations: LABELS,
    UID: STRING,
    creationTimestamp: TIMESTAMP,
    deletionGracePeriodSeconds: INT,
    deletionTimestamp: TIMESTAMP,
    generation: INT,
    resourceVersion: STRING,
    finalizers: listOf(STRING),
  }),
  spec: objectType('kubernetes.NamespaceSpec', { finalizers: listOf(STRING) }),
  status: objectType('kubernetes.NamespaceStatus', {
    conditions: listOf(objectType('kubernetes.NamespaceCondition', { status: STRING, type: STRING, lastTransitionTime: TIMESTAMP, message: STRING, reason: STRING })),
    phase: STRING,
  }),
});
const AUTHORIZER = opaque('kubernetes.authorization.Authorizer');
const RESOURCE_CHECK = opaque('kubernetes.authorization.ResourceCheck');

export interface Expressions {
  readonly hasParams: boolean;
  readonly hasAuthorizer: boolean;
  /** Types in place of dynamic ones, where a policy's expressions are checked against what it matches. */
  readonly object?: CelType;
  readonly params?: CelType;
  /** Named expressions that others use as `variables.name`. */
  readonly variables?: CelObjectType;
  /** `Object{...}` and `JSONPatch{...}` may be made. */
  readonly mutation?: true;
}

/** What an expression's value must be. */
export type Result = 'bool' | 'string' | 'stringOrNull' | 'object' | 'patch' | 'any';

const JSON_PATCH = objectType('JSONPatch', {});
const RESULTS: Readonly<Record<Result, readonly CelType[] | undefined>> = {
  bool: [BOOL],
  string: [STRING],
  stringOrNull: [STRING, NULL],
  object: [objectType('Object', {})],
  patch: [listOf(JSON_PATCH)],
  any: undefined,
};

function variablesOf({ hasParams, hasAuthorizer, object, params, variables }: Expressions): Record<string, CelType> {
  return {
    object: object ?? DYN,
    oldObject: object ?? DYN,
    namespaceObject: NAMESPACE_TYPE,
    request: REQUEST_TYPE,
    ...(hasParams ? { params: params ?? DYN } : {}),
    ...(hasAuthorizer ? { authorizer: AUTHORIZER, 'authorizer.requestResource': RESOURCE_CHECK } : {}),
    ...(variables === undefined ? {} : { variables }),
  };
}

/** @throws CelCompileError */
export function compileExpression(expression: string, environment: Expressions, result: Result): CompiledCel {
  const types = RESULTS[result];
  return compileCel(expression, {
    variables: variablesOf(environment),
    ...(types === undefined ? {} : { result: types }),
    ...(environment.mutation === true ? { mutation: true } : {}),
  });
}

/** What is wrong with an expression, as validation says it; nothing where it compiles. */
export function expressionError(expression: string, environment: Expressions, result: Result): string | undefined {
  try {
    compileExpression(expression, environment, result);
    return undefined;
  } catch (error) {
    if (error instanceof CelResultError) return error.message;
    if (error instanceof CelCompileError) return `compilation failed: ${error.message}`;
    throw error;
  }
}

export interface NamedExpression {
  readonly name: string;
  readonly expression: string;
}

export interface CompiledVariable {
  readonly name: string;
  readonly compiled: CompiledCel | undefined;
  /** Why it does not compile. */
  readonly error: string | undefined;
}

/** Variables, in order: each may use those before it. `type` is that of `variables`. */
export function compileVariables(
  variables: readonly NamedExpression[],
  environment: Expressions,
): { readonly type: CelObjectType; readonly compiled: readonly CompiledVariable[] } {
  const fields: Record<string, CelType> = {};
  const compiled: CompiledVariable[] = [];
  for (const { name, expression } of variables) {
    try {
      const one = compileExpression(expression, { ...environment, variables: objectType('kubernetes.variables', fields) }, 'any');
      compiled.push({ name, compiled: one, error: undefined });
      fields[name] = one.type;
    } catch (error) {
      if (!(error instanceof CelCompileError)) throw error;
      compiled.push({ name, compiled: undefined, error: `compilation failed: ${error.message}` });
      fields[name] = DYN;
    }
  }
  return { type: objectType('kubernetes.variables', fields), compiled };
}
