/** Reads for plugins: the object behind a key as JSON, or nothing. */
import type { KubeObject } from '#machinery/object.ts';
import type { Store, StoredObject } from '#store/port.ts';

export function parseBody<T extends KubeObject>(stored: StoredObject): T {
  const { body } = stored;
  return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString()) as T;
}

export async function read<T extends KubeObject>(store: Store, resource: string, namespace: string, name: string): Promise<T | undefined> {
  const stored = await store.get({ resource, namespace, name });
  return stored === undefined ? undefined : parseBody<T>(stored);
}

export async function readAll<T extends KubeObject>(store: Store, resource: string, namespace?: string): Promise<readonly T[]> {
  const page = await store.list({ resource, version: 'latest', ...(namespace === undefined ? {} : { namespace }) });
  return page.items.map((item) => parseBody<T>(item));
}
