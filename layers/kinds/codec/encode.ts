/**
 * Encodes objects as gogo/protobuf does: fields in the order of their numbers, those that Go holds by value always, map
 * entries by sorted key. A writer is built of closures once per type.
 */
import type { FieldSchema, TypeSchema } from '#machinery/schema.ts';
import type { JsonObject } from '#machinery/object.ts';
import type { Output } from './output.ts';
import { specialWriter, type Writers } from './special-write.ts';

/** The value does not have its field's type. */
export class CannotEncode extends Error {
  readonly code = 'CANNOT_ENCODE';
}

/** Writes one field, tag and all, of the object. */
type FieldWriter = (output: Output, source: JsonObject) => void;

/** A value's form on the wire. `write` puts it down with its length; `undefined` is Go's zero value. */
export interface ValueWriter {
  readonly wire: 0 | 1 | 2;
  write(output: Output, value: unknown): void;
}

export interface MessageWriter {
  /** Highest number first: the output grows from its end. */
  readonly fields: readonly FieldWriter[];
}

const writers = new WeakMap<TypeSchema, MessageWriter>();

interface Node {
  /** Fields, and the messages that Go embeds, by number. */
  readonly fields: Map<number, FieldWriter>;
  readonly embedded: Map<number, Node>;
}

export function messageWriter(schema: TypeSchema): MessageWriter {
  const known = writers.get(schema);
  if (known !== undefined) return known;
  const fields: FieldWriter[] = [];
  const writer = { fields };
  writers.set(schema, writer);
  const root: Node = { fields: new Map(), embedded: new Map() };
  for (const field of schema.fields?.values() ?? []) {
    if (field.proto === undefined) continue;
    let node = root;
    for (const number of field.protoIn ?? []) {
      const inner = node.embedded.get(number) ?? { fields: new Map(), embedded: new Map() };
      node.embedded.set(number, inner);
      node = inner;
    }
    node.fields.set(field.proto, fieldWriter(field));
  }
  fields.push(...ordered(root));
  return writer;
}

function ordered(node: Node): FieldWriter[] {
  const all = new Map(node.fields);
  for (const [number, inner] of node.embedded) {
    const own = ordered(inner);
    const tag = tagOf(number, 2);
    all.set(number, (output, source) => {
      const end = output.written;
      for (const write of own) write(output, source);
      output.varint(output.written - end);
      output.varint(tag);
    });
  }
  return [...all].sort(([a], [b]) => b - a).map(([, write]) => write);
}

const tagOf = (number: number, wire: number): number => ((number << 3) | wire) >>> 0;

export function writeMessage(output: Output, writer: MessageWriter, source: JsonObject): void {
  for (const write of writer.fields) write(output, source);
}

function fieldWriter(field: FieldSchema): FieldWriter {
  const { name, type, proto } = field;
  if (type.type === 'array' && type.wrapped !== true) return listWriter(name, proto!, valueWriter(type.items!, name));
  if (type.type === 'map') return mapWriter(name, proto!, valueWriter(type.items!, name));
  const value = valueWriter(type, name);
  const tag = tagOf(proto!, value.wire);
  // Go has no value for an absent pointer, byte slice or named slice, and a zero for all else.
  const absent = field.pointer === true || type.type === 'bytes' || type.type === 'array';
  return (output, source) => {
    const given = source[name];
    if (given === undefined || given === null) {
      if (absent) return;
      value.write(output, undefined);
    } else value.write(output, given);
    output.varint(tag);
  };
}

function listWriter(name: string, number: number, item: ValueWriter): FieldWriter {
  const tag = tagOf(number, item.wire);
  return (output, source) => {
    const list = source[name];
    if (list === undefined || list === null) return;
    if (!Array.isArray(list)) throw new CannotEncode(`${name} is no list`);
    for (let index = list.length - 1; index >= 0; index--) {
      item.write(output, list[index] ?? undefined);
      output.varint(tag);
    }
  };
}

