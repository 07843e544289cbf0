import { afterEach, describe, expect, test } from 'vitest';
import type { ContainerStats } from '../runtime/port.ts';
import { settle } from '../testing/clock.ts';
import { startHarness, testPod, type Harness } from '../testing/harness.ts';
import { cpuOf, type MachineFigures, machineFigures, networkOf } from './machine.ts';
import { createStats } from './stats.ts';

let node: Harness;
afterEach(() => node?.stop());

const DISK = { capacityBytes: 1000, availableBytes: 400, usedBytes: 600, inodes: 100, inodesFree: 40 };
const machine: MachineFigures = {
  startedAt: '2025-12-31T00:00:00.000Z',
  whole: (pods) => ({ ...pods, memoryAvailableBytes: 7 }),
  disk: () => DISK,
  network: () => ({ name: 'eth0', rxBytes: 1, rxErrors: 0, txBytes: 2, txErrors: 0 }),
};

/** Every container has used `cpu` nanoseconds; the sandbox a tenth of it. */
async function statsOf(read: { cpu: number }) {
  node = await startHarness();
  node.cluster.create(
    testPod('web', {
      containers: [
        { name: 'a', image: 'i:1' },
        { name: 'b', image: 'i:1' },
      ],
    }),
  );
  await settle();
  const sandboxes = new Set((await node.sandboxes()).map(({ id }) => id));
  const at = (): string => new Date(node.clock.now()).toISOString();
  return createStats({
    nodeName: 'node-1',
    clock: node.clock,
    pods: () => node.manager.list(),
    volumes: { usage: () => Promise.resolve(new Map([['data', 123]])) },
    machine,
    runtime: {
      stats: (ids) =>
        Promise.resolve(
          new Map(
            ids.map((id): [string, ContainerStats] => [
              id,
              { cpuNanoseconds: sandboxes.has(id) ? read.cpu / 10 : read.cpu, memoryUsageBytes: 20, memoryWorkingSetBytes: 10, at: at() },
            ]),
          ),
        ),
    },
  });
}

describe('the figures of a node', () => {
  test('the summary adds containers to pods and pods to the node, with rates from the second time on', async () => {
    const read = { cpu: 1e9 };
    const stats = await statsOf(read);
    const first = (await stats.summary({ onlyCpuAndMemory: false })) as { node: { cpu: object } };
    expect(first.node.cpu).toEqual({ time: '2026-01-01T00:00:00Z', usageCoreNanoSeconds: 2.1e9 });
    read.cpu = 2e9;
    await node.clock.advance(10_000);
    expect(await stats.summary({ onlyCpuAndMemory: false })).toMatchObject({
      node: {
        nodeName: 'node-1',
        cpu: { time: '2026-01-01T00:00:10Z', usageNanoCores: 210_000_000, usageCoreNanoSeconds: 4.2e9 },
        memory: { usageBytes: 60, workingSetBytes: 30, availableBytes: 7 },
        fs: { capacityBytes: 1000, availableBytes: 400, usedBytes: 600, inodesUsed: 60 },
        network: { name: 'eth0', rxBytes: 1, txBytes: 2 },
      },
      pods: [
        {
          podRef: { name: 'web', namespace: 'default', uid: 'uid-web' },
          containers: [
            { name: 'a', cpu: { usageNanoCores: 100_000_000, usageCoreNanoSeconds: 2e9 }, memory: { workingSetBytes: 10 } },
            { name: 'b', cpu: { usageNanoCores: 100_000_000 } },
          ],
          cpu: { usageNanoCores: 210_000_000 },
          memory: { workingSetBytes: 30 },
          volume: [{ name: 'data', usedBytes: 123 }],
          'ephemeral-storage': { usedBytes: 123 },
        },
      ],
    });
    expect(JSON.stringify(await stats.summary({ onlyCpuAndMemory: true }))).not.toMatch(/"fs"|"volume"|"network"/);
  });

  test('/metrics/resource has the lines that metrics-server reads', async () => {
    const text = await (await statsOf({ cpu: 1.5e9 })).resourceMetrics();
    const at = Date.parse('2026-01-01T00:00:00Z');
    expect(text).toContain('# TYPE container_cpu_usage_seconds_total counter\n');
    expect(text).toContain(`container_cpu_usage_seconds_total{container="a",namespace="default",pod="web"} 1.5 ${at}\n`);
    expect(text).toContain(`container_memory_working_set_bytes{container="b",namespace="default",pod="web"} 10 ${at}\n`);
    expect(text).toContain(`pod_memory_working_set_bytes{namespace="default",pod="web"} 30 ${at}\n`);
    expect(text).toContain(`node_memory_working_set_bytes 30 ${at}\n`);
    expect(text).toContain('resource_scrape_error 0\n');
  });

  test('/metrics tells what the agent runs', async () => {
    const text = await (await statsOf({ cpu: 0 })).metrics!();
    expect(text).toContain('kubelet_running_pods 1\n');
    expect(text).toContain('kubelet_running_containers{container_state="running"} 2\n');
    expect(text).toMatch(/process_resident_memory_bytes \d{6,}\n/);
  });
});

describe('the machine', () => {
  test('what its processors worked is all but idle and waiting', () => {
    expect(cpuOf('cpu  10 1 5 1000 50 2 2 9 0 0\ncpu0 5 0 2 500 25 1 1 4 0 0\n')).toBe(20 * 1e7);
  });

  test('the first interface that is no loopback', () => {
    const dev = 'Inter-| Receive | Transmit\n face |bytes\n    lo: 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9\n  eth0: 100 2 3 0 0 0 0 0 200 4 5 0 0 0 0 0\n';
    expect(networkOf(dev)).toEqual({ name: 'eth0', rxBytes: 100, rxErrors: 3, txBytes: 200, txErrors: 5 });
    expect(networkOf('')).toBeUndefined();
  });

  test('a node that shares it is its pods and its agent', () => {
    const pods = { cpuNanoseconds: 1, memoryUsageBytes: 2, memoryWorkingSetBytes: 3 };
    const shared = machineFigures({ stateDir: '/', shared: true, memoryBytes: 1e12, nowMs: Date.now() }).whole(pods);
    expect(shared.memoryWorkingSetBytes).toBeGreaterThan(10e6);
    expect(shared.memoryAvailableBytes).toBe(1e12 - shared.memoryWorkingSetBytes);
    const alone = machineFigures({ stateDir: '/', shared: false, memoryBytes: 0, nowMs: Date.now() }).whole(pods);
    expect(alone.cpuNanoseconds).toBeGreaterThan(1e9);
    expect(alone.memoryWorkingSetBytes).toBeGreaterThan(100e6);
  });
});
