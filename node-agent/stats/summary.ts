/** `/stats/summary`: the figures in the shape of the kubelet's stats API (stats/v1alpha1 Summary), which metrics collectors and dashboards read. */
import type { Figures, NodeFigures, PodFigures } from './collect.ts';
import type { DiskFigures, NetworkFigures } from './machine.ts';

const seconds = (time: string): string => `${time.slice(0, 19)}Z`;

const cpu = ({ at, cpuNanoseconds, cpuNanoCores }: Figures): object => ({
  time: seconds(at),
  ...(cpuNanoCores === undefined ? {} : { usageNanoCores: cpuNanoCores }),
  usageCoreNanoSeconds: cpuNanoseconds,
});
const memory = ({ at, memoryUsageBytes, memoryWorkingSetBytes }: Figures, availableBytes?: number): object => ({
  time: seconds(at),
  ...(availableBytes === undefined ? {} : { availableBytes }),
  usageBytes: memoryUsageBytes,
  workingSetBytes: memoryWorkingSetBytes,
});
const network = (at: string, figures: NetworkFigures): object => ({ time: seconds(at), ...figures, interfaces: [figures] });
const disk = (at: string, { capacityBytes, availableBytes, usedBytes, inodes, inodesFree }: DiskFigures): object => ({
  time: seconds(at),
  availableBytes,
  capacityBytes,
  usedBytes,
  inodes,
  inodesFree,
  inodesUsed: inodes - inodesFree,
});

function podSummary(figures: PodFigures, nodeDisk: DiskFigures, onlyCpuAndMemory: boolean): object {
  const { pod, startedAt, at } = figures;
  const { name, namespace, uid } = pod.metadata;
  const folder = (usedBytes: number): object => ({ time: seconds(at), availableBytes: nodeDisk.availableBytes, capacityBytes: nodeDisk.capacityBytes, usedBytes });
  return {
    podRef: { name, namespace, uid },
    startTime: startedAt,
    containers: figures.containers.map((one) => ({ name: one.name, startTime: seconds(one.startedAt), cpu: cpu(one), memory: memory(one) })),
    cpu: cpu(figures),
    memory: memory(figures),
    ...(onlyCpuAndMemory
      ? {}
      : {
          ...(figures.network === undefined ? {} : { network: network(at, figures.network) }),
          volume: [...figures.volumes].map(([volume, bytes]) => ({ ...folder(bytes), name: volume })),
          'ephemeral-storage': folder([...figures.volumes.values()].reduce((all, one) => all + one, 0)),
        }),
  };
}

export function summaryOf(nodeName: string, { node, pods }: NodeFigures, onlyCpuAndMemory: boolean): object {
  return {
    node: {
      nodeName,
      startTime: seconds(node.startedAt),
      cpu: cpu(node),
      memory: memory(node, node.memoryAvailableBytes),
      ...(onlyCpuAndMemory ? {} : { ...(node.network === undefined ? {} : { network: network(node.at, node.network) }), fs: disk(node.at, node.disk) }),
    },
    pods: pods.map((one) => podSummary(one, node.disk, onlyCpuAndMemory)),
  };
}
