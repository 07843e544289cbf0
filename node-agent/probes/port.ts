/** Probes of one container. Engines: the real ones (prober.ts), and ones that always pass (simulated nodes). */
import type { Container, Pod, Probe } from '../pods/pod.ts';

export type ProbeKind = 'startup' | 'liveness' | 'readiness';

export interface ProbeTarget {
  readonly pod: Pod;
  readonly container: Container;
  readonly containerId: string;
  /** The pod's address; the node's for hostNetwork pods. */
  readonly podIP: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

export interface ProbeListener {
  /** The thresholds were crossed; told once for each change. */
  changed(kind: ProbeKind, passed: boolean, message: string): void;
  /** One failed attempt, for an event: `Liveness probe failed: ...`. */
  unhealthy(message: string): void;
}

/** Runs until the answer is called; `kind` by `kind`, since liveness and readiness wait for startup. */
export type ProbeStarter = (kind: ProbeKind, probe: Probe, target: ProbeTarget, listener: ProbeListener) => () => void;

/** Containers that are never asked: all is well at once. */
export const alwaysPassing: ProbeStarter = (kind, _probe, _target, listener) => {
  queueMicrotask(() => listener.changed(kind, true, ''));
  return () => undefined;
};
