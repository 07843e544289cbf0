/**
 * A program that runs clients against an embedded store and says on its output, one JSON line each, what they did and saw:
 * node history-process.ts <directory> <name> <seed>. It runs until it is killed.
 */
import type { Clock } from '#machinery/clock.ts';
import { openEmbeddedStore } from '#store/embedded/store.ts';
import { runWorkload } from '#store/testing/history/workload.ts';

const clock: Clock = {
  now: () => Date.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

const [directory, name, seed] = process.argv.slice(2);
if (import.meta.main) {
  const store = await openEmbeddedStore({ directory: directory!, cluster: 'faults', clock, cacheBytes: 1 << 20, recentBytes: 1 << 20 });
  const tell = (event: unknown): void => void process.stdout.write(`${JSON.stringify(event)}\n`);
  await runWorkload({ open: async () => store, stores: 1, clients: 12, operations: Infinity, seed: Number(seed), name: name!, onEvent: tell });
}
