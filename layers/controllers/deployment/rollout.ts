/** What one reconcile of a deployment works on: its own copy of the deployment, and its sets as they are after each write. */
import type { ControllerContext } from '#control/controller.ts';
import { parseTime } from '#control/time.ts';
import type { Deployment, DeploymentStatus, PodTemplateSpec, ReplicaSet } from '#kinds/generated/types.ts';
import { semanticEqual } from '#machinery/json.ts';
import { replicasOf } from './limits.ts';

export const RESOURCE = 'deployments.apps';
export const SETS = 'replicasets.apps';
export const HASH_LABEL = 'pod-template-hash';

export interface Rollout {
  readonly context: ControllerContext;
  /** Metadata and status may be changed, and are written once at the end. */
  readonly deployment: Deployment & { status: DeploymentStatus };
  /** The set of the deployment's template as it is now. */
  newSet: ReplicaSet | undefined;
  /** All others, from old to new. */
  oldSets: ReplicaSet[];
}

const createdAt = ({ metadata }: ReplicaSet): number => parseTime(metadata.creationTimestamp) ?? 0;
const compareNames = (a: ReplicaSet, b: ReplicaSet): number => (a.metadata.name! < b.metadata.name! ? -1 : 1);
export const byAge = (a: ReplicaSet, b: ReplicaSet): number => createdAt(a) - createdAt(b) || compareNames(a, b);

/** Labels of replica sets' templates carry the hash, those of deployments do not. */
function withoutHash(template: PodTemplateSpec | undefined): unknown {
  const { [HASH_LABEL]: _, ...labels } = template?.metadata?.labels ?? {};
  return { ...template, metadata: { ...template?.metadata, labels } };
}

export const sameTemplate = (a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean => semanticEqual(withoutHash(a), withoutHash(b));

export function startRollout(cached: Deployment, sets: readonly ReplicaSet[], context: ControllerContext): Rollout {
  const ordered = sets.toSorted(byAge);
  // more than one can fit, after an upgrade that changed the hash: the oldest is it
  const newSet = ordered.find(({ spec }) => sameTemplate(spec?.template, cached.spec?.template));
  return {
    context,
    deployment: { ...cached, metadata: { ...cached.metadata }, status: { ...cached.status } },
    newSet,
    oldSets: ordered.filter((set) => set !== newSet),
  };
}

export const allSets = ({ newSet, oldSets }: Rollout): readonly ReplicaSet[] => (newSet === undefined ? oldSets : [...oldSets, newSet]);
export const active = (sets: readonly ReplicaSet[]): readonly ReplicaSet[] => sets.filter((set) => replicasOf(set) > 0);

/** Takes a set as the server answered it. */
export function replaceSet(rollout: Rollout, set: ReplicaSet): void {
  if (rollout.newSet?.metadata.uid === set.metadata.uid) rollout.newSet = set;
  else rollout.oldSets = rollout.oldSets.map((one) => (one.metadata.uid === set.metadata.uid ? set : one));
}
