import type { JsonSchema } from '../custom/json-schema.ts';

/** All schemas in a schema, itself first. */
export function* schemasIn(schema: JsonSchema): Generator<JsonSchema> {
  yield schema;
  const { items, additionalProperties, additionalItems, not } = schema;
  const inner: (JsonSchema | undefined)[] = [
    ...(Array.isArray(items) ? items : [items]),
    ...(schema.allOf ?? []),
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
    not,
    ...Object.values(schema.properties ?? {}),
    typeof additionalProperties === 'object' ? additionalProperties : undefined,
    ...Object.values(schema.patternProperties ?? {}),
    typeof additionalItems === 'object' ? additionalItems : undefined,
    ...Object.values(schema.definitions ?? {}),
    ...Object.values(schema.dependencies ?? {}).map((one) => (Array.isArray(one) ? undefined : one)),
  ];
  for (const one of inner) if (one !== undefined && one !== null) yield* schemasIn(one);
}

export function anySchema(schema: JsonSchema | undefined, holds: (schema: JsonSchema) => boolean): boolean {
  if (schema === undefined) return false;
  for (const one of schemasIn(schema)) if (holds(one)) return true;
  return false;
}
