/** Between stored bytes and objects. The stored form is canonical JSON with `metadata.resourceVersion` inside. */
import type { KubeObject } from '#machinery/object.ts';
import type { StoredObject } from '#store/port.ts';

/** A view of the same memory, not a copy. */
export const buffer = (bytes: Uint8Array): Buffer => (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));

export const parseStored = (stored: Pick<StoredObject, 'body'>): KubeObject => JSON.parse(buffer(stored.body).toString('utf8')) as KubeObject;
