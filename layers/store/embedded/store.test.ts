import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { createFakeClock, type FakeClock } from '#control/testing/fake-clock.ts';
import { storeContract, type StoreUnderTest } from '../contract.ts';
import { openEmbeddedStore, type EmbeddedOptions } from './store.ts';

const folder = mkdtempSync(join(tmpdir(), 'store-'));
afterAll(() => rmSync(folder, { recursive: true }));
let folders = 0;

const HISTORY_SECONDS = 60;

async function open(options: Partial<EmbeddedOptions> & { readonly directory: string }, clock: FakeClock = createFakeClock()): Promise<StoreUnderTest> {
  const store = await openEmbeddedStore({ cluster: 'test', clock, history: { seconds: HISTORY_SECONDS }, ...options });
  return {
    store,
    now: () => clock.now() / 1000,
    advance: async (ms) => clock.advance(ms),
    forget: async () => clock.advance((HISTORY_SECONDS + 60) * 1000),
    ...(options.directory !== ':memory:' && {
      reopen: async () => {
        await store.close();
        return open(options, clock);
      },
    }),
  };
}

const onDisk = (): { directory: string } => ({ directory: join(folder, String(++folders)) });

storeContract('the embedded store in memory', async () => open({ directory: ':memory:' }));
storeContract('the embedded store on disk', async () => open(onDisk()), { runs: 10 });
// nothing stays in memory but keys and labels: every body and every change comes from the log
storeContract('the embedded store without caches', async () => open({ directory: ':memory:', cacheBytes: 0, recentBytes: 0 }));
