import { notFound, resourceVersionTooLarge } from '#machinery/status.ts';
import type { StoredObject } from '#store/port.ts';
import { type Call, refOf } from '../context.ts';
import { keyOf } from '../write/store-write.ts';

/** `version`: absent for the most recent; a number for anything not older (0: whatever is at hand). */
export async function get(call: Call, version?: number): Promise<StoredObject> {
  const { kind, parts, namespace, name } = call;
  if (version !== undefined && version > 0) {
    const frontier = await parts.store.frontier(kind.storage);
    if (version > frontier) throw resourceVersionTooLarge(version, frontier);
  }
  const stored = await parts.store.get(keyOf(kind, namespace, name), version === undefined ? 'latest' : 'any');
  if (stored === undefined) throw notFound(refOf(kind), name);
  return stored;
}
