/**
 * Schemas inside `items` and `additionalProperties` in the shape of Go's structs, too: those fields take a schema or something else, so that
 * decoding by type ends there.
 */
import { DecodeError, decodeValue } from '#machinery/decode.ts';
import { badRequest } from '#machinery/status.ts';
import type { TypeSchema } from '#machinery/schema.ts';
import type { JsonSchema } from '../custom/json-schema.ts';
import { schemaOf } from '../schema.ts';

let type: TypeSchema | undefined;

function typed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(typed);
  if (typeof value !== 'object' || value === null) return value;
  type ??= schemaOf('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps')!;
  try {
    const { object } = decodeValue(value, { schema: type, findings: false });
    canonicalSchema(object as JsonSchema);
    return object;
  } catch (error) {
    if (error instanceof DecodeError) throw badRequest(error.message);
    throw error;
  }
}

/** In place. */
export function canonicalSchema(schema: JsonSchema): void {
  for (const name of ['items', 'additionalProperties', 'additionalItems'] as const) if (typeof schema[name] === 'object') schema[name] = typed(schema[name]) as never;
  for (const name of ['allOf', 'anyOf', 'oneOf'] as const) for (const one of schema[name] ?? []) canonicalSchema(one);
  if (schema.not !== undefined) canonicalSchema(schema.not);
  for (const name of ['properties', 'patternProperties', 'definitions'] as const) for (const one of Object.values(schema[name] ?? {})) canonicalSchema(one);
}
