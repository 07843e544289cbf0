/** Controller revisions: the templates that a stateful or daemon set had, as patches that bring them back (Kubernetes' `controller/history`). */
import type { Cache, ControllerContext } from '#control/controller.ts';
import type { Resource } from '#control/client.ts';
import { parseTime } from '#control/time.ts';
import type { ControllerRevision, PodTemplateSpec } from '#kinds/generated/types.ts';
import { hashOf } from '#machinery/hash.ts';
import { canonicalStringify, semanticEqual } from '#machinery/json.ts';
import type { KubeObject } from '#machinery/object.ts';
import { isAlreadyExists } from '#machinery/status.ts';
import { claim, controllerReference } from './owner.ts';
import { specSelects } from './selector.ts';

export const REVISIONS: Resource = 'controllerrevisions.apps';
/** The name of a pod's revision; daemon sets have its hash alone there. */
export const REVISION_LABEL = 'controller-revision-hash';

/** RFC 1123 subdomains end at 253; room for a dash and a hash. */
const PREFIX_LENGTH = 223;

export interface Templated extends KubeObject {
  spec?: { template?: PodTemplateSpec };
}

/** What `kubectl rollout undo` applies to go back. */
export const templatePatch = ({ spec }: Templated): object => ({ spec: { template: { ...spec?.template, $patch: 'replace' } } });

/** Keys in the order in which Go writes a map's: Kubernetes' own controllers compare the text. */
const inGoOrder = (data: object): unknown => JSON.parse(canonicalStringify(data));

export const sameData = (a: ControllerRevision, data: unknown): boolean => semanticEqual(a.data, data);

/** The owner as it was at the revision. */
export function atRevision<T extends Templated>(owner: T, { data }: ControllerRevision): T {
  const { $patch: _, ...template } = ((data as { spec?: { template?: object } } | undefined)?.spec?.template ?? {}) as PodTemplateSpec & { $patch?: string };
  return { ...owner, spec: { ...owner.spec, template } };
}

/** From old to new. */
export function byRevision(a: ControllerRevision, b: ControllerRevision): number {
  if (a.revision !== b.revision) return a.revision - b.revision;
  const age = (parseTime(a.metadata.creationTimestamp) ?? 0) - (parseTime(b.metadata.creationTimestamp) ?? 0);
  return age !== 0 ? age : a.metadata.name! < b.metadata.name! ? -1 : 1;
}

/** The owner's revisions from old to new, those that nobody has and that it selects adopted. */
export async function claimRevisions(
  owner: KubeObject,
  ownerResource: Resource,
  { client, cache }: { client: ControllerContext['client']; cache: Cache },
): Promise<ControllerRevision[]> {
  const claimed = await claim<ControllerRevision>({
    owner,
    ownerResource,
    resource: REVISIONS,
    client,
    cache,
    matches: (revision) => specSelects(owner, revision),
    adoptable: () => true,
  });
  return claimed.sort(byRevision);
}

/**
 * Makes a revision named by the hash of its data; a name that other data has is avoided by counting collisions.
 * @returns the revision, which may be there already, and the count
 */
export async function createRevision(
  owner: Templated,
  revision: number,
  collisions: number | undefined,
  labels: (hash: string) => Readonly<Record<string, string>>,
  { client }: Pick<ControllerContext, 'client'>,
): Promise<{ readonly revision: ControllerRevision; readonly collisions: number | undefined }> {
  const data = templatePatch(owner);
  const { namespace, name, annotations } = owner.metadata;
  for (let count = collisions; ; count = (count ?? 0) + 1) {
    const hash = hashOf(data, count);
    const wanted: ControllerRevision = {
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: {
        name: `${name!.slice(0, PREFIX_LENGTH)}-${hash}`,
        namespace: namespace!,
        labels: { ...owner.spec?.template?.metadata?.labels, ...labels(hash) },
        ...(annotations === undefined ? {} : { annotations: { ...annotations } }),
        ownerReferences: [controllerReference(owner)],
      },
      data: inGoOrder(data),
      revision,
    };
    try {
      return { revision: await client.create(REVISIONS, wanted), collisions: count };
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const known = await client.get<ControllerRevision>(REVISIONS, namespace!, wanted.metadata.name!);
      if (sameData(known, data)) return { revision: known, collisions: count };
    }
  }
}

export async function renumber(revision: ControllerRevision, number: number, { client }: Pick<ControllerContext, 'client'>): Promise<ControllerRevision> {
  return revision.revision === number ? revision : client.update<ControllerRevision>(REVISIONS, { ...revision, revision: number });
}

export async function deleteRevision({ metadata }: ControllerRevision, { client }: Pick<ControllerContext, 'client'>): Promise<void> {
  await client.delete(REVISIONS, metadata.namespace!, metadata.name!, { preconditions: { uid: metadata.uid! } });
}
