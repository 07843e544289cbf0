/**
 * A program that writes to a store with many clients at once and says on its output, one JSON line each, what was acknowledged:
 * node workload.ts <directory> <FULL|NORMAL> <clients>. It runs until it is killed, or until the store cannot write any more.
 */
import { randomInt } from 'node:crypto';
import type { Clock } from '#machinery/clock.ts';
import { openEmbeddedStore } from '#store/embedded/store.ts';
import { StoreConflict } from '#store/errors.ts';
import type { Write } from '#store/port.ts';
import { ACTOR, keyOf, put, remove } from '#store/testing/fixtures.ts';

/** One acknowledged write: what the log must have at `rv`. */
export interface Acknowledged {
  readonly resource: string;
  readonly rv: number;
  readonly type: 'created' | 'updated' | 'removed';
  readonly key: string;
  /** The first word of the object's data, different for each commit. */
  readonly data: string;
}

/** Begins the mark of a commit of two writes. */
export const PAIR = 'pair-';
export const RESOURCES = ['pods', 'services'] as const;
const NAMES = 200;
/** Bytes, so that objects span pages and transactions span blocks. */
const LARGEST = 5_000;

const clock: Clock = {
  now: () => Date.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

async function main(directory: string, synchronous: 'FULL' | 'NORMAL', clients: number): Promise<void> {
  const store = await openEmbeddedStore({ directory, cluster: 'faults', clock, synchronous, cacheBytes: 1 << 20, recentBytes: 1 << 20 });
  process.stdout.write('ready\n');
  const one = async (resource: string, mark: string): Promise<{ write: Write; told: Omit<Acknowledged, 'rv'> }> => {
    const name = `o${randomInt(NAMES)}`;
    const current = await store.get(keyOf(name, 'default', resource));
    const data = `${mark} ${'d'.repeat(randomInt(LARGEST))}`;
    const told = { resource, key: `default/${name}`, data: mark };
    if (current === undefined) return { write: put({ resource, name, data }), told: { ...told, type: 'created' } };
    if (randomInt(4) > 0) return { write: put({ resource, name, at: current.rv, data }), told: { ...told, type: 'updated' } };
    return { write: remove({ resource, name, at: current.rv, data }), told: { ...told, type: 'removed' } };
  };
  const client = async (id: number): Promise<never> => {
    for (let turn = 0; ; turn++) {
      // every third is two writes to two resources, which must be there together or not at all
      const resources = turn % 3 === 0 ? RESOURCES : [RESOURCES[turn % 2]!];
      const mark = `${resources.length > 1 ? PAIR : ''}${process.pid}-${id}-${turn}`;
      const made = await Promise.all(resources.map(async (resource) => one(resource, mark)));
      try {
        const rvs = await store.commit(
          made.map(({ write }) => write),
          ACTOR,
        );
        process.stdout.write(made.map(({ told }, index) => `${JSON.stringify({ ...told, rv: rvs[index]! } satisfies Acknowledged)}\n`).join(''));
      } catch (error) {
        if (!(error instanceof StoreConflict)) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: clients }, async (_, id) => client(id)));
}

const [directory, synchronous, clients] = process.argv.slice(2);
if (import.meta.main) {
  await main(directory!, synchronous === 'NORMAL' ? 'NORMAL' : 'FULL', Number(clients)).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(3);
  });
}
