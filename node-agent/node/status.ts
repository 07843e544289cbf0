/** The node's object as the agent writes it. */
import { formatQuantity, parseQuantity, subtract } from '#machinery/quantity.ts';
import type { KubeObject } from '#machinery/object.ts';
import type { AgentConfig } from '../config.ts';
import type { ContainerRuntime, ImageState } from '../runtime/port.ts';
import { KUBELET_VERSION } from '../version.ts';
import type { Machine, Pressure } from './machine.ts';

type Amounts = Readonly<Record<string, string>>;
export type RuntimeVersion = Awaited<ReturnType<ContainerRuntime['version']>>;

/** As many as a kubelet lists; the scheduler prefers nodes that have an image. */
const MOST_IMAGES = 50;
const PODS = '110';

export interface NodeFacts {
  readonly config: AgentConfig;
  readonly nodeName: string;
  readonly runtime: RuntimeVersion;
  readonly machine: Machine;
  readonly diskBytes: number;
  readonly kubeletPort: number;
}

export function capacityOf({ config, runtime, diskBytes }: NodeFacts): { readonly capacity: Amounts; readonly allocatable: Amounts } {
  const capacity: Amounts = {
    cpu: String(runtime.cpus),
    memory: `${Math.floor(runtime.memoryBytes / 1024)}Ki`,
    'ephemeral-storage': `${Math.floor(diskBytes / 1024)}Ki`,
    pods: PODS,
    ...config.capacity,
  };
  const allocatable = Object.fromEntries(
    Object.entries(capacity).map(([name, amount]) => {
      const reserved = config.reserved?.[name];
      return [name, reserved === undefined ? amount : formatQuantity(subtract(parseQuantity(amount), parseQuantity(reserved)))];
    }),
  );
  return { capacity, allocatable };
}

const goArch = (architecture: string): string => (architecture === 'x86_64' || architecture === 'x64' ? 'amd64' : architecture === 'aarch64' ? 'arm64' : architecture);

export function nodeLabels({ config, nodeName, runtime }: NodeFacts): Readonly<Record<string, string>> {
  const arch = goArch(runtime.architecture);
  return {
    'kubernetes.io/hostname': nodeName,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': arch,
    'beta.kubernetes.io/os': 'linux',
    'beta.kubernetes.io/arch': arch,
    ...config.labels,
  };
}

export interface NodeHealth {
  readonly pressure: Pressure;
  /** What keeps the node from taking pods; empty: nothing. */
  readonly problems: readonly string[];
}

export interface NodeCondition {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
  readonly lastHeartbeatTime: string;
  readonly lastTransitionTime: string;
}

export function nodeConditions({ pressure, problems }: NodeHealth, before: readonly NodeCondition[], now: string): readonly NodeCondition[] {
  const condition = (type: string, on: boolean, [reason, message]: readonly [string, string]): NodeCondition => {
    const status = on ? 'True' : 'False';
    const old = before.find((one) => one.type === type);
    return { type, status, reason, message, lastHeartbeatTime: now, lastTransitionTime: old?.status === status ? old.lastTransitionTime : now };
  };
  const ready = problems.length === 0;
  return [
    condition(
      'MemoryPressure',
      pressure.memory,
      pressure.memory ? ['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'] : ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
    ),
    condition(
      'DiskPressure',
      pressure.disk,
      pressure.disk ? ['KubeletHasDiskPressure', 'kubelet has disk pressure'] : ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
    ),
    condition(
      'PIDPressure',
      pressure.pids,
      pressure.pids ? ['KubeletHasInsufficientPID', 'kubelet has insufficient PID available'] : ['KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
    ),
    condition('Ready', ready, ready ? ['KubeletReady', 'kubelet is posting ready status'] : ['KubeletNotReady', problems.join(', ')]),
  ];
}

/** All of the status but conditions and images. */
export function nodeStatus(facts: NodeFacts): Readonly<Record<string, unknown>> {
  const { config, runtime, machine, nodeName } = facts;
  return {
    ...capacityOf(facts),
    addresses: [
      { type: 'InternalIP', address: config.nodeIP },
      { type: 'Hostname', address: nodeName },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: facts.kubeletPort } },
    nodeInfo: {
      machineID: machine.machineID,
      systemUUID: machine.systemUUID,
      bootID: machine.bootID,
      kernelVersion: runtime.kernel,
      osImage: runtime.os === '' ? machine.osImage : runtime.os,
      containerRuntimeVersion: `${runtime.name}://${runtime.version}`,
      kubeletVersion: KUBELET_VERSION,
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: goArch(runtime.architecture),
    },
  };
}

export const nodeImages = (images: readonly ImageState[]): readonly object[] =>
  [...images]
    .sort((a, b) => b.sizeBytes - a.sizeBytes)
    .slice(0, MOST_IMAGES)
    .map(({ names, digests, sizeBytes }) => ({ names: [...digests, ...names].slice(0, 5), sizeBytes }))
    .filter(({ names }) => names.length > 0);

export function newNode(facts: NodeFacts, status: object): KubeObject {
  const { config, nodeName } = facts;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: nodeName, labels: { ...nodeLabels(facts) }, annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true', ...config.annotations } },
    spec: {
      ...(config.taints === undefined ? {} : { taints: config.taints }),
      ...(config.providerID === undefined ? {} : { providerID: config.providerID }),
      ...(config.podCIDR === undefined ? {} : { podCIDR: config.podCIDR, podCIDRs: [config.podCIDR] }),
    },
    status,
  };
}
