/** What a directory of the embedded store promises to whoever starts on it: one process, one cluster, a known format, bounded growth. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFakeClock } from '#control/testing/fake-clock.ts';
import { StoreExpired } from '../errors.ts';
import { keyOf, listed, put, Recorder, remove, RESOURCE, write } from '../testing/fixtures.ts';
import { openEmbeddedStore } from './store.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'store-'));
});
afterEach(() => rmSync(directory, { recursive: true }));
const open = async (cluster = 'test') => openEmbeddedStore({ directory, cluster, clock: createFakeClock() });
const alter = (sql: string): void => {
  const database = new DatabaseSync(join(directory, 'store.db'));
  database.exec(sql);
  database.close();
};

describe('the lock', () => {
  test('a second store in the same directory is refused, and names the process that has it', async () => {
    const store = await open();
    await expect(open()).rejects.toMatchObject({ code: 'STORE_LOCKED', pid: process.pid, message: expect.stringContaining(`in use by process ${process.pid}`) });
    await store.close();
    await (await open()).close();
  });

  test('another process has it until it is killed, and not a moment longer', async () => {
    const program = `import { openEmbeddedStore } from ${JSON.stringify(fileURLToPath(new URL('store.ts', import.meta.url)))};
      await openEmbeddedStore({ directory: process.argv[1], cluster: 'test', clock: { now: Date.now, after: () => () => {} } });
      console.log('open'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    await expect(open()).rejects.toMatchObject({ code: 'STORE_LOCKED', pid: child.pid });
    child.kill('SIGKILL');
    await once(child, 'exit');
    await (await open()).close();
  });
});

describe('the file', () => {
  test('of a newer version is refused, and left alone', async () => {
    await (await open()).close();
    alter('PRAGMA user_version = 99');
    await expect(open()).rejects.toMatchObject({ code: 'STORE_FORMAT', message: expect.stringMatching(/format 99.*start the newer version/) });
    alter('PRAGMA user_version = 1');
    await (await open()).close();
  });

  test('of another cluster is refused', async () => {
    await (await open('one')).close();
    await expect(open('two')).rejects.toMatchObject({ code: 'STORE_FORMAT', message: 'the file belongs to cluster "one", not to "two"' });
  });

  test('of another program is refused', async () => {
    alter('CREATE TABLE theirs (x)');
    await expect(open()).rejects.toMatchObject({ code: 'STORE_FORMAT' });
  });

  test('that is no database is refused', async () => {
    writeFileSync(join(directory, 'store.db'), 'not a database at all, but longer than the header of one would have to be: '.repeat(50));
    await expect(open()).rejects.toThrow(/not a database/);
  });
});

describe('history', () => {
  const SECONDS = 600;

  test('is kept for its time, goes after it, and the file stays as small as what is left', async () => {
    const clock = createFakeClock();
    const store = await openEmbeddedStore({ directory, cluster: 'test', clock, history: { seconds: SECONDS } });
    const data = 'd'.repeat(2_000);
    const size = (): number => statSync(join(directory, 'store.db')).size;
    const sizes: number[] = [];
    let at = await write(store, put({ name: 'a' }));
    for (let hour = 0; hour < 4; hour++) {
      const before = at;
      for (let round = 0; round < 5; round++) {
        await Promise.all(
          Array.from({ length: 100 }, async (_, index) =>
            write(store, put({ name: `brief-${index}`, data })).then(async (rv) => write(store, remove({ name: `brief-${index}`, at: rv }))),
          ),
        );
        at = await write(store, put({ name: 'a', at, data: `${hour}-${round}` }));
      }
      await clock.advance((SECONDS - 60) * 1000);
      expect(await listed(store, { version: { at: before } })).toHaveLength(1);
      await clock.advance(120_000);
      await expect(store.list({ resource: RESOURCE, version: { at: before } })).rejects.toBeInstanceOf(StoreExpired);
      await trimmed();
      sizes.push(size());
    }
    expect(sizes[0]).toBeGreaterThan(1_000_000);
    expect(sizes.at(-1)).toBeLessThan(sizes[0]! * 1.5);
    expect(await listed(store)).toEqual([`default/a@${at}=3-4`]);
    await store.close();
    const database = new DatabaseSync(join(directory, 'store.db'), { readOnly: true });
    expect(database.prepare('SELECT (SELECT count(*) FROM log) AS log, (SELECT count(*) FROM body) AS body, (SELECT count(*) FROM object) AS object').get()).toEqual({
      log: 1,
      body: 1,
      object: 1,
    });
    database.close();
  });

  /** The writer trims when it has been idle for a moment, in its own thread. */
  async function trimmed(): Promise<void> {
    const database = new DatabaseSync(join(directory, 'store.db'), { readOnly: true });
    const rows = database.prepare('SELECT count(*) AS count FROM log');
    await expect.poll(() => rows.get()!['count'], { timeout: 10_000 }).toBeLessThan(5);
    database.close();
    // and then brings what it did into the file
    await new Promise((resolve) => setTimeout(resolve, 100));
  }

  test('goes before its time where it grows too large', async () => {
    const clock = createFakeClock();
    const store = await openEmbeddedStore({ directory, cluster: 'test', clock, history: { seconds: 1e6, bytes: 100_000 } });
    const rvs = [await write(store, put({ name: 'a' }))];
    for (let index = 0; index < 60; index++) rvs.push(await write(store, put({ name: 'a', at: rvs.at(-1)!, data: 'd'.repeat(5_000) })));
    await clock.advance(60_000);
    await expect(store.list({ resource: RESOURCE, version: { at: rvs[30]! } })).rejects.toBeInstanceOf(StoreExpired);
    expect((await store.list({ resource: RESOURCE, version: { at: rvs.at(-10)! } })).items).toHaveLength(1);
    await store.close();
  });

  test('a trim that was cut short is taken up again', async () => {
    const clock = createFakeClock();
    const options = { directory, cluster: 'test', clock, history: { seconds: SECONDS } };
    let store = await openEmbeddedStore(options);
    let at = await write(store, put({ name: 'a' }));
    for (let index = 0; index < 300; index++) at = await write(store, put({ name: 'a', at }));
    await clock.advance((SECONDS + 60) * 1000);
    await store.close();
    store = await openEmbeddedStore(options);
    expect((await store.get(keyOf('a')))?.rv).toBe(at);
    await clock.advance(60_000);
    await trimmed();
    await store.close();
  });

  test('a watcher that replays is told when its past is trimmed under it', async () => {
    const clock = createFakeClock();
    const store = await openEmbeddedStore({ directory, cluster: 'test', clock, history: { seconds: SECONDS }, recentBytes: 0 });
    const first = await write(store, put({ name: 'o0' }));
    for (let index = 1; index < 1000; index += 100) await Promise.all(Array.from({ length: 100 }, async (_, offset) => write(store, put({ name: `o${index + offset}` }))));
    await clock.advance((SECONDS - 10) * 1000);
    let told = 0;
    let expired = 0;
    await store.watch(RESOURCE, first, {
      changes: (changes) => {
        told += changes.length;
        // in the middle of the replay its time is over
        void clock.advance(10_000);
      },
      expired: () => expired++,
    });
    await expect.poll(() => expired).toBe(1);
    expect(told).toBeLessThan(1000);
    await expect(Recorder.start(store, first)).rejects.toBeInstanceOf(StoreExpired);
    await store.close();
  });
});
