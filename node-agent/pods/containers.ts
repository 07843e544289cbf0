/** The pod's own containers: all side by side, each by its restart policy. */
import { appRecord, mustStop, startOrWait, type PlanContext, type Step } from './plan.ts';
import { recordOf } from './record.ts';

export function planContainers(context: PlanContext): readonly Step[] {
  const { pod, sandboxId } = context;
  const steps: Step[] = [];
  // A postStart hook holds back the containers after its own, as people rely on; without hooks all start at once.
  const inTurn = pod.spec.containers.some((container) => container.lifecycle?.postStart !== undefined);
  for (const container of pod.spec.containers) {
    const target = appRecord(context, container);
    const stop = mustStop(context, container, target);
    if (stop !== undefined) {
      steps.push(stop);
      continue;
    }
    const here = target.current?.sandboxId === sandboxId;
    if (target.busy || (target.current?.phase === 'running' && here)) {
      if (inTurn && target.busy && target.current?.hooked !== true) break;
      continue;
    }
    const step = startOrWait(context, container, target);
    if (step === undefined) continue;
    steps.push(step);
    if (inTurn && step.do === 'start') break;
  }
  return steps;
}

/** Ephemeral containers start once, whenever they are added, and never again. */
export function planEphemeral(context: PlanContext): readonly Step[] {
  const steps: Step[] = [];
  for (const container of context.pod.spec.ephemeralContainers ?? []) {
    const target = recordOf(context.record, container.name, 'ephemeral');
    if (target.busy || target.current !== undefined) continue;
    const step = startOrWait(context, container, target);
    if (step !== undefined) steps.push(step);
  }
  return steps;
}
