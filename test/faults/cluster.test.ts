/**
 * What a cluster survives: each of its processes killed, all of them killed, a node lost, the machine rebooted, a neighbour of its kind. On a
 * Docker engine of its own. Pods are the same pods afterwards, and where Docker lived, in the same containers.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '#infra/tools/tools.ts';
import { testCluster, until } from '../helpers/cluster.ts';
import { ensureTestImage } from '../helpers/image.ts';
import { controller, pod, service, shell } from '../helpers/objects.ts';
import { mountsBelow, ownEngine, processesOf } from '../helpers/own-engine.ts';

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn('skipped: killed processes, lost nodes and reboots (real nodes need root)');

/** Grace periods and a loaded machine: what a lost node and a reboot may take before something is wrong. */
const SLOW_MS = 240_000;
/** A fetch that hangs must not stand for a service that does not answer. */
const FETCH_LIMIT_MS = 2_000;
const engine = isRoot ? ownEngine() : undefined;
const env = { DOCKER_HOST: engine?.host };
const cluster = testCluster(2, [], env);
const { ok } = cluster;
const kept = join(cluster.dataDir, 'kept');

const WEB = 'echo $HOSTNAME > /tmp/name; exec httpd -f -p 8080 -h /tmp';
const objects = (nodePort: number): object[] => [
  controller('web', 2, [shell('web', WEB, { ports: [{ containerPort: 8080 }] })]),
  service('web', [{ port: 80, targetPort: 8080, nodePort }], { type: 'NodePort' }),
];

/** Writes a line at each start onto the machine's disk and onto its own, and has a secret. */
const keeper = pod(
  'keeper',
  [
    shell('main', 'echo begun >> /kept/starts; echo begun >> /empty/starts; exec sleep 3600', {
      volumeMounts: ['kept', 'empty', 'login'].map((name) => ({ name, mountPath: `/${name}` })),
    }),
  ],
  {
    volumes: [
      { name: 'kept', hostPath: { path: kept } },
      { name: 'empty', emptyDir: {} },
      { name: 'login', secret: { secretName: 'login' } },
    ],
  },
);

interface Program {
  readonly name: string;
  readonly pid: number;
  readonly supervisor: number;
  readonly guard: number;
}
async function programs(): Promise<Program[]> {
  const ran = await run(process.execPath, [join(import.meta.dirname, '..', '..', 'infra', 'local', 'inspect.ts'), '--name', cluster.name, '--data-dir', cluster.dataDir]);
  return (JSON.parse(ran.stdout) as { programs: Program[] }).programs;
}
const programOf = async (name: string): Promise<Program> => (await programs()).find((program) => program.name === name)!;
/** As a power cut ends them: stopped first, so that none replaces another before its own end. */
function killTogether(pids: readonly number[]): void {
  for (const signal of ['SIGSTOP', 'SIGKILL'] as const) for (const pid of pids) process.kill(pid, signal);
}

/** Each pod with what must not change. */
const snapshot = (): Promise<string> =>
  ok([
    'get',
    'pods',
    '-o',
    'jsonpath={range .items[*]}{.metadata.name} {.metadata.uid} {.spec.nodeName} {.status.podIP} {range .status.containerStatuses[*]}{.containerID} {.restartCount} {.state.running.startedAt} {.ready}{end}{"\\n"}{end}',
  ]);
const nodeAddress = (node: string): Promise<string> => ok(['get', 'node', node, '-o', 'jsonpath={.status.addresses[0].address}']);
const readySince = (): Promise<string> =>
  ok(['get', 'nodes', '-o', 'jsonpath={range .items[*]}{range .status.conditions[?(@.type=="Ready")]}{.status} {.lastTransitionTime}{"\\n"}{end}{end}']);
const page = (address: string, port = 30980): Promise<string> =>
  fetch(`http://${address}:${port}/name`, { signal: AbortSignal.timeout(FETCH_LIMIT_MS), headers: { connection: 'close' } }).then(
    (answer) => answer.text(),
    (error: unknown) => `no answer: ${String(error)}`,
  );
