/** A list in the form that was asked for: stored bytes are joined, not parsed, where clients take JSON. */
import type { Kind } from '#kinds/kind.ts';
import type { KubeObject } from '#machinery/object.ts';
import { notAcceptable } from '#machinery/status.ts';
import type { StoredObject } from '#store/port.ts';
import type { StreamBody, StreamSink } from '../door.ts';
import { parseBytes } from '../write/body.ts';
import { toServed } from '../write/store-write.ts';
import type { ListResult } from '../verbs/list.ts';
import { servesBytes, type TableOptions } from './encode.ts';
import type { Form } from './media.ts';
import { columnDefinitions, partialMetadata, tableRow } from './table.ts';

const COMMA = Buffer.from(',');
const CLOSE = Buffer.from(']}');
/** Bytes of a streamed list that are copied together, and wait at the socket, at a time. */
const PIECE = 1 << 20;

const groupVersion = ({ group, version }: Kind): string => (group === '' ? version : `${group}/${version}`);

function listMeta({ rv, continue: token, remaining }: ListResult): Record<string, unknown> {
  return { resourceVersion: String(rv), ...(token === '' ? {} : { continue: token }), ...(remaining === undefined || remaining <= 0 ? {} : { remainingItemCount: remaining }) };
}

/** The bytes of items with commas between. */
function join(parts: Uint8Array[], items: readonly StoredObject[], bytesOf: (stored: StoredObject) => Uint8Array, first: boolean): void {
  for (const item of items) {
    if (!first) parts.push(COMMA);
    first = false;
    parts.push(bytesOf(item));
  }
}

interface Shape {
  readonly head: Buffer;
  item(stored: StoredObject): Uint8Array;
}

/** What stands before the items, and how each of them is written. */
function shape(kind: Kind, result: ListResult, form: Form, options: TableOptions): Shape {
  const meta = JSON.stringify(listMeta(result));
  const served = (stored: StoredObject): KubeObject => toServed(kind, parseBytes(stored.body));
  switch (form.as) {
    case '':
      return {
        head: Buffer.from(`{"kind":${JSON.stringify(kind.listKind)},"apiVersion":${JSON.stringify(groupVersion(kind))},"metadata":${meta},"items":[`),
        item: servesBytes(kind, form) ? ({ body }) => body : (stored) => Buffer.from(JSON.stringify(served(stored))),
      };
    case 'PartialObjectMetadataList':
      return {
        head: Buffer.from(`{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/${form.version}","metadata":${meta},"items":[`),
        item: (stored) => Buffer.from(JSON.stringify(partialMetadata(parseBytes(stored.body), form.version))),
      };
    case 'Table':
      return {
        head: Buffer.from(
          `{"kind":"Table","apiVersion":"meta.k8s.io/${form.version}","metadata":${meta},"columnDefinitions":${JSON.stringify(options.headers ? columnDefinitions(kind) : null)},"rows":[`,
        ),
        item: (stored) => Buffer.from(JSON.stringify(tableRow(kind, served(stored), options.include, form.version, options.now))),
      };
    case 'PartialObjectMetadata':
      throw notAcceptable([`you requested PartialObjectMetadata, but the requested object is a list (${kind.listKind})`]);
  }
}

/** Compact JSON, in parts: the door brings them together on their way out, so that a long list is not copied once more for it. */
export function encodeList(kind: Kind, result: ListResult, form: Form, options: TableOptions): readonly Uint8Array[] | StreamBody {
  const { head, item } = shape(kind, result, form, options);
  const parts: Uint8Array[] = [head];
  join(parts, result.items, item, true);
  if (result.rest !== undefined) return stream(parts, result.rest(), item);
  parts.push(CLOSE);
  return parts;
}

/** The answer reads on in the store while the client takes what is there; nothing of it is held longer. */
function stream(begun: Uint8Array[], rest: AsyncGenerator<readonly StoredObject[]>, item: (stored: StoredObject) => Uint8Array): StreamBody {
  return {
    start(sink: StreamSink) {
      let closed = false;
      let wake: (() => void) | undefined;
      sink.onClose(() => {
        closed = true;
        wake?.();
      });
      sink.onDrain(() => wake?.());
      const send = async (parts: readonly Uint8Array[]): Promise<void> => {
        if (!closed && !sink.write(Buffer.concat(parts))) await new Promise<void>((resolve) => (wake = resolve));
      };
      const write = async (parts: readonly Uint8Array[]): Promise<void> => {
        let [from, size] = [0, 0];
        for (const [index, part] of parts.entries()) {
          if ((size += part.byteLength) < PIECE) continue;
          await send(parts.slice(from, index + 1));
          [from, size] = [index + 1, 0];
        }
        if (size > 0) await send(parts.slice(from));
      };
      void (async () => {
        await write(begun);
        for await (const items of rest) {
          if (closed) return;
          const parts: Uint8Array[] = [];
          join(parts, items, item, false);
          await write(parts);
        }
        await write([CLOSE]);
        sink.end();
      })().catch(() => sink.abort());
    },
  };
}

/** Forms that need the whole list as one object. */
async function collect(result: ListResult): Promise<readonly StoredObject[]> {
  if (result.rest === undefined) return result.items;
  const items = [...result.items];
  for await (const more of result.rest()) items.push(...more);
  return items;
}

export async function wholeList(result: ListResult): Promise<ListResult> {
  return { ...result, items: await collect(result), rest: undefined };
}

export function listObject(kind: Kind, result: ListResult, form: Form, options: TableOptions): KubeObject {
  const head = shape(kind, result, { ...form, media: 'json', pretty: false }, options);
  const text = JSON.parse(`${head.head.toString()}]}`) as KubeObject;
  const items = result.items.map((stored) => toServed(kind, parseBytes(stored.body)));
  switch (form.as) {
    case 'Table':
      text['rows'] = items.map((object) => tableRow(kind, object, options.include, form.version, options.now));
      break;
    case 'PartialObjectMetadata':
    case 'PartialObjectMetadataList':
      text['items'] = items.map((object) => partialMetadata(object, form.version));
      break;
    case '':
      text['items'] = items;
  }
  return text;
}
