/** What the kubelet API's figures are made of. */
import type { Clock } from '#machinery/clock.ts';
import type { PodView } from '../pods/manager.ts';
import type { ContainerRuntime } from '../runtime/port.ts';
import type { StreamStats } from '../streams/port.ts';
import { createCollector } from './collect.ts';
import type { MachineFigures } from './machine.ts';
import { agentMetrics, resourceMetrics } from './prometheus.ts';
import { summaryOf } from './summary.ts';

export interface StatsOptions {
  readonly nodeName: string;
  readonly runtime: Pick<ContainerRuntime, 'stats'>;
  readonly clock: Clock;
  readonly pods: () => readonly PodView[];
  readonly volumes: { usage(podUid: string): Promise<ReadonlyMap<string, number>> };
  readonly machine: MachineFigures;
}

export function createStats(options: StatsOptions): StreamStats {
  const collect = createCollector(options);
  const startedMs = options.clock.now();
  return {
    summary: async ({ onlyCpuAndMemory }) => summaryOf(options.nodeName, await collect(!onlyCpuAndMemory), onlyCpuAndMemory),
    resourceMetrics: async () => resourceMetrics(await collect(false)),
    async metrics() {
      const records = options.pods().map(({ worker }) => worker.record);
      return agentMetrics({
        nodeName: options.nodeName,
        runningPods: records.filter(({ sandbox }) => sandbox?.phase === 'running').length,
        runningContainers: records.reduce((count, { containers }) => count + [...containers.values()].filter(({ current }) => current?.phase === 'running').length, 0),
        startedMs,
      });
    },
  };
}
