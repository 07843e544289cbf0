/** From a pod's spec to what the runtime is asked to create: the sandbox, and each container beside it. */
import type { ContainerSpec, ImageState } from '../runtime/port.ts';
import { hostnameOf } from './dns.ts';
import { buildEnv } from './env.ts';
import { expand } from './expand.ts';
import { StartFailure } from './failure.ts';
import { needsPodAddress, type PodAddresses } from './field-ref.ts';
import { SANDBOX, containerLabels, containerName, sandboxLabels } from './labels.ts';
import { isSidecar, type Container, type Pod } from './pod.ts';
import type { PodRecord } from './record.ts';
import { kernelResources } from './resources.ts';
import { securityOf, sysctlName } from './security.ts';
import type { NodeServices } from './services.ts';
import { VolumeNotReady } from '../volumes/port.ts';

/** The sandbox holds the pod's namespaces, so the kernel must not pick it first, and it needs next to no processor. */
const SANDBOX_OOM_SCORE = -998;
const SANDBOX_CPU_SHARES = 2;

export function sandboxSpec(services: NodeServices, pod: Pod, attempt: number): ContainerSpec {
  const { spec } = pod;
  const sysctls = spec.securityContext?.sysctls ?? [];
  const { hostname, fqdn } = hostnameOf(pod, services.clusterDomain);
  return {
    name: containerName(pod, SANDBOX, attempt),
    image: services.pauseImage,
    env: [],
    labels: sandboxLabels(pod, services.owner),
    mounts: [],
    tty: false,
    stdin: false,
    stdinOnce: false,
    namespaces: {
      network: spec.hostNetwork === true ? services.hostNetwork : 'none',
      pid: spec.hostPID === true ? 'host' : 'container',
      ipc: spec.hostIPC === true ? 'host' : 'shareable',
      hostname: spec.setHostnameAsFQDN === true && fqdn !== undefined ? fqdn : hostname,
    },
    resources: { cpuShares: SANDBOX_CPU_SHARES, oomScoreAdj: SANDBOX_OOM_SCORE },
    security: {
      privileged: false,
      readOnlyRootFilesystem: false,
      noNewPrivileges: false,
      capabilitiesAdd: [],
      capabilitiesDrop: [],
      ...(sysctls.length === 0 ? {} : { sysctls: Object.fromEntries(sysctls.map(({ name, value }) => [sysctlName(name), value])) }),
    },
  };
}

/** True where the container can only be made once the pod has its address. */
export const waitsForAddress = (container: Container): boolean => (container.env ?? []).some((variable) => needsPodAddress(variable.valueFrom?.fieldRef?.fieldPath));

function pidNamespace(pod: Pod, sandboxId: string, record: PodRecord, targetName: string | undefined): ContainerSpec['namespaces']['pid'] {
  if (targetName !== undefined && targetName !== '') {
    const target = record.containers.get(targetName)?.current;
    if (target?.phase !== 'running') throw new StartFailure('CreateContainerConfigError', `unable to find target container ${targetName}`);
    return `container:${target.id}`;
  }
  if (pod.spec.hostPID === true) return 'host';
  return pod.spec.shareProcessNamespace === true ? `container:${sandboxId}` : 'container';
}

export interface ContainerSpecInput {
  readonly pod: Pod;
  readonly record: PodRecord;
  readonly container: Container & { readonly targetContainerName?: string };
  readonly attempt: number;
  readonly sandboxId: string;
  readonly image: ImageState;
  readonly addresses: PodAddresses;
}

export async function containerSpec(services: NodeServices, input: ContainerSpecInput): Promise<ContainerSpec> {
  const { pod, record, container, attempt, sandboxId, image, addresses } = input;
  const env = await buildEnv(pod, container, {
    addresses,
    allocatable: services.allocatable(),
    services: services.services(),
    config: (source) => services.cluster.config(source),
    readVolumeFile: (volume, file) => services.volumes.readFile(pod, volume, file),
  });
  const look = (name: string): string | undefined => env.get(name);
  const mounts = await services.volumes.mounts(pod, container, look).catch((error: unknown) => {
    if (error instanceof VolumeNotReady) throw new StartFailure('CreateContainerConfigError', error.message, { cause: error });
    throw error;
  });
  const own = await services.files.mounts(pod, container, attempt, new Set(mounts.map((mount) => mount.containerPath)));
  const stopSignal = container.lifecycle?.stopSignal;
  return {
    name: containerName(pod, container.name, attempt),
    image: container.image,
    ...(container.command === undefined || container.command.length === 0 ? {} : { command: container.command.map((text) => expand(text, look)) }),
    ...(container.args === undefined || container.args.length === 0 ? {} : { args: container.args.map((text) => expand(text, look)) }),
    ...(container.workingDir === undefined || container.workingDir === '' ? {} : { workingDir: container.workingDir }),
    env: [...env].map(([name, value]) => ({ name, value })),
    labels: containerLabels(pod, container, attempt, sandboxId, services.owner),
    mounts: [...mounts, ...own],
    ...(!isSidecar(container) && pod.spec.initContainers?.some(({ name }) => name === container.name) === true ? { initializes: true } : {}),
    tty: container.tty === true,
    stdin: container.stdin === true,
    stdinOnce: container.stdinOnce === true,
    sandboxId,
    namespaces: {
      network: pod.spec.hostNetwork === true ? services.hostNetwork : `container:${sandboxId}`,
      pid: pidNamespace(pod, sandboxId, record, container.targetContainerName),
      ipc: pod.spec.hostIPC === true ? 'host' : `container:${sandboxId}`,
    },
    resources: kernelResources(pod, container.resources, services.memoryCapacity()),
    security: await securityOf(pod, container, image, services.seccompDir),
    ...(stopSignal === undefined ? {} : { stopSignal }),
  };
}
