/** What the kubelet API asks of the rest of the agent. */
import type { IncomingMessage } from 'node:http';
import type { Readable, Writable } from 'node:stream';
import type { KubeObject } from '#machinery/object.ts';
import type { Status } from '#machinery/status.ts';
import type { ContainerRuntime } from '../runtime/port.ts';

export interface ContainerTarget {
  /** The newest container that was made for it; absent before the first. */
  readonly id?: string;
  readonly state: 'waiting' | 'running' | 'exited';
  /** Why it waits: ContainerCreating, ImagePullBackOff, ... */
  readonly waitingReason?: string;
  /** The one before, for `logs --previous`. */
  readonly previousId?: string;
  readonly tty: boolean;
  readonly stdin: boolean;
  /** Where this agent keeps its logs as files, if it does; otherwise they are the runtime's. */
  readonly logPath?: string;
}

export interface PodTarget {
  readonly uid: string;
  /** Whose network namespace is the pod's; absent while it has none, or shares the node's. */
  readonly sandboxPid?: number;
  readonly hostNetwork: boolean;
}

/** Look-ups by name in what runs here now; answers may be given at once or later. */
export interface StreamPods {
  pod(namespace: string, name: string): PodTarget | undefined | Promise<PodTarget | undefined>;
  /** A container of that pod, init and ephemeral ones included; undefined when the pod has none of that name. */
  container(namespace: string, pod: string, name: string): ContainerTarget | undefined | Promise<ContainerTarget | undefined>;
  /** Every pod that this node was told to run, with its status as the agent sees it: `/pods`. */
  list(): readonly KubeObject[] | Promise<readonly KubeObject[]>;
  /** Those with a container that runs: `/runningpods`. */
  running(): readonly KubeObject[] | Promise<readonly KubeObject[]>;
}

/** Figures of `/stats/summary` and the metrics endpoints; absent ones answer 404. */
export interface StreamStats {
  summary(options: { readonly onlyCpuAndMemory: boolean }): Promise<object>;
  /** Prometheus text. */
  resourceMetrics(): Promise<string>;
  metrics?(): Promise<string>;
}

/** Who calls, by its certificate or its token. */
export interface Caller {
  readonly name: string;
  readonly groups: readonly string[];
}

export interface Access {
  /** get, create, update, patch, delete. */
  readonly verb: string;
  readonly path: string;
  /** Of the resource `nodes`: proxy, stats, metrics, log, healthz, pods. */
  readonly subresource: string;
}

export interface KubeletServerOptions {
  readonly nodeName: string;
  readonly address: string;
  /** 10250; 0 for any. */
  readonly port: number;
  readonly tls: { readonly cert: string | Buffer; readonly key: string | Buffer; /** Absent: nobody is known by a certificate. */ readonly clientCA?: string | Buffer };
  readonly runtime: Pick<ContainerRuntime, 'exec' | 'attach' | 'logs'>;
  readonly pods: StreamPods;
  readonly stats?: StreamStats;
  /** Who calls without a certificate; absent: nobody. */
  readonly authenticate?: (request: IncomingMessage) => Promise<Caller | undefined>;
  /** Absent: members of system:masters, and the API server's kubelet client. */
  readonly authorize?: (caller: Caller, access: Access) => boolean | Promise<boolean>;
  /** Whether the agent is well; absent: it is. A text says what is wrong. */
  readonly health?: () => string | undefined;
  readonly log?: (message: string, error?: unknown) => void;
}

export interface KubeletServer {
  readonly port: number;
  /** New certificates, for connections from now on. */
  renew(tls: KubeletServerOptions['tls']): void;
  /** Ends every stream. */
  close(): Promise<void>;
}

/** One exec or attach as the verbs see it, whatever protocol carries it. */
export interface CommandSession {
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  readonly resize: AsyncIterable<{ readonly width: number; readonly height: number }> | undefined;
  /** Aborted when the caller went away. */
  readonly signal: AbortSignal;
  /** Sends what was written, then the outcome, and ends the connection. */
  finish(outcome: Status): Promise<void>;
}

export interface CommandOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}
