/** What a deployment writes into the annotations of its replica sets, and they tell it again (`deployment/util`). */
import type { Deployment, ReplicaSet } from '#kinds/generated/types.ts';
import { maxSurge, replicasOf } from './limits.ts';

export const REVISION = 'deployment.kubernetes.io/revision';
const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history';
const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas';
const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas';
/** Where apps/v1 keeps the `rollbackTo` of older versions. */
export const ROLLBACK_TO = 'deprecated.deployment.rollback.to';

/** Not copied between a deployment and its sets. */
const OWN: ReadonlySet<string> = new Set(['kubectl.kubernetes.io/last-applied-configuration', REVISION, REVISION_HISTORY, DESIRED_REPLICAS, MAX_REPLICAS, ROLLBACK_TO]);

/** Old revisions that a set remembers: about 100 numbers. */
const HISTORY_CHARACTERS = 2000;
const INT32_MAX = 2 ** 31 - 1;

type Annotations = Readonly<Record<string, string>>;
export const annotationsOf = ({ metadata }: Deployment | ReplicaSet): Annotations => metadata.annotations ?? {};

/** An int64. 0 where there is none; undefined where it is no number. */
export function revisionOf(object: Deployment | ReplicaSet): bigint | undefined {
  const text = annotationsOf(object)[REVISION];
  if (text === undefined) return 0n;
  return /^[+-]?\d+$/.test(text) ? BigInt(text.replace('+', '')) : undefined;
}

export function maxRevision(sets: readonly ReplicaSet[]): bigint {
  let max = 0n;
  for (const revision of sets.map(revisionOf)) if (revision !== undefined && revision > max) max = revision;
  return max;
}

/** The revision before the last one; 0 where there is none. */
export function lastRevision(sets: readonly ReplicaSet[]): bigint {
  let [max, second] = [0n, 0n];
  for (const set of sets) {
    const revision = revisionOf(set);
    if (revision === undefined) continue;
    if (revision >= max) [second, max] = [max, revision];
    else if (revision > second) second = revision;
  }
  return second;
}

function countIn(set: ReplicaSet, name: string): number | undefined {
  const text = annotationsOf(set)[name];
  return text !== undefined && /^\d+$/.test(text) && Number(text) <= INT32_MAX ? Number(text) : undefined;
}
/** How many replicas the deployment had when this set was last scaled. */
export const desiredReplicas = (set: ReplicaSet): number | undefined => countIn(set, DESIRED_REPLICAS);
/** The same with its surge. */
export const maxReplicas = (set: ReplicaSet): number | undefined => countIn(set, MAX_REPLICAS);

export function sizeAnnotations(deployment: Deployment): Annotations {
  const desired = replicasOf(deployment);
  return { [DESIRED_REPLICAS]: String(desired), [MAX_REPLICAS]: String(desired + maxSurge(deployment)) };
}

const copied = (annotations: Annotations): Annotations => Object.fromEntries(Object.entries(annotations).filter(([key]) => !OWN.has(key)));

function historyWith(history: string, revision: string): string {
  if (history === '') return revision;
  const known = history.split(',');
  let length = history.length + revision.length + 1;
  let start = 0;
  while (length > HISTORY_CHARACTERS && start < known.length) length -= known[start++]!.length + 1;
  return length <= HISTORY_CHARACTERS ? [...known.slice(start), revision].join(',') : history;
}

/** The annotations of the deployment's new set when it serves as `revision`; one that served before remembers that. */
export function newSetAnnotations(deployment: Deployment, set: ReplicaSet | undefined, revision: bigint): Annotations {
  const now: Record<string, string> = { ...set?.metadata.annotations, ...copied(annotationsOf(deployment)) };
  const before = now[REVISION];
  const served = set === undefined || before === '' ? 0n : revisionOf(set);
  if (served === undefined || served >= revision) return now;
  now[REVISION] = String(revision);
  if (before !== undefined) now[REVISION_HISTORY] = historyWith(now[REVISION_HISTORY] ?? '', before);
  return now;
}

/** The annotations of a deployment that goes back to `set`: the set's own where they are copied at all. */
export const rolledBackAnnotations = (deployment: Deployment, set: ReplicaSet): Annotations => ({
  ...Object.fromEntries(Object.entries(annotationsOf(deployment)).filter(([key]) => OWN.has(key))),
  ...copied(annotationsOf(set)),
});
