/**
 * Decodes protobuf messages into what the same object is as JSON, as a Go server would write it: unset fields are left out
 * where Go leaves them out and are `""`, `0`, `{}` or null where Go writes them. A decoder is built of closures once per type.
 */
import type { FieldSchema, TypeSchema } from '#machinery/schema.ts';
import type { JsonObject } from '#machinery/object.ts';
import { schemaOfKind } from '../schema.ts';
import { readEnvelope, type Envelope } from './unknown.ts';
import { Input, MalformedMessage } from './input.ts';
import { specialReader, type Messages } from './special-read.ts';

/** Reads one field's value, after its tag, into the object. */
type Handler = (input: Input, target: JsonObject, wire: number) => void;

export interface MessageReader {
  readonly handlers: readonly (Handler | undefined)[];
  /** Fields that Go writes even when unset, with what it writes. */
  readonly always: readonly { readonly name: string; readonly zero: () => unknown }[];
}

/** A value's form on the wire. `read` gets what was read for the same field before: messages are merged. */
export interface ValueReader {
  readonly wire: 0 | 1 | 2;
  read(input: Input, previous: unknown): unknown;
  /** What Go writes for the zero value. */
  zero(): unknown;
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;

const readers = new WeakMap<TypeSchema, MessageReader>();

export function messageReader(schema: TypeSchema): MessageReader {
  const known = readers.get(schema);
  if (known !== undefined) return known;
  const handlers: (Handler | undefined)[] = [];
  const always: { name: string; zero: () => unknown }[] = [];
  const reader = { handlers, always };
  // Known before its fields are looked at: types refer to themselves.
  readers.set(schema, reader);
  // Handlers of embedded messages, whose fields JSON shows in the outer object.
  const embedded = new Map<string, (Handler | undefined)[]>([['', handlers]]);
  const table = (path: readonly number[]): (Handler | undefined)[] => {
    const key = path.join('.');
    const existing = embedded.get(key);
    if (existing !== undefined) return existing;
    const inner: (Handler | undefined)[] = [];
    embedded.set(key, inner);
    table(path.slice(0, -1))[path.at(-1)!] = (input, target, wire) => {
      expect(wire, BYTES);
      const outer = input.enter();
      readFields(input, target, inner);
      input.leave(outer);
    };
    return inner;
  };
  for (const field of schema.fields?.values() ?? []) {
    if (field.proto === undefined) continue;
    table(field.protoIn ?? [])[field.proto] = handler(field);
    if (field.always === true) always.push({ name: field.name, zero: zeroOf(field) });
  }
  return reader;
}

function expect(wire: number, wanted: number): void {
  if (wire !== wanted) throw new MalformedMessage(`wire type ${wire} stands where ${wanted} is due`);
}

function readFields(input: Input, target: JsonObject, handlers: readonly (Handler | undefined)[]): void {
  const { bytes, end } = input;
  while (input.at < end) {
    const first = bytes[input.at]!;
    let tag = first;
    if (first < 128) input.at++;
    else tag = input.varint32();
    const number = tag >>> 3;
    if (number === 0) throw new MalformedMessage('field 0 does not exist');
    const handle = number < handlers.length ? handlers[number] : undefined;
    if (handle === undefined) input.skip(tag & 7);
    else handle(input, target, tag & 7);
  }
}

/** Reads from where the input stands to its end. */
export function readMessage(input: Input, reader: MessageReader, target: JsonObject): JsonObject {
  readFields(input, target, reader.handlers);
  for (const { name, zero } of reader.always) if (target[name] === undefined) target[name] = zero();
  return target;
}

function zeroOf(field: FieldSchema): () => unknown {
  if (field.pointer === true || field.type.type === 'array' || field.type.type === 'map' || field.type.type === 'bytes') return () => null;
  const { zero } = valueReader(field.type);
  return zero;
}

function handler(field: FieldSchema): Handler {
  const { name, type } = field;
  if (type.type === 'array' && type.wrapped !== true) return listHandler(name, valueReader(type.items!));
  if (type.type === 'map') return mapHandler(name, valueReader(type.items!));
  const value = valueReader(type);
  const { wire: wanted } = value;
  // By value and with omitempty: what is zero is left out. Structs are never empty to encoding/json.
  const omits = field.pointer !== true && field.always !== true;
  if (!omits) {
    return (input, target, wire) => {
      if (wire !== wanted) expect(wire, wanted);
      target[name] = value.read(input, target[name]);
    };
  }
  if (type.type === 'string' && type.name === 'string') {
    return (input, target, wire) => {
      if (wire !== BYTES) expect(wire, BYTES);
      const text = input.text();
      if (text !== '') target[name] = text;
      else if (target[name] !== undefined) delete target[name];
    };
  }
  return (input, target, wire) => {
    if (wire !== wanted) expect(wire, wanted);
    const read = value.read(input, target[name]);
    if (read === null || read === '' || read === 0 || read === false) {
      if (target[name] !== undefined) delete target[name];
    } else target[name] = read;
  };
}

function listHandler(name: string, item: ValueReader): Handler {
  const { wire: wanted } = item;
  return (input, target, wire) => {
    const known = target[name];
    let list: unknown[];
    if (known === undefined) target[name] = list = [];
    else list = known as unknown[];
    if (wire === wanted) {
      list.push(item.read(input, undefined));
      return;
    }
    // Numbers may come packed.
    if (wire !== BYTES) expect(wire, wanted);
    const outer = input.enter();
    while (input.at < input.end) list.push(item.read(input, undefined));
    input.leave(outer);
  };
}

function mapHandler(name: string, value: ValueReader): Handler {
  return (input, target, wire) => {
    expect(wire, BYTES);
    const known = target[name];
    let map: JsonObject;
    if (known === undefined) target[name] = map = {};
    else map = known as JsonObject;
    const outer = input.enter();
    let key = '';
    let read: unknown = undefined;
    while (input.at < input.end) {
      const tag = input.varint32();
      if (tag === 0x0a) key = input.text();
      else if (tag >>> 3 === 2) {
        expect(tag & 7, value.wire);
        read = value.read(input, undefined);
      } else if (tag >>> 3 === 0) throw new MalformedMessage('field 0 does not exist');
      else input.skip(tag & 7);
    }
    input.leave(outer);
    const entry = read === undefined ? value.zero() : read;
    // A plain store would set the prototype.
    if (key === '__proto__') Object.defineProperty(map, key, { value: entry, enumerable: true, configurable: true, writable: true });
    else map[key] = entry;
  };
}

const TEXT: ValueReader = { wire: BYTES, read: (input) => input.text(), zero: () => '' };
const FLAG: ValueReader = { wire: VARINT, read: (input) => input.int64() !== 0, zero: () => false };
const INT32: ValueReader = { wire: VARINT, read: (input) => input.varint32() | 0, zero: () => 0 };
const INT64: ValueReader = { wire: VARINT, read: (input) => input.int64(), zero: () => 0 };
const DOUBLE: ValueReader = { wire: FIXED64, read: (input) => input.double(), zero: () => 0 };
const BINARY: ValueReader = { wire: BYTES, read: (input) => input.raw().toString('base64'), zero: () => '' };

const objectReaders = new WeakMap<TypeSchema, ValueReader>();

export function valueReader(type: TypeSchema): ValueReader {
  switch (type.type) {
    case 'boolean':
      return FLAG;
    case 'integer':
      return type.format === 'int64' ? INT64 : INT32;
    case 'number':
      return DOUBLE;
    case 'bytes':
      return BINARY;
    case 'object':
      return objectReader(type);
    case 'array':
      return wrappedReader(type);
    case 'string':
      return type.name === 'string' ? TEXT : specialReader(type, MESSAGES);
    case 'map':
      throw new Error('protobuf has no maps in maps or lists');
    case 'quantity':
    case 'intOrString':
    case 'time':
    case 'microTime':
    case 'fieldsV1':
    case 'any':
      return specialReader(type, MESSAGES);
  }
}

function objectReader(type: TypeSchema): ValueReader {
  const known = objectReaders.get(type);
  if (known !== undefined) return known;
  let reader: MessageReader | undefined;
  const value: ValueReader = {
    wire: BYTES,
    read: (input, previous) => {
      // Types nest in themselves, so a reader is made when it is first needed.
      reader ??= messageReader(type);
      const outer = input.enter();
      const target = previous === undefined || previous === null ? {} : (previous as JsonObject);
      readMessage(input, reader, target);
      input.leave(outer);
      return target;
    },
    zero: () => {
      reader ??= messageReader(type);
      const target: JsonObject = {};
      for (const { name, zero } of reader.always) target[name] = zero();
      return target;
    },
  };
  objectReaders.set(type, value);
  return value;
}

/** A named Go slice: a message with one repeated field. Null where it is not there, an empty list where it is empty. */
function wrappedReader(type: TypeSchema): ValueReader {
  const add = listHandler('items', valueReader(type.items!));
  return {
    wire: BYTES,
    read: (input) => {
      const target: JsonObject = { items: [] };
      const outer = input.enter();
      readFields(input, target, [undefined, add]);
      input.leave(outer);
      return target['items'];
    },
    zero: () => null,
  };
}

/** The schema of the kind that an envelope names. */
export function schemaOfEnvelope({ apiVersion, kind }: Envelope): TypeSchema | undefined {
  const slash = apiVersion.indexOf('/');
  return schemaOfKind(slash === -1 ? '' : apiVersion.slice(0, slash), apiVersion.slice(slash + 1), kind);
}

/** The object inside an envelope, read as `schema`. */
export function readContent(input: Input, envelope: Envelope, schema: TypeSchema): JsonObject {
  const { apiVersion, kind, contentEncoding } = envelope;
  if (contentEncoding !== '') throw new MalformedMessage(`content encoding ${JSON.stringify(contentEncoding)} is not known`);
  // WatchEvent is no object: it has neither field.
  const isKind = schema.fields?.has('kind') === true;
  const target: JsonObject = isKind && (apiVersion !== '' || kind !== '') ? { kind, apiVersion } : {};
  const { at, end } = input;
  input.at = envelope.start;
  input.end = envelope.end;
  readMessage(input, messageReader(schema), target);
  input.at = at;
  input.end = end;
  return target;
}

/** Reads an object in its envelope, from where the input stands to its end. */
export function readEnveloped(input: Input, fallback?: Pick<Envelope, 'apiVersion' | 'kind'>): JsonObject {
  const read = readEnvelope(input);
  const envelope = read.apiVersion === '' && read.kind === '' && fallback !== undefined ? { ...read, ...fallback } : read;
  const schema = schemaOfEnvelope(envelope);
  if (schema === undefined) throw new UnknownKind(envelope.apiVersion, envelope.kind);
  return readContent(input, envelope, schema);
}

/** The envelope names a type that has no form in protobuf: custom resources, and what this version does not know. */
export class UnknownKind extends Error {
  readonly code = 'UNKNOWN_KIND';
  constructor(apiVersion: string, kind: string) {
    super(`no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`);
  }
}

const MESSAGES: Messages = { reader: objectReader, enveloped: (input) => readEnveloped(input) };
