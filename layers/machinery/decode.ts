/**
 * From the text of a body to an object of its type, as a Kubernetes 1.36 server reads it: field names are case-sensitive, unknown fields
 * are dropped and told, repeated fields are told, a value of the wrong type is refused in the words of Go's decoder, nulls mean absence,
 * zeros that Go's structs do not write are dropped, structs that they always write are there (`resources: {}`), quantities and times
 * take their canonical form, integers beyond 2^53 stay exact (as bigints).
 */
import { countKeys, DecodeError, isExact, MAX_DEPTH, parseExactly, parseJson, type RepeatedKeys } from './json-text.ts';
import type { JsonObject } from './object.ts';
import { canonical, QuantityError } from './quantity.ts';
import type { FieldSchema, TypeSchema } from './schema.ts';
import { badRequest, type ApiError } from './status.ts';
import { canonicalTime, TimeError } from './time.ts';
import { parseYaml } from './yaml-text.ts';

export { DecodeError } from './json-text.ts';

export interface DecodeOptions {
  readonly schema: TypeSchema;
  /** Whether unknown and repeated fields are looked for (fieldValidation Warn and Strict). */
  readonly findings: boolean;
  /** Custom resources: types are not checked here and nulls stay, validation against the OpenAPI schema does both. */
  readonly unstructured?: boolean;
}

export interface Decoded {
  readonly object: JsonObject;
  /** Such as `unknown field "spec.foo"`, in the order of the text, at most 100. */
  readonly findings: readonly string[];
}

/** As sigs.k8s.io/json. */
const MAX_FINDINGS = 100;

const META_TYPE = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
const kindOf = (value: unknown): string =>
  Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value === 'boolean' ? 'bool' : typeof value === 'bigint' ? 'number' : typeof value;

function rootObject(value: unknown): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    for (const [key, name] of [
      ['apiVersion', 'apiVersion'],
      ['kind', 'kind'],
    ] as const) {
      const given = (value as JsonObject)[key];
      if (given !== undefined && given !== null && typeof given !== 'string')
        throw new DecodeError(`couldn't get version/kind; json parse error: json: cannot unmarshal ${kindOf(given)} into Go struct field .${name} of type string`);
    }
    return value as JsonObject;
  }
  if (value === null) return {};
  throw new DecodeError(`couldn't get version/kind; json parse error: json: cannot unmarshal ${kindOf(value)} into Go value of type ${META_TYPE}`);
}

/** @throws DecodeError */
export function decodeJson(text: string, options: DecodeOptions): Decoded {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    try {
      value = parseExactly(text);
    } catch (error) {
      throw new DecodeError(`couldn't get version/kind; json parse error: ${(error as Error).message}`);
    }
  }
  const walk = new Walk(options, undefined);
  const object = walk.root(rootObject(value));
  if (!walk.inexact && (!options.findings || walk.keys === countKeys(text))) return { object, findings: walk.findings() };
  const repeated: RepeatedKeys = new WeakMap();
  const again = new Walk(options, repeated);
  return { object: again.root(rootObject(parseExactly(text, repeated))), findings: again.findings() };
}

/** Reads a YAML text; most that come as YAML are JSON. @throws DecodeError */
export function decodeYaml(text: string, options: DecodeOptions): Decoded {
  if (/^\s*\{/.test(text)) {
    try {
      JSON.parse(text);
      return decodeJson(text, options);
    } catch (error) {
      if (error instanceof DecodeError) throw error;
      // flow style that is no JSON
    }
  }
  const problems: string[] = [];
  const decoded = decodeValue(parseYaml(text, options.findings ? problems : undefined), options);
  return { object: decoded.object, findings: [...problems, ...decoded.findings] };
}

/** For objects that are no text any more (a patch was applied). `value` is taken over and changed. @throws DecodeError */
export function decodeValue(value: unknown, options: DecodeOptions): Decoded {
  const walk = new Walk(options, undefined);
  return { object: walk.root(rootObject(value)), findings: walk.findings(true) };
}

/** The places of keys that a JSON text has twice, in its order. `value`: what was read from it. */
export function repeatedFields(text: string, value: unknown): readonly string[] {
  if (keysOf(value) === countKeys(text)) return [];
  const repeated: RepeatedKeys = new WeakMap();
  const places: string[] = [];
  const search = (inner: unknown, place: string): void => {
    if (typeof inner !== 'object' || inner === null) return;
    if (Array.isArray(inner)) return inner.forEach((item, at) => search(item, `${place}[${at}]`));
    const seen = new Set<string>();
    for (const key of repeated.get(inner) ?? Object.keys(inner)) {
      const at = place === '' ? key : `${place}.${key}`;
      if (seen.has(key)) places.push(at);
      else search((inner as JsonObject)[key], at);
      seen.add(key);
    }
  };
  search(parseExactly(text, repeated), '');
  return [...new Set(places)].slice(0, MAX_FINDINGS);
}

function keysOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) for (const item of value) count += keysOf(item);
  else for (const key in value) count += 1 + keysOf((value as Record<string, unknown>)[key]);
  return count;
}

