/** Stateful sets: pods with names, an order, and claims of their own (kube-controller-manager's `statefulset`). */
import type { Cache, Controller, ControllerContext, Key, Mapped, Result } from '#control/controller.ts';
import { keyOf } from '#control/dispatcher.ts';
import type { PersistentVolumeClaim, Pod, StatefulSet } from '#kinds/generated/types.ts';
import { isConflict } from '#machinery/status.ts';
import { isNamespaceTerminating } from '../replicas/manage.ts';
import { namespaceOf, splitKey } from '../shared/keys.ts';
import { claim, ownerKeys } from '../shared/owner.ts';
import { nextAvailable } from '../shared/pods.ts';
import { refusalWait } from '../shared/refusal.ts';
import { claimRevisions, REVISIONS } from '../shared/revisions.ts';
import { specSelects } from '../shared/selector.ts';
import { CLAIMS, ClaimsNotReady } from './claims.ts';
import { isMember, SETS } from './ordinals.ts';
import { knownRevisions, syncRevisions, truncateHistory } from './revisions.ts';
import { count, statusOf, writeStatus } from './status.ts';
import { updatePods } from './update.ts';

/** A claim on its way out is looked at again after this long, besides when it is gone. */
const CLAIMS_WAIT_S = 10;

/** What a failure that only time or somebody else can mend is waited for; anything else is thrown on. */
function waitAfter(error: unknown): Result {
  if (error instanceof ClaimsNotReady) return isNamespaceTerminating(error.cause) ? {} : { requeueAfterSeconds: CLAIMS_WAIT_S };
  return refusalWait(error);
}

async function sync(set: StatefulSet, context: ControllerContext): Promise<Result> {
  const { cache, client, clock } = context;
  const known = await claimRevisions(set, SETS, context);
  const pods = await claim<Pod>({
    owner: set,
    ownerResource: SETS,
    resource: 'pods',
    client,
    cache,
    matches: (pod) => specSelects(set, pod) && isMember(set, pod),
    adoptable: () => true,
  });
  const revisions = set.metadata.deletionTimestamp === undefined ? await syncRevisions(set, known, context) : knownRevisions(set, known);
  if (revisions === undefined) return {};
  const minReadySeconds = set.spec?.minReadySeconds ?? 0;
  const now = clock.now();
  const counts = count(pods, minReadySeconds, revisions, now);
  let failure: { readonly error: unknown } | undefined;
  try {
    counts.currentReplicas = Math.max(0, counts.currentReplicas - (await updatePods(set, pods, revisions, context)));
  } catch (error) {
    failure = { error };
  }
  try {
    await writeStatus(set, statusOf(set, counts, revisions), context);
  } catch (error) {
    // the set moved on meanwhile: that change brings the key back
    if (!isConflict(error)) throw error;
  }
  if (failure !== undefined) throw failure.error;
  await truncateHistory(set, known, revisions, pods, context);
  const next = nextAvailable(pods, minReadySeconds, now);
  return next === undefined ? {} : { requeueAfterSeconds: next / 1000 };
}

async function reconcile(key: Key, context: ControllerContext): Promise<Result> {
  const { namespace, name } = splitKey(key);
  const set = context.cache.get<StatefulSet>(SETS, namespace, name);
  if (set === undefined) return {};
  try {
    return await sync(set, context);
  } catch (error) {
    return waitAfter(error);
  }
}

/** The sets whose claim is gone: a pod may wait for another. */
function setsOfClaim({ old, now }: Mapped<PersistentVolumeClaim>, cache: Cache): readonly Key[] {
  if (old === undefined || now !== undefined) return [];
  const name = old.metadata.name ?? '';
  return cache
    .list<StatefulSet>(SETS, namespaceOf(old))
    .filter((set) => (set.spec?.volumeClaimTemplates ?? []).some((template) => name.startsWith(`${template.metadata.name!}-${set.metadata.name!}-`)))
    .map(keyOf);
}

export function statefulSetController(): Controller {
  return {
    name: 'statefulset-controller',
    watches: [
      { resource: SETS },
      { resource: 'pods', keys: (change, cache) => ownerKeys(change, cache, SETS, 'StatefulSet', specSelects) },
      { resource: CLAIMS, keys: (change, cache) => setsOfClaim(change as Mapped<PersistentVolumeClaim>, cache) },
    ],
    reads: [REVISIONS],
    reconcile,
  };
}
