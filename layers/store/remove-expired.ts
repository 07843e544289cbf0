/** The end of an object that expires, the same in every engine. */
import { StoreConflict } from './errors.ts';
import type { ObjectKey, Store } from './port.ts';

const ACTOR = { user: 'system:expiry' };

/** Removes the object if it is still at this resourceVersion. */
export async function removeExpired(store: Pick<Store, 'get' | 'commit'>, key: ObjectKey, rv: number): Promise<void> {
  const object = await store.get(key);
  if (object?.rv !== rv) return;
  try {
    await store.commit([{ type: 'remove', key, if: { rv }, body: (removal) => withResourceVersion(object.body, removal) }], ACTOR);
  } catch (error) {
    // written or removed meanwhile: whoever did that has decided its fate
    if (!(error instanceof StoreConflict)) throw error;
  }
}

/** The same object with another `metadata.resourceVersion`, at the same place in the text. */
function withResourceVersion(body: Uint8Array, rv: number): Uint8Array {
  const object = JSON.parse(new TextDecoder().decode(body)) as { metadata?: { resourceVersion?: string } };
  object.metadata = { ...object.metadata, resourceVersion: String(rv) };
  return new TextEncoder().encode(JSON.stringify(object));
}
