/** Custom resources as OpenAPI has them (apiextensions `controller/openapi/builder`). */
import { deepEqual } from '#machinery/json.ts';
import type { JsonObject } from '#machinery/object.ts';
import type { CustomGroupVersion, DocumentedResource } from '../openapi.ts';
import type { Kind } from '../kind.ts';
import type { JsonSchema } from './json-schema.ts';

type Version = 'v2' | 'v3';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const CONVENTIONS = 'https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md';
const API_VERSION = {
  description: `APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: ${CONVENTIONS}#resources`,
  type: 'string',
};
const KIND = {
  description: `Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: ${CONVENTIONS}#types-kinds`,
  type: 'string',
};
const EMBEDDED_API_VERSION = { ...API_VERSION, description: `apiVersion defines the versioned schema of this representation of an object. More info: ${CONVENTIONS}#resources` };
const EMBEDDED_KIND = { ...KIND, description: `kind is a string value representing the type of this object. In CamelCase. More info: ${CONVENTIONS}#types-kinds` };
const METADATA = `Standard object's metadata. More info: ${CONVENTIONS}#metadata`;
const LIST_METADATA = `Standard list metadata. More info: ${CONVENTIONS}#types-kinds`;
const INT_OR_STRING = [{ type: 'integer' }, { type: 'string' }];
/** Keywords that no structural schema has. */
const DROPPED: ReadonlySet<string> = new Set(['id', '$schema', '$ref', 'patternProperties', 'dependencies', 'additionalItems', 'definitions']);

const reference = (name: string, version: Version): JsonObject => ({ $ref: `${version === 'v2' ? '#/definitions/' : '#/components/schemas/'}${name}` });

/** OpenAPI v3 knows no neighbours of a reference. */
const described = (name: string, description: string, version: Version): JsonObject =>
  version === 'v2' ? { description, ...reference(name, version) } : { description, allOf: [reference(name, version)] };

/** A schema as it is published: what it does not say is not there, and an int-or-string says what it is. */
function published(schema: JsonSchema, version: Version): JsonObject {
  const out: JsonObject = {};
  for (const [key, value] of Object.entries(schema)) {
    if (DROPPED.has(key) || value === undefined || value === false || value === '' || (Array.isArray(value) && value.length === 0 && key !== 'enum')) continue;
    switch (key) {
      case 'properties':
        out[key] = Object.fromEntries(Object.entries(value as Record<string, JsonSchema>).map(([name, one]) => [name, published(one, version)]));
        break;
      case 'items':
      case 'not':
      case 'additionalProperties':
        out[key] = typeof value === 'object' && value !== null ? published(value as JsonSchema, version) : value;
        break;
      case 'allOf':
      case 'anyOf':
      case 'oneOf':
        out[key] = (value as JsonSchema[]).map((one) => published(one, version));
        break;
      default:
        out[key] = value;
    }
  }
  if (schema.additionalProperties === false) out['additionalProperties'] = false;
  if (schema['x-kubernetes-int-or-string'] === true && !deepEqual(schema.anyOf, INT_OR_STRING) && !deepEqual(schema.allOf?.[0]?.anyOf, INT_OR_STRING)) {
    if (schema.anyOf === undefined) out['anyOf'] = INT_OR_STRING;
    else out['allOf'] = [{ anyOf: INT_OR_STRING }, ...((out['allOf'] as JsonObject[] | undefined) ?? [])];
  }
  if (version === 'v2') simplify(out, schema);
  if (schema['x-kubernetes-embedded-resource'] === true && !(version === 'v2' && schema['x-kubernetes-preserve-unknown-fields'] === true)) {
    out['properties'] = {
      ...(out['properties'] as JsonObject | undefined),
      apiVersion: EMBEDDED_API_VERSION,
      kind: EMBEDDED_KIND,
      metadata: described(`${META}.ObjectMeta`, METADATA, version),
    };
    const required = (out['required'] as string[] | undefined) ?? [];
    out['required'] = [...required, ...['kind', 'apiVersion'].filter((name) => !required.includes(name))];
  }
  return out;
}

