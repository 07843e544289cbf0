/** What a schema of a definition may say (apiextensions `validation.ValidateCustomResourceDefinitionOpenAPISchema`). */
import { type FieldError, forbidden, invalid, notSupported, required } from '#machinery/field-error.ts';
import { itemsOf, type JsonSchema } from '../custom/json-schema.ts';
import { isSchemaPlace } from './field-path.ts';

/** What was so before an update may stay so. */
export interface SchemaRules {
  readonly validTypes: boolean;
  /** Items of a list of type set are atomic. */
  readonly atomicSets: boolean;
  /** Keys of a list of type map are required or defaulted, and nothing of such lists is nullable. */
  readonly mapKeys: boolean;
}

/** What depends on the way to a schema. */
interface Inside {
  readonly insideMeta: boolean;
  /** Why there may be no default here. */
  readonly noDefault: string | undefined;
  /** The place above which old and new cannot be told to be the same thing: rules may not speak of `oldSelf`. */
  readonly uncorrelatable: string | undefined;
  /** How many such values an object may hold; `undefined` where nothing limits them. */
  readonly cardinality: number | undefined;
}

/** Called for every schema with rules, after those below it; only where rules may be compiled. */
export type RuleCheck = (schema: JsonSchema, path: string, inside: Pick<Inside, 'uncorrelatable' | 'cardinality'>) => readonly FieldError[];

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];
const META: ReadonlySet<string> = new Set(['metadata', 'kind', 'apiVersion']);
const LIST_TYPES = ['atomic', 'set', 'map'];
const MAP_TYPES = ['atomic', 'granular'];
const NEWLINE = /[\n\r]/;

const isScalar = (schema: JsonSchema): boolean => schema.type !== 'array' && schema.type !== 'object';

export function schemaErrors(schema: JsonSchema, path: string, rules: SchemaRules, checkRules: RuleCheck | undefined): FieldError[] {
  const found = check(schema, path, { insideMeta: false, noDefault: undefined, uncorrelatable: undefined, cardinality: 1 }, true, rules, checkRules);
  return [...found.schema, ...found.rules];
}

interface Found {
  readonly schema: FieldError[];
  readonly rules: FieldError[];
}

