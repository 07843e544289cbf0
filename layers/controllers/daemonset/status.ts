/** A daemon set's status, counted over nodes: the senior pod of each speaks for it. */
import type { ControllerContext } from '#control/controller.ts';
import type { DaemonSet, DaemonSetStatus } from '#kinds/generated/types.ts';
import { sameJson } from '../shared/keys.ts';
import { isAvailable, isReady } from '../shared/pods.ts';
import { bySeniority, type View } from './plan.ts';
import { isUpdated } from './template.ts';

export const SETS = 'daemonsets.apps';

export function statusOf({ set, hash, nodes, pods, now, fit }: View, collisions: number | undefined): DaemonSetStatus {
  let [desired, current, misplaced, ready, available, updated] = [0, 0, 0, 0, 0, 0];
  for (const node of nodes) {
    const there = pods.get(node.metadata.name!) ?? [];
    if (!fit(node).run) {
      if (there.length > 0) misplaced++;
      continue;
    }
    desired++;
    const pod = there.toSorted(bySeniority)[0];
    if (pod === undefined) continue;
    current++;
    if (isReady(pod)) {
      ready++;
      if (isAvailable(pod, set.spec?.minReadySeconds ?? 0, now)) available++;
    }
    if (isUpdated(set, pod, hash)) updated++;
  }
  const sometimes = { updatedNumberScheduled: updated, numberAvailable: available, numberUnavailable: desired - available };
  return {
    currentNumberScheduled: current,
    numberMisscheduled: misplaced,
    desiredNumberScheduled: desired,
    numberReady: ready,
    observedGeneration: set.metadata.generation ?? 0,
    ...Object.fromEntries(Object.entries(sometimes).filter(([, count]) => count !== 0)),
    ...(collisions === undefined ? {} : { collisionCount: collisions }),
    ...(set.status?.conditions === undefined ? {} : { conditions: set.status.conditions }),
  };
}

export async function writeStatus(set: DaemonSet, status: DaemonSetStatus, { client }: ControllerContext): Promise<void> {
  if (sameJson(set.status ?? {}, status)) return;
  await client.update<DaemonSet>(SETS, { ...set, status }, 'status');
}
