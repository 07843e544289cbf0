/** Types whose JSON form is not their message's: quantities, times, raw JSON, and the either-or types of JSON schemas. */
import { canonical } from '#machinery/quantity.ts';
import type { TypeSchema } from '#machinery/schema.ts';
import { schemaOf } from '../schema.ts';
import type { ValueReader } from './decode.ts';
import { hasMagic } from './unknown.ts';
import { type Input, MalformedMessage } from './input.ts';
import { formatDuration, formatMicroTime, formatTime, ZERO_SECONDS } from './time.ts';

/** What the decoder of messages lends: the reader of a type, and of an object in its envelope that fills the input. */
export interface Messages {
  reader(type: TypeSchema): ValueReader;
  enveloped(input: Input): unknown;
}

/** Walks the fields of a nested message; `take` reads the field it knows and answers true. */
function fields(input: Input, take: (tag: number) => boolean): void {
  const outer = input.enter();
  while (input.at < input.end) {
    const tag = input.varint32();
    if (tag >>> 3 === 0) throw new MalformedMessage('field 0 does not exist');
    if (!take(tag)) input.skip(tag & 7);
  }
  input.leave(outer);
}

const QUANTITY: ValueReader = {
  wire: 2,
  read: (input) => {
    let text = '';
    fields(input, (tag) => {
      if (tag !== 0x0a) return false;
      text = input.text();
      return true;
    });
    if (text === '') return '0';
    try {
      return canonical(text);
    } catch (error) {
      throw new MalformedMessage((error as Error).message);
    }
  },
  zero: () => '0',
};

const INT_OR_STRING: ValueReader = {
  wire: 2,
  read: (input) => {
    let [type, number, text] = [0, 0, ''];
    fields(input, (tag) => {
      if (tag === 0x08) type = input.varint32();
      else if (tag === 0x10) number = input.varint32() | 0;
      else if (tag === 0x1a) text = input.text();
      else return false;
      return true;
    });
    if (type > 1) throw new MalformedMessage(`${type} is no type of an IntOrString`);
    return type === 0 ? number : text;
  },
  zero: () => 0,
};

function timeReader(format: (seconds: number, nanos: number) => string | null): ValueReader {
  return {
    wire: 2,
    read: (input) => {
      const outer = input.enter();
      // An empty message is no time at all, one that leaves the seconds out is the epoch.
      let seconds: unknown = input.at === input.end ? ZERO_SECONDS : 0;
      let nanos = 0;
      while (input.at < input.end) {
        const tag = input.varint32();
        if (tag === 0x08) seconds = input.int64();
        else if (tag === 0x10) nanos = input.varint32() | 0;
        else if (tag >>> 3 === 0) throw new MalformedMessage('field 0 does not exist');
        else input.skip(tag & 7);
      }
      input.leave(outer);
      if (typeof seconds !== 'number') throw new MalformedMessage('a time is outside of the years 0 to 9999');
      return format(seconds, nanos);
    },
    zero: () => null,
  };
}

const TIME = timeReader(formatTime);
const MICRO_TIME = timeReader(formatMicroTime);

const DURATION: ValueReader = {
  wire: 2,
  read: (input) => {
    let nanos = 0n;
    fields(input, (tag) => {
      if (tag !== 0x08) return false;
      nanos = BigInt(input.int64());
      return true;
    });
    return formatDuration(nanos);
  },
  zero: () => '0s',
};

/** Keeps integers that a number does not hold exactly as they are written. */
const exactIntegers = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
  typeof value === 'number' && !Number.isSafeInteger(value) && context?.source !== undefined && /^-?\d+$/.test(context.source) ? JSON.rawJSON(context.source) : value;

/** The rest of the input as JSON. */
function parseRaw(input: Input): unknown {
  const bytes = input.bytes.subarray(input.at, input.end);
  input.at = input.end;
  if (bytes.length === 0) return null;
  try {
    const text = bytes.toString('utf8');
    return (/\d{16}/.test(text) ? JSON.parse(text, exactIntegers) : JSON.parse(text)) as unknown;
  } catch (error) {
    throw new MalformedMessage(`embedded JSON: ${error instanceof Error ? error.message : 'is not valid'}`);
  }
}

function rawReader(parse: (input: Input) => unknown): ValueReader {
  return {
    wire: 2,
    read: (input) => {
      let value: unknown = null;
      fields(input, (tag) => {
        if (tag !== 0x0a) return false;
        const outer = input.enter();
        value = parse(input);
        input.leave(outer);
        return true;
      });
      return value;
    },
    zero: () => null,
  };
}

const RAW_JSON = rawReader(parseRaw);

const EXTENSIONS = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.';

/** JSONSchemaProps or something else: `readOther` reads what stands under `otherTag`, `pick` decides which of the two it is. */
function eitherReader(
  messages: Messages,
  schemaTag: number,
  otherTag: number,
  readOther: (input: Input, schema: ValueReader) => unknown,
  pick: (schema: unknown, other: readonly unknown[]) => unknown,
): ValueReader {
  return {
    wire: 2,
    read: (input) => {
      const reader = messages.reader(schemaOf(`${EXTENSIONS}JSONSchemaProps`)!);
      let schema: unknown;
      const other: unknown[] = [];
      fields(input, (tag) => {
        if (tag === schemaTag) schema = reader.read(input, schema);
        else if (tag === otherTag) other.push(readOther(input, reader));
        else return false;
        return true;
      });
      return pick(schema, other);
    },
    zero: () => pick(undefined, []),
  };
}
const flag = (schema: unknown, other: readonly unknown[]): unknown => schema ?? other.at(-1) === true;
const listOrSchema = (schema: unknown, other: readonly unknown[]): unknown => (other.length > 0 ? other : (schema ?? null));

export function specialReader(type: TypeSchema, messages: Messages): ValueReader {
  switch (type.name) {
    case 'io.k8s.apimachinery.pkg.api.resource.Quantity':
      return QUANTITY;
    case 'io.k8s.apimachinery.pkg.util.intstr.IntOrString':
      return INT_OR_STRING;
    case 'io.k8s.apimachinery.pkg.apis.meta.v1.Time':
      return TIME;
    case 'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime':
      return MICRO_TIME;
    case 'io.k8s.apimachinery.pkg.apis.meta.v1.Duration':
      return DURATION;
    case 'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1':
    case `${EXTENSIONS}JSON`:
      return RAW_JSON;
    case 'io.k8s.apimachinery.pkg.runtime.RawExtension':
      // Who wrote it decides what it holds: JSON, or an object in protobuf's envelope.
      return rawReader((input) => (hasMagic(input) ? messages.enveloped(input) : parseRaw(input)));
    case `${EXTENSIONS}JSONSchemaPropsOrBool`:
      return eitherReader(messages, 0x12, 0x08, (input) => input.varint32() !== 0, flag);
    case `${EXTENSIONS}JSONSchemaPropsOrArray`:
      return eitherReader(messages, 0x0a, 0x12, (input, schema) => schema.read(input, undefined), listOrSchema);
    case `${EXTENSIONS}JSONSchemaPropsOrStringArray`:
      return eitherReader(messages, 0x0a, 0x12, (input) => input.text(), listOrSchema);
    default:
      throw new Error(`${type.name} has no form in protobuf`);
  }
}
