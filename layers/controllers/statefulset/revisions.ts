/** The revision that a stateful set has and the one it moves to; old ones beyond the limit go. */
import type { ControllerContext } from '#control/controller.ts';
import type { ControllerRevision, Pod, StatefulSet } from '#kinds/generated/types.ts';
import { createRevision, deleteRevision, renumber, sameData, templatePatch } from '../shared/revisions.ts';
import { revisionOf } from './pod.ts';

export interface Revisions {
  readonly current: ControllerRevision;
  readonly update: ControllerRevision;
  readonly collisions: number;
}

const HASH_LABEL = 'controller.kubernetes.io/hash';
const NO_COLLISION = 0;

const currentOf = (set: StatefulSet, known: readonly ControllerRevision[]): ControllerRevision | undefined =>
  known.find(({ metadata }) => metadata.name === set.status?.currentRevision);

/** As far as they are there: a set on its way out gets no new ones, which the garbage collector would have to remove again. */
export function knownRevisions(set: StatefulSet, known: readonly ControllerRevision[]): Revisions | undefined {
  const data = templatePatch(set);
  const update = known.findLast((one) => sameData(one, data));
  return update === undefined ? undefined : { current: currentOf(set, known) ?? update, update, collisions: set.status?.collisionCount ?? NO_COLLISION };
}

/** `known` from old to new. A template that was there before gets its revision back, with a new number. */
export async function syncRevisions(set: StatefulSet, known: readonly ControllerRevision[], context: ControllerContext): Promise<Revisions> {
  const data = templatePatch(set);
  const last = known.at(-1);
  const equal = known.findLast((one) => sameData(one, data));
  const next = (last?.revision ?? 0) + 1;
  let collisions = set.status?.collisionCount ?? NO_COLLISION;
  let update: ControllerRevision;
  if (last !== undefined && sameData(last, data)) update = last;
  else if (equal !== undefined) update = await renumber(equal, next, context);
  else {
    const made = await createRevision(set, next, collisions, (hash) => ({ [HASH_LABEL]: hash }), context);
    update = made.revision;
    collisions = made.collisions ?? NO_COLLISION;
  }
  return { current: currentOf(set, known) ?? update, update, collisions };
}

/** Revisions that a pod has, or that the set names, stay whatever the limit. */
export async function truncateHistory(set: StatefulSet, known: readonly ControllerRevision[], live: Revisions, pods: readonly Pod[], context: ControllerContext): Promise<void> {
  const limit = set.spec?.revisionHistoryLimit ?? -1;
  if (limit < 0) return;
  const used = new Set([live.current.metadata.name!, live.update.metadata.name!, ...pods.map(revisionOf)]);
  const history = known.filter(({ metadata }) => !used.has(metadata.name!));
  for (const old of history.slice(0, Math.max(0, history.length - limit))) await deleteRevision(old, context);
}
