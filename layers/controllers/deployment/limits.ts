/** How many pods a rollout may have too many, and how many too few. */
import type { Deployment, ReplicaSet } from '#kinds/generated/types.ts';
import { scaled } from '../shared/int-or-percent.ts';

export const replicasOf = ({ spec }: Deployment | ReplicaSet): number => spec?.replicas ?? 1;
export const isRolling = ({ spec }: Deployment): boolean => spec?.strategy?.type !== 'Recreate';

/**
 * Surge is rounded up, unavailability down. Both may come to 0 by that: then one may be missing, for a surge might not work
 * where a quota is full.
 */
function fenceposts({ spec }: Deployment, replicas: number): { readonly surge: number; readonly unavailable: number } {
  const rolling = spec?.strategy?.rollingUpdate;
  const surge = scaled(rolling?.maxSurge ?? 0, replicas, Math.ceil);
  const unavailable = scaled(rolling?.maxUnavailable ?? 0, replicas, Math.floor);
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

export function maxUnavailable(deployment: Deployment): number {
  const replicas = replicasOf(deployment);
  return isRolling(deployment) && replicas > 0 ? Math.min(fenceposts(deployment, replicas).unavailable, replicas) : 0;
}

export const maxSurge = (deployment: Deployment): number => (isRolling(deployment) ? fenceposts(deployment, replicasOf(deployment)).surge : 0);

export const totalReplicas = (sets: readonly ReplicaSet[]): number => sets.reduce((sum, set) => sum + replicasOf(set), 0);

/** How large the new set may be now: all pods together stay within the surge. */
export function newSetSize(deployment: Deployment, all: readonly ReplicaSet[], size: number): number {
  const wanted = replicasOf(deployment);
  if (!isRolling(deployment)) return wanted;
  const room = wanted + scaled(deployment.spec?.strategy?.rollingUpdate?.maxSurge ?? 0, wanted, Math.ceil) - totalReplicas(all);
  return room <= 0 ? size : size + Math.min(room, wanted - size);
}
