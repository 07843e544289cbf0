/** How many pods the owners of some pods want together: what percents of a budget are of. */
import type { ControllerContext } from '#control/controller.ts';
import type { KindRegistry } from '#kinds/kind.ts';
import type { Pod } from '#kinds/generated/types.ts';
import type { KubeObject, OwnerReference } from '#machinery/object.ts';
import { isNotFound } from '#machinery/status.ts';
import { nameOf, namespaceOf } from '../shared/keys.ts';
import { controllerOf } from '../shared/owner.ts';

interface Scaled {
  readonly uid: string;
  readonly replicas: number;
}

type Reader = Pick<ControllerContext, 'cache' | 'client'>;

/** @throws Error for an owner whose kind has no scale. */
async function scaleOf(reference: OwnerReference, namespace: string, registry: KindRegistry, { cache, client }: Reader): Promise<Scaled | undefined> {
  const slash = reference.apiVersion.indexOf('/');
  const [group, version] = slash < 0 ? ['', reference.apiVersion] : [reference.apiVersion.slice(0, slash), reference.apiVersion.slice(slash + 1)];
  const kind = registry.byKind(group, version, reference.kind);
  if (kind === undefined) throw new Error(`no matches for kind ${JSON.stringify(reference.kind)} in version ${JSON.stringify(reference.apiVersion)}`);
  if (kind.scale === undefined) throw new Error(`${group === '' ? kind.plural : `${kind.plural}.${group}`} does not implement the scale subresource`);
  let owner: KubeObject | undefined = cache.get(kind.storage, namespace, reference.name);
  if (owner?.spec === undefined) {
    try {
      owner = await client.get(kind.storage, namespace, reference.name);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  if (owner === undefined || owner.metadata.uid !== reference.uid) return undefined;
  const above = reference.kind === 'ReplicaSet' && group === 'apps' ? controllerOf(owner) : undefined;
  if (above?.kind === 'Deployment') {
    const deployment = await scaleOf(above, namespace, registry, { cache, client });
    if (deployment !== undefined) return deployment;
  }
  const replicas = kind.scale.specReplicas.reduce<unknown>((value, field) => (value as Record<string, unknown> | undefined)?.[field], owner);
  return { uid: owner.metadata.uid!, replicas: typeof replicas === 'number' ? replicas : 0 };
}

export interface Expected {
  readonly count: number;
  /** Pods that nobody controls, by name. */
  readonly unmanaged: readonly string[];
}

export async function expectedPods(pods: readonly Pod[], registry: KindRegistry, reader: Reader): Promise<Expected> {
  const byReference = new Map<string, Scaled>();
  const unmanaged: string[] = [];
  for (const pod of pods) {
    const reference = controllerOf(pod);
    if (reference === undefined) unmanaged.push(nameOf(pod));
    else if (!byReference.has(reference.uid)) {
      const scaled = await scaleOf(reference, namespaceOf(pod), registry, reader);
      if (scaled === undefined) throw new Error(`found no controllers for pod ${JSON.stringify(nameOf(pod))}`);
      byReference.set(reference.uid, scaled);
    }
  }
  const byOwner = new Map([...byReference.values()].map(({ uid, replicas }) => [uid, replicas]));
  return { count: [...byOwner.values()].reduce((sum, replicas) => sum + replicas, 0), unmanaged };
}
