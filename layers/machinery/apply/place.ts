/** A schema as server-side apply sees it: for each place, how its value is taken apart, worked out once per type and field. */
import type { FieldSchema, TypeSchema } from '../schema.ts';

/**
 * - `leaf`: one value, owned as a whole (scalars, atomic lists and maps);
 * - `struct`, `map`: owned field by field; the fields of a struct are named, the entries of a map are not;
 * - `list`, `set`: items owned one by one, by their keys or by themselves;
 * - `untyped`: what the value is decides (lists are leaves there).
 */
export interface Place {
  readonly kind: 'leaf' | 'struct' | 'map' | 'list' | 'set' | 'untyped';
  readonly type: TypeSchema;
  /** `struct`: the named fields; worked out on first use, since types may hold themselves. */
  readonly fields: ReadonlyMap<string, Child>;
  /** `map`: the values; `list`, `set`: the items; `struct`: fields without a name, where there may be such. */
  readonly items: Place | undefined;
  /** `list`: the keys, sorted by name, with the text that stands before each in a path element. */
  readonly keys: readonly ListKey[];
  /** `list`, `set`: items sort as the texts of their elements do. */
  readonly textual: boolean;
  /** `struct`: the elements of fields that Go writes as null where they are not set, by name. */
  readonly nulls: ReadonlyMap<string, string>;
}

export interface Child {
  readonly element: string;
  readonly place: Place;
  /** What stands for the field where an object does not have it: null where Go would have written that. */
  readonly absent: null | undefined;
}

export interface ListKey {
  readonly name: string;
  readonly lead: string;
  readonly fallback: unknown;
}

const UNTYPED_SCHEMA: TypeSchema = { name: '', type: 'any' };
const NO_FIELDS: ReadonlyMap<string, Child> = new Map();
const NO_NULLS: ReadonlyMap<string, string> = new Map();

export const UNTYPED: Place = { kind: 'untyped', type: UNTYPED_SCHEMA, fields: NO_FIELDS, items: undefined, keys: [], textual: true, nulls: NO_NULLS };
/** How an untyped object is taken apart. */
export const UNTYPED_MAP: Place = { kind: 'map', type: UNTYPED_SCHEMA, fields: NO_FIELDS, items: UNTYPED, keys: [], textual: true, nulls: NO_NULLS };

const byType = new WeakMap<TypeSchema, Place>();
const byField = new WeakMap<FieldSchema, Place>();

export function placeOf(type: TypeSchema): Place {
  let place = byType.get(type);
  if (place === undefined) byType.set(type, (place = compile(type, undefined)));
  return place;
}

function placeOfField(field: FieldSchema): Place {
  let place = byField.get(field);
  if (place === undefined) byField.set(field, (place = compile(field.type, field)));
  return place;
}

function compile(type: TypeSchema, field: FieldSchema | undefined): Place {
  switch (type.type) {
    case 'object':
    case 'map': {
      if ((field?.mapType ?? type.mapType) === 'atomic') return { kind: 'leaf', type, fields: NO_FIELDS, items: undefined, keys: [], textual: true, nulls: NO_NULLS };
      if (type.type === 'map') {
        const { items } = type;
        return {
          kind: 'map',
          type,
          fields: NO_FIELDS,
          get items() {
            return items === undefined ? UNTYPED : placeOf(items);
          },
          keys: [],
          textual: true,
          nulls: NO_NULLS,
        };
      }
      if (type.fields === undefined)
        return type.preserveUnknown === true ? UNTYPED_MAP : { kind: 'struct', type, fields: NO_FIELDS, items: undefined, keys: [], textual: true, nulls: NO_NULLS };
      return new Struct(type);
    }
    case 'array': {
      const items = type.items ?? UNTYPED_SCHEMA;
      const listType = field?.listType ?? type.listType;
      if (listType === 'set') return { kind: 'set', type, fields: NO_FIELDS, items: placeOf(items), keys: [], textual: items.type === 'string', nulls: NO_NULLS };
      if (listType !== 'map') return { kind: 'leaf', type, fields: NO_FIELDS, items: undefined, keys: [], textual: true, nulls: NO_NULLS };
      const keys = (field?.listMapKeys ?? type.listMapKeys ?? [])
        .toSorted()
        .map((name, at) => ({ name, lead: `${at === 0 ? '' : ','}${JSON.stringify(name)}:`, fallback: keyFallback(items.fields?.get(name)) }));
      return {
        kind: 'list',
        type,
        fields: NO_FIELDS,
        items: placeOf(items),
        keys,
        textual: keys.every(({ name }) => items.fields?.get(name)?.type.type === 'string'),
        nulls: NO_NULLS,
      };
    }
    case 'any':
    case 'fieldsV1':
      return UNTYPED;
    default:
      return { kind: 'leaf', type, fields: NO_FIELDS, items: undefined, keys: [], textual: true, nulls: NO_NULLS };
  }
}

/** A key that an item leaves out: its default, or what Go's zero value of it is, which OpenAPI documents as one. */
function keyFallback(field: FieldSchema | undefined): unknown {
  if (field?.default !== undefined || field?.always !== true || field.pointer === true) return field?.default;
  switch (field.type.type) {
    case 'string':
      return '';
    case 'integer':
      return 0;
    default:
      return undefined;
  }
}

function isNullWhenUnset({ always, pointer, type }: FieldSchema): boolean {
  return always === true && (pointer === true || ['array', 'map', 'bytes', 'time', 'microTime', 'any', 'fieldsV1'].includes(type.type));
}

class Struct implements Place {
  readonly kind = 'struct';
  readonly textual = true;
  readonly keys: readonly ListKey[] = [];
  readonly type: TypeSchema;
  readonly items: Place | undefined;
  readonly nulls: ReadonlyMap<string, string>;
  #fields: ReadonlyMap<string, Child> | undefined;
  constructor(type: TypeSchema) {
    this.type = type;
    this.items = type.preserveUnknown === true ? UNTYPED : undefined;
    const nulls = [...type.fields!.values()].filter(isNullWhenUnset);
    this.nulls = nulls.length === 0 ? NO_NULLS : new Map(nulls.map(({ name }) => [name, `f:${name}`]));
  }
  get fields(): ReadonlyMap<string, Child> {
    return (this.#fields ??= new Map(
      [...this.type.fields!.values()].map((field) => [field.name, { element: `f:${field.name}`, place: placeOfField(field), absent: isNullWhenUnset(field) ? null : undefined }]),
    ));
  }
}
