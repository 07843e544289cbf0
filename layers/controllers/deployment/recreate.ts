/** The Recreate strategy: every old pod is gone before the first new one is made. */
import type { Pod } from '#kinds/generated/types.ts';
import { isTerminal } from '../shared/pods.ts';
import { replicasOf } from './limits.ts';
import { syncNewSet } from './new-set.ts';
import { active, type Rollout } from './rollout.ts';
import { scaleSet } from './scale.ts';

/** Pods on their way out count: they still run. */
function oldPodsRun({ context: { cache }, oldSets }: Rollout): boolean {
  return oldSets.some(({ metadata, status }) => (status?.replicas ?? 0) > 0 || cache.ownedBy<Pod>('pods', metadata.uid!).some((pod) => !isTerminal(pod)));
}

/** One step; false when there was nothing left to do. */
export async function recreateStep(rollout: Rollout): Promise<boolean> {
  let scaled = false;
  for (const set of active(rollout.oldSets)) scaled = (await scaleSet(rollout, set, 0)) || scaled;
  if (scaled || oldPodsRun(rollout)) return true;
  await syncNewSet(rollout, true);
  if (rollout.newSet !== undefined) await scaleSet(rollout, rollout.newSet, replicasOf(rollout.deployment));
  return false;
}
