/**
 * Values as an expression sees them. null, booleans, strings, BigInt (int), number (double) and Uint8Array (bytes) are themselves; JSON is
 * read lazily through the types of its schema, so that an evaluation touches only what it names.
 */
import { CelEvaluationError } from './api.ts';
import { parseDuration, parseTimestamp } from './times.ts';
import { type CelObjectType, type CelType, DYN, fieldOf, listOf, mapOf, STRING } from './types.ts';

export class Uint {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}
/** A moment, in nanoseconds since the epoch. */
export class Timestamp {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}
export class Duration {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}
export class TypeValue {
  readonly type: CelType;
  constructor(type: CelType) {
    this.type = type;
  }
}
export class Optional {
  readonly present: boolean;
  readonly value: unknown;
  private constructor(present: boolean, value: unknown) {
    this.present = present;
    this.value = value;
  }
  static readonly NONE = new Optional(false, undefined);
  static of(value: unknown): Optional {
    return new Optional(true, value);
  }
}

/** A value with methods only. Two are equal where their keys are. */
export abstract class Opaque {
  abstract readonly typeName: string;
  abstract equals(other: Opaque): boolean;
  /** What it is outside of the language. */
  toJson(): unknown {
    throw new CelEvaluationError(`type '${this.typeName}' has no JSON form`);
  }
}

export abstract class ListValue implements Iterable<unknown> {
  abstract readonly size: number;
  abstract at(index: number): unknown;
  get type(): CelType {
    return listOf(DYN);
  }
  *[Symbol.iterator](): Iterator<unknown> {
    for (let index = 0; index < this.size; index++) yield this.at(index);
  }
}

export class ArrayList extends ListValue {
  readonly items: readonly unknown[];
  constructor(items: readonly unknown[]) {
    super();
    this.items = items;
  }
  get size(): number {
    return this.items.length;
  }
  at(index: number): unknown {
    return this.items[index];
  }
}

/** The list that a macro fills: nobody else sees it until the loop ends. */
export class GrowingList extends ListValue {
  readonly items: unknown[] = [];
  get size(): number {
    return this.items.length;
  }
  at(index: number): unknown {
    return this.items[index];
  }
}

type ListType = Extract<CelType, { kind: 'list' }>;
type MapType = Extract<CelType, { kind: 'map' }>;

