/** Whether the rules of a schema compile, and what they may cost (apiextensions `validation/cel_validation.go`). */
import { schemaSize } from '#machinery/cel/schema-types.ts';
import { type FieldError, forbidden, invalid } from '#machinery/field-error.ts';
import type { ValidationRule } from '#kinds/generated/types.ts';
import { compileSchema, type JsonSchema } from '../custom/json-schema.ts';
import { compileRules } from '../custom/rules.ts';
import type { RuleCheck } from './openapi-schema.ts';

/** Units that one rule may cost, times the values that it may be asked of in an object; and all rules of a definition together. */
const RULE_LIMIT = 10_000_000;
const DEFINITION_LIMIT = 100_000_000;
const MAX_REQUEST = 3 * 1024 * 1024;
const MOST_EXPENSIVE = 4;

export interface RuleOptions {
  /** Whether the schema of a version is the one it was. */
  unchanged(version: string): boolean;
}

/** As Go prints the rule's struct. */
const shown = ({ rule, message, messageExpression, reason, fieldPath, optionalOldSelf }: ValidationRule): object => ({
  Rule: rule,
  Message: message ?? '',
  MessageExpression: messageExpression ?? '',
  Reason: reason ?? null,
  FieldPath: fieldPath ?? '',
  OptionalOldSelf: optionalOldSelf ?? null,
});

function tooExpensive(what: string, cost: number, limit: number): string {
  const times = cost / limit;
  const factor = times > 100 ? 'more than 100x' : times < 1.5 ? `${times.toFixed(6)}x` : `${times.toFixed(1)}x`;
  return `${what} exceeds budget by factor of ${factor} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}

/** `total`: called last, for what all rules cost together. */
export function ruleCheck(root: JsonSchema, rootPath: string, unchanged: boolean): { readonly check: RuleCheck; total(): readonly FieldError[] } {
  let sum = 0;
  const expensive: { readonly path: string; readonly cost: number }[] = [];
  const observe = (path: string, cost: number): void => {
    sum += cost;
    if (cost < DEFINITION_LIMIT / 100) return;
    expensive.push({ path, cost });
    expensive.sort((a, b) => b.cost - a.cost);
    expensive.length = Math.min(expensive.length, MOST_EXPENSIVE);
  };
  return {
    check(schema, path, { uncorrelatable, cardinality }) {
      const errors: FieldError[] = [];
      const isRoot = schema === root || schema['x-kubernetes-embedded-resource'] === true;
      const size = schemaSize(schema, isRoot);
      if (size === undefined) {
        const why = 'internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations';
        return [{ type: 'InternalError', field: `${path}.x-kubernetes-validations`, detail: why }];
      }
      const times = cardinality ?? Math.floor(MAX_REQUEST / (size + 1));
      for (const [index, { rule, program, error, message, messageError }] of compileRules(compileSchema(schema), isRoot).entries()) {
        const at = `${path}.x-kubernetes-validations[${index}]`;
        const cost = (program?.estimate.max ?? 0) * times;
        if (!unchanged && cost > RULE_LIMIT) errors.push(forbidden(`${at}.rule`, tooExpensive('estimated rule cost', cost, RULE_LIMIT)));
        observe(`${at}.rule`, cost);
        if (error !== undefined) errors.push(invalid(`${at}.rule`, shown(rule), error));
        if (messageError !== undefined) errors.push(invalid(`${at}.messageExpression`, shown(rule), messageError));
        else if (message !== undefined) {
          const spent = message.estimate.max;
          if (!unchanged && spent > RULE_LIMIT) errors.push(forbidden(`${at}.messageExpression`, tooExpensive('estimated messageExpression cost', spent, RULE_LIMIT)));
          observe(`${at}.messageExpression`, spent);
        }
        if (program?.references.has('oldSelf') === true) {
          if (uncorrelatable !== undefined)
            errors.push(invalid(`${at}.rule`, rule.rule, `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable}`));
        } else if (rule.optionalOldSelf !== undefined) errors.push(invalid(`${at}.optionalOldSelf`, rule.optionalOldSelf, 'may not be set if oldSelf is not used in rule'));
      }
      return errors;
    },
    total() {
      if (sum <= DEFINITION_LIMIT) return [];
      return [
        ...expensive.map(({ path }) => forbidden(path, 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema')),
        forbidden(rootPath, tooExpensive('x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema', sum, DEFINITION_LIMIT)),
      ];
    },
  };
}