function check(schema: JsonSchema, path: string, inside: Inside, isRoot: boolean, options: SchemaRules, checkRules: RuleCheck | undefined): Found {
  const found: Found = { schema: [], rules: [] };
  const errors = found.schema;
  const held = heldBy(schema);
  const cardinality = inside.cardinality === undefined || held === undefined ? undefined : inside.cardinality * held;
  const below = (inner: JsonSchema, name: string, into: Inside = inside, compiles = true): void => {
    const more = check(inner, `${path}.${name}`, { ...into, cardinality }, false, options, compiles ? checkRules : undefined);
    errors.push(...more.schema);
    found.rules.push(...more.rules);
  };
  keywords(errors, schema, path, inside, options);
  if (schema.uniqueItems === true) errors.push(forbidden(`${path}.uniqueItems`, 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'));
  const { additionalProperties: more, properties = {} } = schema;
  if (more !== undefined) {
    if (Object.keys(properties).length > 0 && more !== true) errors.push(forbidden(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'));
    if (typeof more === 'object')
      below(more, 'additionalProperties', inside.insideMeta ? { ...inside, noDefault: 'must not be set inside additionalProperties applying to object metadata' } : inside);
  }
  for (const name in properties) {
    const isMeta = (isRoot || schema['x-kubernetes-embedded-resource'] === true) && META.has(name);
    below(properties[name]!, `properties[${name}]`, isMeta ? { ...inside, insideMeta: true, ...(isRoot ? { noDefault: `must not be set in top-level ${name}` } : {}) } : inside);
  }
  if (schema.not !== undefined) below(schema.not, 'not', inside, false);
  for (const name of ['allOf', 'oneOf', 'anyOf'] as const) schema[name]?.forEach((one, at) => below(one, `${name}[${at}]`, inside, false));
  for (const name in schema.definitions) below(schema.definitions[name]!, `definitions[${name}]`, inside, false);
  const listType = schema['x-kubernetes-list-type'];
  if (schema.items !== undefined) {
    // items of other lists have no identity over time
    const into = listType === 'map' || inside.uncorrelatable !== undefined ? inside : { ...inside, uncorrelatable: path };
    if (Array.isArray(schema.items)) schema.items.forEach((one, at) => below(one, `items[${at}]`, into));
    else below(schema.items, 'items', into);
  }
  for (const name in schema.dependencies) {
    const one = schema.dependencies[name]!;
    if (!Array.isArray(one)) below(one, `dependencies[${name}]`, inside, false);
  }
  extensions(errors, schema, path, options);
  ruleTexts(errors, schema, path);
  // rules over a schema that is wrong give errors that go away with the schema's
  if ((schema['x-kubernetes-validations'] ?? []).length > 0 && errors.length === 0 && checkRules !== undefined) found.rules.push(...checkRules(schema, path, inside));
  return found;
}

/** How many values of the schemas below it a value of this one may hold. */
function heldBy({ type, additionalProperties, maxProperties, maxItems }: JsonSchema): number | undefined {
  const limit = type === 'array' ? maxItems : type === 'object' && additionalProperties !== undefined ? maxProperties : 1;
  return limit === undefined ? undefined : Math.max(0, limit);
}

function keywords(errors: FieldError[], schema: JsonSchema, path: string, inside: Inside, options: SchemaRules): void {
  const { type = '' } = schema;
  if (options.validTypes && type !== '' && !TYPES.includes(type)) errors.push(notSupported(`${path}.type`, type, TYPES));
  if (schema.default !== undefined && schema.default !== null && inside.noDefault !== undefined) errors.push(forbidden(`${path}.default`, inside.noDefault));
  if (schema.id !== undefined && schema.id !== '') errors.push(forbidden(`${path}.id`, 'id is not supported'));
  if (schema.additionalItems !== undefined) errors.push(forbidden(`${path}.additionalItems`, 'additionalItems is not supported'));
  if (Object.keys(schema.patternProperties ?? {}).length > 0) errors.push(forbidden(`${path}.patternProperties`, 'patternProperties is not supported'));
  if (Object.keys(schema.definitions ?? {}).length > 0) errors.push(forbidden(`${path}.definitions`, 'definitions is not supported'));
  if (schema.dependencies !== undefined) errors.push(forbidden(`${path}.dependencies`, 'dependencies is not supported'));
  if (schema.$ref !== undefined) errors.push(forbidden(`${path}.$ref`, '$ref is not supported'));
  if (type === 'null') errors.push(forbidden(`${path}.type`, 'type cannot be set to null, use nullable as an alternative'));
  if (Array.isArray(schema.items) && schema.items.length > 0) errors.push(forbidden(`${path}.items`, 'items must be a schema object and not an array'));
  if (inside.insideMeta && schema['x-kubernetes-embedded-resource'] === true)
    errors.push(forbidden(`${path}.x-kubernetes-embedded-resource`, 'must not be used inside of resource meta'));
}

function extensions(errors: FieldError[], schema: JsonSchema, path: string, options: SchemaRules): void {
  const { type = '' } = schema;
  const mapType = schema['x-kubernetes-map-type'];
  const listType = schema['x-kubernetes-list-type'];
  const mapKeys = schema['x-kubernetes-list-map-keys'] ?? [];
  const items = itemsOf(schema);
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) errors.push(invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'));
  if (mapType !== undefined && type !== 'object') {
    const why = 'must be object if x-kubernetes-map-type is specified';
    errors.push(type === '' ? required(`${path}.type`, why) : invalid(`${path}.type`, type, why));
  }
  if (mapType !== undefined && !MAP_TYPES.includes(mapType)) errors.push(notSupported(`${path}.x-kubernetes-map-type`, mapType, MAP_TYPES));
  if (listType !== undefined && type !== 'array') {
    const why = 'must be array if x-kubernetes-list-type is specified';
    errors.push(type === '' ? required(`${path}.type`, why) : invalid(`${path}.type`, type, why));
  } else if (options.atomicSets && hasNonAtomicSet(schema)) {
    const name = items!.type === 'array' ? 'x-kubernetes-list-type' : 'x-kubernetes-map-type';
    errors.push(invalid(`${path}.items.${name}`, items!['x-kubernetes-list-type'] ?? null, 'must be atomic as item of a list with x-kubernetes-list-type=set'));
  }
  if (listType !== undefined && !LIST_TYPES.includes(listType)) errors.push(notSupported(`${path}.x-kubernetes-list-type`, listType, LIST_TYPES));
  if (mapKeys.length > 0 && listType !== 'map') {
    const why = 'must be map if x-kubernetes-list-map-keys is non-empty';
    errors.push(listType === undefined ? required(`${path}.x-kubernetes-list-type`, why) : invalid(`${path}.x-kubernetes-list-type`, listType, why));
  }
  if (listType === 'map') listMap(errors, schema, path);
  if (options.mapKeys) errors.push(...mapKeyErrors(schema, path));
}

function listMap(errors: FieldError[], schema: JsonSchema, path: string): void {
  const mapKeys = schema['x-kubernetes-list-map-keys'] ?? [];
  const items = itemsOf(schema);
  if (mapKeys.length === 0) errors.push(required(`${path}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map'));
  if (schema.items === undefined) errors.push(required(`${path}.items`, 'must have a schema if x-kubernetes-list-type is map'));
  else if (items === undefined) errors.push(invalid(`${path}.items`, schema.items, 'must only have a single schema if x-kubernetes-list-type is map'));
  else if (items.type !== 'object') errors.push(invalid(`${path}.items.type`, items.type ?? '', "must be object if parent array's x-kubernetes-list-type is map"));
  else {
    const seen = new Set<string>();
    for (const name of mapKeys) {
      const property = items.properties?.[name];
      if (property === undefined) errors.push(invalid(`${path}.x-kubernetes-list-map-keys`, mapKeys, 'entries must all be names of item properties'));
      else if (!isScalar(property))
        errors.push(invalid(`${path}.items.properties[${name}].type`, items.type, "must be a scalar type if parent array's x-kubernetes-list-type is map"));
      if (seen.has(name)) errors.push(invalid(`${path}.x-kubernetes-list-map-keys`, mapKeys, 'must not contain duplicate entries'));
      seen.add(name);
    }
  }
}

export function hasNonAtomicSet(schema: JsonSchema): boolean {
  const items = itemsOf(schema);
  if (schema['x-kubernetes-list-type'] !== 'set' || items === undefined) return false;
  if (items.type === 'array') return (items['x-kubernetes-list-type'] ?? 'atomic') !== 'atomic';
  return items.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic';
}

export function mapKeyErrors(schema: JsonSchema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const items = itemsOf(schema);
  const listType = schema['x-kubernetes-list-type'];
  if (items === undefined || (listType !== 'set' && listType !== 'map')) return errors;
  if (items.nullable === true) errors.push(forbidden(`${path}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${listType}`));
  if (listType === 'set') return errors;
  for (const name of schema['x-kubernetes-list-map-keys'] ?? []) {
    const property = items.properties?.[name];
    if (property === undefined) continue;
    const at = `${path}.items.properties[${name}]`;
    if (!(items.required ?? []).includes(name) && (property.default ?? undefined) === undefined)
      errors.push(required(`${at}.default`, 'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property'));
    if (property.nullable === true) errors.push(forbidden(`${at}.nullable`, 'this property is in x-kubernetes-list-map-keys, so it cannot be nullable'));
  }
  return errors;
}

function ruleTexts(errors: FieldError[], schema: JsonSchema, path: string): void {
  schema['x-kubernetes-validations']?.forEach((rule, index) => {
    const at = `${path}.x-kubernetes-validations[${index}]`;
    const message = (rule.message ?? '').trim();
    const text = (rule.rule ?? '').trim();
    const isSet = (value: string | undefined): value is string => value !== undefined && value !== '';
    if (text === '') errors.push(required(`${at}.rule`, 'rule is not specified'));
    else if (isSet(rule.message) && message === '') errors.push(invalid(`${at}.message`, rule.message, 'must be non-empty if specified'));
    else if (NEWLINE.test(message)) errors.push(invalid(`${at}.message`, rule.message, 'must not contain line breaks'));
    else if (NEWLINE.test(text) && message === '') errors.push(required(`${at}.message`, 'message must be specified if rule contains line breaks'));
    if (isSet(rule.messageExpression) && rule.messageExpression.trim() === '') errors.push(required(`${at}.messageExpression`, 'messageExpression must be non-empty if specified'));
    if (rule.reason !== undefined && !REASONS.includes(rule.reason)) errors.push(notSupported(`${at}.reason`, rule.reason, REASONS));
    if (!isSet(rule.fieldPath)) return;
    if (rule.fieldPath.trim() === '') errors.push(invalid(`${at}.fieldPath`, rule.fieldPath, 'must be non-empty if specified'));
    if (NEWLINE.test(rule.fieldPath)) errors.push(invalid(`${at}.fieldPath`, rule.fieldPath, 'must not contain line breaks'));
    if (!isSchemaPlace(rule.fieldPath, schema)) errors.push(invalid(`${at}.fieldPath`, rule.fieldPath, 'must be a valid path'));
  });
}
