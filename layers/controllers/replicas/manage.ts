/** Makes and deletes pods until there are as many as asked for; one reconcile does a bounded part. */
import type { ControllerContext } from '#control/controller.ts';
import type { Pod, PodTemplateSpec } from '#kinds/generated/types.ts';
import type { KubeObject } from '#machinery/object.ts';
import { isDNS1123Subdomain } from '#machinery/names.ts';
import { ApiError, isNotFound } from '#machinery/status.ts';
import { crowdOf, inDeletionOrder } from '../shared/deletion-order.ts';
import { nameOf, namespaceOf } from '../shared/keys.ts';
import { controllerReference } from '../shared/owner.ts';
import { slowStart } from '../shared/slow-start.ts';
import type { ReplicaSetLike } from './set.ts';

/** Pods made or deleted in one go; Kubernetes' BurstReplicas. */
const BURST = 500;

/** A pod as the template says, owned by `owner`; the server completes the name. */
export function podFromTemplate(template: PodTemplateSpec | undefined, owner: KubeObject): Pod {
  const prefix = `${nameOf(owner)}-`;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      // a prefix that could not be a name is used without the dash, as in Kubernetes
      generateName: isDNS1123Subdomain(`${prefix}x`).length === 0 ? prefix : nameOf(owner),
      namespace: namespaceOf(owner),
      ...(template?.metadata?.labels === undefined ? {} : { labels: { ...template.metadata.labels } }),
      ...(template?.metadata?.annotations === undefined ? {} : { annotations: { ...template.metadata.annotations } }),
      ...(template?.metadata?.finalizers === undefined ? {} : { finalizers: [...template.metadata.finalizers] }),
      ownerReferences: [controllerReference(owner)],
    },
    ...(template?.spec === undefined ? {} : { spec: template.spec }),
  } as Pod;
}

/** The namespace is on its way out: nothing more is made there, and that is no failure. */
export function isNamespaceTerminating(error: unknown): boolean {
  return error instanceof ApiError && (error.status.details?.causes ?? []).some(({ reason }) => reason === 'NamespaceTerminating');
}

/** Creates one pod and says so on its owner. */
export async function createPod(pod: Pod, owner: KubeObject, { client, event }: ControllerContext): Promise<Pod> {
  try {
    const created = await client.create('pods', pod);
    event(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${nameOf(created)}`);
    return created;
  } catch (error) {
    if (!isNamespaceTerminating(error)) event(owner, 'Warning', 'FailedCreate', `Error creating: ${error instanceof Error ? error.message : String(error)}`);
    throw error;
  }
}

/** Deletes one pod and says so on its owner; one that is gone already is as good. */
export async function deletePod(pod: Pod, owner: KubeObject, { client, event }: ControllerContext): Promise<void> {
  try {
    await client.delete('pods', namespaceOf(pod), nameOf(pod), { preconditions: { uid: pod.metadata.uid! } });
    event(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${nameOf(pod)}`);
  } catch (error) {
    if (isNotFound(error)) return;
    event(owner, 'Warning', 'FailedDelete', `Error deleting: ${error instanceof Error ? error.message : String(error)}`);
    throw error;
  }
}

export interface Managed {
  /** What failed, for the ReplicaFailure condition. */
  readonly failure: { readonly reason: 'FailedCreate' | 'FailedDelete'; readonly error: unknown } | undefined;
  /** More is to do than one go may. */
  readonly more: boolean;
}

export async function manageReplicas(set: ReplicaSetLike, active: readonly Pod[], related: () => readonly Pod[], context: ControllerContext): Promise<Managed> {
  const wanted = set.spec?.replicas ?? 1;
  const missing = wanted - active.length;
  if (missing > 0) {
    const count = Math.min(missing, BURST);
    const template = podFromTemplate(set.spec?.template, set);
    const { error } = await slowStart(count, async () => {
      try {
        await createPod(template, set, context);
      } catch (error) {
        if (!isNamespaceTerminating(error)) throw error;
      }
    });
    return { failure: error === undefined ? undefined : { reason: 'FailedCreate', error }, more: error === undefined && missing > count };
  }
  if (missing === 0) return { failure: undefined, more: false };
  const count = Math.min(-missing, BURST);
  // all go: no need to choose
  const victims = wanted === 0 && count === active.length ? active : inDeletionOrder(active, crowdOf(related()), context.clock.now()).slice(0, count);
  const results = await Promise.allSettled(victims.map((pod) => deletePod(pod, set, context)));
  const failed = results.find((result) => result.status === 'rejected');
  return { failure: failed === undefined ? undefined : { reason: 'FailedDelete', error: failed.reason }, more: failed === undefined && -missing > count };
}
