/** Protobuf answers: the envelope `k8s\0` + Unknown{typeMeta, raw} around the message of the object's kind. */
import type { Kind } from '#kinds/kind.ts';
import type { KubeObject } from '#machinery/object.ts';
import { notAcceptable } from '#machinery/status.ts';
import { JSON_TYPE, YAML_TYPE } from './media.ts';

export type ProtobufEncoder = (object: KubeObject) => Uint8Array | undefined;

let encoder: ProtobufEncoder | undefined;

/** Set once when the server is composed: the codec knows the schemas of the registry. */
export function useProtobufEncoder(encode: ProtobufEncoder): void {
  encoder = encode;
}

/** Custom resources have no message. */
export const hasProtobuf = (kind: Kind): boolean => encoder !== undefined && kind.schema.name.startsWith('io.k8s.');

/** @throws ApiError 406 where the type has no protobuf form */
export function encodeProtobuf(object: KubeObject): Uint8Array {
  const bytes = encoder?.(object);
  if (bytes === undefined) throw notAcceptable([JSON_TYPE, YAML_TYPE]);
  return bytes;
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

export const protobufReady = (): boolean => encoder !== undefined;
