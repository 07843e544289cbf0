/**
 * The walk-through of a cluster with no servers: from nothing, through replicas, services, secrets, logs and exec on Docker, to nothing, by the real kubectl;
 * and what it costs: every call of AWS is counted.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureEmulator } from '#infra/localstack/emulator.ts';
import { repositoryRoot, run, tool } from '#infra/tools/tools.ts';
import { countedPlace } from '../cost/place.ts';
import { until } from '../helpers/cluster.ts';
import { ensureTestImage, TEST_IMAGE } from '../helpers/image.ts';
import { talk } from '../helpers/process.ts';

const missing =
  (await ensureTestImage()) ??
  (await ensureEmulator().then(
    () => undefined,
    (error: Error) => error.message,
  ));
if (missing !== undefined) console.warn(`skipped: the walk-through with no servers. ${missing}`);

const START_LIMIT_MS = 400_000;
/** Long enough for anything that rings by itself within seconds to be seen. */
const IDLE_MS = 10_000;
const HEARTBEATS_MS = 25_000;
const place = countedPlace(`w${process.pid % 10_000}`);
const { ok } = place;
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const readyReplicas = (count: number): Promise<string> =>
  until(
    () => ok(['get', 'rc', 'web', '-o', 'jsonpath={.status.readyReplicas}']),
    (ready) => ready === String(count),
    120_000,
  );

/** What a cluster of this name has on the machine. */
function traces(name: string): readonly string[] {
  const said = (file: string, ...args: readonly string[]): readonly string[] => spawnSync(file, args, { encoding: 'utf8' }).stdout.split('\n');
  const processes = readdirSync('/proc').flatMap((pid) => {
    try {
      return /^\d+$/.test(pid) ? [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')] : [];
    } catch {
      return [];
    }
  });
  return [
    ...processes.filter((line) => line.includes(place.dataDir)),
    ...said('docker', 'ps', '-a', '--format', '{{.Names}} {{.Labels}}'),
    ...said('ip', '-br', 'address'),
    ...said('nft', 'list', 'tables'),
    ...said('iptables-save'),
  ].filter((line) => line.includes(name));
}

describe.skipIf(missing !== undefined)('from nothing to nothing, with no servers', () => {
  beforeAll(async () => {
    const started = await place.start(0);
    expect(started.stderr + started.stdout).toContain('is ready');
  }, START_LIMIT_MS);
  afterAll(async () => void (await place.stop()), START_LIMIT_MS);

  test('an idle cluster makes no call of ours', async () => {
    await place.quiet();
    const from = Date.now();
    await wait(IDLE_MS);
    expect(place.ours(from).map(({ by, action }) => `${by} ${action}`)).toEqual([]);
    // somebody was listening all the same: AWS' pollers
    expect(place.pollers(from).length).toBeGreaterThan(0);
  }, 200_000);

  test(
    'started again with nodes, it has nodes',
    async () => {
      const started = await place.start(2);
      expect(started.stderr + started.stdout).toContain('is ready');
      await until(
        () => ok(['get', 'nodes', '--no-headers']),
        (nodes) => /node-1 +Ready[^\n]*\nnode-2 +Ready/.test(nodes),
        120_000,
      );
    },
    START_LIMIT_MS,
  );

  test('replicas run behind a service, with the secret that they mount', async () => {
    const template = {
      metadata: { labels: { app: 'web' } },
      spec: {
        terminationGracePeriodSeconds: 1,
        volumes: [{ name: 'key', secret: { secretName: 'key' } }],
        containers: [
          {
            name: 'web',
            image: TEST_IMAGE,
            command: ['sh', '-c', 'echo web is up; mkdir /tmp/www; hostname > /tmp/www/name; exec httpd -f -p 8080 -h /tmp/www'],
            volumeMounts: [{ name: 'key', mountPath: '/key' }],
          },
        ],
      },
    };
    const objects = [
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'key' }, stringData: { token: 'from the secret' } },
      { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] } },
      { apiVersion: 'v1', kind: 'ReplicationController', metadata: { name: 'web' }, spec: { replicas: 2, selector: { app: 'web' }, template } },
    ];
    await ok(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
    await readyReplicas(2);
    const nodes = await ok(['get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].spec.nodeName}']);
    expect(nodes.split(' ').toSorted()).toEqual(['node-1', 'node-2']);
  }, 200_000);

  test('plain logs come from a function, followed ones and exec through the gateway node', async () => {
    const pod = await ok(['get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[0].metadata.name}']);
    const from = Date.now();
    expect(await ok(['logs', pod])).toBe('web is up\n');
    await until(
      async () => place.ours(from).some(({ action }) => action.endsWith('-api')),
      (served) => served,
      10_000,
    );
    const following = talk(tool('kubectl'), ['logs', '-f', pod], { KUBECONFIG: place.kubeconfig, HOME: `${repositoryRoot}/.cache/home` });
    await following.says('web is up');
    await following.kill();
    const inside = ['exec', pod, '--', 'sh', '-c'];
    expect(await ok([...inside, 'cat /key/token'])).toBe('from the secret');
    expect(await ok([...inside, 'echo $WEB_SERVICE_PORT'])).toBe('80\n');
    expect(await ok([...inside, 'wget -qO- http://web.default.svc.cluster.local/name'])).toMatch(/^web-/);
    expect(await ok(['exec', '-i', pod, '--', 'cat'], 'through standard input')).toBe('through standard input');
    expect((await place.kubectl(['exec', pod, '--', 'sh', '-c', 'exit 3'])).code).toBe(3);
  }, 200_000);

  test('a port is forwarded', async () => {
    const forwarding = talk(tool('kubectl'), ['port-forward', 'service/web', ':80'], { KUBECONFIG: place.kubeconfig, HOME: `${repositoryRoot}/.cache/home` });
    const [, port] = await forwarding.says(/127\.0\.0\.1:(\d+)/);
    expect(await (await fetch(`http://127.0.0.1:${port}/name`, { signal: AbortSignal.timeout(20_000) })).text()).toMatch(/^web-/);
    await forwarding.kill();
  }, 120_000);

  test('scaled and deleted, nothing runs any more', async () => {
    await ok(['scale', 'rc', 'web', '--replicas=3']);
    await readyReplicas(3);
    await ok(['delete', 'rc/web', 'service/web', 'secret/key']);
    await until(
      () => ok(['get', 'pods', '--no-headers', '--ignore-not-found']),
      (pods) => pods === '',
      120_000,
    );
  }, 300_000);

  test('a heartbeat of a quiet node is one write unit', async () => {
    await place.quiet();
    const from = Date.now();
    await wait(HEARTBEATS_MS);
    const calls = place.ours(from);
    const beats = calls.filter(({ by, action }) => by.startsWith('agent ') && action === 'UpdateItem');
    expect(beats.length).toBeGreaterThanOrEqual(2);
    expect(new Set(beats.map(({ writeUnits }) => writeUnits))).toEqual(new Set([1]));
  }, 200_000);

  test(
    'stopped, it leaves nothing: no container, network, process, rule or file',
    async () => {
      expect(traces(place.name).length).toBeGreaterThan(0);
      const stopped = await place.stop();
      expect(stopped.stderr).toBe('');
      expect(traces(place.name)).toEqual([]);
      expect(existsSync(place.dataDir)).toBe(false);
      expect((await run('pgrep', ['-f', place.dataDir])).code).toBe(1);
    },
    START_LIMIT_MS,
  );
});
