/** The order of init containers: one after the other to their end, sidecars until they have started. */
import type { PlanContext, Step } from './plan.ts';
import { mustStop, startOrWait } from './plan.ts';
import { isSidecar, type Container, type Pod } from './pod.ts';
import { recordOf, type ContainerRecord, type PodRecord } from './record.ts';

export interface InitPlan {
  readonly steps: readonly Step[];
  /** The pod's own containers may run. */
  readonly done: boolean;
}

/** Once one of the pod's containers was made in this sandbox, init containers that run to an end are history. */
export function isInitialized(pod: Pod, record: PodRecord, sandboxId: string): boolean {
  return pod.spec.containers.some(({ name }) => record.containers.get(name)?.current?.sandboxId === sandboxId);
}

const succeeded = (target: ContainerRecord, sandboxId: string): boolean =>
  target.current?.phase === 'exited' && target.current.sandboxId === sandboxId && target.current.exitCode === 0;

/** A sidecar counts as started when its startup probe and postStart hook are through. */
export const sidecarStarted = (container: Container, target: ContainerRecord): boolean =>
  target.current?.phase === 'running' && target.current.hooked && (container.startupProbe === undefined || target.startupPassed);

export function planInit(context: PlanContext): InitPlan {
  const { pod, record, sandboxId } = context;
  const initialized = isInitialized(pod, record, sandboxId);
  const steps: Step[] = [];
  for (const container of pod.spec.initContainers ?? []) {
    const target = recordOf(record, container.name, 'init');
    const stop = mustStop(context, container, target);
    if (stop !== undefined) {
      steps.push(stop);
      if (!initialized) return { steps, done: false };
      continue;
    }
    if (isSidecar(container)) {
      const running = target.current?.phase === 'running' && target.current.sandboxId === sandboxId;
      if (!running && !target.busy) {
        const step = startOrWait(context, container, target);
        if (step !== undefined) steps.push(step);
      }
      if (!initialized && !(running && sidecarStarted(container, target))) return { steps, done: false };
      continue;
    }
    if (initialized || succeeded(target, sandboxId)) continue;
    if (!target.busy && target.current?.phase !== 'running') {
      const step = startOrWait(context, container, target);
      if (step !== undefined) steps.push(step);
    }
    return { steps, done: false };
  }
  return { steps, done: true };
}