const answers = (text: string): boolean => text.startsWith('web-');
const apiAnswers = (): Promise<number> =>
  until(
    () => cluster.kubectl(['get', '--raw', '/readyz']).then(({ code }) => code),
    (code) => code === 0,
  );

/** Kills a process and waits until another one runs in its place. */
async function killProgram(name: string): Promise<void> {
  const { pid } = await programOf(name);
  process.kill(pid, 'SIGKILL');
  await until(
    () => programOf(name),
    (program) => program.pid !== undefined && program.pid !== pid,
  );
}

describe.skipIf(!isRoot)('a cluster', () => {
  let before: string;
  let ready: string;

  beforeAll(async () => {
    await engine!.start();
    expect((await cluster.start()).code).toBe(0);
    expect(await ensureTestImage(env)).toBeUndefined();
    mkdirSync(kept);
    await ok(['create', 'secret', 'generic', 'login', '--from-literal=user=me']);
    await cluster.create(...objects(30980), keeper);
    await cluster.wait('rc/web', 'jsonpath={.status.readyReplicas}=2');
    await cluster.wait('pod/keeper', 'condition=Ready');
    await until(async () => page(await nodeAddress('node-1')), answers);
    before = await snapshot();
    ready = await readySince();
  }, 400_000);
  afterAll(async () => {
    await cluster.stop();
    await engine?.remove();
  }, 120_000);

  test('whose control plane is killed serves on, loses nothing, and has the same containers', async () => {
    const address = await nodeAddress('node-1');
    await ok(['create', 'configmap', 'written', '--from-literal=just=before']);
    const { pid } = await programOf('control-plane');
    process.kill(pid, 'SIGKILL');
    expect(await page(address)).toMatch(/^web-/);
    await apiAnswers();
    expect(await ok(['get', 'configmap', 'written', '-o', 'jsonpath={.data.just}'])).toBe('before');
    expect(await snapshot()).toBe(before);
    await ok(['scale', 'rc', 'web', '--replicas=3']);
    await cluster.wait('rc/web', 'jsonpath={.status.readyReplicas}=3');
    await ok(['scale', 'rc', 'web', '--replicas=2']);
    await until(
      () => ok(['get', 'pods', '-l', 'app=web', '-o', 'name']),
      (names) => names.trim().split('\n').length === 2,
    );
    before = await snapshot();
  });

  test('whose agents are killed keeps its containers and its nodes Ready, and sees what ended meanwhile', async () => {
    for (const node of ['node-1', 'node-2']) await killProgram(node);
    for (const line of before.trim().split('\n'))
      await until(
        () => cluster.kubectl(['exec', line.split(' ')[0]!, '--', 'true']).then(({ code }) => code),
        (code) => code === 0,
      );
    expect(await snapshot()).toBe(before);
    expect(await readySince()).toBe(ready);

    const [name, , node, , id] = before
      .split('\n')
      .find((line) => line.startsWith('web-'))!
      .split(' ');
    const { pid } = await programOf(node!);
    process.kill(pid, 'SIGKILL');
    await engine!.docker('kill', id!.replace('docker://', ''));
    await cluster.wait(`pod/${name}`, 'jsonpath={.status.containerStatuses[0].restartCount}=1');
    await cluster.wait(`pod/${name}`, 'condition=Ready');
    before = await snapshot();
  });

  test('whose supervisors are killed has others in a moment, and not one of its programs is started again', async () => {
    const were = await programs();
    for (const { supervisor } of were) process.kill(supervisor, 'SIGKILL');
    const are = await until(programs, (all) =>
      all.every(({ supervisor, guard }, index) => supervisor !== undefined && guard !== undefined && supervisor !== were[index]!.supervisor),
    );
    expect(are.map(({ pid }) => pid)).toEqual(were.map(({ pid }) => pid));
    expect(await snapshot()).toBe(before);
  });

  test('whose supervisors are killed with their guards goes on; a start puts them back and restarts no container', async () => {
    for (const { supervisor, guard } of await programs()) killTogether([guard, supervisor]);
    expect(await snapshot()).toBe(before);
    const again = await cluster.start();
    expect(again.code).toBe(0);
    expect((await programs()).every(({ supervisor }) => supervisor !== undefined)).toBe(true);
    expect(await snapshot()).toBe(before);
  });

  test('all of whose processes are killed is taken up again by a start: no container is restarted', async () => {
    const address = await nodeAddress('node-1');
    for (const { pid, supervisor, guard } of await programs()) killTogether([guard, supervisor, pid]);
    await until(
      async () => (await programs()).filter(({ pid }) => pid !== undefined).length,
      (running) => running === 0,
    );
    expect(await page(address)).toMatch(/^web-/);
    expect((await cluster.start()).code).toBe(0);
    expect(await snapshot()).toBe(before);
    expect(await ok(['get', 'events', '--field-selector=reason=NodeNotReady', '-o', 'name'])).toBe('');
  });

  test(
    'whose node is lost: its pods are Ready elsewhere, its services follow, its data is there; the node comes back',
    async () => {
      const lost = (await ok(['get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[0].spec.nodeName}'])).trim();
      const other = lost === 'node-1' ? 'node-2' : 'node-1';
      const gone = before
        .trim()
        .split('\n')
        .filter((line) => line.includes(` ${lost} `) && line.startsWith('web-'))
        .map((line) => line.split(' ')[0]!);
      expect(gone.length).toBeGreaterThan(0);
      const address = await nodeAddress(other);
      const { pid, supervisor, guard } = await programOf(lost);
      const began = Date.now();
      const seconds = (): string => `${((Date.now() - began) / 1000).toFixed(1)} s`;
      killTogether([guard, supervisor, pid]);
      const containers = (await engine!.docker('ps', '-aq', '--filter', `label=io.paperplane.node=${lost}`, '--filter', `label=io.paperplane.cluster=${cluster.name}`))
        .trim()
        .split('\n');
      await engine!.docker('rm', '-f', ...containers);
      await cluster.wait(`node/${lost}`, 'jsonpath={.status.conditions[?(@.type=="Ready")].status}=Unknown');
      const noticed = seconds();
      await until(
        () => ok(['get', 'endpoints', 'web', '-o', 'jsonpath={.subsets[*].addresses[*].targetRef.name}']),
        (names) => gone.every((name) => !names.split(' ').includes(name)),
      );
      const dropped = seconds();
      for (let times = 0; times < 5; times++) expect(await page(address)).toMatch(/^web-/);
      await until(
        () => ok(['get', 'pods', '-l', 'app=web', '--field-selector', `spec.nodeName=${other}`, '-o', 'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}']),
        (states) => states === 'True True',
        90_000,
      );
      const moved = seconds();
      expect(Date.now() - began).toBeLessThan(60_000);
      console.info(`a node lost: noticed after ${noticed}, out of its services after ${dropped}, its pods Ready elsewhere after ${moved}`);
      const started = await cluster.start();
      expect(started.stderr + started.stdout).toContain('is ready');
      await cluster.wait(`node/${lost}`, 'condition=Ready');
      await until(
        () => ok(['get', 'pods', '-o', 'jsonpath={.items[*].metadata.name}']),
        (names) => gone.every((name) => !names.split(' ').includes(name)),
      );
      // if it was there too, nobody makes it again: it has no controller
      if ((await ok(['get', 'pods', 'keeper', '--ignore-not-found', '-o', 'name'])) === '') await cluster.create(keeper);
      await cluster.wait('pod/keeper', 'condition=Ready');
    },
    SLOW_MS,
  );

  test(
    'whose machine is rebooted is as it was: the same pods, started once more, with their addresses and data',
    async () => {
      const pods = (): Promise<string> => ok(['get', 'pods', '-o', 'jsonpath={range .items[*]}{.metadata.name} {.metadata.uid} {.spec.nodeName}{"\\n"}{end}']);
      const restarts = (): Promise<string> => ok(['get', 'pods', '-o', 'jsonpath={.items[*].status.containerStatuses[0].restartCount}']);
      const same = await pods();
      const counts = (await restarts()).split(' ').map(Number);
      const address = await ok(['get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}']);
      const startsBefore = readFileSync(join(kept, 'starts'), 'utf8').trim().split('\n').length;

      for (const { pid, supervisor, guard } of await programs()) killTogether([guard, supervisor, pid]);
      await engine!.powerOff();
      for (const mount of mountsBelow(cluster.dataDir)) await run('umount', ['-l', mount]);
      await run('ip', ['link', 'delete', `pp-${cluster.name}`]);
      await run('nft', ['delete', 'table', 'ip', `paperplane-${cluster.name}`]);
      await engine!.start();

      const began = Date.now();
      const started = await cluster.start();
      expect(started.stderr + started.stdout).toContain('is ready');
      for (const line of same.trim().split('\n')) await cluster.wait(`pod/${line.split(' ')[0]}`, 'condition=Ready');
      console.info(`a reboot: all pods Ready ${((Date.now() - began) / 1000).toFixed(1)} s after the start`);
      expect(await pods()).toBe(same);
      expect((await restarts()).split(' ').map(Number)).toEqual(counts.map((count) => count + 1));
      expect(await ok(['get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}'])).toBe(address);
      await until(async () => page(await nodeAddress('node-2')), answers);
      expect(readFileSync(join(kept, 'starts'), 'utf8').trim().split('\n')).toHaveLength(startsBefore + 1);
      expect((await ok(['exec', 'keeper', '--', 'cat', '/empty/starts'])).trim().split('\n').length).toBeGreaterThan(1);
      expect(await ok(['exec', 'keeper', '--', 'cat', '/login/user'])).toBe('me');
    },
    SLOW_MS,
  );

  test('beside another of its kind: the same names and ports, and the end of one is nothing to the other', async () => {
    const second = testCluster(1, [], env);
    before = await snapshot();
    try {
      expect((await second.start()).code).toBe(0);
      await second.create(...objects(30980));
      await second.wait('rc/web', 'jsonpath={.status.readyReplicas}=2');
      const there = await second.ok(['get', 'node', 'node-1', '-o', 'jsonpath={.status.addresses[0].address}']);
      const here = await nodeAddress('node-1');
      expect(there).not.toBe(here);
      const names = await second.ok(['get', 'pods', '-o', 'jsonpath={.items[*].metadata.name}']);
      expect(names.split(' ')).toContain((await until(() => page(there), answers)).trim());
      expect(await ok(['get', 'pods', '-o', 'jsonpath={.items[*].metadata.name}'])).toContain((await page(here)).trim());
    } finally {
      await second.stop();
    }
    expect(await snapshot()).toBe(before);
    expect(await page(await nodeAddress('node-1'))).toMatch(/^web-/);
  });

  test('that is purged leaves nothing: no process, container, interface, rule, mount, context or file', async () => {
    expect((await cluster.stop()).code).toBe(0);
    expect(processesOf(cluster.dataDir)).toEqual([]);
    expect(await engine!.docker('ps', '-aq')).toBe('');
    expect((await run('ip', ['-o', 'link'])).stdout).not.toContain(`pp-${cluster.name}`);
    expect((await run('ip', ['route'])).stdout).not.toContain(cluster.name);
    expect((await run('nft', ['list', 'ruleset'])).stdout).not.toContain(cluster.name);
    expect((await run('iptables-save', [])).stdout).not.toContain(cluster.name);
    expect(mountsBelow(cluster.dataDir)).toEqual([]);
    expect(existsSync(cluster.dataDir)).toBe(false);
  });
});
