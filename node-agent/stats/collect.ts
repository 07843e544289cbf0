/** The figures of a node and of what it runs, taken when somebody asks: nothing is measured on a node that nobody looks at. */
import type { Clock } from '#machinery/clock.ts';
import type { PodView } from '../pods/manager.ts';
import type { Pod } from '../pods/pod.ts';
import type { ContainerRuntime, ContainerStats } from '../runtime/port.ts';
import type { DiskFigures, MachineFigures, NetworkFigures } from './machine.ts';

export interface Figures {
  /** RFC 3339, when they were read. */
  readonly at: string;
  /** Since the start of what is measured. */
  readonly cpuNanoseconds: number;
  /** Nanoseconds a second since the last time somebody asked; absent the first time. */
  readonly cpuNanoCores?: number;
  readonly memoryUsageBytes: number;
  readonly memoryWorkingSetBytes: number;
}

export interface ContainerFigures extends Figures {
  readonly name: string;
  readonly startedAt: string;
}

export interface PodFigures extends Figures {
  readonly pod: Pod;
  readonly startedAt: string;
  readonly containers: readonly ContainerFigures[];
  readonly network?: NetworkFigures;
  /** Bytes in each folder of the pod's own on the node's disk. */
  readonly volumes: ReadonlyMap<string, number>;
}

export interface NodeFigures {
  readonly node: Figures & { readonly startedAt: string; readonly memoryAvailableBytes: number; readonly disk: DiskFigures; readonly network?: NetworkFigures };
  readonly pods: readonly PodFigures[];
}

export interface CollectOptions {
  readonly runtime: Pick<ContainerRuntime, 'stats'>;
  readonly clock: Clock;
  readonly pods: () => readonly PodView[];
  readonly volumes: { usage(podUid: string): Promise<ReadonlyMap<string, number>> };
  readonly machine: MachineFigures;
}

function sum(figures: readonly Figures[], at: string): Figures {
  const total = { cpuNanoseconds: 0, memoryUsageBytes: 0, memoryWorkingSetBytes: 0 };
  let rate: number | undefined;
  for (const one of figures) {
    total.cpuNanoseconds += one.cpuNanoseconds;
    total.memoryUsageBytes += one.memoryUsageBytes;
    total.memoryWorkingSetBytes += one.memoryWorkingSetBytes;
    if (one.cpuNanoCores !== undefined) rate = (rate ?? 0) + one.cpuNanoCores;
  }
  return { at, ...total, ...(rate === undefined ? {} : { cpuNanoCores: rate }) };
}

/** `volumes`: whether the disks are measured too, which reads every file's size. */
export function createCollector(options: CollectOptions): (volumes: boolean) => Promise<NodeFigures> {
  /** What was read last, by container or `node`, for the rates. */
  let last = new Map<string, { readonly atMs: number; readonly cpuNanoseconds: number }>();

  return async (volumes) => {
    const { machine, clock } = options;
    const views = options.pods().filter(({ worker }) => worker.record.sandbox?.phase === 'running');
    const running = views.map(({ pod, worker }) => ({
      pod,
      sandbox: worker.record.sandbox!,
      startedAt: worker.record.startTime ?? '',
      attempts: [...worker.record.containers.values()].flatMap(({ name, current }) => (current?.phase === 'running' ? [{ name, current }] : [])),
    }));
    const ids = running.flatMap(({ sandbox, attempts }) => [sandbox.id, ...attempts.map(({ current }) => current.id)]);
    const stats = await options.runtime.stats(ids);
    const at = new Date(clock.now()).toISOString();
    const seen: typeof last = new Map();

    const rated = (key: string, cpuNanoseconds: number, readAt: string): { readonly cpuNanoCores?: number } => {
      const atMs = Date.parse(readAt);
      const before = last.get(key);
      seen.set(key, { atMs, cpuNanoseconds });
      if (before === undefined || atMs <= before.atMs) return {};
      return { cpuNanoCores: Math.max(0, Math.round(((cpuNanoseconds - before.cpuNanoseconds) * 1000) / (atMs - before.atMs))) };
    };
    const figures = (id: string, one: ContainerStats): Figures => ({
      at: one.at,
      cpuNanoseconds: one.cpuNanoseconds,
      memoryUsageBytes: one.memoryUsageBytes,
      memoryWorkingSetBytes: one.memoryWorkingSetBytes,
      ...rated(id, one.cpuNanoseconds, one.at),
    });

    const pods = await Promise.all(
      running.map(async ({ pod, sandbox, startedAt, attempts }): Promise<PodFigures> => {
        const containers = attempts.flatMap(({ name, current }) => {
          const one = stats.get(current.id);
          return one === undefined ? [] : [{ name, startedAt: current.startedAt ?? '', ...figures(current.id, one) }];
        });
        const own = stats.get(sandbox.id);
        const network = sandbox.pid === undefined ? undefined : machine.network(sandbox.pid);
        return {
          pod,
          startedAt,
          containers,
          ...sum([...containers, ...(own === undefined ? [] : [figures(sandbox.id, own)])], at),
          ...(network === undefined ? {} : { network }),
          volumes: volumes ? await options.volumes.usage(pod.metadata.uid).catch(() => new Map<string, number>()) : new Map(),
        };
      }),
    );
    const whole = machine.whole(sum(pods, at));
    const network = machine.network('self');
    const node = {
      at,
      startedAt: machine.startedAt,
      ...whole,
      ...rated('node', whole.cpuNanoseconds, at),
      disk: machine.disk(),
      ...(network === undefined ? {} : { network }),
    };
    last = seen;
    return { node, pods };
  };
}
