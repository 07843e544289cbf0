/** Whether the rules of a schema compile, and what they may cost. */
import type { FieldError } from '#machinery/field-error.ts';
import type { JsonSchema } from '../custom/json-schema.ts';
import type { RuleCheck } from './openapi-schema.ts';

export interface RuleOptions {
  /** Expressions that were there before an update. */
  readonly knownRules: ReadonlySet<string>;
  /** Whether the schema of a version is the one it was. */
  unchanged(version: string): boolean;
}

/** `total`: called last, for what all rules cost together. */
export function ruleCheck(_schema: JsonSchema, path: string, _options: RuleOptions, _unchanged: boolean): { readonly check: RuleCheck; total(): readonly FieldError[] } {
  return { check: () => [], total: () => [{ type: 'InternalError', field: path, detail: 'rules cannot be compiled' }] };
}
