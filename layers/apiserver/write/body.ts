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

const decoder = new TextDecoder();

export const parseBytes = <T extends KubeObject>(body: Uint8Array): T => parseJson(decoder.decode(body)) as T;
