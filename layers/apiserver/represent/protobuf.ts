/** Protobuf answers: the envelope `k8s\0` + Unknown{typeMeta, raw} around the message of the object's kind. */
import type { KubeObject } from '#machinery/object.ts';
import { notAcceptable } from '#machinery/status.ts';
import { JSON_TYPE, YAML_TYPE } from './media.ts';

export type ProtobufEncoder = (object: KubeObject) => Uint8Array | undefined;

let encoder: ProtobufEncoder | undefined;

/** Set once when the server is composed: the codec knows the schemas of the registry. */
export function useProtobufEncoder(encode: ProtobufEncoder): void {
  encoder = encode;
}

/** @throws ApiError 406 where the type has no protobuf form */
export function encodeProtobuf(object: KubeObject): Uint8Array {
  const bytes = encoder?.(object);
  if (bytes === undefined) throw notAcceptable([JSON_TYPE, YAML_TYPE]);
  return bytes;
}
