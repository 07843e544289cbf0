/** Protobuf answers: built-in kinds, their lists, Status and partial objects. Tables and custom resources have no messages. */
import { encodeEnvelope } from '#kinds/codec/codec.ts';
import type { Kind } from '#kinds/kind.ts';
import { schemaOf, schemaOfKind } from '#kinds/schema.ts';
import type { KubeObject } from '#machinery/object.ts';
import type { TypeSchema } from '#machinery/schema.ts';
import { notAcceptable } from '#machinery/status.ts';
import { JSON_TYPE, YAML_TYPE } from './media.ts';

export const hasProtobuf = (kind: Kind): boolean => kind.custom === undefined;

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';

function schemaFor({ apiVersion, kind }: KubeObject): TypeSchema | undefined {
  if (kind === 'Status') return schemaOf(`${META}.Status`);
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  if (group === 'meta.k8s.io') return kind.startsWith('PartialObjectMetadata') ? schemaOf(`${META}.${kind}`) : undefined;
  return schemaOfKind(group, apiVersion.slice(slash + 1), kind);
}

/** @throws ApiError 406 where the type has no protobuf form */
export function encodeProtobuf(object: KubeObject): Uint8Array {
  const schema = schemaFor(object);
  if (schema === undefined) throw notAcceptable([JSON_TYPE, YAML_TYPE]);
  return encodeEnvelope(schema, object);
}

/** A field of wire type 2: its tag, the length as a varint, the bytes. */
function delimited(field: number, bytes: Uint8Array): Buffer {
  const head = [(field << 3) | 2];
  let length = bytes.byteLength;
  while (length > 127) {
    head.push((length & 127) | 128);
    length >>>= 7;
  }
  head.push(length);
  return Buffer.concat([Buffer.from(head), bytes]);
}

/** A frame of a protobuf watch: four bytes of length (big-endian), then WatchEvent {1: type, 2: RawExtension {1: raw}}. */
export function encodeWatchEvent(type: string, object: Uint8Array): Uint8Array {
  const event = Buffer.concat([delimited(1, Buffer.from(type)), delimited(2, delimited(1, object))]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(event.byteLength);
  return Buffer.concat([length, event]);
}
