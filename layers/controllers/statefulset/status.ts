/** A stateful set's status, counted over its pods. */
import type { ControllerContext } from '#control/controller.ts';
import type { Pod, StatefulSet, StatefulSetStatus } from '#kinds/generated/types.ts';
import { sameJson } from '../shared/keys.ts';
import { isAvailable, isReady } from '../shared/pods.ts';
import { replicasOf, SETS } from './ordinals.ts';
import { revisionOf } from './pod.ts';
import type { Revisions } from './revisions.ts';

export interface Counts {
  replicas: number;
  readyReplicas: number;
  availableReplicas: number;
  currentReplicas: number;
  updatedReplicas: number;
}

export const isRunningAndReady = (pod: Pod): boolean => pod.status?.phase === 'Running' && isReady(pod);

/** Over pods that are there. */
export function count(pods: readonly Pod[], minReadySeconds: number, { current, update }: Revisions, now: number): Counts {
  const counts: Counts = { replicas: pods.length, readyReplicas: 0, availableReplicas: 0, currentReplicas: 0, updatedReplicas: 0 };
  for (const pod of pods) {
    if (isRunningAndReady(pod)) {
      counts.readyReplicas++;
      if (isAvailable(pod, minReadySeconds, now)) counts.availableReplicas++;
    }
    if (pod.metadata.deletionTimestamp !== undefined) continue;
    const revision = revisionOf(pod);
    if (revision === current.metadata.name) counts.currentReplicas++;
    if (revision === update.metadata.name) counts.updatedReplicas++;
  }
  return counts;
}

export function statusOf(set: StatefulSet, counts: Counts, { current, update, collisions }: Revisions): StatefulSetStatus {
  const wanted = replicasOf(set);
  const { replicas, readyReplicas, availableReplicas, updatedReplicas } = counts;
  // every pod has the new revision and is ready: the move is over
  const moved = set.spec?.updateStrategy?.type === 'RollingUpdate' && updatedReplicas === wanted && readyReplicas === wanted && replicas === wanted;
  const currentReplicas = moved ? updatedReplicas : counts.currentReplicas;
  const sometimes = { readyReplicas, currentReplicas, updatedReplicas };
  return {
    observedGeneration: set.metadata.generation ?? 0,
    replicas,
    ...Object.fromEntries(Object.entries(sometimes).filter(([, value]) => value !== 0)),
    currentRevision: (moved ? update : current).metadata.name!,
    updateRevision: update.metadata.name!,
    collisionCount: collisions,
    availableReplicas,
    ...(set.status?.conditions === undefined ? {} : { conditions: set.status.conditions }),
  };
}

export async function writeStatus(set: StatefulSet, status: StatefulSetStatus, { client }: ControllerContext): Promise<void> {
  if (sameJson(set.status ?? {}, status)) return;
  await client.update<StatefulSet>(SETS, { ...set, status }, 'status');
}
