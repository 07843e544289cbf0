/** An object on its way into the store: canonical JSON with the resourceVersion inside, made without turning the rest into text twice. */
import { parseJson } from '#machinery/json-text.ts';
import { textOfSet } from '#machinery/apply/track.ts';
import type { KubeObject, ManagedFieldsEntry } from '#machinery/object.ts';

const MARK = '\u0001resourceVersion\u0001';
const MARK_TEXT = JSON.stringify(MARK);

/** The bytes for any resourceVersion: the text is made once, the number put into its place. */
export function bodyFor(object: KubeObject): (rv: number) => Uint8Array {
  const { apiVersion, kind, metadata, ...rest } = object;
  const { managedFields, resourceVersion: _, ...meta } = metadata;
  const text = JSON.stringify({ apiVersion, kind, metadata: { ...meta, resourceVersion: MARK }, ...rest });
  const at = text.indexOf(MARK_TEXT);
  const before = text.slice(0, at);
  const after = `${!managedFields ? '' : `,"managedFields":${managersText(managedFields)}`}${text.slice(at + MARK_TEXT.length)}`;
  return (rv) => encoder.encode(`${before}"${rv}"${after}`);
}

/** Half of the text of a small object are sets of fields, the same ones for all that are made alike. */
function managersText(entries: readonly ManagedFieldsEntry[]): string {
  const texts = entries.map(({ fieldsV1, ...entry }) => {
    const text = JSON.stringify(entry);
    if (fieldsV1 === undefined) return text;
    return `${text.slice(0, -1)}${text === '{}' ? '' : ','}"fieldsV1":${textOfSet(fieldsV1)}}`;
  });
  return `[${texts.join(',')}]`;
}

/** Its bytes are in memory of their own: out of Buffer's pool the store would have to copy them. */
const encoder = new TextEncoder();

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
