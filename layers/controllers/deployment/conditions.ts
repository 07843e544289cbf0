/** Conditions of deployments: one whose status and reason stay the same stands as it is, whatever its message would be. */
import { timestamp } from '#control/time.ts';
import type { DeploymentCondition, DeploymentStatus } from '#kinds/generated/types.ts';
import { findCondition, withoutCondition } from '../shared/conditions.ts';

export type Type = 'Available' | 'Progressing' | 'ReplicaFailure';

export const conditionOf = (status: DeploymentStatus | undefined, type: Type): DeploymentCondition | undefined => findCondition(status?.conditions, type);

export function newCondition(type: Type, status: 'True' | 'False' | 'Unknown', reason: string, message: string, now: number): DeploymentCondition {
  const at = timestamp(now);
  return { type, status, lastUpdateTime: at, lastTransitionTime: at, reason, message };
}

export function setCondition(status: DeploymentStatus, condition: DeploymentCondition): void {
  const before = findCondition(status.conditions, condition.type);
  if (before?.status === condition.status && before.reason === condition.reason) return;
  replaceCondition(status, condition);
}

/** The same even where status and reason stay: the time of the update is news. */
export function replaceCondition(status: DeploymentStatus, condition: DeploymentCondition): void {
  const before = findCondition(status.conditions, condition.type);
  const since = before?.status === condition.status ? before.lastTransitionTime : undefined;
  status.conditions = [...withoutCondition(status.conditions, condition.type), since === undefined ? condition : { ...condition, lastTransitionTime: since }];
}

export function removeCondition(status: DeploymentStatus, type: Type): void {
  if (conditionOf(status, type) === undefined) return;
  const left = withoutCondition(status.conditions, type);
  if (left.length > 0) status.conditions = left;
  else delete status.conditions;
}
