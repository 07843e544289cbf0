/** What all pods of one node share: handed to every phase, so that each can be tested with fakes. */
import type { Clock, Random } from '#machinery/clock.ts';
import type { KubeObject } from '#machinery/object.ts';
import type { ClusterSource } from '../api/source.ts';
import type { PodNetwork } from '../network/port.ts';
import type { ProbeStarter } from '../probes/port.ts';
import type { ContainerRuntime } from '../runtime/port.ts';
import type { PodVolumes } from '../volumes/port.ts';
import type { Backoff } from './backoff.ts';
import type { EventRecorder } from './events.ts';
import type { PodFiles } from './files.ts';
import type { ImageKeeper } from './images.ts';
import type { Labels } from './labels.ts';
import type { Allocatable } from './resources.ts';

export interface NodeServices {
  readonly nodeName: string;
  readonly nodeIPs: readonly string[];
  readonly owner: Labels;
  readonly pauseImage: string;
  readonly clusterDomain: string;
  /** Where hostNetwork pods live: the host, or the container that stands for it. */
  readonly hostNetwork: 'host' | `container:${string}`;
  readonly seccompDir: string;
  readonly runtime: ContainerRuntime;
  readonly network: PodNetwork;
  readonly volumes: PodVolumes;
  readonly files: PodFiles;
  readonly images: ImageKeeper;
  readonly cluster: ClusterSource;
  readonly events: EventRecorder;
  readonly probes: ProbeStarter;
  readonly restarts: Backoff;
  readonly clock: Clock;
  readonly random: Random;
  allocatable(): Allocatable;
  memoryCapacity(): number;
  services(): readonly KubeObject[];
}
