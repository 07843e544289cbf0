/** Runs the probes of a pod's containers, and puts what they find into the record. */
import { tell } from './pod-events.ts';
import type { Container, Pod } from './pod.ts';
import type { ContainerRecord } from './record.ts';
import type { ProbeKind } from '../probes/port.ts';
import type { NodeServices } from './services.ts';

export interface ProbingListener {
  changed(): void;
  /** Startup or liveness gave up on the container. */
  failed(target: ContainerRecord, container: Container, kind: 'startup' | 'liveness', graceSeconds: number | undefined): void;
}

interface Running {
  readonly containerId: string;
  readonly stops: Map<ProbeKind, () => void>;
}

export interface Probing {
  /** Starts what should run for the container as it is now; idempotent. */
  follow(pod: Pod, container: Container, target: ContainerRecord, podIP: string): void;
  /** Ends liveness and startup probes; readiness goes on while a pod is being ended. */
  endRestarts(): void;
  stop(name?: string): void;
}

export function createProbing(services: NodeServices, listener: ProbingListener): Probing {
  const running = new Map<string, Running>();
  let restarts = true;

  function stop(name: string): void {
    const entry = running.get(name);
    if (entry === undefined) return;
    for (const end of entry.stops.values()) end();
    running.delete(name);
  }

  return {
    follow(pod, container, target, podIP) {
      const { current } = target;
      if (current?.phase !== 'running') return stop(target.name);
      let entry = running.get(target.name);
      if (entry !== undefined && entry.containerId !== current.id) {
        stop(target.name);
        entry = undefined;
      }
      if (entry === undefined) running.set(target.name, (entry = { containerId: current.id, stops: new Map() }));
      const { stops } = entry;
      const begin = (kind: ProbeKind): void => {
        const probe = kind === 'startup' ? container.startupProbe : kind === 'liveness' ? container.livenessProbe : container.readinessProbe;
        if (probe === undefined || stops.has(kind) || (kind !== 'readiness' && !restarts)) return;
        stops.set(kind, () => undefined);
        const end = services.probes(
          kind,
          probe,
          { pod, container, containerId: current.id, podIP, startedAt: Date.parse(current.startedAt ?? '') || services.clock.now() },
          {
            unhealthy: (message) => tell(services, pod, target, 'Warning', 'Unhealthy', message),
            changed(changedKind, passed) {
              if (target.current !== current || current.phase !== 'running') return;
              if (changedKind === 'readiness') target.readinessPassed = passed;
              else if (!passed) listener.failed(target, container, changedKind, probe.terminationGracePeriodSeconds);
              else if (changedKind === 'startup') target.startupPassed = true;
              listener.changed();
            },
          },
        );
        stops.set(kind, end);
      };
      if (container.startupProbe !== undefined && !target.startupPassed) return begin('startup');
      stops.get('startup')?.();
      begin('liveness');
      begin('readiness');
    },
    endRestarts() {
      restarts = false;
      for (const { stops } of running.values()) {
        stops.get('startup')?.();
        stops.get('liveness')?.();
      }
    },
    stop(name) {
      if (name !== undefined) stop(name);
      else for (const known of running.keys()) stop(known);
    },
  };
}
