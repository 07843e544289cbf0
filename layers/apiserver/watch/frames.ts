/**
 * Watch events as bytes. What a change looks like depends on the form and on the event's type, never on the watcher: it is encoded once and
 * shared by all who asked for the same.
 */
import type { Kind } from '#kinds/kind.ts';
import type { KubeObject } from '#machinery/object.ts';
import type { Status } from '#machinery/status.ts';
import type { Change } from '#store/port.ts';
import { encodeObject, represent, servesBytes } from '../represent/encode.ts';
import type { Form } from '../represent/media.ts';
import { encodeWatchEvent } from '../represent/protobuf.ts';
import type { IncludeObject } from '../represent/table.ts';
import { parseBytes } from '../write/body.ts';
import { toServed } from '../write/store-write.ts';

export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';

/** What a watcher asked for, as far as bytes depend on it. */
export interface FrameForm {
  readonly kind: Kind;
  readonly form: Form;
  readonly include: IncludeObject;
  /** Equal for watchers whose frames are equal. */
  readonly id: string;
}

export function frameForm(kind: Kind, form: Form, include: IncludeObject): FrameForm {
  return { kind, form, include, id: `${kind.group}/${kind.version} ${form.media} ${form.as} ${form.as === 'Table' ? `${form.version} ${include}` : ''}` };
}

const HEADS: Readonly<Record<EventType, Buffer>> = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
  BOOKMARK: Buffer.from('{"type":"BOOKMARK","object":'),
  ERROR: Buffer.from('{"type":"ERROR","object":'),
};
const TAIL = Buffer.from('}\n');

function frame(type: EventType, object: Uint8Array, form: Form): Uint8Array {
  if (form.media === 'protobuf') return encodeWatchEvent(type, object);
  return Buffer.concat([HEADS[type], object, TAIL]);
}

const objectForm = (form: Form): Form => (form.pretty ? { ...form, pretty: false } : form);

/** `headers`: the first event of a table watch carries the columns. */
export function frameOf({ kind, form, include }: FrameForm, type: EventType, body: Uint8Array, now: number, headers: boolean): Uint8Array {
  if (servesBytes(kind, form)) return frame(type, body, form);
  const object = toServed(kind, parseBytes(body));
  return frame(type, encodeObject(represent(kind, object, form, { include, now, headers }), objectForm(form)), form);
}

/** Bytes of frames kept for other watchers: all who keep up take them in the same turn, and who comes later has them made anew. */
const SHARED_BYTES = 4 << 20;

type Frames = Map<string, Uint8Array>;
const shared = new WeakMap<Change, Frames>();
let kept: { readonly frames: Frames; readonly bytes: number }[] = [];
let keptFrom = 0;
let keptBytes = 0;

function keep(frames: Frames, bytes: number): void {
  kept.push({ frames, bytes });
  keptBytes += bytes;
  while (keptBytes > SHARED_BYTES && keptFrom < kept.length - 1) {
    const oldest = kept[keptFrom++]!;
    oldest.frames.clear();
    keptBytes -= oldest.bytes;
  }
  if (keptFrom > 1024) {
    kept = kept.slice(keptFrom);
    keptFrom = 0;
  }
}

export function changeFrame(asked: FrameForm, type: EventType, change: Change, now: number, headers: boolean): Uint8Array {
  let frames = shared.get(change);
  if (frames === undefined) shared.set(change, (frames = new Map()));
  const key = headers ? `${type} headers ${asked.id}` : `${type} ${asked.id}`;
  let bytes = frames.get(key);
  if (bytes === undefined) {
    frames.set(key, (bytes = frameOf(asked, type, change.body, now, headers)));
    keep(frames, bytes.byteLength);
  }
  return bytes;
}

let joined: { readonly frames: readonly Uint8Array[]; readonly bytes: Uint8Array } | undefined;

/** The frames of one batch as one piece, so that each client costs one write: the same piece to all watchers of the same changes. */
export function together(frames: readonly Uint8Array[]): Uint8Array {
  if (frames.length === 1) return frames[0]!;
  if (joined?.frames.length === frames.length && joined.frames.every((frame, index) => frame === frames[index])) return joined.bytes;
  joined = { frames, bytes: Buffer.concat(frames) };
  return joined.bytes;
}

const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

export function bookmarkFrame(asked: FrameForm, rv: number, endOfInitial: boolean, now: number, headers: boolean): Uint8Array {
  const { kind, form, include } = asked;
  const object: KubeObject = {
    kind: kind.kind,
    apiVersion: kind.group === '' ? kind.version : `${kind.group}/${kind.version}`,
    metadata: { resourceVersion: String(rv), creationTimestamp: null, ...(endOfInitial ? { annotations: { [INITIAL_EVENTS_END]: 'true' } } : {}) },
  };
  const shown = form.as === 'Table' ? bookmarkTable(object, form, headers) : represent(kind, object, form, { include, now, headers });
  return frame('BOOKMARK', encodeObject(shown, objectForm(form)), form);
}

/** A table's bookmark is one row without cells, whose object holds the resourceVersion. */
function bookmarkTable(object: KubeObject, form: Form, headers: boolean): object {
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${form.version}`,
    metadata: { resourceVersion: object.metadata.resourceVersion },
    columnDefinitions: headers ? [] : null,
    rows: [{ cells: [], object: { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${form.version}`, metadata: object.metadata } }],
  };
}

export function errorFrame({ form }: FrameForm, status: Status): Uint8Array {
  return frame('ERROR', encodeObject(status, { ...objectForm(form), as: '' }), form);
}
