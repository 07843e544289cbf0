/** The same figures as Prometheus text: `/metrics/resource`, which metrics-server reads, and `/metrics` of the agent itself. */
import type { NodeFigures } from './collect.ts';

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number, atMs?: number];

const escaped = (text: string): string =>
  text
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', String.raw`\n`);
const labelText = (labels: Labels): string => {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
};

function family(name: string, type: 'counter' | 'gauge', help: string, samples: readonly Sample[]): string {
  if (samples.length === 0) return '';
  const lines = samples.map(([labels, value, atMs]) => `${name}${labelText(labels)} ${value}${atMs === undefined ? '' : ` ${atMs}`}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

export function resourceMetrics({ node, pods }: NodeFigures): string {
  const containers = pods.flatMap((one) =>
    one.containers.map((container) => ({ ...container, labels: { container: container.name, namespace: one.pod.metadata.namespace, pod: one.pod.metadata.name } })),
  );
  const podLabels = pods.map((one) => ({ ...one, labels: { namespace: one.pod.metadata.namespace, pod: one.pod.metadata.name } }));
  const ms = (time: string): number => Date.parse(time);
  const parts = [
    family(
      'container_cpu_usage_seconds_total',
      'counter',
      '[STABLE] Cumulative cpu time consumed by the container in core-seconds',
      containers.map(({ labels, cpuNanoseconds, at }) => [labels, cpuNanoseconds / 1e9, ms(at)]),
    ),
    family(
      'container_memory_working_set_bytes',
      'gauge',
      '[STABLE] Current working set of the container in bytes',
      containers.map(({ labels, memoryWorkingSetBytes, at }) => [labels, memoryWorkingSetBytes, ms(at)]),
    ),
    family(
      'container_start_time_seconds',
      'gauge',
      '[STABLE] Start time of the container since unix epoch in seconds',
      containers.map(({ labels, startedAt }) => [labels, ms(startedAt) / 1000]),
    ),
    family('node_cpu_usage_seconds_total', 'counter', '[STABLE] Cumulative cpu time consumed by the node in core-seconds', [[{}, node.cpuNanoseconds / 1e9, ms(node.at)]]),
    family('node_memory_working_set_bytes', 'gauge', '[STABLE] Current working set of the node in bytes', [[{}, node.memoryWorkingSetBytes, ms(node.at)]]),
    family(
      'pod_cpu_usage_seconds_total',
      'counter',
      '[STABLE] Cumulative cpu time consumed by the pod in core-seconds',
      podLabels.map(({ labels, cpuNanoseconds, at }) => [labels, cpuNanoseconds / 1e9, ms(at)]),
    ),
    family(
      'pod_memory_working_set_bytes',
      'gauge',
      '[STABLE] Current working set of the pod in bytes',
      podLabels.map(({ labels, memoryWorkingSetBytes, at }) => [labels, memoryWorkingSetBytes, ms(at)]),
    ),
    family('resource_scrape_error', 'gauge', '[STABLE] 1 if there was an error while getting container metrics, 0 otherwise', [[{}, 0]]),
  ];
  return parts.join('');
}

export interface AgentFigures {
  readonly nodeName: string;
  readonly runningPods: number;
  readonly runningContainers: number;
  readonly startedMs: number;
}

export function agentMetrics({ nodeName, runningPods, runningContainers, startedMs }: AgentFigures): string {
  const { user, system } = process.cpuUsage();
  return [
    family('kubelet_node_name', 'gauge', "[ALPHA] The node's name. The count is always 1.", [[{ node: nodeName }, 1]]),
    family('kubelet_running_pods', 'gauge', '[ALPHA] Number of pods that have a running pod sandbox', [[{}, runningPods]]),
    family('kubelet_running_containers', 'gauge', '[ALPHA] Number of containers currently running', [[{ container_state: 'running' }, runningContainers]]),
    family('process_cpu_seconds_total', 'counter', 'Total user and system CPU time spent in seconds.', [[{}, (user + system) / 1e6]]),
    family('process_resident_memory_bytes', 'gauge', 'Resident memory size in bytes.', [[{}, process.memoryUsage.rss()]]),
    family('process_start_time_seconds', 'gauge', 'Start time of the process since unix epoch in seconds.', [[{}, startedMs / 1000]]),
  ].join('');
}
