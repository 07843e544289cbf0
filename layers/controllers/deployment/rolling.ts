/** A rolling update: the new set grows as far as the surge allows, old ones shrink as far as availability allows, one step per reconcile. */
import type { ReplicaSet } from '#kinds/generated/types.ts';
import { maxUnavailable, newSetSize, replicasOf, totalReplicas } from './limits.ts';
import { active, allSets, type Rollout } from './rollout.ts';
import { scaleSet } from './scale.ts';

const availableOf = ({ status }: ReplicaSet): number => status?.availableReplicas ?? 0;

async function resizeNew(rollout: Rollout, newSet: ReplicaSet): Promise<boolean> {
  const { deployment } = rollout;
  const [size, wanted] = [replicasOf(newSet), replicasOf(deployment)];
  if (size === wanted) return false;
  return scaleSet(rollout, newSet, size > wanted ? wanted : newSetSize(deployment, allSets(rollout), size));
}

/** Takes up to `limit` pods from old sets, oldest first, as many from each as `spare` says; the answer is how many were taken. */
async function shrink(rollout: Rollout, limit: number, spare: (set: ReplicaSet) => number): Promise<number> {
  let taken = 0;
  for (const set of active(rollout.oldSets)) {
    const count = Math.min(spare(set), limit - taken);
    if (count <= 0) continue;
    await scaleSet(rollout, set, replicasOf(set) - count);
    taken += count;
  }
  return taken;
}

async function shrinkOld(rollout: Rollout, newSet: ReplicaSet): Promise<boolean> {
  const { deployment } = rollout;
  if (totalReplicas(rollout.oldSets) === 0) return false;
  const minAvailable = replicasOf(deployment) - maxUnavailable(deployment);
  // pods of the new set that are not available yet must not be made up for by taking more old ones
  const limit = totalReplicas(allSets(rollout)) - minAvailable - (replicasOf(newSet) - availableOf(newSet));
  if (limit <= 0) return false;
  // unhealthy pods first: they help nobody, and would hold the rollout up
  const unhealthy = await shrink(rollout, limit, (set) => replicasOf(set) - availableOf(set));
  const available = allSets(rollout).reduce((sum, set) => sum + availableOf(set), 0);
  return (await shrink(rollout, available - minAvailable, replicasOf)) + unhealthy > 0;
}

/** One step; false when there was nothing left to do. */
export async function rollingStep(rollout: Rollout): Promise<boolean> {
  const { newSet } = rollout;
  if (newSet === undefined) return false;
  return (await resizeNew(rollout, newSet)) || (await shrinkOld(rollout, newSet));
}
