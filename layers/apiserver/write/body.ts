/** An object on its way into the store: canonical JSON with the resourceVersion inside, made without turning the rest into text twice. */
import { parseJson } from '#machinery/json-text.ts';
import type { KubeObject } from '#machinery/object.ts';

const MARK = '\u0001resourceVersion\u0001';
const MARK_TEXT = JSON.stringify(MARK);

/** The bytes for any resourceVersion: the text is made once, the number put into its place. */
export function bodyFor(object: KubeObject): (rv: number) => Uint8Array {
  const { apiVersion, kind, metadata, ...rest } = object;
  const text = JSON.stringify({ apiVersion, kind, metadata: { ...metadata, resourceVersion: MARK }, ...rest });
  const at = text.indexOf(MARK_TEXT);
  const before = text.slice(0, at);
  const after = text.slice(at + MARK_TEXT.length);
  return (rv) => Buffer.from(`${before}"${rv}"${after}`);
}

/**
 * The bytes in which an object that was just written stands in the store. They are the client's answer as well, which then is not made into text once
 * more. Beside the object, not in it: copies of it are other objects.
 */
const written = new WeakMap<KubeObject, Uint8Array>();

/** To be called when nobody changes the object any more. */
export const remember = (object: KubeObject, bytes: Uint8Array): void => void written.set(object, bytes);
export const bytesOf = (object: KubeObject): Uint8Array | undefined => written.get(object);

const decoder = new TextDecoder();

export const parseBytes = <T extends KubeObject>(body: Uint8Array): T => parseJson(decoder.decode(body)) as T;
