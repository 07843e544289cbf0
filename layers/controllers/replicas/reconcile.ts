/** One look at a ReplicationController or ReplicaSet: claim pods, make or delete some, write the status. */
import type { Controller, ControllerContext, Key, Mapped, Result } from '#control/controller.ts';
import { keyOf } from '#control/dispatcher.ts';
import type { Pod } from '#kinds/generated/types.ts';
import { isConflict } from '#machinery/status.ts';
import { findCondition } from '../shared/conditions.ts';
import { namespaceOf, splitKey } from '../shared/keys.ts';
import { claim, ownerKeys } from '../shared/owner.ts';
import { isActive, isTerminating, nextAvailable } from '../shared/pods.ts';
import { manageReplicas, type Managed } from './manage.ts';
import { type ReplicaKind, type ReplicaSetLike, selects } from './set.ts';
import { failureWait, statusOf, writeStatus } from './status.ts';

export async function reconcileReplicas(kind: ReplicaKind, key: Key, context: ControllerContext): Promise<Result> {
  const { cache, client, clock } = context;
  const { namespace, name } = splitKey(key);
  const set = cache.get<ReplicaSetLike>(kind.resource, namespace, name);
  if (set === undefined) return {};
  const pods = await claim<Pod>({
    owner: set,
    ownerResource: kind.resource,
    resource: 'pods',
    client,
    cache,
    matches: (pod) => selects(kind, set, pod),
    adoptable: isActive,
  });
  const active = pods.filter(isActive);
  let managed: Managed = { failure: undefined, more: false };
  if (set.metadata.deletionTimestamp === undefined) {
    const related = (): Pod[] => kind.related(set, cache).flatMap((one) => cache.ownedBy<Pod>('pods', one.metadata.uid!).filter(isActive));
    managed = await manageReplicas(set, active, related, context);
  }
  const now = clock.now();
  const status = statusOf(kind, set, active, kind.countsTerminating ? pods.filter(isTerminating).length : 0, managed, now);
  try {
    await writeStatus(kind, set, status, context);
  } catch (error) {
    // the set moved on while pods were made: that change brings the key back
    if (!isConflict(error)) throw error;
  }
  if (managed.failure !== undefined) return { requeueAfterSeconds: failureWait(status, now) };
  if (managed.more) return { requeueAfterSeconds: 0 };
  const next = nextAvailable(active, set.spec?.minReadySeconds ?? 0, now);
  return next === undefined ? {} : { requeueAfterSeconds: next / 1000 };
}

/** Sets of the namespace that could not make their pods: more quota, or a pod less, may help them now. */
function stuckSets(kind: ReplicaKind): (change: Mapped, cache: Parameters<typeof ownerKeys>[1]) => readonly Key[] {
  return ({ now, old }, cache) =>
    cache
      .list<ReplicaSetLike>(kind.resource, namespaceOf((now ?? old)!))
      .filter(({ status }) => findCondition(status?.conditions, 'ReplicaFailure') !== undefined)
      .map(keyOf);
}

export function replicasController(kind: ReplicaKind): Controller {
  return {
    name: kind.controller,
    watches: [
      { resource: kind.resource },
      { resource: 'pods', keys: (change, cache) => ownerKeys(change, cache, kind.resource, kind.kind, (set, object) => selects(kind, set, object)) },
      { resource: 'resourcequotas', keys: stuckSets(kind) },
    ],
    concurrency: 16,
    reconcile: (key, context) => reconcileReplicas(kind, key, context),
  };
}
