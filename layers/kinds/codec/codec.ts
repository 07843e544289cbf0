/**
 * `application/vnd.kubernetes.protobuf`: objects of the built-in kinds from and to protobuf. Decoding gives the object that
 * a JSON body would give; encoding gives the bytes that a Go server sends.
 */
import type { JsonObject } from '#machinery/object.ts';
import { badRequest } from '#machinery/status.ts';
import type { TypeSchema } from '#machinery/schema.ts';
import { messageReader, readContent, readEnveloped, readMessage, schemaOfEnvelope, UnknownKind } from './decode.ts';
import { messageWriter, writeMessage } from './encode.ts';
import { Input, MalformedMessage } from './input.ts';
import { Output } from './output.ts';
import { MAGIC, readEnvelope } from './unknown.ts';

function guarded<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof UnknownKind) throw badRequest(error.message);
    if (error instanceof MalformedMessage) throw badRequest(`the body is not valid protobuf: ${error.message}`);
    throw error;
  }
}

/**
 * An object in its envelope, of the kind that the envelope names; `fallback` is the kind of one that names none.
 * @throws ApiError 400: what is wrong with the bytes, or that the kind is not known
 */
export function decodeObject(bytes: Uint8Array, fallback?: { readonly apiVersion: string; readonly kind: string }): JsonObject {
  return guarded(() => readEnveloped(new Input(bytes), fallback));
}

/**
 * An object in its envelope where a certain type is due. Of an object of another kind nothing comes back but apiVersion and
 * kind, for the caller to refuse in its own words; an envelope that names no kind is taken for the right one.
 * @throws ApiError 400: what is wrong with the bytes
 */
export function decodeEnvelope(bytes: Uint8Array, schema: TypeSchema): JsonObject {
  return guarded(() => {
    const input = new Input(bytes);
    const envelope = readEnvelope(input);
    const { apiVersion, kind } = envelope;
    if ((apiVersion !== '' || kind !== '') && schemaOfEnvelope(envelope) !== schema) return { apiVersion, kind };
    return readContent(input, envelope, schema);
  });
}

/**
 * A message without an envelope.
 * @throws ApiError 400
 */
export function decodeMessage(schema: TypeSchema, bytes: Uint8Array): JsonObject {
  return guarded(() => readMessage(new Input(bytes), messageReader(schema), {}));
}

const output = new Output();

function written(write: () => void): Buffer {
  try {
    write();
    return output.take();
  } catch (error) {
    output.clear();
    throw error;
  }
}

/**
 * An object in its envelope, which takes apiVersion and kind from it.
 * @throws CannotEncode where a value does not have its field's type
 */
export function encodeEnvelope(schema: TypeSchema, object: Readonly<JsonObject>): Buffer {
  return written(() => {
    // Unknown's fields from the last to the first: contentType, contentEncoding, raw, typeMeta.
    output.text('');
    output.varint(0x22);
    output.text('');
    output.varint(0x1a);
    const end = output.written;
    writeMessage(output, messageWriter(schema), object);
    output.varint(output.written - end);
    output.varint(0x12);
    const meta = output.written;
    output.text(text(object['kind']));
    output.varint(0x12);
    output.text(text(object['apiVersion']));
    output.varint(0x0a);
    output.varint(output.written - meta);
    output.varint(0x0a);
    output.raw(MAGIC);
  });
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** A message without an envelope. */
export function encodeMessage(schema: TypeSchema, object: Readonly<JsonObject>): Buffer {
  return written(() => writeMessage(output, messageWriter(schema), object));
}
