/** One object in the form that was asked for, from its stored bytes where these will do. */
import { stringify } from 'yaml';
import type { Kind } from '#kinds/kind.ts';
import type { KubeObject } from '#machinery/object.ts';
import { notAcceptable } from '#machinery/status.ts';
import { parseBytes } from '../write/body.ts';
import { toServed } from '../write/store-write.ts';
import { type Form, JSON_TYPE, PROTOBUF_TYPE, YAML_TYPE } from './media.ts';
import { encodeProtobuf } from './protobuf.ts';
import { type IncludeObject, partialMetadata, table } from './table.ts';

export interface TableOptions {
  readonly include: IncludeObject;
  readonly now: number;
  /** False from the second event of a watch on. */
  readonly headers: boolean;
}

/** Objects whose schema is not that of a kind (Status, Table, Scale, reviews) and those that are. */
export function encodeObject(object: object, form: Form): Uint8Array {
  switch (form.media) {
    case 'json':
      return Buffer.from(form.pretty ? `${JSON.stringify(object, null, 2)}\n` : JSON.stringify(object));
    case 'yaml':
      return Buffer.from(stringify(object, { aliasDuplicateObjects: false, lineWidth: 0, version: '1.1' }));
    case 'protobuf':
      return encodeProtobuf(object as KubeObject);
  }
}

const partialListRefused = (what: string, is: string): Error => notAcceptable([`you requested ${what}, but the requested object is ${is}`]);

/** Whether the stored bytes are the answer as they stand. */
export const servesBytes = (kind: Kind, form: Form): boolean => form.media === 'json' && form.as === '' && !form.pretty && kind.convert === undefined;

/** An object that is at hand already, as verbs that write return it. */
export function represent(kind: Kind, object: KubeObject, form: Form, options: TableOptions): object {
  switch (form.as) {
    case '':
      return object;
    case 'Table':
      return table(kind, [object], { resourceVersion: object.metadata.resourceVersion ?? '' }, { ...options, version: form.version });
    case 'PartialObjectMetadata':
      return partialMetadata(object, form.version);
    case 'PartialObjectMetadataList':
      throw partialListRefused('PartialObjectMetadataList', `not a list (${kind.kind})`);
  }
}

export function encodeStored(kind: Kind, body: Uint8Array, form: Form, options: TableOptions): Uint8Array {
  if (servesBytes(kind, form)) return body;
  return encodeObject(represent(kind, toServed(kind, parseBytes(body)), form, options), form);
}

export const typeOf = (form: Form): string => (form.media === 'json' ? JSON_TYPE : form.media === 'yaml' ? YAML_TYPE : PROTOBUF_TYPE);
