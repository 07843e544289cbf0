/**
 * One look at a stateful set's pods: makes, deletes and replaces what its order allows now. In `OrderedReady` one step is one pod, and
 * nothing goes on past a pod that is not available; in `Parallel` all are dealt with at once.
 */
import type { ControllerContext } from '#control/controller.ts';
import type { Pod, StatefulSet } from '#kinds/generated/types.ts';
import { scaled } from '../shared/int-or-percent.ts';
import { isAvailable } from '../shared/pods.ts';
import { atRevision } from '../shared/revisions.ts';
import { slowStart } from '../shared/slow-start.ts';
import { claimsMatchPolicy, followPolicy, hasStaleClaim } from './claims.ts';
import { completeClaims, correctPod, createPod, deletePod } from './pod-control.ts';
import { isInRange, ordinalOf, replicasOf, startOf } from './ordinals.ts';
import { hasIdentity, hasStorage, podOf, revisionOf } from './pod.ts';
import type { Revisions } from './revisions.ts';
import { isRunningAndReady } from './status.ts';

interface Place {
  readonly pod: Pod;
  readonly exists: boolean;
}

interface Turn {
  readonly set: StatefulSet;
  /** With the template of the revision it moves to. */
  readonly update: StatefulSet;
  readonly context: ControllerContext;
  readonly ordered: boolean;
  readonly available: (pod: Pod) => boolean;
}

/** True: nothing more in this look. */
type Step = Promise<boolean>;

const isTerminating = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined;

async function placeStep({ set, update, context, ordered, available }: Turn, { pod, exists }: Place): Step {
  const phase = exists ? (pod.status?.phase ?? 'Pending') : '';
  // ended for whatever reason, as after an eviction: the next look makes a new one
  if (phase === 'Failed' || phase === 'Succeeded') {
    if (!isTerminating(pod)) await deletePod(set, pod, context);
    return true;
  }
  if (!exists) {
    if (hasStaleClaim(set, pod, context)) return true;
    await createPod(set, pod, context);
    return true;
  }
  if (phase === 'Pending') await completeClaims(set, pod, context);
  if (ordered && (isTerminating(pod) || !isRunningAndReady(pod) || !available(pod))) return true;
  if (!hasIdentity(set, pod) || !hasStorage(set, pod) || !claimsMatchPolicy(update, pod, context)) await correctPod(update, pod, context);
  return false;
}

async function condemnedStep({ set, context, ordered, available }: Turn, pod: Pod, firstUnavailable: Pod | undefined): Step {
  if (isTerminating(pod)) return ordered;
  if (ordered && pod !== firstUnavailable && (!isRunningAndReady(pod) || !available(pod))) return true;
  await deletePod(set, pod, context);
  return true;
}

/** In order until a step says enough, or all at once whatever they say; true when the look is over. */
async function forAll<T>(items: readonly T[], ordered: boolean, step: (item: T) => Step): Step {
  if (ordered) {
    for (const item of items) if (await step(item)) return true;
    return false;
  }
  const { error } = await slowStart(items.length, async (index) => {
    await step(items[index]!);
  });
  if (error !== undefined) throw error;
  return false;
}

/** The highest ordinal that is not of the new revision goes, once those above it are available. */
async function replaceOne({ set, context, available }: Turn, places: readonly Place[], revision: string): Promise<number> {
  const partition = set.spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
  for (const { pod, exists } of places.slice(partition).toReversed()) {
    if (exists && revisionOf(pod) !== revision && !isTerminating(pod)) {
      await deletePod(set, pod, context);
      return 1;
    }
    if (isTerminating(pod) || !available(pod)) return 0;
  }
  return 0;
}

/** The same with several at a time: as many as may be unavailable, those that already are included. */
async function replaceSome({ set, context, available }: Turn, places: readonly Place[], revision: string, max: number | string): Promise<number> {
  const partition = set.spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
  const missing = places.filter(({ pod }) => isTerminating(pod) || !available(pod)).length;
  const limit = Math.max(1, scaled(max, replicasOf(set), Math.floor)) - missing;
  let deleted = 0;
  for (const { pod, exists } of places.slice(partition).toReversed()) {
    if (deleted >= limit) break;
    if (!exists || revisionOf(pod) === revision || isTerminating(pod)) continue;
    await deletePod(set, pod, context);
    deleted++;
  }
  return deleted;
}

/** The answer is how many pods of the current revision were sent away for the new one. */
export async function updatePods(set: StatefulSet, pods: readonly Pod[], revisions: Revisions, context: ControllerContext): Promise<number> {
  const update = atRevision(set, revisions.update);
  const updateName = revisions.update.metadata.name!;
  const versions = { current: atRevision(set, revisions.current), update, currentName: revisions.current.metadata.name!, updateName };
  const now = context.clock.now();
  const minReadySeconds = set.spec?.minReadySeconds ?? 0;
  const ordered = set.spec?.podManagementPolicy !== 'Parallel';
  const turn: Turn = { set, update, context, ordered, available: (pod) => isAvailable(pod, minReadySeconds, now) };

  const byOrdinal = new Map(pods.filter((pod) => isInRange(set, pod)).map((pod) => [ordinalOf(pod), pod]));
  const places = Array.from({ length: replicasOf(set) }, (_, index): Place => {
    const ordinal = startOf(set) + index;
    const known = byOrdinal.get(ordinal);
    return known === undefined ? { pod: podOf(versions, ordinal), exists: false } : { pod: known, exists: true };
  });
  const condemned = pods.filter((pod) => !isInRange(set, pod) && ordinalOf(pod) >= 0).sort((a, b) => ordinalOf(b) - ordinalOf(a));
  const firstUnavailable = [...places.map(({ pod }) => pod), ...condemned.toReversed()].find((pod) => isTerminating(pod) || !turn.available(pod));

  if (set.metadata.deletionTimestamp !== undefined) return 0;
  if (await forAll(places, ordered, (place) => placeStep(turn, place))) return 0;
  await forAll(condemned, ordered, async (pod) => {
    if (!claimsMatchPolicy(update, pod, context)) await followPolicy(update, pod, context);
    return false;
  });
  if (await forAll(condemned, ordered, (pod) => condemnedStep(turn, pod, firstUnavailable))) return 0;

  const { type, rollingUpdate } = set.spec?.updateStrategy ?? {};
  if (type === 'OnDelete') return 0;
  return rollingUpdate?.maxUnavailable === undefined ? replaceOne(turn, places, updateName) : replaceSome(turn, places, updateName, rollingUpdate.maxUnavailable);
}
