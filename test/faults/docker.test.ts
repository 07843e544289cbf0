/** A Docker engine that hangs, is too old, or is elsewhere: told in words at the start, and as a node condition while the cluster runs. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { run } from '#infra/tools/tools.ts';
import { testCluster } from '../helpers/cluster.ts';
import { gatedEngine, hangingEngine, oldEngine } from '../helpers/engines.ts';
import { ensureTestImage } from '../helpers/image.ts';
import { pod, shell } from '../helpers/objects.ts';

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn('skipped: engines that misbehave (real nodes need root)');
const folder = mkdtempSync(join(tmpdir(), 'paperplane-engines-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!isRoot)('a Docker engine', () => {
  test.each([
    ['that hangs', hangingEngine, /the Docker engine on \S+hang\.sock takes connections but does not answer: restart it/],
    ['that is too old', oldEngine, /Docker 19\.03\.15 \(API 1\.40\) is too old: 20\.10 \(API 1\.41\) or newer is needed/],
  ] as const)('%s ends the start with the reason, and leaves nothing behind', async (_title, open, reason) => {
    const engine = await open(join(folder, `${open === hangingEngine ? 'hang' : 'old'}.sock`));
    const cluster = testCluster(1, [], { DOCKER_HOST: engine.host });
    try {
      const started = await cluster.start();
      expect(started.code).toBe(1);
      expect(started.stderr).toMatch(reason);
      expect((await cluster.paperplane('status')).stderr).toContain('there is no cluster');
    } finally {
      engine.close();
      await cluster.stop();
    }
  });

  test('that is named but not there, or on another machine, is told', async () => {
    const absent = testCluster(1, [], { DOCKER_HOST: `unix://${folder}/absent.sock` });
    expect((await absent.start()).stderr).toContain(`no Docker engine listens on ${folder}/absent.sock, which DOCKER_HOST names`);
    const far = testCluster(1, [], { DOCKER_HOST: 'tcp://192.0.2.1:2375' });
    expect((await far.start()).stderr).toContain('DOCKER_HOST is tcp://192.0.2.1:2375: the nodes of a local cluster need an engine of this machine');
    for (const cluster of [absent, far]) rmSync(cluster.dataDir, { recursive: true });
  });

  test('that begins to hang makes its node NotReady within seconds; containers go on, and all is well when it answers again', async () => {
    const gate = await gatedEngine(join(folder, 'gate.sock'));
    const cluster = testCluster(1, [], { DOCKER_HOST: gate.host });
    try {
      expect((await cluster.start()).code).toBe(0);
      expect(await ensureTestImage()).toBeUndefined();
      await cluster.create(pod('steady', [shell('main', 'exec sleep 3600')]));
      await cluster.wait('pod/steady', 'condition=Ready');
      const id = await cluster.ok(['get', 'pod', 'steady', '-o', 'jsonpath={.status.containerStatuses[0].containerID}']);
      gate.hang();
      const began = Date.now();
      await cluster.wait('node/node-1', 'jsonpath={.status.conditions[?(@.type=="Ready")].status}=False');
      expect(Date.now() - began).toBeLessThan(40_000);
      expect(await cluster.ok(['get', 'node', 'node-1', '-o', 'jsonpath={.status.conditions[?(@.type=="Ready")].message}'])).toMatch(/container runtime is (down|hanging)/);
      expect((await run('docker', ['inspect', '-f', '{{.State.Running}}', id.replace('docker://', '')])).stdout).toBe('true\n');
      gate.release();
      await cluster.wait('node/node-1', 'condition=Ready');
      await cluster.wait('pod/steady', 'condition=Ready');
      expect(await cluster.ok(['get', 'pod', 'steady', '-o', 'jsonpath={.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount}'])).toBe(`${id} 0`);
      await cluster.ok(['delete', 'pod', 'steady', '--timeout=60s']);
    } finally {
      gate.release();
      await cluster.stop();
      gate.close();
    }
  });
});
