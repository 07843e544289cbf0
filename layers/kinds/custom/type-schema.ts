/** A custom resource's schema as the type that decoding, pruning and server-side apply walk by. */
import type { FieldSchema, TypeSchema } from '#machinery/schema.ts';
import { schemaOf } from '../schema.ts';
import type { SchemaNode } from './json-schema.ts';

const STRING: TypeSchema = { name: 'string', type: 'string' };
/** Everything below goes where a schema allows keys but says nothing of their values. */
const NOTHING: TypeSchema = { name: '', type: 'object', fields: new Map() };
const ANYTHING: TypeSchema = { name: '', type: 'any' };

const objectMeta = (): TypeSchema => schemaOf('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta')!;

function fieldOf(name: string, node: SchemaNode, required: boolean): FieldSchema {
  return {
    name,
    type: typeOf(node),
    required,
    ...(node.listType === 'set' || node.listType === 'map' ? { listType: node.listType } : {}),
    ...(node.listType === 'map' ? { listMapKeys: node.listMapKeys } : {}),
    ...(node.default === undefined ? {} : { default: node.default }),
  };
}

/** `apiVersion`, `kind` and `metadata` of an object, whatever its schema says of them. */
function typeMeta(fields: Map<string, FieldSchema>): void {
  fields.set('apiVersion', { name: 'apiVersion', type: STRING, required: false });
  fields.set('kind', { name: 'kind', type: STRING, required: false });
  fields.set('metadata', { name: 'metadata', type: objectMeta(), required: false });
}

function objectType(node: SchemaNode, root: string | undefined): TypeSchema {
  const fields = new Map<string, FieldSchema>();
  for (const [name, child] of node.properties ?? []) fields.set(name, fieldOf(name, child, node.required.includes(name)));
  if (root !== undefined || node.embedded) typeMeta(fields);
  const mapType = node.atomicMap ? ({ mapType: 'atomic' } as const) : {};
  const { additional } = node;
  if (additional !== undefined && (node.properties === undefined || node.properties.size === 0) && !node.preserveUnknown)
    return { name: root ?? '', type: 'map', items: typeof additional === 'object' ? typeOf(additional) : NOTHING, ...mapType };
  if (fields.size === 0 && node.preserveUnknown) return { name: root ?? '', type: 'object', preserveUnknown: true, ...mapType };
  return { name: root ?? '', type: 'object', fields, ...(node.preserveUnknown || additional === true ? { preserveUnknown: true } : {}), ...mapType };
}

function typeOf(node: SchemaNode): TypeSchema {
  if (node.intOrString) return { name: '', type: 'intOrString' };
  switch (node.type) {
    case 'object':
      return objectType(node, undefined);
    case 'array':
      return {
        name: '',
        type: 'array',
        items: node.items === undefined ? ANYTHING : typeOf(node.items),
        ...(node.listType === 'set' || node.listType === 'map' ? { listType: node.listType, ...(node.listType === 'map' ? { listMapKeys: node.listMapKeys } : {}) } : {}),
      };
    case 'string':
      return STRING;
    case 'boolean':
      return { name: '', type: 'boolean' };
    case 'integer':
      return { name: '', type: 'integer', format: node.format === 'int32' ? 'int32' : 'int64' };
    case 'number':
      return { name: '', type: 'number', format: 'double' };
    default:
      return node.properties !== undefined || node.additional !== undefined ? objectType(node, undefined) : ANYTHING;
  }
}

/** `name`: what the type is called in OpenAPI, such as `com.example.v1.Widget`. */
export const typeSchemaOf = (node: SchemaNode, name: string): TypeSchema => objectType(node, name);
