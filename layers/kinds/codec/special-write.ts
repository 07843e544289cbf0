/** The counterpart of special-read.ts. */
import type { TypeSchema } from '#machinery/schema.ts';
import { schemaOf } from '../schema.ts';
import { CannotEncode, type ValueWriter } from './encode.ts';
import type { Output } from './output.ts';
import { parseDuration, parseTime } from './time.ts';

/** What the encoder of messages lends. */
export interface Writers {
  writer(type: TypeSchema, name: string): ValueWriter;
}

const EXTENSIONS = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.';

/** A nested message: `content` writes its fields, the last one first. */
function nested(content: (output: Output, value: unknown) => void): ValueWriter {
  return {
    wire: 2,
    write: (output, value) => {
      const end = output.written;
      content(output, value);
      output.varint(output.written - end);
    },
  };
}

/** What Go's encoding/json writes escaped, so that a text stays harmless inside HTML. */
const ESCAPED: Readonly<Record<string, string>> = { '<': '\\u003c', '>': '\\u003e', '&': '\\u0026', '\u2028': '\\u2028', '\u2029': '\\u2029' };

/** JSON inside a message, byte for byte as Go writes it: Kubernetes' own controllers compare the bytes of revisions. */
function raw(output: Output, value: unknown): void {
  if (value === undefined) return;
  const bytes = Buffer.from(
    JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (char) => ESCAPED[char]!),
    'utf8',
  );
  output.raw(bytes);
  output.varint(bytes.length);
  output.varint(0x0a);
}

function timeWriter(name: string, micro: boolean): ValueWriter {
  return nested((output, value) => {
    if (value === undefined) return;
    const time = typeof value === 'string' ? parseTime(value) : undefined;
    if (time === undefined) throw new CannotEncode(`${name} is no RFC 3339 time`);
    output.int64(micro ? time.nanos - (time.nanos % 1000) : 0);
    output.varint(0x10);
    output.int64(time.seconds);
    output.varint(0x08);
  });
}

/** A JSON schema under `schemaTag`, or `other`. */
function eitherWriter(
  name: string,
  writers: Writers,
  schemaTag: number,
  other: (output: Output, value: unknown, schema: ValueWriter) => void,
  before?: (output: Output) => void,
): ValueWriter {
  let schema: ValueWriter | undefined;
  return nested((output, value) => {
    schema ??= writers.writer(schemaOf(`${EXTENSIONS}JSONSchemaProps`)!, name);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      schema.write(output, value);
      output.varint(schemaTag);
      before?.(output);
    } else other(output, value, schema);
  });
}

function flag(output: Output, value: boolean): void {
  output.varint(value ? 1 : 0);
  output.varint(0x08);
}

function items(name: string, value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new CannotEncode(`${name} is neither a schema nor a list`);
  return value;
}

export function specialWriter(type: TypeSchema, name: string, writers: Writers): ValueWriter {
  switch (type.name) {
    case 'io.k8s.apimachinery.pkg.api.resource.Quantity':
      return nested((output, value) => {
        if (value !== undefined && typeof value !== 'string' && typeof value !== 'number') throw new CannotEncode(`${name} is no quantity`);
        output.text(value === undefined ? '0' : String(value));
        output.varint(0x0a);
      });
    case 'io.k8s.apimachinery.pkg.util.intstr.IntOrString':
      return nested((output, value) => {
        if (value !== undefined && typeof value !== 'string' && typeof value !== 'number') throw new CannotEncode(`${name} is neither a number nor a text`);
        const isText = typeof value === 'string';
        output.text(isText ? value : '');
        output.varint(0x1a);
        output.int64(isText ? 0 : (value ?? 0));
        output.varint(0x10);
        output.varint(isText ? 1 : 0);
        output.varint(0x08);
      });
    case 'io.k8s.apimachinery.pkg.apis.meta.v1.Time':
      return timeWriter(name, false);
    case 'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime':
      return timeWriter(name, true);
    case 'io.k8s.apimachinery.pkg.apis.meta.v1.Duration':
      return nested((output, value) => {
        const nanos = value === undefined ? 0n : typeof value === 'string' ? parseDuration(value) : undefined;
        if (nanos === undefined) throw new CannotEncode(`${name} is no duration`);
        output.int64(nanos);
        output.varint(0x08);
      });
    case 'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1':
    case 'io.k8s.apimachinery.pkg.runtime.RawExtension':
    case `${EXTENSIONS}JSON`:
      return nested(raw);
    case `${EXTENSIONS}JSONSchemaPropsOrBool`:
      return eitherWriter(
        name,
        writers,
        0x12,
        (output, value) => flag(output, value === true),
        (output) => flag(output, true),
      );
    case `${EXTENSIONS}JSONSchemaPropsOrArray`:
      return eitherWriter(name, writers, 0x0a, (output, value, schema) => {
        for (const item of [...items(name, value)].reverse()) {
          schema.write(output, item);
          output.varint(0x12);
        }
      });
    case `${EXTENSIONS}JSONSchemaPropsOrStringArray`:
      return eitherWriter(name, writers, 0x0a, (output, value) => {
        for (const item of [...items(name, value)].reverse()) {
          output.text(String(item));
          output.varint(0x12);
        }
      });
    default:
      throw new Error(`${type.name} has no form in protobuf`);
  }
}
