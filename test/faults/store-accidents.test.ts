/** Nothing acknowledged is lost, and the store agrees with itself, whatever happens to its process, its power or its disk. Longer: `npm run soak:store`. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createFakeClock } from '#control/testing/fake-clock.ts';
import { openEmbeddedStore } from '#store/embedded/store.ts';
import { keyOf, listed, put, RESOURCE, write } from '#store/testing/fixtures.ts';
import { kills, powerCuts, type Report } from './store/accidents.ts';
import { loopFilesystem, smallFilesystem, unavailable } from './store/filesystem.ts';

const MEGABYTES = 256;

function expectNothingLost({ verdicts }: Report): void {
  for (const { lost, torn } of verdicts) expect({ lost, torn }).toEqual({ lost: [], torn: [] });
}

test('a process killed in the middle of writes', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'store-kill-'));
  try {
    expectNothingLost(await kills(directory, { rounds: 3, writes: 1_500 }));
  } finally {
    rmSync(directory, { recursive: true });
  }
});

describe.skipIf(unavailable('power cuts of the embedded store', () => loopFilesystem(32)))('power', () => {
  test('cut in the middle of writes', async () => {
    const disk = loopFilesystem(MEGABYTES);
    try {
      expectNothingLost(await powerCuts(disk, { rounds: 4, writes: 1_500 }));
    } finally {
      disk.remove();
    }
  });

  test('cut under a single client, whose commits are never grouped', async () => {
    const disk = loopFilesystem(MEGABYTES);
    try {
      expectNothingLost(await powerCuts(disk, { rounds: 4, writes: 300, clients: 1 }));
    } finally {
      disk.remove();
    }
  });

  test('the test can fail: a store that does not sync loses what it acknowledged', async () => {
    const disk = loopFilesystem(MEGABYTES);
    try {
      const { losses, verdicts } = await powerCuts(disk, { rounds: 4, writes: 700, synchronous: 'NORMAL' });
      expect(losses).toBeGreaterThan(0);
      // it loses the end, but what is left is whole
      expect(verdicts.flatMap(({ torn }) => torn)).toEqual([]);
    } finally {
      disk.remove();
    }
  });
});

describe.skipIf(unavailable('a full disk under the embedded store', () => smallFilesystem(1)))('disk', () => {
  test('a full disk refuses writes, answers reads, and writes again when there is room', async () => {
    const disk = smallFilesystem(24);
    try {
      const store = await openEmbeddedStore({ directory: join(disk.path, 'store'), cluster: 'test', clock: createFakeClock(), cacheBytes: 0 });
      const ballast = join(disk.path, 'ballast');
      writeFileSync(ballast, randomBytes(8 << 20));
      const written: string[] = [];
      const refused: unknown[] = [];
      for (let index = 0; refused.length === 0 && index < 10_000; index++) {
        const data = 'd'.repeat(20_000);
        await write(store, put({ name: `o${index}`, data })).then(
          (rv) => written.push(`default/o${index}@${rv}=${data}`),
          (error: unknown) => refused.push(error),
        );
      }
      expect(refused).toMatchObject([{ code: 'STORE_UNAVAILABLE' }]);
      expect(written.length).toBeGreaterThan(100);
      await expect(write(store, put({ name: 'one-more', data: 'd'.repeat(20_000) }))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      expect((await listed(store)).toSorted()).toEqual(written.toSorted());
      expect(await store.get(keyOf('one-more'))).toBeUndefined();
      expect(await store.frontier(RESOURCE)).toBe(written.length + 1);

      rmSync(ballast);
      const rv = await write(store, put({ name: 'one-more', data: 'x' }));
      expect(rv).toBe(written.length + 2);
      expect(await listed(store, { name: 'one-more' })).toEqual([`default/one-more@${rv}=x`]);
      await store.close();
    } finally {
      disk.remove();
    }
  });
});
