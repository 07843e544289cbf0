/** A definition as the JSON schema that OpenAPI v2 or v3 publishes. */
import type { JsonObject } from '#machinery/object.ts';
import { reference, type Version } from '../openapi/json.ts';
import { PACKAGES, SPECIAL, type Definition, type Property, type TypeRef } from './facts.ts';
import { gvkOf, type GroupVersionKind } from './resources.ts';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.';
/** Spoken as `v1`, whatever the group. */
const UNVERSIONED: ReadonlySet<string> = new Set(['Status', 'APIVersions', 'APIGroupList', 'APIGroup', 'APIResourceList'].map((name) => META + name));
/** Registered with every group and version. */
const EVERYWHERE: ReadonlySet<string> = new Set(['DeleteOptions', 'WatchEvent'].map((name) => META + name));
const NOT_REGISTERED: ReadonlySet<string> = new Set(['meta.k8s.io', 'apidiscovery.k8s.io', 'metrics.k8s.io']);

const SPECIAL_SCHEMAS: Readonly<Record<string, Readonly<Record<Version, JsonObject>>>> = {
  quantity: { v2: { type: 'string' }, v3: { oneOf: [{ type: 'string' }, { type: 'number' }] } },
  intOrString: { v2: { format: 'int-or-string', type: 'string' }, v3: { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] } },
  time: { v2: { format: 'date-time', type: 'string' }, v3: { format: 'date-time', type: 'string' } },
  microTime: { v2: { format: 'date-time', type: 'string' }, v3: { format: 'date-time', type: 'string' } },
  duration: { v2: { type: 'string' }, v3: { type: 'string' } },
  fieldsV1: { v2: { type: 'object' }, v3: { type: 'object' } },
};

function specialSchema(name: string, version: Version): JsonObject {
  const form = SPECIAL[name]!;
  if (form !== 'any') return SPECIAL_SCHEMAS[form]![version];
  // JSON and the either-or types of JSON schemas may be anything, a RawExtension is an object.
  return name.endsWith('.RawExtension') ? { type: 'object' } : {};
}

function gvks(definition: Definition): GroupVersionKind[] {
  const kind = definition.name.slice(definition.name.lastIndexOf('.') + 1);
  if (UNVERSIONED.has(definition.name)) return [{ group: '', version: 'v1', kind }];
  if (EVERYWHERE.has(definition.name)) {
    return PACKAGES.filter(({ group, version }) => version !== '' && !NOT_REGISTERED.has(group))
      .map(({ group, version }) => ({ group, version, kind }))
      .sort((a, b) => (a.group < b.group ? -1 : a.group > b.group ? 1 : a.version < b.version ? -1 : 1));
  }
  return definition.isKind && !definition.name.startsWith(META) ? [gvkOf(definition.name)] : [];
}

/** A struct held by value has `{}` for a default, unless it has a form of its own. */
const isStruct = (type: TypeRef): boolean => type.kind === 'ref' && !(type.name in SPECIAL);

/** What openapi-gen gives as a default to what cannot be absent. */
function zero(type: TypeRef): JsonObject {
  if (isStruct(type)) return { default: {} };
  if (type.kind === 'string') return { default: '' };
  if (type.kind === 'boolean') return { default: false };
  return type.kind === 'integer' || type.kind === 'number' ? { default: 0 } : {};
}

function typeSchema(type: TypeRef, version: Version, values: JsonObject): JsonObject {
  switch (type.kind) {
    case 'string':
      return { type: 'string', ...values };
    case 'boolean':
      return { type: 'boolean' };
    case 'integer':
    case 'number':
      return { format: type.format, type: type.kind };
    case 'bytes':
      return { format: 'byte', type: 'string' };
    case 'any':
      return {};
    case 'array':
      return { items: element(type.items, version, values), type: 'array' };
    case 'map':
      return { additionalProperties: element(type.items, version, values), type: 'object' };
    case 'ref':
      return reference(type.name, version);
  }
}

function element(type: TypeRef, version: Version, values: JsonObject): JsonObject {
  const schema = typeSchema(type, version, values);
  if (version === 'v2') return schema;
  return withSiblings(schema, zero(type), version);
}

/** In OpenAPI v3 nothing may stand beside a reference. */
function withSiblings(schema: JsonObject, siblings: JsonObject, version: Version): JsonObject {
  if (version === 'v2' || !('$ref' in schema) || Object.keys(siblings).length === 0) return { ...siblings, ...schema };
  return { allOf: [schema], ...siblings };
}

function propertySchema(property: Property, version: Version): JsonObject {
  const values = property.enum === undefined || version === 'v2' ? {} : { enum: property.enum };
  const standard = property.default !== undefined ? { default: property.default } : !property.pointer && (property.always || isStruct(property.type)) ? zero(property.type) : {};
  const text = version === 'v2' ? property.description?.replace(/\n+Possible enum values:[\s\S]*$/, '') : property.description;
  return withSiblings(
    typeSchema(property.type, version, values),
    {
      ...(version === 'v2' ? {} : standard),
      ...(text === undefined ? {} : { description: text }),
      ...(property.listMapKeys === undefined ? {} : { 'x-kubernetes-list-map-keys': property.listMapKeys }),
      ...(property.listType === undefined ? {} : { 'x-kubernetes-list-type': property.listType }),
      ...(property.mapType === undefined ? {} : { 'x-kubernetes-map-type': property.mapType }),
      ...(property.patchMergeKey === undefined ? {} : { 'x-kubernetes-patch-merge-key': property.patchMergeKey }),
      ...(property.patchStrategy === undefined ? {} : { 'x-kubernetes-patch-strategy': property.patchStrategy.join(',') }),
    },
    version,
  );
}

const byName = (a: Property, b: Property): number => (a.name < b.name ? -1 : 1);

export function definitionSchema(definition: Definition, version: Version): JsonObject {
  const { name, description, mapType, properties, unions } = definition;
  const text = description === undefined ? {} : { description };
  if (name in SPECIAL) return { ...text, ...specialSchema(name, version) };
  // In the order of the fields, not of the alphabet.
  const required = properties.filter((property) => property.required).map((property) => property.name);
  const known = gvks(definition);
  return {
    ...text,
    ...(properties.length === 0 ? {} : { properties: Object.fromEntries([...properties].sort(byName).map((property) => [property.name, propertySchema(property, version)])) }),
    ...(required.length === 0 ? {} : { required }),
    type: 'object',
    ...(known.length === 0 ? {} : { 'x-kubernetes-group-version-kind': known.map(({ group, kind, version: of }) => ({ group, kind, version: of })) }),
    ...(mapType === undefined ? {} : { 'x-kubernetes-map-type': mapType }),
    ...(unions === undefined ? {} : { 'x-kubernetes-unions': unions }),
  };
}
