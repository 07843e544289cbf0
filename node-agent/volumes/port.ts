/** What the pod lifecycle asks of volumes. Engines: the node's own (node-volumes.ts) and none (simulated nodes). */
import type { Mount } from '../runtime/port.ts';
import type { PodAddresses } from '../pods/field-ref.ts';
import type { Container, Pod } from '../pods/pod.ts';

/** A volume that is not there yet: the text is the event's, and the set-up is tried again. */
export class VolumeNotReady extends Error {
  readonly code = 'VolumeNotReady';
  readonly volume: string;
  constructor(volume: string, message: string, options?: { readonly cause?: unknown }) {
    super(`MountVolume.SetUp failed for volume ${JSON.stringify(volume)} : ${message}`, options);
    this.volume = volume;
  }
}

export interface PodVolumes {
  /** Makes all volumes of the pod; idempotent, and after an agent's restart it takes on what is there. */
  setUp(pod: Pod, addresses: () => PodAddresses): Promise<void>;
  /** Brings what comes from the pod itself (downward API) up to date; the rest keeps itself current. */
  refresh(pod: Pod, addresses: () => PodAddresses): Promise<void>;
  /** The mounts of one container; `look` answers its variables, for subPathExpr. */
  mounts(pod: Pod, container: Container, look: (name: string) => string | undefined): Promise<readonly Mount[]>;
  readFile(pod: Pod, volume: string, path: string): Promise<string | undefined>;
  /** Bytes that each emptyDir on the node's disk takes up. */
  usage(podUid: string): Promise<ReadonlyMap<string, number>>;
  /** Unmounts and removes what belongs to the pod, data of emptyDirs included; idempotent. */
  tearDown(podUid: string): Promise<void>;
  /** Tears down every pod that is not named. */
  retain(podUids: readonly string[]): Promise<void>;
}

export const noVolumes: PodVolumes = {
  setUp: () => Promise.resolve(),
  refresh: () => Promise.resolve(),
  mounts: () => Promise.resolve([]),
  readFile: () => Promise.resolve(undefined),
  usage: () => Promise.resolve(new Map()),
  tearDown: () => Promise.resolve(),
  retain: () => Promise.resolve(),
};