/** What OpenAPI v2, or kubectl's reading of it, cannot take (`openapi/v2/conversion.go`). In place. */
function simplify(out: JsonObject, schema: JsonSchema): void {
  for (const name of ['allOf', 'anyOf', 'oneOf', 'not']) delete out[name];
  const preserve = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (schema.nullable === true) {
    delete out['type'];
    delete out['nullable'];
  }
  if (schema.nullable === true || preserve) {
    delete out['items'];
    delete out['properties'];
  }
  if ((out['type'] === 'array' && out['items'] === undefined) || (preserve && out['type'] === 'object')) delete out['type'];
  if (out['required'] === undefined) return;
  const more = schema.additionalProperties;
  const kept =
    typeof more === 'object' && more.nullable === true
      ? []
      : (out['required'] as string[]).filter((name) => out['properties'] === undefined || schema.properties?.[name]?.nullable !== true);
  if (kept.length === 0) delete out['required'];
  else out['required'] = kept;
}

function objectSchema(kind: Kind, version: Version): JsonObject {
  const { definition } = kind.custom!;
  const spec = definition.spec.versions.find(({ name }) => name === kind.version)!;
  const source = spec.schema?.openAPIV3Schema;
  const gvk = [{ group: kind.group, kind: kind.kind, version: kind.version }];
  const preserves = definition.spec.preserveUnknownFields === true || source?.['x-kubernetes-preserve-unknown-fields'] === true;
  if (source === undefined || (version === 'v2' && preserves)) return { type: 'object', 'x-kubernetes-group-version-kind': gvk, ...selectable(kind) };
  const own = published(source, version);
  return {
    ...own,
    properties: { ...(own['properties'] as JsonObject | undefined), apiVersion: API_VERSION, kind: KIND, metadata: described(`${META}.ObjectMeta`, METADATA, version) },
    'x-kubernetes-group-version-kind': gvk,
    ...selectable(kind),
  };
}

const selectable = ({ fields }: Kind): JsonObject =>
  Object.keys(fields).length === 0 ? {} : { 'x-kubernetes-selectable-fields': Object.keys(fields).map((fieldPath) => ({ fieldPath })) };

function listSchema(kind: Kind, version: Version): JsonObject {
  return {
    description: `${kind.listKind} is a list of ${kind.kind}`,
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: API_VERSION,
      items: { description: `List of ${kind.plural}. More info: ${CONVENTIONS}`, type: 'array', items: reference(kind.schema.name, version) },
      kind: KIND,
      metadata: described(`${META}.ListMeta`, LIST_METADATA, version),
    },
    'x-kubernetes-group-version-kind': [{ group: kind.group, kind: kind.listKind, version: kind.version }],
    ...selectable(kind),
  };
}

function documented(kind: Kind, listName: string): DocumentedResource {
  const { group, version, kind: name, plural, namespaced } = kind;
  const gvk = { group, version, kind: name };
  const verbs = ['get', 'patch', 'update'];
  return {
    ...gvk,
    plural,
    namespaced,
    // the deprecated paths of watches are not published for custom resources
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update'],
    schema: kind.schema.name,
    listSchema: listName,
    deleteReturnsObject: false,
    subresources: [
      ...(kind.stored.length > 0 ? [{ ...gvk, name: 'status', verbs, schema: kind.schema.name }] : []),
      ...(kind.scale === undefined ? [] : [{ ...gvk, name: 'scale', verbs, schema: 'io.k8s.api.autoscaling.v1.Scale' }]),
    ],
    custom: true,
  };
}

/** The custom ones among kinds, by group and version. */
export function customGroupVersions(kinds: readonly Kind[]): readonly (readonly [key: string, kinds: readonly Kind[]])[] {
  const found = new Map<string, Kind[]>();
  for (const kind of kinds) {
    if (kind.custom === undefined) continue;
    const key = `${kind.group}/${kind.version}`;
    const all = found.get(key);
    if (all === undefined) found.set(key, [kind]);
    else all.push(kind);
  }
  return [...found];
}

export function customGroupVersion(kinds: readonly Kind[]): CustomGroupVersion {
  const { group, version } = kinds[0]!;
  const schemas: Record<string, Record<Version, JsonObject>> = {};
  const resources = kinds.map((kind) => {
    const { name } = kind.schema;
    const listName = `${name.slice(0, name.lastIndexOf('.'))}.${kind.listKind}`;
    schemas[name] = { v2: objectSchema(kind, 'v2'), v3: objectSchema(kind, 'v3') };
    schemas[listName] = { v2: listSchema(kind, 'v2'), v3: listSchema(kind, 'v3') };
    return documented(kind, listName);
  });
  return { group, version, resources, schemas };
}
