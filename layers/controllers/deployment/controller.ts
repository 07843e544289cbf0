/** Deployments: a replica set for each template, and the way from one to the next (kube-controller-manager's `deployment`). */
import type { Cache, Controller, ControllerContext, Key, Mapped, Result } from '#control/controller.ts';
import { keyOf } from '#control/dispatcher.ts';
import type { Deployment, DeploymentStatus, Pod, ReplicaSet } from '#kinds/generated/types.ts';
import { isNamespaceTerminating } from '../replicas/manage.ts';
import { namespaceOf, sameJson, splitKey } from '../shared/keys.ts';
import { claim, controllerOf, ownerKeys } from '../shared/owner.ts';
import { specSelects } from '../shared/selector.ts';
import { cleanUp } from './clean-up.ts';
import { isRolling } from './limits.ts';
import { NameTaken, SetRefused, syncNewSet } from './new-set.ts';
import { isComplete, untilDeadline } from './progress.ts';
import { recreateStep } from './recreate.ts';
import { rollBack, rollbackTo } from './rollback.ts';
import { rollingStep } from './rolling.ts';
import { RESOURCE, type Rollout, SETS, startRollout } from './rollout.ts';
import { scaleAll, wasScaled } from './scale.ts';
import { countedStatus, notePause, rolloutStatus } from './status.ts';

/** A set that the server refuses is asked for again after this long: a quota may have room by then. */
const REFUSED_WAIT_S = 30;
/** Looked at again this long after the deadline, so that rounding never comes too early. */
const AFTER_DEADLINE_MS = 1000;

/** The new status; undefined where the deployment itself was written and comes back. */
async function sync(rollout: Rollout): Promise<DeploymentStatus | undefined> {
  const { deployment } = rollout;
  if (deployment.metadata.deletionTimestamp !== undefined) {
    await syncNewSet(rollout, false);
    return countedStatus(rollout);
  }
  notePause(rollout);
  if (deployment.spec?.paused === true) {
    await syncNewSet(rollout, false);
    await scaleAll(rollout);
    if (rollbackTo(deployment) === undefined) await cleanUp(rollout);
    return countedStatus(rollout);
  }
  const back = rollbackTo(deployment);
  if (back !== undefined) {
    await syncNewSet(rollout, true);
    await rollBack(rollout, back);
    return undefined;
  }
  const rolling = isRolling(deployment);
  await syncNewSet(rollout, false);
  if (wasScaled(rollout)) {
    await scaleAll(rollout);
    return countedStatus(rollout);
  }
  if (rolling) await syncNewSet(rollout, true);
  const stepped = rolling ? await rollingStep(rollout) : await recreateStep(rollout);
  if (!stepped && isComplete(deployment, deployment.status)) await cleanUp(rollout);
  return rolloutStatus(rollout);
}

/** The revision annotation and the status in one write, through the door that leaves the spec alone. */
async function write({ deployment, context }: Rollout, cached: Deployment, status: DeploymentStatus): Promise<void> {
  if (sameJson(cached.status ?? {}, status) && sameJson(cached.metadata.annotations ?? {}, deployment.metadata.annotations ?? {})) return;
  await context.client.update<Deployment>(RESOURCE, { ...deployment, status }, 'status');
}

async function reconcile(key: Key, context: ControllerContext): Promise<Result> {
  const { namespace, name } = splitKey(key);
  const { cache, client, clock } = context;
  const cached = cache.get<Deployment>(RESOURCE, namespace, name);
  if (cached === undefined) return {};
  const sets = await claim<ReplicaSet>({
    owner: cached,
    ownerResource: RESOURCE,
    resource: SETS,
    client,
    cache,
    matches: (set) => specSelects(cached, set),
    adoptable: () => true,
  });
  const rollout = startRollout(cached, sets, context);
  let status: DeploymentStatus | undefined;
  try {
    status = await sync(rollout);
  } catch (error) {
    if (isNamespaceTerminating(error)) return {};
    if (!(error instanceof NameTaken || error instanceof SetRefused)) throw error;
    await write(rollout, cached, rollout.deployment.status);
    return { requeueAfterSeconds: error instanceof NameTaken ? 0 : REFUSED_WAIT_S };
  }
  if (status === undefined) return {};
  await write(rollout, cached, status);
  if (cached.spec?.paused === true || isComplete(cached, status)) return {};
  const left = untilDeadline(cached, status, clock.now());
  return left === undefined ? {} : { requeueAfterSeconds: (Math.max(0, left) + AFTER_DEADLINE_MS) / 1000 };
}

/** The deployment of a pod that is gone, where it waits for that. */
function recreatedKeys({ old, now }: Mapped<Pod>, cache: Cache): readonly Key[] {
  if (old === undefined || now !== undefined) return [];
  const namespace = namespaceOf(old);
  const owner = controllerOf(old);
  const set = owner?.kind === 'ReplicaSet' ? cache.get<ReplicaSet>(SETS, namespace, owner.name) : undefined;
  const above = set === undefined ? undefined : controllerOf(set);
  const deployment = above?.kind === 'Deployment' ? cache.get<Deployment>(RESOURCE, namespace, above.name) : undefined;
  return deployment === undefined || isRolling(deployment) ? [] : [keyOf(deployment)];
}

export function deploymentController(): Controller {
  return {
    name: 'deployment-controller',
    watches: [
      { resource: RESOURCE },
      { resource: SETS, keys: (change, cache) => ownerKeys(change, cache, RESOURCE, 'Deployment', specSelects) },
      { resource: 'pods', keys: (change, cache) => recreatedKeys(change as Mapped<Pod>, cache) },
    ],
    reconcile,
  };
}
