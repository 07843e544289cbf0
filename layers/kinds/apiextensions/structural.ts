/** Which schemas are structural (apiextensions `apiserver/schema`): complete, and with one clear shape for every value. */
import { type FieldError, forbidden, invalid, required } from '#machinery/field-error.ts';
import { deepEqual } from '#machinery/json.ts';
import { itemsOf, type JsonSchema, patternOf } from '../custom/json-schema.ts';

type Level = 'root' | 'item' | 'field';

const EMPTY_TEXT: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};
/** Keywords that a structural schema has no place for, by the name they are refused under. */
const UNSUPPORTED: readonly (readonly [string, (schema: JsonSchema) => unknown])[] = [
  ['id', ({ id }) => id],
  ['schema', ({ $schema }) => $schema],
  ['$ref', ({ $ref }) => $ref],
  ['patternProperties', ({ patternProperties }) => Object.keys(patternProperties ?? {}).length > 0],
  ['dependencies', ({ dependencies }) => Object.keys(dependencies ?? {}).length > 0],
  ['additionalItems', ({ additionalItems }) => additionalItems],
  ['definitions', ({ definitions }) => Object.keys(definitions ?? {}).length > 0],
];
const INT_OR_STRING = [{ type: 'integer' }, { type: 'string' }];

const isSchema = (value: JsonSchema | boolean | undefined): value is JsonSchema => typeof value === 'object' && value !== null;
const key = (path: string, name: string): string => `${path}.properties[${name}]`;

/** Why no structural schema can be made of it at all; `undefined` where one can. */
export function conversionError(schema: JsonSchema): string | undefined {
  for (const [name, get] of UNSUPPORTED) {
    const value = get(schema);
    if (value !== undefined && value !== false && value !== '') return `OpenAPIV3Schema '${name}' is not supported`;
  }
  if (Array.isArray(schema.items)) return "OpenAPIV3Schema 'items' must be a schema, but is an array";
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) return "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined";
  const below = [
    ...(schema.not === undefined ? [] : [schema.not]),
    ...(schema.allOf ?? []),
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
    ...(itemsOf(schema) === undefined ? [] : [itemsOf(schema)!]),
    ...Object.values(schema.properties ?? {}),
    ...(isSchema(schema.additionalProperties) ? [schema.additionalProperties] : []),
  ];
  for (const inner of below) {
    const error = conversionError(inner);
    if (error !== undefined) return error;
  }
  return undefined;
}

export function structuralErrors(schema: JsonSchema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  invariants(errors, schema, 'root', path);
  completeness(errors, schema, schema, path, path);
  const text = ({ field, type, value, detail }: FieldError): string => `${field}: ${type} ${JSON.stringify(value)} ${detail}`;
  return errors.sort((a, b) => (text(a) < text(b) ? -1 : 1));
}

function invariants(errors: FieldError[], schema: JsonSchema, level: Level, path: string): void {
  const { type = '', properties = {}, additionalProperties } = schema;
  const items = itemsOf(schema);
  const intOrString = schema['x-kubernetes-int-or-string'] === true;
  const preserve = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  if (type === 'array' && items === undefined) errors.push(required(`${path}.items`, 'must be specified'));
  if (items !== undefined) invariants(errors, items, 'item', `${path}.items`);
  for (const name in properties) invariants(errors, properties[name]!, 'field', key(path, name));
  if (additionalProperties !== undefined) {
    if (level === 'root') errors.push(forbidden(`${path}.additionalProperties`, 'must not be used at the root'));
    if (isSchema(additionalProperties)) invariants(errors, additionalProperties, 'field', `${path}.additionalProperties`);
  }
  if (intOrString && preserve) errors.push(invalid(`${path}.x-kubernetes-preserve-unknown-fields`, true, 'must be false if x-kubernetes-int-or-string is true'));
  if (intOrString && embedded) errors.push(invalid(`${path}.x-kubernetes-embedded-resource`, true, 'must be false if x-kubernetes-int-or-string is true'));
  values(errors, schema, deepEqual(schema.anyOf, INT_OR_STRING), deepEqual(schema.allOf?.[0]?.anyOf, INT_OR_STRING), path);

  const isObject = level === 'root' || embedded;
  if (embedded && type !== 'object') {
    const why = 'must be object if x-kubernetes-embedded-resource is true';
    errors.push(type === '' ? required(`${path}.type`, why) : invalid(`${path}.type`, type, why));
  } else if (type === '' && !intOrString && !preserve) errors.push(required(`${path}.type`, EMPTY_TEXT[level]));
  if (embedded && additionalProperties !== undefined) errors.push(forbidden(`${path}.additionalProperties`, 'must not be used if x-kubernetes-embedded-resource is set'));
  if (level === 'root' && type !== '' && type !== 'object') errors.push(invalid(`${path}.type`, type, 'must be object at the root'));
  if (isObject) {
    for (const name of ['kind', 'apiVersion'] as const) {
      const property = properties[name];
      if (property !== undefined && property.type !== 'string') errors.push(invalid(`${key(path, name)}.type`, property.type ?? '', 'must be string'));
    }
  }
  const { metadata } = properties;
  if (metadata !== undefined) {
    if (isObject && metadata.type !== 'object') errors.push(invalid(`${key(path, 'metadata')}.type`, metadata.type ?? '', 'must be object'));
    if (level === 'root' && !isBareMetadata(metadata))
      errors.push(forbidden(key(path, 'metadata'), 'must not specify anything other than name and generateName, but metadata is implicitly specified'));
  }
  if (embedded && !preserve && Object.keys(properties).length === 0)
    errors.push(required(`${path}.properties`, 'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields'));
}

