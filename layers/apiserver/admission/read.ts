/** Reads for plugins: the object behind a key as JSON, or nothing. What is read belongs to all: nobody changes it. */
import type { KubeObject } from '#machinery/object.ts';
import type { Store, StoredObject } from '#store/port.ts';

/** By the stored bytes, which are others for every version: nearly every write asks for the same accounts, classes and ranges as the one before it. */
const known = new WeakMap<Uint8Array, KubeObject>();
/** Of these there are many, and no two writes ask for the same. */
const MANY: ReadonlySet<string> = new Set(['pods', 'nodes', 'persistentvolumeclaims', 'persistentvolumes']);

export function parseBody<T extends KubeObject>({ key, body }: StoredObject): T {
  if (MANY.has(key.resource)) return parse(body) as T;
  let object = known.get(body);
  if (object === undefined) known.set(body, (object = parse(body)));
  return object as T;
}

function parse(body: Uint8Array): KubeObject {
  return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString()) as KubeObject;
}

export async function read<T extends KubeObject>(store: Store, resource: string, namespace: string, name: string): Promise<T | undefined> {
  const stored = await store.get({ resource, namespace, name });
  return stored === undefined ? undefined : parseBody<T>(stored);
}

export async function readAll<T extends KubeObject>(store: Store, resource: string, namespace?: string): Promise<readonly T[]> {
  const page = await store.list({ resource, version: 'latest', ...(namespace === undefined ? {} : { namespace }) });
  return page.items.map((item) => parseBody<T>(item));
}
