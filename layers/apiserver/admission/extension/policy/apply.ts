/** An apply configuration that an expression made, laid over an object as server-side apply lays one, without anybody owning its fields. */
import type { FieldSchema, TypeSchema } from '#machinery/schema.ts';
import { apply } from '#machinery/apply/apply.ts';
import type { KubeObject } from '#machinery/object.ts';
import { MapValue, ListValue, StructValue } from '#machinery/cel/values.ts';

/** `Object.spec{...}` may only stand where `spec` is. @returns what is wrong */
export function misplaced(value: unknown, path: string): string | undefined {
  if (value instanceof StructValue && value.objectType.name !== path && value.objectType.name !== 'JSONPatch')
    return `unexpected type name "${value.objectType.name}", expected "${path}", which matches field name path from root Object type`;
  if (value instanceof StructValue) {
    for (const [name, field] of value.fields) {
      const wrong = misplaced(field, `${path}.${name}`);
      if (wrong !== undefined) return wrong;
    }
  } else if (value instanceof ListValue) {
    for (const item of value) {
      const wrong = misplaced(item, `${path}.item`);
      if (wrong !== undefined) return wrong;
    }
  } else if (value instanceof MapValue) {
    for (const key of value.keys()) {
      const wrong = misplaced(value.get(key), `${path}.item`);
      if (wrong !== undefined) return wrong;
    }
  }
  return undefined;
}

/** The paths of what is replaced whole: a policy that names a part of it would lose the rest. */
export function atomics(value: unknown, schema: TypeSchema, field: FieldSchema | undefined, path: string): string[] {
  if (Array.isArray(value)) {
    if (field?.listType === undefined || field.listType === 'atomic') return [path];
    return value.flatMap((item, at) => (schema.items === undefined ? [] : atomics(item, schema.items, undefined, `${path}[${at}]`)));
  }
  if (typeof value !== 'object' || value === null) return [];
  if (field?.mapType === 'atomic' || schema.mapType === 'atomic') return [path];
  if (schema.type !== 'object') return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const own = schema.fields?.get(name);
    return own === undefined ? [] : atomics(inner, own.type, own, `${path}.${name}`);
  });
}

const MANAGER = 'paperplane-admission-policy';

/** The object with the configuration laid over it; a copy. */
export function laidOver(object: KubeObject, configuration: Record<string, unknown>, schema: TypeSchema): KubeObject {
  const { managedFields, ...metadata } = object.metadata;
  const config = {
    ...configuration,
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: { ...(configuration['metadata'] as object | undefined), ...(metadata.name === undefined ? {} : { name: metadata.name }) },
  } as KubeObject;
  const result = apply({ ...object, metadata }, config, { manager: MANAGER, schema, apiVersion: object.apiVersion, subresource: '', time: '', resetFields: [], force: true });
  const copy = structuredClone(result.object);
  if (managedFields === undefined) delete copy.metadata.managedFields;
  else copy.metadata.managedFields = managedFields;
  return copy;
}
