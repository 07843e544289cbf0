/**
 * Types of variables from schemas: OpenAPI v3 as custom resources have it (apiserver `pkg/cel/common/schemas.go`), and the generated ones of
 * built-in kinds.
 */
import type { TypeSchema } from '../schema.ts';
import { BOOL, BYTES, type CelField, type CelType, DOUBLE, DURATION, DYN, INT, RESERVED_WORDS, STRING, TIMESTAMP } from './types.ts';

/** What is read of a schema. */
export interface CelSchema {
  readonly type?: string;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, CelSchema>>;
  readonly additionalProperties?: CelSchema | boolean;
  readonly items?: CelSchema | readonly CelSchema[];
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-embedded-resource'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
}

/** Bytes of the largest request, by which everything without a limit is limited. */
const MAX_REQUEST = 3 * 1024 * 1024;
/** Characters of the longest time with its quotes, and of a date. */
const TIME_SIZE = 32;
const DATE_SIZE = 12;
/** The smallest JSON of a time, a duration, a text, an object or list, a boolean. */
const MIN_TIME = 21;
const MIN_DURATION = 3;
const MIN_TEXT = 2;
const MIN_CONTAINER = 2;
const MIN_BOOL = 4;

/** A JSON name as an expression writes it, `undefined` for one that it cannot. */
export function escapeName(name: string): string | undefined {
  if (!/^[a-zA-Z_.\-/][\w.\-/]*$/.test(name)) return undefined;
  if (RESERVED_WORDS.has(name)) return `__${name}__`;
  return name.replaceAll(/__|[-./]/g, (one) => (one === '__' ? '__underscores__' : one === '.' ? '__dot__' : one === '-' ? '__dash__' : '__slash__'));
}

interface Sized {
  readonly type: CelType;
  /** Bytes of its smallest JSON. */
  readonly size: number;
}

/** Keys count as empty in Kubernetes' estimates, whatever their schema says. */
const KEY: CelType = { kind: 'string', maxElements: 0 };

const textLimit = ({ maxLength }: CelSchema): number | undefined => (maxLength === undefined ? undefined : Math.max(0, maxLength) * 4);

function text(schema: CelSchema): Sized {
  switch (schema.format) {
    case 'byte':
      return { type: { ...BYTES, maxElements: schema.maxLength ?? MAX_REQUEST - 2 } as CelType, size: MIN_TEXT };
    case 'duration':
      return { type: { ...DURATION, maxElements: TIME_SIZE } as CelType, size: MIN_DURATION };
    case 'date':
      return { type: { ...TIMESTAMP, maxElements: DATE_SIZE } as CelType, size: DATE_SIZE };
    case 'date-time':
      return { type: { ...TIMESTAMP, maxElements: TIME_SIZE } as CelType, size: MIN_TIME };
    default: {
      const names = (schema.enum ?? []).filter((one) => typeof one === 'string').map((one) => Buffer.byteLength(one));
      const limit = textLimit(schema) ?? ((schema.enum ?? []).length > 0 ? Math.max(0, ...names) : MAX_REQUEST - 2);
      return { type: { kind: 'string', maxElements: limit }, size: MIN_TEXT };
    }
  }
}

const META: CelSchema = { type: 'object', properties: { name: { type: 'string' }, generateName: { type: 'string' } } };
const withMeta = (schema: CelSchema): CelSchema => ({
  ...schema,
  properties: {
    ...schema.properties,
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata:
      schema.properties?.['metadata']?.properties?.['name'] === undefined || schema.properties['metadata'].properties['generateName'] === undefined
        ? META
        : schema.properties['metadata'],
  },
});

function sized(schema: CelSchema, name: string, isRoot: boolean): Sized | undefined {
  if (schema['x-kubernetes-int-or-string'] === true) return { type: { ...DYN, maxElements: textLimit(schema) ?? MAX_REQUEST - 2 } as CelType, size: 1 };
  switch (schema.type) {
    case 'array': {
      const items = Array.isArray(schema.items) ? undefined : (schema.items as CelSchema | undefined);
      const element = items === undefined ? undefined : sized(items, `${name}.@idx`, items['x-kubernetes-embedded-resource'] === true);
      if (element === undefined) return undefined;
      const listType = schema['x-kubernetes-list-type'] as 'atomic' | 'set' | 'map' | undefined;
      return {
        type: {
          kind: 'list',
          element: element.type,
          maxElements: schema.maxItems === undefined ? Math.floor((MAX_REQUEST - 2) / (element.size + 1)) : Math.max(0, schema.maxItems),
          ...(listType === undefined ? {} : { listType }),
          ...(schema['x-kubernetes-list-map-keys'] === undefined ? {} : { mapKeys: schema['x-kubernetes-list-map-keys'] }),
        },
        size: MIN_CONTAINER,
      };
    }
    case 'object':
      return object(isRoot ? withMeta(schema) : schema, name);
    case 'string':
      return text(schema);
    case 'boolean':
      return { type: BOOL, size: MIN_BOOL };
    case 'number':
      return { type: DOUBLE, size: 1 };
    case 'integer':
      return { type: INT, size: 1 };
    default:
      return undefined;
  }
}

