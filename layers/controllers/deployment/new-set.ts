/** The set of the template as it is now: found, brought up to date, or made. */
import type { ReplicaSet } from '#kinds/generated/types.ts';
import { hashOf } from '#machinery/hash.ts';
import { clone } from '#machinery/json.ts';
import { isAlreadyExists } from '#machinery/status.ts';
import { isNamespaceTerminating } from '../replicas/manage.ts';
import { sameJson } from '../shared/keys.ts';
import { controllerOf, controllerReference } from '../shared/owner.ts';
import { annotationsOf, maxRevision, newSetAnnotations, REVISION, sizeAnnotations } from './annotations.ts';
import { conditionOf, newCondition, setCondition } from './conditions.ts';
import { newSetSize } from './limits.ts';
import { hasDeadline } from './progress.ts';
import { HASH_LABEL, replaceSet, type Rollout, sameTemplate, SETS } from './rollout.ts';

/** Another set has the name that this template would have: the count of collisions was raised, and makes another name. */
export class NameTaken extends Error {
  readonly code = 'NAME_TAKEN';
}
/** The server would not have the new set; the deployment's conditions say why. */
export class SetRefused extends Error {
  readonly code = 'SET_REFUSED';
}

/** RFC 1123 subdomains end here. */
const NAME_LENGTH = 253;

export const setName = (deployment: string, hash: string): string => `${deployment.slice(0, NAME_LENGTH - hash.length - 1)}-${hash}`;

function takeRevision({ deployment }: Rollout, revision: string | undefined): void {
  const { metadata } = deployment;
  if (revision !== undefined && metadata.annotations?.[REVISION] !== revision) metadata.annotations = { ...metadata.annotations, [REVISION]: revision };
}

async function refresh(rollout: Rollout, set: ReplicaSet): Promise<void> {
  const { deployment, context } = rollout;
  const annotations = newSetAnnotations(deployment, set, maxRevision(rollout.oldSets) + 1n);
  const minReadySeconds = deployment.spec?.minReadySeconds ?? 0;
  if (!sameJson(annotations, annotationsOf(set)) || (set.spec?.minReadySeconds ?? 0) !== minReadySeconds) {
    const spec = { ...set.spec!, minReadySeconds };
    if (minReadySeconds === 0) delete (spec as { minReadySeconds?: number }).minReadySeconds;
    replaceSet(rollout, await context.client.update<ReplicaSet>(SETS, { ...set, metadata: { ...set.metadata, annotations }, spec }));
  }
  takeRevision(rollout, annotations[REVISION]);
  if (hasDeadline(deployment) && conditionOf(deployment.status, 'Progressing') === undefined)
    setCondition(deployment.status, newCondition('Progressing', 'True', 'FoundNewReplicaSet', `Found new replica set "${set.metadata.name!}"`, context.clock.now()));
}

function desiredSet({ deployment, oldSets }: Rollout, hash: string, revision: bigint): ReplicaSet {
  const { spec, metadata } = deployment;
  const template = clone(spec!.template);
  const labels = { ...template.metadata?.labels, [HASH_LABEL]: hash };
  template.metadata = { ...template.metadata, labels };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: setName(metadata.name!, hash),
      namespace: metadata.namespace!,
      labels: { ...labels },
      annotations: { ...newSetAnnotations(deployment, undefined, revision), ...sizeAnnotations(deployment) },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas: newSetSize(deployment, oldSets, 0),
      ...(spec?.minReadySeconds === undefined ? {} : { minReadySeconds: spec.minReadySeconds }),
      selector: { ...spec!.selector, matchLabels: { ...spec!.selector.matchLabels, [HASH_LABEL]: hash } },
      template,
    },
  };
}

async function make(rollout: Rollout): Promise<void> {
  const { deployment, context } = rollout;
  const { status } = deployment;
  const revision = maxRevision(rollout.oldSets) + 1n;
  const wanted = desiredSet(rollout, hashOf(deployment.spec?.template, status.collisionCount), revision);
  const name = wanted.metadata.name!;
  let set: ReplicaSet;
  let isNew = true;
  try {
    set = await context.client.create(SETS, wanted);
  } catch (error) {
    if (isNamespaceTerminating(error)) throw error;
    if (isAlreadyExists(error)) {
      set = await context.client.get<ReplicaSet>(SETS, wanted.metadata.namespace!, name);
      if (controllerOf(set)?.uid !== deployment.metadata.uid || !sameTemplate(set.spec?.template, deployment.spec?.template)) {
        status.collisionCount = (status.collisionCount ?? 0) + 1;
        throw new NameTaken(name);
      }
      isNew = false;
    } else {
      const message = `Failed to create new replica set "${name}": ${error instanceof Error ? error.message : String(error)}`;
      if (hasDeadline(deployment)) setCondition(status, newCondition('Progressing', 'False', 'ReplicaSetCreateError', message, context.clock.now()));
      context.event(deployment, 'Warning', 'ReplicaSetCreateError', message);
      throw new SetRefused(message, { cause: error });
    }
  }
  rollout.newSet = set;
  const size = wanted.spec!.replicas!;
  if (isNew && size > 0) context.event(deployment, 'Normal', 'ScalingReplicaSet', `Scaled up replica set ${name} from 0 to ${String(size)}`);
  takeRevision(rollout, String(revision));
  if (isNew && hasDeadline(deployment)) setCondition(status, newCondition('Progressing', 'True', 'NewReplicaSetCreated', `Created new replica set "${name}"`, context.clock.now()));
}

/** Makes `newSet` say the revision it has; makes it where it is missing and `create` is set. @throws NameTaken @throws SetRefused */
export async function syncNewSet(rollout: Rollout, create: boolean): Promise<void> {
  if (rollout.newSet !== undefined) await refresh(rollout, rollout.newSet);
  else if (create) await make(rollout);
}
