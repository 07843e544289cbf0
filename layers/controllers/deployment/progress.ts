/** Whether a rollout moves: complete, progressing, or past its deadline (`deployment/util`). */
import { parseTime } from '#control/time.ts';
import type { Deployment, DeploymentStatus } from '#kinds/generated/types.ts';
import { conditionOf } from './conditions.ts';
import { replicasOf } from './limits.ts';

/** This value of a limit means that there is none. */
export const NO_LIMIT = 2 ** 31 - 1;

export function hasDeadline({ spec }: Deployment): boolean {
  return spec?.progressDeadlineSeconds !== undefined && spec.progressDeadlineSeconds !== NO_LIMIT;
}

/** All replicas are new and available, and no old one runs. */
export function isComplete(deployment: Deployment, status: DeploymentStatus | undefined): boolean {
  const wanted = replicasOf(deployment);
  return (
    (status?.updatedReplicas ?? 0) === wanted &&
    (status?.replicas ?? 0) === wanted &&
    (status?.availableReplicas ?? 0) === wanted &&
    (status?.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}

const old = ({ replicas = 0, updatedReplicas = 0 }: DeploymentStatus): number => replicas - updatedReplicas;

export const madeProgress = (before: DeploymentStatus, now: DeploymentStatus): boolean =>
  (now.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
  old(now) < old(before) ||
  (now.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
  (now.availableReplicas ?? 0) > (before.availableReplicas ?? 0);

/** Milliseconds until the deadline passes, counted from the last progress; undefined where none runs. */
export function untilDeadline(deployment: Deployment, status: DeploymentStatus, now: number): number | undefined {
  const condition = conditionOf(status, 'Progressing');
  if (!hasDeadline(deployment) || condition === undefined) return undefined;
  // a rollout that ended well has no deadline any more, and one that missed it has missed it
  if (condition.reason === 'NewReplicaSetAvailable' || condition.reason === 'ProgressDeadlineExceeded') return undefined;
  const since = parseTime(condition.lastUpdateTime);
  return since === undefined ? undefined : since + deployment.spec!.progressDeadlineSeconds! * 1000 - now;
}