function isBareMetadata(metadata: JsonSchema): boolean {
  const { type: _, default: __, properties, ...rest } = metadata;
  const names = Object.keys(properties ?? {});
  return names.every((name) => name === 'name' || name === 'generateName') && Object.values(rest).every((value) => value === undefined || value === false || value === '');
}

/** The value validations of a schema, and those nested in them. */
function values(errors: FieldError[], schema: JsonSchema, skipAnyOf: boolean, skipFirstAllOf: boolean, path: string): void {
  if (!skipAnyOf) schema.anyOf?.forEach((one, at) => nested(errors, one, false, `${path}.anyOf[${at}]`));
  schema.allOf?.forEach((one, at) => nested(errors, one, skipFirstAllOf && at === 0, `${path}.allOf[${at}]`));
  schema.oneOf?.forEach((one, at) => nested(errors, one, false, `${path}.oneOf[${at}]`));
  if (schema.not !== undefined) nested(errors, schema.not, false, `${path}.not`);
  if (schema.pattern !== undefined && schema.pattern !== '') {
    const { error } = patternOf(schema.pattern);
    if (error !== undefined) errors.push(invalid(`${path}.pattern`, schema.pattern, `must be a valid regular expression, but isn't: ${error}`));
  }
}

const MUST_BE: readonly (readonly [keyof JsonSchema, string])[] = [
  ['type', 'must be empty to be structural'],
  ['additionalProperties', 'must be undefined to be structural'],
  ['default', 'must be undefined to be structural'],
  ['title', 'must be empty to be structural'],
  ['description', 'must be empty to be structural'],
  ['nullable', 'must be false to be structural'],
  ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'],
  ['x-kubernetes-embedded-resource', 'must be false to be structural'],
  ['x-kubernetes-int-or-string', 'must be false to be structural'],
  ['x-kubernetes-list-map-keys', 'must be empty to be structural'],
  ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-map-type', 'must be undefined to be structural'],
  ['x-kubernetes-validations', 'must be empty to be structural'],
];

function nested(errors: FieldError[], schema: JsonSchema, skipAnyOf: boolean, path: string): void {
  values(errors, schema, skipAnyOf, false, path);
  const items = itemsOf(schema);
  if (items !== undefined) nested(errors, items, false, `${path}.items`);
  for (const name in schema.properties) nested(errors, schema.properties[name]!, false, key(path, name));
  for (const [name, detail] of MUST_BE) {
    const value = schema[name];
    if (value !== undefined && value !== false && value !== '' && value !== null && !(Array.isArray(value) && value.length === 0))
      errors.push(forbidden(`${path}.${name}`, detail));
  }
  // `false` says something here, too
  if (schema.additionalProperties === false) errors.push(forbidden(`${path}.additionalProperties`, 'must be undefined to be structural'));
  if (schema.properties?.['metadata'] !== undefined) errors.push(forbidden(key(path, 'metadata'), 'must not be specified in a nested context'));
}

/** Whatever the value validations at the root speak of must be defined outside of them. */
function completeness(errors: FieldError[], validation: JsonSchema, structure: JsonSchema, path: string, from: string): void {
  if (validation.not !== undefined) within(errors, validation.not, structure, path, `${from}.not`);
  for (const name of ['allOf', 'anyOf', 'oneOf'] as const) validation[name]?.forEach((one, at) => within(errors, one, structure, path, `${from}.${name}[${at}]`));
}

function within(errors: FieldError[], validation: JsonSchema, structure: JsonSchema | undefined, path: string, from: string): void {
  if (structure === undefined) {
    errors.push(required(path, `because it is defined in ${from}`));
    return;
  }
  completeness(errors, validation, structure, path, from);
  const items = itemsOf(validation);
  if (items !== undefined) within(errors, items, itemsOf(structure), `${path}.items`, `${from}.items`);
  for (const name in validation.properties) within(errors, validation.properties[name]!, structure.properties?.[name], key(path, name), key(from, name));
}
