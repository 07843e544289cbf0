/** Puts the parts of one node together: what every node has, whatever its containers are. */
import type { Clock, Random } from '#machinery/clock.ts';
import type { KubeObject } from '#machinery/object.ts';
import { parseQuantity, milliValue, value } from '#machinery/quantity.ts';
import type { ClusterSource } from '../api/source.ts';
import type { AgentConfig } from '../config.ts';
import type { PodNetwork } from '../network/port.ts';
import { createBackoff } from '../pods/backoff.ts';
import { createEventRecorder } from '../pods/events.ts';
import type { PodFiles } from '../pods/files.ts';
import { createImageKeeper } from '../pods/images.ts';
import type { PodJournal } from '../pods/journal.ts';
import { ownerLabels } from '../pods/labels.ts';
import { createPodManager, type PodManager } from '../pods/manager.ts';
import type { NodeServices } from '../pods/services.ts';
import { createStatusWriter } from '../pods/status-writer.ts';
import type { ProbeStarter } from '../probes/port.ts';
import type { ContainerRuntime } from '../runtime/port.ts';
import type { PodVolumes } from '../volumes/port.ts';

export interface NodeParts {
  readonly config: AgentConfig;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly cluster: ClusterSource;
  readonly runtime: ContainerRuntime;
  readonly network: PodNetwork;
  readonly pauseImage: string;
  readonly journal: PodJournal;
  readonly files: PodFiles;
  readonly probes: ProbeStarter;
  readonly seccompDir: string;
  readonly allocatable: Readonly<Record<string, string>>;
  readonly capacity: Readonly<Record<string, string>>;
  volumes(services: Pick<NodeServices, 'cluster' | 'clock' | 'random' | 'runtime' | 'images' | 'allocatable'>): PodVolumes;
  node(): KubeObject;
}

export function assembleNode(parts: NodeParts): { readonly services: NodeServices; readonly manager: PodManager } {
  const { config, nodeName, clock, random, cluster, runtime } = parts;
  const backoff = createBackoff(clock);
  const images = createImageKeeper(runtime, clock, createBackoff(clock));
  const room = { cpuMillis: Number(milliValue(parseQuantity(parts.allocatable['cpu'] ?? '0'))), memoryBytes: Number(value(parseQuantity(parts.allocatable['memory'] ?? '0'))) };
  const memory = Number(value(parseQuantity(parts.capacity['memory'] ?? '0')));
  const known = cluster.services();
  const allocatable = (): typeof room => room;
  const services: NodeServices = {
    nodeName,
    nodeIPs: [config.nodeIP],
    owner: ownerLabels(config.clusterName, nodeName),
    pauseImage: parts.pauseImage,
    clusterDomain: config.clusterDomain ?? 'cluster.local',
    hostNetwork: config.hostNetworkContainer === undefined ? 'host' : `container:${config.hostNetworkContainer}`,
    seccompDir: parts.seccompDir,
    runtime,
    network: parts.network,
    volumes: parts.volumes({ cluster, clock, random, runtime, images, allocatable }),
    files: parts.files,
    images,
    cluster,
    events: createEventRecorder(cluster, clock, nodeName),
    probes: parts.probes,
    restarts: backoff,
    clock,
    random,
    allocatable,
    memoryCapacity: () => memory,
    services: () => known.list(),
  };
  const manager = createPodManager({
    services,
    writer: createStatusWriter(cluster, clock, random),
    journal: parts.journal,
    node: () => {
      const object = parts.node();
      const current = (object['status'] as { allocatable?: Readonly<Record<string, string>> } | undefined)?.allocatable;
      return { object, allocatable: { ...current, ...parts.allocatable } };
    },
  });
  return { services, manager };
}
