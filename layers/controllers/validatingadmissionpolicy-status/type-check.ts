/** The expressions of a policy checked against the types of what it matches (`plugin/policy/validating/typechecking.go`). */
import { CelCompileError } from '#machinery/cel/api.ts';
import { type CelSchema, kindType, schemaType } from '#machinery/cel/schema-types.ts';
import type { CelType } from '#machinery/cel/types.ts';
import { compileExpression, compileVariables, type Expressions } from '#kinds/admissionregistration/environment.ts';
import type { ExpressionWarning, NamedRuleWithOperations, ValidatingAdmissionPolicy } from '#kinds/generated/types.ts';
import type { Kind, KindRegistry } from '#kinds/kind.ts';

/** A policy for more kinds than this is checked against the first ones. */
const MAX_TYPES = 10;

const typeOf = (kind: Kind): CelType | undefined => (kind.custom === undefined ? kindType(kind.schema) : schemaType(kind.custom.schema.source as CelSchema, true, kind.kind));
const named = ({ group, version, kind }: Kind): string => `${group === '' ? '' : `${group}/`}${version}, Kind=${kind}`;

/** Wildcards say nothing of types. */
function kindsOf(registry: KindRegistry, rules: readonly NamedRuleWithOperations[]): readonly Kind[] {
  const found = new Set<Kind>();
  for (const { apiGroups = [], apiVersions = [], resources = [] } of rules) {
    if ([...apiGroups, ...apiVersions].some((one) => one.includes('*'))) continue;
    for (const group of [...apiGroups].sort())
      for (const version of [...apiVersions].sort())
        for (const resource of resources.filter((one) => !/[*/]/.test(one)).sort()) {
          const kind = registry.byResource(group, version, resource);
          if (kind !== undefined && found.size < MAX_TYPES) found.add(kind);
        }
  }
  return [...found].sort((a, b) => (named(a) < named(b) ? -1 : 1));
}

export function expressionWarnings(registry: KindRegistry, { spec = {} }: ValidatingAdmissionPolicy): readonly ExpressionWarning[] {
  const kinds = kindsOf(registry, spec.matchConstraints?.resourceRules ?? []);
  const paramKind = spec.paramKind;
  const [group, version] = paramKind?.apiVersion?.includes('/') === true ? (paramKind.apiVersion.split('/') as [string, string]) : ['', paramKind?.apiVersion ?? ''];
  const parameters = paramKind === undefined ? undefined : registry.byKind(group, version, paramKind.kind ?? '');
  const params = parameters === undefined ? undefined : typeOf(parameters);
  const environments = kinds.flatMap((kind): readonly (readonly [Kind, Expressions])[] => {
    const object = typeOf(kind);
    if (object === undefined) return [];
    const base: Expressions = { hasParams: paramKind !== undefined, hasAuthorizer: true, object, ...(params === undefined ? {} : { params }) };
    return [[kind, { ...base, variables: compileVariables(spec.variables ?? [], base).type }]];
  });
  const check = (expression: string): string =>
    environments
      .map(([kind, environment]) => {
        try {
          compileExpression(expression, environment, 'any');
          return '';
        } catch (error) {
          if (!(error instanceof CelCompileError)) throw error;
          return `${named(kind)}: compilation failed: ${error.message}\n`;
        }
      })
      .filter((text) => text !== '')
      .join('\n');
  const warnings: ExpressionWarning[] = [];
  for (const [at, validation] of (spec.validations ?? []).entries())
    for (const name of ['expression', 'messageExpression'] as const) {
      const expression = validation[name];
      const warning = expression ? check(expression) : '';
      if (warning !== '') warnings.push({ fieldRef: `spec.validations[${at}].${name}`, warning });
    }
  return warnings;
}
