/** A disk that fills up: writes are refused in words, reads go on, nothing acknowledged is lost, and writes go on once there is room. */
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConfigMapList } from '#kinds/generated/types.ts';
import { run } from '#infra/tools/tools.ts';
import { testCluster, until } from '../helpers/cluster.ts';
import { rawApi, type RawApi } from '../helpers/raw.ts';

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn('skipped: a full disk (a small file system needs root)');

const cluster = testCluster(0, ['--simulated-nodes', '1']);
const MAPS = '/api/v1/namespaces/default/configmaps';
const PADDING = 'x'.repeat(200_000);
const body = (name: string): string => JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { padding: PADDING } });
let api: RawApi;

describe.skipIf(!isRoot)('a cluster whose disk is full', () => {
  beforeAll(async () => {
    expect((await run('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', cluster.dataDir])).code).toBe(0);
    const started = await cluster.start();
    expect(started.stderr + started.stdout).toContain('is ready');
    api = rawApi(cluster.kubeconfig);
  }, 120_000);
  afterAll(async () => {
    api?.close();
    await cluster.stop([]);
    await run('umount', ['-l', cluster.dataDir]);
    rmSync(cluster.dataDir, { recursive: true, force: true });
  }, 60_000);

  test('refuses writes with a Status, answers reads, and takes writes again when there is room', async () => {
    const acknowledged: string[] = [];
    const filler = join(cluster.dataDir, 'filler');
    const { bavail, bsize } = statfsSync(cluster.dataDir);
    writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - 6 * 1024 * 1024)));
    let refused;
    for (let number = 0; refused === undefined && number < 500; number++) {
      const answer = await api.call('POST', MAPS, body(`map-${number}`));
      if (answer.status === 201) acknowledged.push(`map-${number}`);
      else refused = answer;
    }
    expect(acknowledged.length).toBeGreaterThan(0);
    expect(refused?.json()).toMatchObject({ kind: 'Status', status: 'Failure', code: 503, reason: 'ServiceUnavailable' });
    expect(refused?.json().message).toMatch(/disk/);
    const names = async (): Promise<(string | undefined)[]> => (await api.call('GET', MAPS)).json<ConfigMapList>().items.map(({ metadata }) => metadata?.name);
    expect(await names()).toEqual(expect.arrayContaining(acknowledged));
    expect((await api.call('GET', `${MAPS}/${acknowledged.at(-1)}`)).status).toBe(200);
    expect((await api.call('GET', '/livez')).text).toBe('ok');

    rmSync(filler);
    await until(
      () => api.call('POST', MAPS, body('after')).then(({ status }) => status),
      (status) => status === 201,
      20_000,
    );
    expect(await names()).toEqual(expect.arrayContaining([...acknowledged, 'after']));
    await cluster.stop([]);
    expect((await cluster.start()).code).toBe(0);
    api.close();
    api = rawApi(cluster.kubeconfig);
    expect(await names()).toEqual(expect.arrayContaining([...acknowledged, 'after']));
  });
});
