/** Old sets beyond the history limit go, the oldest revisions first; those that have pods stay. */
import type { ReplicaSet } from '#kinds/generated/types.ts';
import { isNotFound } from '#machinery/status.ts';
import { revisionOf } from './annotations.ts';
import { replicasOf } from './limits.ts';
import { NO_LIMIT } from './progress.ts';
import { byAge, type Rollout, SETS } from './rollout.ts';

function byRevision(a: ReplicaSet, b: ReplicaSet): number {
  const [left, right] = [revisionOf(a), revisionOf(b)];
  return left === undefined || right === undefined || left === right ? byAge(a, b) : left < right ? -1 : 1;
}

export async function cleanUp({ context, deployment, oldSets }: Rollout): Promise<void> {
  const limit = deployment.spec?.revisionHistoryLimit ?? NO_LIMIT;
  if (limit === NO_LIMIT) return;
  const alive = oldSets.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  for (const set of alive.toSorted(byRevision).slice(0, Math.max(0, alive.length - limit))) {
    const { metadata, status } = set;
    if ((status?.replicas ?? 0) !== 0 || replicasOf(set) !== 0 || (metadata.generation ?? 0) > (status?.observedGeneration ?? 0)) continue;
    try {
      await context.client.delete(SETS, metadata.namespace!, metadata.name!, { preconditions: { uid: metadata.uid! } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
