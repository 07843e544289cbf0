import type { KubeObject } from '#machinery/object.ts';
import { isConflict, isNotFound } from '#machinery/status.ts';
import type { ListQuery } from '#store/port.ts';
import type { Call } from '../context.ts';
import { parseBytes } from '../write/body.ts';
import { toServed } from '../write/store-write.ts';
import { type DeleteOptions, remove } from './delete.ts';

/** Deletes run this many at a time, as in Kubernetes' default of one worker times what one store batch takes. */
const AT_ONCE = 16;

/** Deletes what the query selects, object by object; answers with what was there. Objects that go away meanwhile do not matter. */
export async function removeCollection(call: Call, query: ListQuery, options: DeleteOptions): Promise<{ readonly rv: number; readonly items: readonly KubeObject[] }> {
  const page = await call.parts.store.list(query);
  const items = page.items.map((stored) => toServed(call.kind, parseBytes(stored.body)));
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < items.length) {
      const item = items[next++]!;
      const uid = item.metadata.uid;
      try {
        await remove(
          { ...call, namespace: item.metadata.namespace ?? '', name: item.metadata.name! },
          { ...options, preconditions: { ...options.preconditions, ...(uid === undefined ? {} : { uid }) } },
        );
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, work));
  return { rv: page.rv, items };
}
