import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Container, Pod, Volume } from '../pods/pod.ts';
import { createTestClock, settle, type TestClock } from '../testing/clock.ts';
import { createTestCluster, type TestCluster } from '../testing/cluster.ts';
import { NODE, testPod } from '../testing/harness.ts';
import { unmountBelow } from './mounts.ts';
import { createNodeVolumes } from './node-volumes.ts';
import type { PodVolumes } from './port.ts';

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn('skipped: volumes of a node (mounts need root)');

const addresses = () => ({ podIPs: ['10.1.0.2'], hostIPs: ['192.0.2.1'] });
const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe.skipIf(!isRoot)('the volumes of a node', () => {
  let stateDir: string;
  let clock: TestClock;
  let cluster: TestCluster;
  let volumes: PodVolumes;
  beforeEach(() => {
    stateDir = mkdtempSync(path.join(tmpdir(), 'volumes-'));
    clock = createTestClock();
    cluster = createTestCluster(NODE, () => clock.now());
    volumes = createNodeVolumes({
      cluster,
      clock,
      random: () => 0.5,
      stateDir,
      podsDir: path.join(stateDir, 'pods'),
      allocatable: () => ({ cpuMillis: 4000, memoryBytes: 2 ** 30 }),
    });
  });
  afterEach(async () => {
    await unmountBelow(stateDir);
    rmSync(stateDir, { recursive: true, force: true });
  });

  const podWith = (...given: readonly Volume[]): Pod =>
    testPod('p', { volumes: given, containers: [{ name: 'main', image: 'i', volumeMounts: given.map(({ name }) => ({ name, mountPath: `/${name}` })) }] });
  async function made(...given: readonly Volume[]): Promise<{ readonly pod: Pod; readonly paths: readonly string[] }> {
    const pod = podWith(...given);
    await volumes.setUp(pod, addresses);
    return { pod, paths: (await volumes.mounts(pod, pod.spec.containers[0]!, () => undefined)).map(({ hostPath }) => hostPath) };
  }
  const read = (folder: string, file: string): string => readFileSync(path.join(folder, file), 'utf8');
  const isTmpfs = (folder: string): boolean =>
    readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .some((line) => line.split(' ')[4] === folder && line.includes(' - tmpfs '));

  test('an emptyDir is open to all, measured, and goes with its pod', async () => {
    const { pod, paths } = await made({ name: 'data', emptyDir: {} });
    expect(statSync(paths[0]!).mode & 0o777).toBe(0o777);
    writeFileSync(path.join(paths[0]!, 'file'), Buffer.alloc(100_000));
    expect((await volumes.usage(pod.metadata.uid)).get('data')).toBeGreaterThanOrEqual(100_000);
    await volumes.tearDown(pod.metadata.uid);
    expect(existsSync(paths[0]!)).toBe(false);
    await volumes.tearDown(pod.metadata.uid);
  });

  test('one in memory is a tmpfs of its size', async () => {
    const { pod, paths } = await made({ name: 'fast', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } });
    expect(isTmpfs(paths[0]!)).toBe(true);
    expect(() => writeFileSync(path.join(paths[0]!, 'file'), Buffer.alloc(2 ** 21))).toThrow('ENOSPC');
    await volumes.tearDown(pod.metadata.uid);
    expect(isTmpfs(paths[0]!)).toBe(false);
  });

  test('what a new agent finds there is kept', async () => {
    const { pod, paths } = await made({ name: 'data', emptyDir: {} });
    writeFileSync(path.join(paths[0]!, 'file'), 'kept');
    volumes = createNodeVolumes({
      cluster,
      clock,
      random: () => 0.5,
      stateDir,
      podsDir: path.join(stateDir, 'pods'),
      allocatable: () => ({ cpuMillis: 4000, memoryBytes: 2 ** 30 }),
    });
    await volumes.setUp(pod, addresses);
    expect(read(paths[0]!, 'file')).toBe('kept');
    await volumes.retain([pod.metadata.uid]);
    expect(read(paths[0]!, 'file')).toBe('kept');
    await volumes.retain([]);
    expect(existsSync(paths[0]!)).toBe(false);
  });

  test('secrets lie in memory only, with the mode that was asked for', async () => {
    cluster.putConfig('secrets', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'login', namespace: 'default' }, data: { user: base64('me'), word: base64('x') } } as never);
    const { paths } = await made({ name: 'login', secret: { secretName: 'login', items: [{ key: 'user', path: 'deep/name', mode: 0o400 }] } });
    expect(read(paths[0]!, 'deep/name')).toBe('me');
    expect(existsSync(path.join(paths[0]!, 'word'))).toBe(false);
    expect(statSync(realpathSync(path.join(paths[0]!, 'deep/name'))).mode & 0o777).toBe(0o400);
    expect(isTmpfs(path.join(stateDir, 'tmpfs'))).toBe(true);
    expect(paths[0]).toContain(path.join(stateDir, 'tmpfs'));
  });

  test('a config map that changes is followed, all its files at once', async () => {
    const put = (data: Record<string, string>): void =>
      cluster.putConfig('configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'default' }, data } as never);
    put({ a: '1', b: '1' });
    const { paths } = await made({ name: 'c', configMap: { name: 'c' } });
    expect(read(paths[0]!, 'a')).toBe('1');
    put({ a: '2' });
    await settle();
    await clock.advance(1);
    // written to a real disk, in its own time
    await vi.waitFor(() => expect(existsSync(path.join(paths[0]!, 'b'))).toBe(false), { timeout: 10_000 });
    expect(read(paths[0]!, 'a')).toBe('2');
  });

  test.each([
    [{ name: 'v', secret: { secretName: 'absent' } }, 'MountVolume.SetUp failed for volume "v" : secret "absent" not found'],
    [{ name: 'v', configMap: { name: 'absent' } }, 'MountVolume.SetUp failed for volume "v" : configmap "absent" not found'],
    [{ name: 'v', hostPath: { path: '/no/such/place', type: 'Directory' } }, 'hostPath type check failed: /no/such/place is not a directory'],
    [{ name: 'v', csi: { driver: 'x' } }, 'this node has no driver for the volume'],
  ] as const)('what is not there is told: %j', async (volume, message) => {
    await expect(made(volume as Volume)).rejects.toThrow(message);
  });

  test('an optional secret that is not there is an empty folder', async () => {
    const { paths } = await made({ name: 'v', secret: { secretName: 'absent', optional: true } });
    expect(existsSync(paths[0]!)).toBe(true);
  });

  test('a folder of the host is made where that is asked, and never removed', async () => {
    const place = path.join(stateDir, 'host', 'deep');
    const { pod, paths } = await made({ name: 'h', hostPath: { path: place, type: 'DirectoryOrCreate' } });
    expect(paths).toEqual([place]);
    await volumes.tearDown(pod.metadata.uid);
    expect(existsSync(place)).toBe(true);
  });

  test('a subPath stays inside its volume, whatever links say', async () => {
    const place = path.join(stateDir, 'host');
    mkdirSync(path.join(place, 'inner'), { recursive: true });
    symlinkSync('/etc', path.join(place, 'out'));
    const volume: Volume = { name: 'h', hostPath: { path: place } };
    const pod = podWith(volume);
    await volumes.setUp(pod, addresses);
    const mounted = (subPath: string): Promise<unknown> => {
      const container: Container = { name: 'main', image: 'i', volumeMounts: [{ name: 'h', mountPath: '/h', subPath }] };
      return volumes.mounts(pod, container, () => undefined);
    };
    await expect(mounted('inner')).resolves.toHaveLength(1);
    await expect(mounted('out')).rejects.toThrow('failed to prepare subPath');
    await expect(mounted('../..')).rejects.toThrow('failed to prepare subPath');
  });
});
