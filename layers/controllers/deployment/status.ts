/** A deployment's status, summed over its sets; and what a rollout says about its progress. */
import type { Deployment, DeploymentStatus, ReplicaSet, ReplicaSetStatus } from '#kinds/generated/types.ts';
import { findCondition } from '../shared/conditions.ts';
import { conditionOf, newCondition, removeCondition, replaceCondition, setCondition } from './conditions.ts';
import { maxUnavailable, replicasOf, totalReplicas } from './limits.ts';
import { hasDeadline, isComplete, madeProgress, untilDeadline } from './progress.ts';
import { allSets, type Rollout } from './rollout.ts';

type Count = 'replicas' | 'readyReplicas' | 'availableReplicas';
const sum = (sets: readonly ReplicaSet[], count: Count): number => sets.reduce((total, { status }) => total + (status?.[count] ?? 0), 0);

/** Undefined where a set that was looked at does not tell. */
function terminating(sets: readonly { readonly status?: ReplicaSetStatus }[]): number | undefined {
  let total = 0;
  for (const { status } of sets) {
    if (status?.terminatingReplicas !== undefined) total += status.terminatingReplicas;
    else if ((status?.observedGeneration ?? 0) !== 0) return undefined;
  }
  return total;
}

/** A new status; the deployment's own is not changed. */
export function countedStatus(rollout: Rollout): DeploymentStatus {
  const { deployment, newSet, context } = rollout;
  const { status: before, metadata } = deployment;
  const sets = allSets(rollout);
  const available = sum(sets, 'availableReplicas');
  const counts = {
    observedGeneration: metadata.generation ?? 0,
    replicas: sum(sets, 'replicas'),
    updatedReplicas: newSet?.status?.replicas ?? 0,
    readyReplicas: sum(sets, 'readyReplicas'),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, totalReplicas(sets) - available),
  };
  const leaving = terminating(sets);
  const status: DeploymentStatus = {
    ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0)),
    ...(leaving === undefined ? {} : { terminatingReplicas: leaving }),
    ...(before.collisionCount === undefined ? {} : { collisionCount: before.collisionCount }),
    ...(before.conditions === undefined ? {} : { conditions: [...before.conditions] }),
  };
  const now = context.clock.now();
  setCondition(
    status,
    available >= replicasOf(deployment) - maxUnavailable(deployment)
      ? newCondition('Available', 'True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.', now)
      : newCondition('Available', 'False', 'MinimumReplicasUnavailable', 'Deployment does not have minimum availability.', now),
  );
  return status;
}

function setProgress({ deployment, newSet, context }: Rollout, status: DeploymentStatus): void {
  if (!hasDeadline(deployment)) {
    removeCondition(status, 'Progressing');
    return;
  }
  const current = conditionOf(deployment.status, 'Progressing');
  // nothing rolls: one set, and its rollout was said to be over
  if ((status.replicas ?? 0) === (status.updatedReplicas ?? 0) && current?.reason === 'NewReplicaSetAvailable') return;
  const now = context.clock.now();
  const who = newSet === undefined ? `Deployment "${deployment.metadata.name!}"` : `ReplicaSet "${newSet.metadata.name!}"`;
  if (isComplete(deployment, status)) setCondition(status, newCondition('Progressing', 'True', 'NewReplicaSetAvailable', `${who} has successfully progressed.`, now));
  else if (madeProgress(deployment.status, status)) replaceCondition(status, newCondition('Progressing', 'True', 'ReplicaSetUpdated', `${who} is progressing.`, now));
  else if ((untilDeadline(deployment, status, now) ?? 0) < 0)
    setCondition(status, newCondition('Progressing', 'False', 'ProgressDeadlineExceeded', `${who} has timed out progressing.`, now));
}

/** The new set's failure goes before those of old ones. */
function setFailure(rollout: Rollout, status: DeploymentStatus): void {
  for (const set of rollout.newSet === undefined ? rollout.oldSets : [rollout.newSet, ...rollout.oldSets]) {
    const failure = findCondition(set.status?.conditions, 'ReplicaFailure');
    if (failure === undefined) continue;
    setCondition(status, failure.lastTransitionTime === undefined ? failure : { ...failure, lastUpdateTime: failure.lastTransitionTime });
    return;
  }
  removeCondition(status, 'ReplicaFailure');
}

/** The status after a step of a rollout. */
export function rolloutStatus(rollout: Rollout): DeploymentStatus {
  const status = countedStatus(rollout);
  setProgress(rollout, status);
  setFailure(rollout, status);
  return status;
}

/** Pausing stops the clock of the deadline, and resuming starts it anew. */
export function notePause({ deployment, context }: { readonly deployment: Deployment & { status: DeploymentStatus } } & Pick<Rollout, 'context'>): void {
  const reason = conditionOf(deployment.status, 'Progressing')?.reason;
  if (!hasDeadline(deployment) || reason === 'ProgressDeadlineExceeded') return;
  const paused = deployment.spec?.paused === true;
  if (paused === (reason === 'DeploymentPaused')) return;
  const now = context.clock.now();
  setCondition(
    deployment.status,
    paused
      ? newCondition('Progressing', 'Unknown', 'DeploymentPaused', 'Deployment is paused', now)
      : newCondition('Progressing', 'Unknown', 'DeploymentResumed', 'Deployment is resumed', now),
  );
}