function object(schema: CelSchema, name: string): Sized | undefined {
  const more = schema.additionalProperties;
  if (typeof more === 'object') {
    const value = sized(more, `${name}.@elem`, more['x-kubernetes-embedded-resource'] === true);
    if (value === undefined) return undefined;
    const limit = schema.maxProperties === undefined ? Math.floor((MAX_REQUEST - 2) / (value.size + 6)) : Math.max(0, schema.maxProperties);
    return { type: { kind: 'map', key: KEY, value: value.type, maxElements: limit }, size: MIN_CONTAINER };
  }
  const fields = new Map<string, CelField>();
  let size = MIN_CONTAINER;
  for (const [property, inner] of Object.entries(schema.properties ?? {})) {
    const own = sized(inner, `${name}.${property}`, inner['x-kubernetes-embedded-resource'] === true);
    if (own === undefined) continue;
    const required = schema.required?.includes(property) === true;
    const escaped = escapeName(property);
    if (escaped !== undefined) fields.set(escaped, { name: property, type: own.type, required, ...(inner.default === undefined ? {} : { default: inner.default }) });
    if (required && inner.default === undefined) size += property.length + own.size + 4;
  }
  return { type: { kind: 'object', name, fields }, size };
}

/**
 * The type of a value of the schema; `undefined` where expressions may not see it (no type, unknown fields only).
 * @param isRoot the value is an object of the API: it has apiVersion, kind and metadata whatever the schema says
 */
export function schemaType(schema: CelSchema, isRoot: boolean, name = 'object'): CelType | undefined {
  return sized(schema, name, isRoot)?.type;
}

/** Bytes of the smallest JSON that a value of the schema has; `undefined` as for `schemaType`. */
export const schemaSize = (schema: CelSchema, isRoot: boolean): number | undefined => sized(schema, 'object', isRoot)?.size;

const known = new WeakMap<TypeSchema, CelType>();

/** The type of a built-in kind's field; recursive types are made once, and their fields when they are asked for. */
export function kindType(schema: TypeSchema): CelType {
  const found = known.get(schema);
  if (found !== undefined) return found;
  const made = fromTypeSchema(schema);
  known.set(schema, made);
  return made;
}

function fromTypeSchema(schema: TypeSchema): CelType {
  switch (schema.type) {
    case 'object':
      return { kind: 'object', name: schema.name, fields: new LazyFields(schema) };
    case 'map':
      return { kind: 'map', key: STRING, value: kindType(schema.items!) };
    case 'array':
      return { kind: 'list', element: kindType(schema.items!) };
    case 'integer':
      return INT;
    case 'number':
      return DOUBLE;
    case 'boolean':
      return BOOL;
    case 'bytes':
      return BYTES;
    case 'time':
    case 'microTime':
      return TIMESTAMP;
    case 'string':
    case 'quantity':
      return STRING;
    case 'intOrString':
    case 'fieldsV1':
    case 'any':
      return DYN;
  }
}

class LazyFields extends Map<string, CelField> {
  #schema: TypeSchema | undefined;
  constructor(schema: TypeSchema) {
    super();
    this.#schema = schema;
  }
  #fill(): void {
    const schema = this.#schema;
    if (schema === undefined) return;
    this.#schema = undefined;
    for (const [name, field] of schema.fields!) {
      const escaped = escapeName(name);
      if (escaped !== undefined) this.set(escaped, { name, type: kindType(field.type), required: field.required });
    }
  }
  override get(name: string): CelField | undefined {
    this.#fill();
    return super.get(name);
  }
  override get size(): number {
    this.#fill();
    return super.size;
  }
  override keys(): MapIterator<string> {
    this.#fill();
    return super.keys();
  }
}
