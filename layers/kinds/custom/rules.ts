/** Rules in CEL (x-kubernetes-validations) of a schema, compiled once. */
import type { FieldError } from '#machinery/field-error.ts';
import type { SchemaNode } from './json-schema.ts';

export interface RuleSet {
  validate(object: unknown, old: unknown): FieldError[];
  /** As `validate`, of a value inside an object. */
  check(value: unknown, old: unknown, path: string): FieldError[];
}

export function rulesOf(_node: SchemaNode): RuleSet | undefined {
  return undefined;
}
