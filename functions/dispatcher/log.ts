/** Reads a part of a change log, with the state before each change, as controllers' mappings want to see it. */
import type { Mapped } from '#control/controller.ts';
import type { Clock } from '#machinery/clock.ts';
import type { KubeObject } from '#machinery/object.ts';
import { StoreExpired, StoreUnavailable } from '#store/errors.ts';
import type { Change, ResourceName, Store } from '#store/port.ts';

const LIMIT_MS = 15_000;
const decoder = new TextDecoder();
const parse = (body: Uint8Array): KubeObject => JSON.parse(decoder.decode(body)) as KubeObject;

/**
 * The changes in [first, last]. Those that are no longer kept are left out.
 * @throws StoreUnavailable
 */
export function readLog(store: Store, clock: Clock, resource: ResourceName, first: number, last: number): Promise<readonly Change[]> {
  return new Promise((resolve, reject) => {
    const found: Change[] = [];
    let stop: (() => void) | undefined;
    let over = false;
    const finish = (error?: unknown): void => {
      if (over) return;
      over = true;
      cancel();
      stop?.();
      if (error === undefined) resolve(found);
      else reject(error as Error);
    };
    const cancel = clock.after(LIMIT_MS, () => finish(new StoreUnavailable(`the change log of ${resource} could not be read up to ${last} in time`)));
    store
      .watch(resource, first - 1, {
        changes(changes, frontier) {
          if (over) return;
          for (const change of changes) if (change.rv <= last) found.push(change);
          if (Math.max(frontier, changes.at(-1)?.rv ?? 0) >= last) finish();
        },
        expired: () => finish(),
      })
      .then(
        (end) => {
          stop = end;
          if (over) end();
        },
        (error: unknown) => finish(error instanceof StoreExpired ? undefined : error),
      );
  });
}

export async function mapped(store: Store, change: Change): Promise<Mapped> {
  if (change.type === 'removed') return { old: parse(change.body) };
  const now = parse(change.body);
  if (change.type === 'created') return { now };
  const before = await store.previous(change);
  return before === undefined ? { now } : { old: parse(before), now };
}
