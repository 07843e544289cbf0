/** What an agent knows of one pod's containers. Changed only by the pod's worker and the activities that it started. */
import type { ImageState } from '../runtime/port.ts';
import type { Container, ContainerStatus } from './pod.ts';

/** One Docker container: a container of the pod has one after the other. */
export interface Attempt {
  readonly id: string;
  readonly attempt: number;
  readonly hash: string;
  readonly sandboxId: string;
  readonly image: string;
  imageId: string;
  phase: 'created' | 'running' | 'exited';
  startedAt?: string;
  finishedAt?: string;
  exitCode?: number;
  reason?: string;
  message?: string;
  /** The postStart hook is through (or there is none). */
  hooked: boolean;
}

export interface ContainerRecord {
  readonly name: string;
  readonly kind: 'init' | 'app' | 'ephemeral';
  current?: Attempt;
  /** The newest dead one before `current`. */
  previous?: Attempt;
  waiting?: { readonly reason: string; readonly message?: string };
  /** A start or a stop is under way. */
  busy: boolean;
  /** Milliseconds since the epoch before which no new start is tried. */
  retryAt?: number;
  /** Ended by the agent in order to begin again, whatever the restart policy says of its exit code. */
  restartAsked: boolean;
  /** What the probes found; without a probe they pass. */
  startupPassed: boolean;
  readinessPassed: boolean;
  image?: ImageState;
  /** Whom an adopted container runs as, as its status said. */
  user?: ContainerStatus['user'];
  /** Requests and limits in force, where they differ from the spec for a while (resize). */
  resources?: Container['resources'];
}

export interface Sandbox {
  readonly id: string;
  readonly attempt: number;
  phase: 'created' | 'running' | 'exited';
  /** Resolves once it runs and has its addresses; rejects when it could not be made. */
  ready: Promise<void>;
  ips: readonly string[];
  /** The process that holds the network namespace, in the host's count; absent for hostNetwork pods. */
  pid?: number;
}

export interface PodRecord {
  sandbox?: Sandbox;
  readonly containers: Map<string, ContainerRecord>;
  /** RFC 3339; when the agent took the pod on. */
  startTime?: string;
  /** The pod was refused by this node, or ended by it: its phase is Failed, and this says why. */
  ended?: { readonly reason: string; readonly message: string };
  volumesReady: boolean;
}

export const newRecord = (): PodRecord => ({ containers: new Map(), volumesReady: false });

export function recordOf(pod: PodRecord, name: string, kind: ContainerRecord['kind']): ContainerRecord {
  const known = pod.containers.get(name);
  if (known !== undefined) return known;
  const made: ContainerRecord = { name, kind, busy: false, restartAsked: false, startupPassed: false, readinessPassed: false };
  pod.containers.set(name, made);
  return made;
}

export const isRunning = (record: ContainerRecord | undefined): boolean => record?.current?.phase === 'running';