/** The text of a JSON or YAML body, without a type: patches, apply configurations. `problems` takes keys that a YAML text has twice. @throws DecodeError */
export function parseBody(text: string, yaml: boolean, problems?: string[]): unknown {
  if (!yaml) return parseJson(text);
  if (/^\s*[{[]/.test(text)) {
    try {
      const plain: unknown = JSON.parse(text);
      // what is said twice is for the reader of YAML, in whose words clients are told
      if (problems === undefined || keysOf(plain) === countKeys(text)) return isExact(plain) ? plain : parseExactly(text);
    } catch {
      // flow style that is no JSON
    }
  }
  return parseYaml(text, problems);
}

const SUMMARY = 30;
function summary(body: Uint8Array): string {
  if (body.length === 0) return '<empty>';
  const head = Buffer.from(body.subarray(0, SUMMARY)).toString(body[0] === 0x7b ? 'utf8' : 'hex');
  return body.length > SUMMARY ? `${head} ...` : head;
}

/** Bodies that do not even say what they are. */
const UNRECOGNIZED = /^(?:couldn't get version\/kind|provided data does not appear to be a protobuf message|unexpected GroupVersion string)/;

/** What a client is told of a body that could not be read. `given`: what the body says it is, filled up with what was expected. */
export function undecodable(error: Error, given: { readonly kind: string; readonly version: string } | undefined, expectedKind: string, body: Uint8Array): ApiError {
  return badRequest(
    given === undefined || given.kind === '' || UNRECOGNIZED.test(error.message)
      ? `the object provided is unrecognized (must be of type ${expectedKind}): ${error.message} (${summary(body)})`
      : `${given.kind} in version ${JSON.stringify(given.version)} cannot be handled as a ${expectedKind}: ${error.message}`,
  );
}

/** The one error that strict decoding makes of what it found. */
export const strictError = (findings: readonly string[]): DecodeError => new DecodeError(`strict decoding error: ${findings.join(', ')}`);

const shortName = (name: string): string => name.slice(name.lastIndexOf('.') + 1);

function goType(type: TypeSchema): string {
  switch (type.type) {
    case 'object':
      return type.name.split('.').slice(-2).join('.');
    case 'map':
      return `map[string]${goType(type.items ?? ANY)}`;
    case 'array':
      return `[]${goType(type.items ?? ANY)}`;
    case 'string':
      return 'string';
    case 'integer':
      return type.format === 'int32' ? 'int32' : 'int64';
    case 'number':
      return type.format === 'float' ? 'float32' : 'float64';
    case 'boolean':
      return 'bool';
    case 'bytes':
      return '[]uint8';
    case 'quantity':
      return 'resource.Quantity';
    case 'intOrString':
      return 'intstr.IntOrString';
    case 'time':
      return 'v1.Time';
    case 'microTime':
      return 'v1.MicroTime';
    case 'fieldsV1':
      return 'v1.FieldsV1';
    case 'any':
      return 'interface {}';
  }
}

const ANY: TypeSchema = { name: '', type: 'any' };
const INT32_MAX = 2_147_483_647;
const INT32_MIN = -2_147_483_648;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Go leaves it out of the text: the zero value of a field that is neither a pointer nor always written. */
function isUnwritten(value: unknown, field: FieldSchema): boolean {
  if (field.pointer === true || field.always === true) return false;
  if (typeof value !== 'object') return value === 0 || value === false || value === '';
  if (value === null) return false;
  if (field.type.type === 'array') return (value as unknown[]).length === 0;
  if (field.type.type !== 'map') return false;
  for (const _ in value) return false;
  return true;
}

const structs = new WeakMap<TypeSchema, readonly string[]>();
const NONE: readonly string[] = [];
/** The struct fields that Go holds by value: there whether they were sent or not. */
function heldByValue(type: TypeSchema): readonly string[] {
  let names = structs.get(type);
  if (names === undefined) {
    names = [];
    for (const { name, always, pointer, type: inner } of type.fields?.values() ?? []) if (always === true && pointer !== true && inner.type === 'object') names = [...names, name];
    structs.set(type, names.length === 0 ? NONE : names);
  }
  return names;
}

/**
 * Adds, in place, the zeros that Go always writes (`restartCount: 0`, `name: ""`). After defaulting: a default fills what is absent.
 */
export function addZeros(object: JsonObject, type: TypeSchema): void {
  for (const { name, always, pointer, type: inner } of type.fields?.values() ?? []) {
    const value = object[name];
    if (value === undefined) {
      if (always !== true || pointer === true || inner.type === 'array' || inner.type === 'map') continue;
      const missing = zero(inner);
      if (missing !== null) object[name] = missing;
      if (inner.type === 'object') addZeros(missing as JsonObject, inner);
    } else addZerosWithin(value, inner);
  }
}

function addZerosWithin(value: unknown, type: TypeSchema): void {
  if (typeof value !== 'object' || value === null) return;
  if (type.type === 'object') addZeros(value as JsonObject, type);
  else if ((type.type === 'array' || type.type === 'map') && typeof type.items === 'object' && (type.items.type === 'object' || type.items.type === 'array'))
    for (const inner of Object.values(value)) addZerosWithin(inner, type.items);
}

const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

const Rank = { Duplicate: 0, Metadata: 1, Pruned: 2, Embedded: 3 } as const;

interface Finding {
  readonly text: string;
  readonly place: string;
  readonly rank: number;
}

/** The order in which Go writes the keys of maps, level by level. */
function byKeys(a: string, b: string): number {
  const left = a.split(/[.[]/);
  const right = b.split(/[.[]/);
  for (let at = 0; at < left.length && at < right.length; at++) {
    const [one, other] = [left[at]!, right[at]!];
    if (one === other) continue;
    return one.endsWith(']') && other.endsWith(']') ? Number.parseInt(one, 10) - Number.parseInt(other, 10) : one < other ? -1 : 1;
  }
  return left.length - right.length;
}

/** One pass over one object. Values are replaced in place. */
class Walk {
  private readonly found: Finding[] = [];
  private embedded = false;
  /** All keys seen, at every depth. */
  keys = 0;
  /** An integer was met that a number cannot hold. */
  inexact = false;
  private readonly told: boolean;
  private readonly typed: boolean;
  private readonly rootSchema: TypeSchema;
  private readonly repeated: RepeatedKeys | undefined;
  private readonly path: (string | number)[] = [];
  private owner: TypeSchema;

  constructor(options: DecodeOptions, repeated: RepeatedKeys | undefined) {
    this.told = options.findings;
    this.typed = options.unstructured !== true;
    this.rootSchema = options.schema;
    this.owner = options.schema;
    this.repeated = repeated;
  }

  root(object: JsonObject): JsonObject {
    this.struct(object, this.rootSchema);
    return object;
  }

  private place(last: string): string {
    let text = '';
    for (const part of this.path) text += typeof part === 'number' ? `[${part}]` : text === '' ? part : `.${part}`;
    return last === '' ? text : text === '' ? last : `${text}.${last}`;
  }

  private tell(what: 'unknown' | 'duplicate', key: string): void {
    const place = this.place(key);
    const text = `${what} field ${JSON.stringify(place)}`;
    if (this.found.length >= MAX_FINDINGS || this.found.some((one) => one.text === text)) return;
    const rank = what === 'duplicate' ? Rank.Duplicate : this.path[0] === 'metadata' ? Rank.Metadata : this.embedded ? Rank.Embedded : Rank.Pruned;
    this.found.push({ text, place, rank });
  }

  /** In the order of the text. What comes sorted: custom resources, in the order of upstream's passes over them, and values that were in Go's maps before. */
  findings(sorted = false): readonly string[] {
    const { found } = this;
    if (found.length > 1) {
      if (!this.typed) found.sort((a, b) => a.rank - b.rank || (a.rank === Rank.Duplicate ? 0 : a.place < b.place ? -1 : 1));
      else if (sorted) found.sort((a, b) => byKeys(a.place, b.place));
    }
    return found.map(({ text }) => text);
  }

  /** Go names the struct that holds the field, and the way to it without indices and map keys. */
  private mistyped(given: string, type: string): never {
    const fields: string[] = [];
    let at: TypeSchema = this.rootSchema;
    for (const part of this.path) {
      if (typeof part === 'number') at = at.items ?? ANY;
      else if (at.type === 'map') at = at.items ?? ANY;
      else {
        fields.push(part);
        at = at.fields?.get(part)?.type ?? ANY;
      }
    }
    throw new DecodeError(`json: cannot unmarshal ${given} into Go struct field ${shortName(this.owner.name)}.${fields.join('.')} of type ${type}`);
  }

  /** A subtree that nobody looks into: counted, and searched for integers that were not read exactly. */
  private skip(value: unknown, depth: number): void {
    if (typeof value === 'number') {
      if (Number.isInteger(value) && !Number.isSafeInteger(value)) this.inexact ||= this.repeated === undefined && Math.abs(value) <= 2 ** 63;
      return;
    }
    if (typeof value !== 'object' || value === null) return;
    if (depth > MAX_DEPTH) throw new DecodeError('exceeded max depth');
    if (Array.isArray(value)) for (const item of value) this.skip(item, depth + 1);
    else
      for (const key in value) {
        this.keys++;
        this.skip((value as JsonObject)[key], depth + 1);
      }
  }

  /** As `skip`, where Go builds plain maps and tells repeated keys in them. */
  private untyped(value: unknown): void {
    this.skip(value, this.path.length);
    if (this.repeated !== undefined && this.told) this.searchRepeated(value);
  }

  private searchRepeated(value: unknown): void {
    if (typeof value !== 'object' || value === null) return;
    if (Array.isArray(value))
      for (let at = 0; at < value.length; at++) {
        this.path.push(at);
        this.searchRepeated(value[at]);
        this.path.pop();
      }
    else {
      this.tellRepeated(value as JsonObject);
      for (const key in value) {
        this.path.push(key);
        this.searchRepeated((value as JsonObject)[key]);
        this.path.pop();
      }
    }
  }

  private tellRepeated(object: JsonObject): void {
    const all = this.repeated?.get(object);
    if (all === undefined || !this.told) return;
    const seen = new Set<string>();
    for (const key of all) {
      if (seen.has(key)) this.tell('duplicate', key);
      seen.add(key);
    }
  }

  private struct(object: JsonObject, type: TypeSchema): void {
    const outer = this.owner;
    const within = this.embedded;
    const fields = type.fields;
    this.owner = type;
    if (this.path.length > 1 && type.name === OBJECT_META) this.embedded = true;
    if (this.path.length > MAX_DEPTH) throw new DecodeError('exceeded max depth');
    const order = this.repeated?.get(object);
    // repeated keys are told where they stand, between the unknown ones
    let seen: Set<string> | undefined;
    for (const key of order ?? Object.keys(object)) {
      if (order !== undefined) {
        seen ??= new Set();
        if (seen.has(key)) {
          if (this.told) this.tell(this.typed && fields?.has(key) === false ? 'unknown' : 'duplicate', key);
          continue;
        }
        seen.add(key);
      }
      this.keys++;
      const value = object[key];
      const field = fields?.get(key);
      if (field === undefined) {
        if (type.preserveUnknown === true) {
          this.path.push(key);
          this.untyped(value);
          this.path.pop();
          continue;
        }
        if (this.told) {
          this.tell('unknown', key);
          this.path.push(key);
          if (this.typed) this.skip(value, this.path.length);
          else this.untyped(value);
          this.path.pop();
        }
        delete object[key];
        continue;
      }
      if (value === null && this.typed) {
        delete object[key];
        continue;
      }
      const inner = field.type;
      // plain strings are most of what there is
      if (typeof value === 'string' && inner.type === 'string') {
        if (value === '' && this.typed && field.pointer !== true && field.always !== true) delete object[key];
        continue;
      }
      this.path.push(key);
      const read = this.value(value, inner);
      if (read !== value) object[key] = read;
      if (this.typed && isUnwritten(read, field)) delete object[key];
      this.path.pop();
    }
    if (this.typed)
      for (const name of heldByValue(type)) {
        if (object[name] !== undefined) continue;
        const inner: JsonObject = {};
        object[name] = inner;
        this.struct(inner, fields!.get(name)!.type);
      }
    this.owner = outer;
    this.embedded = within;
  }

  private map(object: JsonObject, type: TypeSchema): void {
    this.tellRepeated(object);
    const items = type.items ?? ANY;
    const plain = items.type === 'string';
    for (const key in object) {
      this.keys++;
      const value = object[key];
      if (plain && typeof value === 'string') continue;
      this.path.push(key);
      const read = value === null && this.typed ? zero(items) : this.value(value, items);
      if (read !== value) object[key] = read;
      this.path.pop();
    }
  }

  private value(value: unknown, type: TypeSchema): unknown {
    switch (type.type) {
      case 'object':
        if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
          if (type.fields === undefined && type.preserveUnknown === true) this.untyped(value);
          else this.struct(value as JsonObject, type);
          return value;
        }
        return this.other(value, type);
      case 'map':
        if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
          this.map(value as JsonObject, type);
          return value;
        }
        return this.other(value, type);
      case 'array': {
        if (!Array.isArray(value)) return this.other(value, type);
        const items = type.items ?? ANY;
        const { path } = this;
        for (let at = 0; at < value.length; at++) {
          path.push(at);
          const item: unknown = value[at];
          const read = item === null && this.typed ? zero(items) : this.value(item, items);
          if (read !== item) value[at] = read;
          path.pop();
        }
        return value;
      }
      case 'any':
      case 'fieldsV1':
        if (this.typed) this.skip(value, this.path.length);
        else this.untyped(value);
        return value;
      default:
        return this.typed ? this.scalar(value, type) : this.other(value, type);
    }
  }

  /** A value that does not fit: an error where types count, left alone where they do not. */
  private other(value: unknown, type: TypeSchema): unknown {
    if (this.typed) this.mistyped(kindOf(value), goType(type));
    this.untyped(value);
    return value;
  }

  private scalar(value: unknown, type: TypeSchema): unknown {
    switch (type.type) {
      case 'string':
        return typeof value === 'string' ? value : this.mistyped(kindOf(value), 'string');
      case 'boolean':
        return typeof value === 'boolean' ? value : this.mistyped(kindOf(value), 'bool');
      case 'integer':
        return this.integer(value, type);
      case 'number':
        return typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : this.mistyped(kindOf(value), goType(type));
      case 'bytes':
        return typeof value === 'string' ? base64(value) : this.mistyped(kindOf(value), '[]uint8');
      case 'intOrString':
        if (typeof value === 'string') return value;
        if (typeof value === 'number' && Number.isInteger(value) && value <= INT32_MAX && value >= INT32_MIN) return value;
        return this.mistyped(typeof value === 'number' || typeof value === 'bigint' ? `number ${String(value)}` : kindOf(value), 'int32');
      case 'quantity':
        if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') return quantity(String(value));
        throw new DecodeError(new QuantityError().message);
      case 'time':
      case 'microTime':
        if (typeof value !== 'string') return this.mistyped(kindOf(value), 'string');
        return time(value, type.type === 'microTime');
      default:
        return value;
    }
  }

  private integer(value: unknown, type: TypeSchema): unknown {
    if (typeof value === 'number') {
      if (type.format === 'int32' ? Number.isInteger(value) && value <= INT32_MAX && value >= INT32_MIN : Number.isSafeInteger(value)) return value;
      if (type.format !== 'int32' && Number.isInteger(value) && Math.abs(value) <= 2 ** 63 && this.repeated === undefined) {
        // read it again, exactly
        this.inexact = true;
        return value;
      }
      return this.mistyped(`number ${String(value)}`, goType(type));
    }
    if (typeof value !== 'bigint') return this.mistyped(kindOf(value), goType(type));
    return type.format === 'int32' ? this.mistyped(`number ${value}`, 'int32') : value;
  }
}

function quantity(text: string): string {
  try {
    return canonical(text.trim());
  } catch (error) {
    throw new DecodeError((error as Error).message);
  }
}

function time(text: string, micro: boolean): string {
  try {
    return canonicalTime(text, micro);
  } catch (error) {
    if (error instanceof TimeError) throw new DecodeError(error.message);
    throw error;
  }
}

function base64(text: string): string {
  if (BASE64.test(text)) return text;
  // line breaks are allowed and lost
  const joined = text.replaceAll(/[\r\n]/g, '');
  if (BASE64.test(joined)) return joined;
  const bad = /[^A-Za-z0-9+/\r\n]/.exec(text)?.index ?? text.length;
  throw new DecodeError(`illegal base64 data at input byte ${text[bad] === '=' ? Math.floor(bad / 4) * 4 + (bad % 4) : bad - (bad === text.length ? joined.length % 4 : 0)}`);
}

/** What null is in a list or a map of values. */
function zero(type: TypeSchema): unknown {
  switch (type.type) {
    case 'object':
    case 'map':
      return {};
    case 'array':
      return [];
    case 'string':
    case 'bytes':
      return '';
    case 'integer':
    case 'number':
    case 'intOrString':
      return 0;
    case 'boolean':
      return false;
    case 'quantity':
      return '0';
    case 'time':
    case 'microTime':
    case 'any':
    case 'fieldsV1':
      return null;
  }
}
