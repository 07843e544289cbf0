/** The status of a set, counted over its pods as the cache shows them; written only when it differs. */
import type { ControllerContext } from '#control/controller.ts';
import { parseTime } from '#control/time.ts';
import type { Pod } from '#kinds/generated/types.ts';
import { findCondition, withCondition, withoutCondition } from '../shared/conditions.ts';
import { sameJson } from '../shared/keys.ts';
import { isAvailable, isReady } from '../shared/pods.ts';
import type { Managed } from './manage.ts';
import type { ReplicaKind, ReplicaSetLike, ReplicaStatus } from './set.ts';

export function statusOf(kind: ReplicaKind, set: ReplicaSetLike, active: readonly Pod[], terminating: number, { failure }: Pick<Managed, 'failure'>, now: number): ReplicaStatus {
  const template = Object.entries(set.spec?.template?.metadata?.labels ?? {});
  const minReadySeconds = set.spec?.minReadySeconds ?? 0;
  let fullyLabeled = 0;
  let ready = 0;
  let available = 0;
  for (const pod of active) {
    const labels = pod.metadata.labels ?? {};
    if (template.every(([key, value]) => labels[key] === value)) fullyLabeled++;
    if (!isReady(pod)) continue;
    ready++;
    if (isAvailable(pod, minReadySeconds, now)) available++;
  }
  const old = set.status?.conditions ?? [];
  const message = failure === undefined ? '' : failure.error instanceof Error ? failure.error.message : String(failure.error);
  const known = findCondition(old, 'ReplicaFailure');
  // texts name the pod that was refused, another each time: the first one stands, or the status would never come to rest
  const told = failure !== undefined && known?.status === 'True' && known.reason === failure.reason;
  const conditions = told
    ? old
    : failure === undefined
      ? withoutCondition(old, 'ReplicaFailure')
      : withCondition(old, { type: 'ReplicaFailure', status: 'True', reason: failure.reason, message }, now);
  return {
    replicas: active.length,
    ...(fullyLabeled === 0 ? {} : { fullyLabeledReplicas: fullyLabeled }),
    ...(ready === 0 ? {} : { readyReplicas: ready }),
    ...(available === 0 ? {} : { availableReplicas: available }),
    ...(kind.countsTerminating ? { terminatingReplicas: terminating } : {}),
    ...(conditions.length === 0 ? {} : { conditions }),
    observedGeneration: set.metadata.generation ?? 0,
  };
}

export async function writeStatus(kind: ReplicaKind, set: ReplicaSetLike, status: ReplicaStatus, { client }: ControllerContext): Promise<void> {
  if (sameJson(set.status ?? {}, status)) return;
  await client.update(kind.resource, { ...set, status }, 'status');
}

/** The shortest and the longest wait of a set whose pods the server refuses; in between it is as long as the failure lasts already. */
const FAILURE_WAIT_S = { shortest: 1, longest: 60 };

/** Backoff that needs no memory: the condition says since when it fails. */
export function failureWait({ conditions }: ReplicaStatus, now: number): number {
  const since = parseTime(findCondition(conditions, 'ReplicaFailure')?.lastTransitionTime) ?? now;
  return Math.min(FAILURE_WAIT_S.longest, Math.max(FAILURE_WAIT_S.shortest, (now - since) / 1000));
}