/** By UTF-8 bytes, as Go sorts strings: UTF-16 puts characters beyond U+FFFF before some below it. */
function byBytes(a: string, b: string): number {
  for (let index = 0; index < a.length && index < b.length; index++) {
    if (a.charCodeAt(index) !== b.charCodeAt(index)) return (a.codePointAt(index) ?? 0) - (b.codePointAt(index) ?? 0);
  }
  return a.length - b.length;
}

function mapWriter(name: string, number: number, value: ValueWriter): FieldWriter {
  const tag = tagOf(number, 2);
  const valueTag = tagOf(2, value.wire);
  return (output, source) => {
    const map = source[name];
    if (map === undefined || map === null) return;
    if (typeof map !== 'object' || Array.isArray(map)) throw new CannotEncode(`${name} is no map`);
    const keys = Object.keys(map).sort(byBytes);
    for (let index = keys.length - 1; index >= 0; index--) {
      const key = keys[index]!;
      const end = output.written;
      value.write(output, (map as JsonObject)[key] ?? undefined);
      output.varint(valueTag);
      output.text(key);
      output.varint(0x0a);
      output.varint(output.written - end);
      output.varint(tag);
    }
  };
}

export function integerOf(value: unknown, name: string): number | bigint {
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  if (typeof value === 'bigint') return value;
  // Larger than a number holds exactly: what decoding made of it.
  if (typeof value === 'object' && value !== null && 'rawJSON' in value) return BigInt(String(value.rawJSON));
  throw new CannotEncode(`${name} is no integer`);
}

function scalarWriter(wire: 0 | 1 | 2, write: (output: Output, value: unknown) => void): ValueWriter {
  return { wire, write };
}

export function valueWriter(type: TypeSchema, name: string): ValueWriter {
  switch (type.type) {
    case 'boolean':
      return scalarWriter(0, (output, value) => {
        if (value !== undefined && typeof value !== 'boolean') throw new CannotEncode(`${name} is no boolean`);
        output.varint(value === true ? 1 : 0);
      });
    case 'integer':
      return scalarWriter(0, (output, value) => output.int64(value === undefined ? 0 : integerOf(value, name)));
    case 'number':
      return scalarWriter(1, (output, value) => {
        if (value !== undefined && typeof value !== 'number') throw new CannotEncode(`${name} is no number`);
        output.double(value ?? 0);
      });
    case 'bytes':
      return scalarWriter(2, (output, value) => {
        if (value !== undefined && typeof value !== 'string') throw new CannotEncode(`${name} is not base64`);
        const bytes = Buffer.from(value ?? '', 'base64');
        output.raw(bytes);
        output.varint(bytes.length);
      });
    case 'object':
      return objectWriter(type, name);
    case 'array':
      return wrappedWriter(type, name);
    case 'string':
      return type.name === 'string'
        ? scalarWriter(2, (output, value) => {
            if (value !== undefined && typeof value !== 'string') throw new CannotEncode(`${name} is no text`);
            output.text(value ?? '');
          })
        : specialWriter(type, name, WRITERS);
    case 'map':
      throw new Error('protobuf has no maps in maps or lists');
    case 'quantity':
    case 'intOrString':
    case 'time':
    case 'microTime':
    case 'fieldsV1':
    case 'any':
      return specialWriter(type, name, WRITERS);
  }
}

const EMPTY: JsonObject = {};

function objectWriter(type: TypeSchema, name: string): ValueWriter {
  let writer: MessageWriter | undefined;
  return scalarWriter(2, (output, value) => {
    writer ??= messageWriter(type);
    if (value !== undefined && (typeof value !== 'object' || Array.isArray(value))) throw new CannotEncode(`${name} is no object`);
    const end = output.written;
    writeMessage(output, writer, (value as JsonObject | undefined) ?? EMPTY);
    output.varint(output.written - end);
  });
}

/** A named Go slice: a message with one repeated field. */
function wrappedWriter(type: TypeSchema, name: string): ValueWriter {
  const write = listWriter('items', 1, valueWriter(type.items!, name));
  return scalarWriter(2, (output, value) => {
    const end = output.written;
    write(output, { items: value });
    output.varint(output.written - end);
  });
}

const WRITERS: Writers = { writer: objectWriter };
