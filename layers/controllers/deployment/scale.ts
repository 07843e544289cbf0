/** Sizes of a deployment's sets: one by one, and all in proportion when a rollout is scaled in its middle. */
import type { Deployment, ReplicaSet } from '#kinds/generated/types.ts';
import { annotationsOf, desiredReplicas, maxReplicas, sizeAnnotations } from './annotations.ts';
import { isRolling, maxSurge, replicasOf, totalReplicas } from './limits.ts';
import { active, allSets, byAge, replaceSet, type Rollout, SETS } from './rollout.ts';

/** True when the size changed. With `always` the annotations are brought up to date even where it does not. */
export async function scaleSet(rollout: Rollout, set: ReplicaSet, size: number, always = false): Promise<boolean> {
  const { context, deployment } = rollout;
  const before = replicasOf(set);
  const annotations = sizeAnnotations(deployment);
  const stale = Object.entries(annotations).some(([key, value]) => annotationsOf(set)[key] !== value);
  if (before === size && !(always && stale)) return false;
  const written = await context.client.update<ReplicaSet>(SETS, {
    ...set,
    metadata: { ...set.metadata, annotations: { ...set.metadata.annotations, ...annotations } },
    spec: { ...set.spec!, replicas: size },
  });
  replaceSet(rollout, written);
  if (before === size) return false;
  context.event(deployment, 'Normal', 'ScalingReplicaSet', `Scaled ${before < size ? 'up' : 'down'} replica set ${set.metadata.name!} from ${String(before)} to ${String(size)}`);
  return true;
}

/** Whether the deployment was scaled since one of its active sets was. */
export const wasScaled = (rollout: Rollout): boolean =>
  active(allSets(rollout)).some((set) => {
    const desired = desiredReplicas(set);
    return desired !== undefined && desired !== replicasOf(rollout.deployment);
  });

/** The only active set, or the newest where none is; undefined where several are. */
function activeOrLatest({ newSet, oldSets }: Rollout): ReplicaSet | undefined {
  const candidates = active(newSet === undefined ? oldSets : [...oldSets, newSet]);
  if (candidates.length === 0) return newSet ?? oldSets.at(-1);
  return candidates.length === 1 ? candidates[0] : undefined;
}

function isSaturated(deployment: Deployment, set: ReplicaSet | undefined): boolean {
  if (set === undefined) return false;
  const wanted = replicasOf(deployment);
  return replicasOf(set) === wanted && desiredReplicas(set) === wanted && (set.status?.availableReplicas ?? 0) === wanted;
}

const round = (value: number): number => Math.sign(value) * Math.floor(Math.abs(value) + 0.5);

/** How much of a change is this set's, by its part of what the deployment was. */
function fraction(set: ReplicaSet, deployment: Deployment): number {
  const size = replicasOf(set);
  if (replicasOf(deployment) === 0) return -size;
  const before = maxReplicas(set) || deployment.status?.replicas || 0;
  return before === 0 ? 0 : round((size * (replicasOf(deployment) + maxSurge(deployment))) / before) - size;
}

const bySizeThen =
  (tie: (a: ReplicaSet, b: ReplicaSet) => number) =>
  (a: ReplicaSet, b: ReplicaSet): number =>
    replicasOf(b) - replicasOf(a) || tie(a, b);

/** New sizes in the order in which they are written: the largest set takes what rounding left over. */
export function proportions(deployment: Deployment, sets: readonly ReplicaSet[]): readonly { readonly set: ReplicaSet; readonly size: number }[] {
  const allowed = replicasOf(deployment) > 0 ? replicasOf(deployment) + maxSurge(deployment) : 0;
  const change = allowed - totalReplicas(sets);
  // growing prefers newer sets of the same size, shrinking older ones
  const ordered = change === 0 ? sets : sets.toSorted(bySizeThen(change > 0 ? (a, b) => byAge(b, a) : byAge));
  let given = 0;
  const sizes = ordered.map((set) => {
    if (change === 0 || change === given) return replicasOf(set);
    const limit = change - given;
    const part = change > 0 ? Math.min(fraction(set, deployment), limit) : Math.max(fraction(set, deployment), limit);
    given += part;
    return replicasOf(set) + part;
  });
  if (sizes.length > 0) sizes[0] = Math.max(0, sizes[0]! + change - given);
  return ordered.map((set, i) => ({ set, size: sizes[i]! }));
}

export async function scaleAll(rollout: Rollout): Promise<void> {
  const { deployment, newSet, oldSets } = rollout;
  const only = activeOrLatest(rollout);
  if (only !== undefined) {
    await scaleSet(rollout, only, replicasOf(deployment));
    return;
  }
  if (isSaturated(deployment, newSet)) {
    for (const old of active(oldSets)) await scaleSet(rollout, old, 0);
    return;
  }
  if (!isRolling(deployment)) return;
  for (const { set, size } of proportions(deployment, active(allSets(rollout)))) await scaleSet(rollout, set, size, true);
}
