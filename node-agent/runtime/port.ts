/**
 * What the agent asks of the thing that runs containers. Engines: docker/ and simulated/. Every call has a deadline, after
 * which it rejects with RuntimeTimeout; a call that found its work already done resolves (start of a running container).
 */
import type { Readable, Writable } from 'node:stream';

export interface Mount {
  readonly hostPath: string;
  readonly containerPath: string;
  readonly readOnly: boolean;
  readonly propagation?: 'private' | 'rslave' | 'rshared';
}

export interface ContainerSpec {
  /** `k8s_<container>_<pod>_<ns>_<uid>_<attempt>`, as dockershim named them; `k8s_POD_...` for the sandbox. */
  readonly name: string;
  readonly image: string;
  /** Entrypoint and arguments; absent: the image's own. */
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly workingDir?: string;
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly labels: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  /** The pod's other containers wait until this one has ended; a runtime need not know, a simulation ends it. */
  readonly initializes?: true;
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  /** The sandbox whose network (and IPC, and PID where shared) namespaces it joins; absent for a sandbox. */
  readonly sandboxId?: string;
  readonly namespaces: {
    /** `none`: a fresh empty namespace that the network plug-in fills; otherwise `container:<id>` or `host`. */
    readonly network: 'none' | 'host' | `container:${string}`;
    readonly pid: 'container' | 'host' | `container:${string}`;
    readonly ipc: 'shareable' | 'host' | `container:${string}`;
    readonly hostname?: string;
  };
  readonly resources: {
    readonly cpuShares?: number;
    readonly cpuQuota?: number;
    readonly cpuPeriod?: number;
    readonly memoryBytes?: number;
    readonly oomScoreAdj?: number;
    readonly pidsLimit?: number;
  };
  readonly security: {
    readonly user?: string;
    readonly groups?: readonly string[];
    readonly privileged: boolean;
    readonly readOnlyRootFilesystem: boolean;
    readonly noNewPrivileges: boolean;
    readonly capabilitiesAdd: readonly string[];
    readonly capabilitiesDrop: readonly string[];
    readonly seccomp?: string;
    readonly apparmor?: string;
    readonly sysctls?: Readonly<Record<string, string>>;
    /** Paths to hide or make read-only; absent: the runtime's defaults. `[]` for procMount Unmasked. */
    readonly maskedPaths?: readonly string[];
    readonly readonlyPaths?: readonly string[];
  };
  readonly devices?: readonly { readonly hostPath: string; readonly containerPath: string; readonly permissions: string }[];
  readonly cgroupParent?: string;
  readonly stopSignal?: string;
}

export type ContainerPhase = 'created' | 'running' | 'exited';

export interface ContainerState {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly phase: ContainerPhase;
  /** The process in the host's PID namespace while running. */
  readonly pid?: number;
  readonly createdAt: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly exitCode?: number;
  readonly oomKilled?: boolean;
  /** What the runtime said when it could not start the process. */
  readonly error?: string;
}

export interface ImageState {
  readonly id: string;
  readonly names: readonly string[];
  readonly digests: readonly string[];
  readonly sizeBytes: number;
  readonly user?: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
}

export type RuntimeEvent = {
  readonly type: 'created' | 'started' | 'exited' | 'removed';
  readonly containerId: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly exitCode?: number;
};

export interface ExecOptions {
  readonly command: readonly string[];
  readonly tty: boolean;
  readonly stdin?: Readable;
  readonly stdout?: Writable;
  readonly stderr?: Writable;
  readonly resize?: AsyncIterable<{ readonly width: number; readonly height: number }>;
  readonly signal?: AbortSignal;
}

export interface ContainerStats {
  readonly cpuNanoseconds: number;
  readonly memoryWorkingSetBytes: number;
  readonly memoryUsageBytes: number;
  readonly at: string;
}

export interface ContainerRuntime {
  /** Answers within 5 s or rejects with RuntimeTimeout or RuntimeUnavailable. */
  ping(): Promise<void>;
  version(): Promise<{
    readonly name: string;
    readonly version: string;
    readonly apiVersion: string;
    readonly kernel: string;
    readonly os: string;
    readonly architecture: string;
    readonly cpus: number;
    readonly memoryBytes: number;
  }>;
  /** All containers, dead ones too, that carry these labels. One call, no sizes. */
  list(labels: Readonly<Record<string, string>>): Promise<readonly ContainerState[]>;
  inspect(id: string): Promise<ContainerState | undefined>;
  create(spec: ContainerSpec): Promise<string>;
  start(id: string): Promise<void>;
  /** Asks the process to end with its stop signal, kills it after the grace; 0 kills at once. */
  stop(id: string, graceSeconds: number): Promise<void>;
  remove(id: string): Promise<void>;
  update(id: string, resources: ContainerSpec['resources']): Promise<void>;
  /** Resolves with the exit code once the process ended. */
  exec(id: string, options: ExecOptions): Promise<number>;
  attach(id: string, options: Omit<ExecOptions, 'command'>): Promise<void>;
  logs(
    id: string,
    options: {
      readonly follow: boolean;
      readonly tailLines?: number;
      readonly since?: string;
      readonly timestamps: boolean;
      readonly stdout: Writable;
      readonly stderr: Writable;
      readonly signal?: AbortSignal;
    },
  ): Promise<void>;
  stats(ids: readonly string[]): Promise<ReadonlyMap<string, ContainerStats>>;
  /** Bytes that running containers have written outside their mounts; the runtime walks their files for it. */
  writtenBytes(ids: readonly string[]): Promise<ReadonlyMap<string, number>>;
  image(name: string): Promise<ImageState | undefined>;
  images(): Promise<readonly ImageState[]>;
  pull(name: string, auth?: { readonly username: string; readonly password: string; readonly serverAddress: string }): Promise<ImageState>;
  removeImage(id: string): Promise<void>;
  /** A small image made of a tar layer, for the pause image that needs no registry. */
  importImage(name: string, layer: Uint8Array, config: { readonly entrypoint: readonly string[] }): Promise<void>;
  /** Container life as it happens, until aborted; reconnects by itself and reports `gap` when events may have been lost. */
  events(labels: Readonly<Record<string, string>>, listener: { event(event: RuntimeEvent): void; gap(): void }, signal: AbortSignal): void;
}
