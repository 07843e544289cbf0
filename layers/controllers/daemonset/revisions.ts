/** A daemon set's revisions: the one of its template as it is, and older ones as far as the limit goes. */
import type { ControllerContext } from '#control/controller.ts';
import type { ControllerRevision, DaemonSet, Pod } from '#kinds/generated/types.ts';
import { nameOf, namespaceOf } from '../shared/keys.ts';
import { claimRevisions, createRevision, deleteRevision, renumber, REVISION_LABEL, REVISIONS, sameData, templatePatch } from '../shared/revisions.ts';
import { SETS } from './status.ts';

export interface History {
  readonly hash: string;
  /** From old to new. */
  readonly old: readonly ControllerRevision[];
  readonly collisions: number | undefined;
}

const hashIn = ({ metadata }: ControllerRevision | Pod): string => metadata.labels?.[REVISION_LABEL] ?? '';

/** Revisions of the earliest versions have no hash: their name is as good. */
async function withHash(revision: ControllerRevision, { client }: ControllerContext): Promise<ControllerRevision> {
  if (hashIn(revision) !== '') return revision;
  const labels = { ...revision.metadata.labels, [REVISION_LABEL]: nameOf(revision) };
  return client.update<ControllerRevision>(REVISIONS, { ...revision, metadata: { ...revision.metadata, labels } });
}

/** Of several revisions with the same template the newest stays, and the pods of the others become its own. */
async function keepOne(same: readonly ControllerRevision[], pods: readonly Pod[], context: ControllerContext): Promise<ControllerRevision> {
  const kept = same.at(-1)!;
  if (same.length === 1) return kept;
  const body = { metadata: { labels: { [REVISION_LABEL]: hashIn(kept) } } };
  for (const pod of pods) if (hashIn(pod) !== hashIn(kept)) await context.client.patch('pods', namespaceOf(pod), nameOf(pod), { type: 'merge', body });
  for (const one of same.slice(0, -1)) await deleteRevision(one, context);
  return kept;
}

export async function syncHistory(set: DaemonSet, pods: readonly Pod[], context: ControllerContext): Promise<History> {
  const known: ControllerRevision[] = [];
  for (const revision of await claimRevisions(set, SETS, context)) known.push(await withHash(revision, context));
  const data = templatePatch(set);
  const same = known.filter((one) => sameData(one, data));
  const old = known.filter((one) => !same.includes(one));
  const next = old.reduce((max, { revision }) => Math.max(max, revision), 0) + 1;
  const collisions = set.status?.collisionCount;
  if (same.length === 0) {
    const made = await createRevision(set, next, collisions, (hash) => ({ [REVISION_LABEL]: hash }), context);
    return { hash: hashIn(made.revision), old, collisions: made.collisions };
  }
  const current = await keepOne(same, pods, context);
  if (current.revision < next) await renumber(current, next, context);
  return { hash: hashIn(current), old, collisions };
}

/** Revisions that a pod has stay whatever the limit. */
export async function truncateHistory(set: DaemonSet, { old }: History, pods: readonly Pod[], context: ControllerContext): Promise<void> {
  const surplus = old.length - (set.spec?.revisionHistoryLimit ?? old.length);
  if (surplus <= 0) return;
  const used = new Set(pods.map(hashIn));
  for (const revision of old.filter((one) => !used.has(hashIn(one))).slice(0, surplus)) await deleteRevision(revision, context);
}