export class JsonList extends ListValue {
  readonly raw: readonly unknown[];
  readonly #type: ListType | undefined;
  constructor(raw: readonly unknown[], type: ListType | undefined) {
    super();
    this.raw = raw;
    this.#type = type;
  }
  get size(): number {
    return this.raw.length;
  }
  override get type(): CelType {
    return this.#type ?? listOf(DYN);
  }
  get declared(): ListType | undefined {
    return this.#type;
  }
  at(index: number): unknown {
    return adapt(this.raw[index], this.#type?.element ?? DYN);
  }
}

/** Maps, and objects, whose keys are their fields. */
export abstract class MapValue {
  abstract readonly size: number;
  /** `undefined` where there is no such key. */
  abstract get(key: unknown): unknown;
  abstract keys(): Iterable<unknown>;
  get type(): CelType {
    return mapOf(DYN, DYN);
  }
}

/** int, uint and double keys of one number are one key; strings, booleans apart. */
function keyOf(key: unknown): string | undefined {
  switch (typeof key) {
    case 'string':
      return `s${key}`;
    case 'boolean':
      return `b${key}`;
    case 'bigint':
      return `n${key}`;
    case 'number':
      return Number.isInteger(key) ? `n${BigInt(key)}` : undefined;
    default:
      return key instanceof Uint ? `n${key.value}` : undefined;
  }
}

export class NativeMap extends MapValue {
  readonly #entries = new Map<string, readonly [unknown, unknown]>();
  get size(): number {
    return this.#entries.size;
  }
  has(key: unknown): boolean {
    return this.#entries.has(keyOf(key) ?? '');
  }
  get(key: unknown): unknown {
    return this.#entries.get(keyOf(key) ?? '')?.[1];
  }
  set(key: unknown, value: unknown): void {
    const id = keyOf(key);
    if (id === undefined || typeof key === 'number') throw new CelEvaluationError('unsupported key type');
    this.#entries.set(id, [key, value]);
  }
  *keys(): Iterable<unknown> {
    for (const [key] of this.#entries.values()) yield key;
  }
}

export class JsonMap extends MapValue {
  readonly raw: Readonly<Record<string, unknown>>;
  readonly #type: MapType | undefined;
  #keys: readonly string[] | undefined;
  constructor(raw: Readonly<Record<string, unknown>>, type: MapType | undefined) {
    super();
    this.raw = raw;
    this.#type = type;
  }
  override get type(): CelType {
    return this.#type ?? mapOf(STRING, DYN);
  }
  get size(): number {
    return this.keys().length;
  }
  get(key: unknown): unknown {
    if (typeof key !== 'string' || !Object.hasOwn(this.raw, key)) return undefined;
    const value = this.raw[key];
    return value === undefined ? undefined : adapt(value, this.#type?.value ?? DYN);
  }
  keys(): readonly string[] {
    return (this.#keys ??= Object.keys(this.raw).filter((key) => this.raw[key] !== undefined));
  }
}

/** An object of a schema: fields that the schema does not name are not seen. */
export class JsonObject extends MapValue {
  readonly raw: Readonly<Record<string, unknown>>;
  readonly objectType: CelObjectType;
  constructor(raw: Readonly<Record<string, unknown>>, type: CelObjectType) {
    super();
    this.raw = raw;
    this.objectType = type;
  }
  override get type(): CelType {
    return this.objectType;
  }
  get size(): number {
    return [...this.keys()].length;
  }
  get(key: unknown): unknown {
    const field = fieldOf(this.objectType, String(key));
    if (field === undefined) return undefined;
    const value = Object.hasOwn(this.raw, field.name) ? this.raw[field.name] : undefined;
    return value === undefined || (value === null && field.type.kind !== 'null') ? undefined : adapt(value, field.type);
  }
  *keys(): Iterable<unknown> {
    for (const key of this.objectType.fields.keys()) if (this.get(key) !== undefined) yield key;
  }
}

/** An object whose fields are made when they are first asked for (`variables` of a policy). */
export class LazyObject extends MapValue {
  readonly #type: CelObjectType;
  readonly #make: (name: string) => unknown;
  readonly #made = new Map<string, { readonly value?: unknown; readonly error?: unknown }>();
  /** @param make answers with a value of the language, or JSON; what it throws is thrown at each use */
  constructor(type: CelObjectType, make: (name: string) => unknown) {
    super();
    this.#type = type;
    this.#make = make;
  }
  override get type(): CelType {
    return this.#type;
  }
  get size(): number {
    return this.#type.fields.size;
  }
  get(key: unknown): unknown {
    const name = String(key);
    const field = this.#type.fields.get(name);
    if (field === undefined) return undefined;
    let made = this.#made.get(name);
    if (made === undefined) {
      try {
        made = { value: adapt(this.#make(name), field.type) };
      } catch (error) {
        // anything else is no result of the language: it may be another one next time
        if (!(error instanceof CelEvaluationError)) throw error;
        made = { error };
      }
      this.#made.set(name, made);
    }
    if (made.error !== undefined) throw made.error;
    return made.value;
  }
  keys(): Iterable<unknown> {
    return this.#type.fields.keys();
  }
}

/** What `Object{...}` makes. */
export class StructValue extends MapValue {
  readonly objectType: CelObjectType;
  readonly fields: ReadonlyMap<string, unknown>;
  constructor(type: CelObjectType, fields: ReadonlyMap<string, unknown>) {
    super();
    this.objectType = type;
    this.fields = fields;
  }
  override get type(): CelType {
    return this.objectType;
  }
  get size(): number {
    return this.fields.size;
  }
  get(key: unknown): unknown {
    return this.fields.get(String(key));
  }
  keys(): Iterable<unknown> {
    return this.fields.keys();
  }
}

const isPlain = (value: object): value is Record<string, unknown> => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/** A JSON value as its type says; without one as Kubernetes reads unstructured data: whole numbers are int. Values of the language pass. */
export function adapt(raw: unknown, type: CelType): unknown {
  switch (typeof raw) {
    case 'string':
      return adaptText(raw, type);
    case 'number':
      return type.kind === 'double' || !Number.isInteger(raw) ? raw : BigInt(raw);
    case 'bigint':
      return type.kind === 'double' ? Number(raw) : raw;
    case 'boolean':
      return raw;
    case 'undefined':
      return null;
    case 'object':
      if (raw === null) return null;
      if (Array.isArray(raw)) return new JsonList(raw, type.kind === 'list' ? type : undefined);
      if (!isPlain(raw)) return raw;
      return type.kind === 'object' ? new JsonObject(raw, type) : new JsonMap(raw, type.kind === 'map' ? type : undefined);
    default:
      return raw;
  }
}

function adaptText(raw: string, type: CelType): unknown {
  switch (type.kind) {
    case 'bytes':
      return new Uint8Array(Buffer.from(raw, 'base64'));
    case 'timestamp': {
      const nanos = parseTimestamp(/^\d{4}-\d\d-\d\d$/.test(raw) ? `${raw}T00:00:00Z` : raw);
      if (nanos === undefined) throw new CelEvaluationError(`failed to parse date-time: ${raw}`);
      return new Timestamp(nanos);
    }
    case 'duration': {
      const nanos = parseDuration(raw);
      if (nanos === undefined) throw new CelEvaluationError(`failed to parse duration: ${raw}`);
      return new Duration(nanos);
    }
    default:
      return raw;
  }
}

/** The name of a value's type, by which overloads are chosen. */
export function kindOfValue(value: unknown): CelType['kind'] {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return 'double';
    default:
      if (value === null || value === undefined) return 'null';
      if (value instanceof ListValue) return 'list';
      if (value instanceof MapValue) return value.type.kind === 'object' ? 'object' : 'map';
      if (value instanceof Uint) return 'uint';
      if (value instanceof Timestamp) return 'timestamp';
      if (value instanceof Duration) return 'duration';
      if (value instanceof Uint8Array) return 'bytes';
      if (value instanceof TypeValue) return 'type';
      return 'opaque';
  }
}

export function opaqueName(value: unknown): string {
  return value instanceof Opaque ? value.typeName : value instanceof Optional ? 'optional_type' : '';
}
