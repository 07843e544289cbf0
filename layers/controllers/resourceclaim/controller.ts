/**
 * Claims of devices: made out of templates for the pods that ask for them, reserved for pods that were placed without the scheduler, and freed of pods
 * that have ended. A claim that nobody uses is deallocated where its allocation is the cluster's own.
 */
import type { Controller, ControllerContext, Key, Mapped } from '#control/controller.ts';
import { keyOf } from '#control/dispatcher.ts';
import type { Pod, PodResourceClaim, ResourceV1ResourceClaim as Claim, ResourceClaimTemplate as Template } from '#kinds/generated/types.ts';
import { isNotFound } from '#machinery/status.ts';
import { nameOf, namespaceOf, splitKey } from '../shared/keys.ts';
import { controllerOf, controllerReference } from '../shared/owner.ts';
import { isTerminal } from '../shared/pods.ts';

export const RESOURCE_CLAIMS = 'resourceclaims.resource.k8s.io';
const TEMPLATES = 'resourceclaimtemplates.resource.k8s.io';
/** Which of its pod's claims a claim is. */
const CLAIM_NAME = 'resource.kubernetes.io/pod-claim-name';
/** Who allocates puts it there: what it stands on is deallocated here. */
const ALLOCATED = 'resource.kubernetes.io/delete-protection';
const MANAGER = 'ResourceClaimController';
/** The API's limit of `reservedFor`. */
const MAX_CONSUMERS = 256;
/** Keys of pods, beside those of claims. */
const POD = 'pod:';

const podKey = (namespace: string, name: string): Key => `${namespace}/${POD}${name}`;
/** Ended, or deleted before it had a node: it will use nothing any more. */
const isDone = (pod: Pod): boolean => isTerminal(pod) || (pod.metadata.deletionTimestamp !== undefined && !pod.spec?.nodeName);
const claimsOf = (pod: Pod): readonly PodResourceClaim[] => pod.spec?.resourceClaims ?? [];
const recorded = (pod: Pod, name: string): string | undefined => pod.status?.resourceClaimStatuses?.find((one) => one.name === name)?.resourceClaimName;
const actualName = (pod: Pod, { name, resourceClaimName }: PodResourceClaim): string | undefined => resourceClaimName ?? recorded(pod, name);

/** The claim that a pod's template stands for, made where it is not there. */
async function ensureClaim(pod: Pod, { name, resourceClaimTemplateName }: PodResourceClaim, { cache, client }: ControllerContext): Promise<string> {
  const namespace = namespaceOf(pod);
  const known = recorded(pod, name);
  const isOwn = (claim: Claim | undefined): claim is Claim => claim !== undefined && controllerOf(claim)?.uid === pod.metadata.uid;
  if (known !== undefined) {
    const claim = cache.get<Claim>(RESOURCE_CLAIMS, namespace, known);
    if (isOwn(claim)) return known;
    if (claim !== undefined) throw new Error(`resource claim ${known} was not created for pod ${namespace}/${nameOf(pod)} (pod is not owner)`);
  }
  const mine = ({ metadata }: Claim): boolean => metadata.annotations?.[CLAIM_NAME] === name && metadata.deletionTimestamp === undefined;
  const made = cache.ownedBy<Claim>(RESOURCE_CLAIMS, pod.metadata.uid!).find(mine);
  if (made !== undefined) return nameOf(made);
  // one that was made a moment ago, before the cache could show it
  const { items } = await client.list<Claim>(RESOURCE_CLAIMS, { namespace });
  const found = items.find((claim) => isOwn(claim) && mine(claim));
  if (found !== undefined) return nameOf(found);
  const template = await client.get<Template>(TEMPLATES, namespace, resourceClaimTemplateName!).catch((error: Error) => {
    throw new Error(`resource claim template ${JSON.stringify(resourceClaimTemplateName)}: ${error.message}`);
  });
  const { metadata, spec } = template.spec;
  const claim = await client.create<Claim>(RESOURCE_CLAIMS, {
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceClaim',
    metadata: {
      generateName: `${nameOf(pod)}-${name}-`,
      namespace,
      ...(metadata?.labels === undefined ? {} : { labels: { ...metadata.labels } }),
      annotations: { ...metadata?.annotations, [CLAIM_NAME]: name },
      ownerReferences: [controllerReference(pod)],
    },
    spec,
  });
  return nameOf(claim);
}

/** A pod that has a node without the scheduler's doing uses its claims all the same. */
async function reserve(pod: Pod, name: string, { cache, client }: ControllerContext): Promise<void> {
  const claim = cache.get<Claim>(RESOURCE_CLAIMS, namespaceOf(pod), name);
  if (claim?.status?.allocation === undefined || claim.metadata.deletionTimestamp !== undefined) return;
  const { reservedFor = [] } = claim.status;
  if (reservedFor.length >= MAX_CONSUMERS || reservedFor.some(({ uid }) => uid === pod.metadata.uid)) return;
  const consumer = { resource: 'pods', name: nameOf(pod), uid: pod.metadata.uid! };
  await client.update<Claim>(RESOURCE_CLAIMS, { ...claim, status: { ...claim.status, reservedFor: [...reservedFor, consumer] } }, 'status');
}

async function syncPod(pod: Pod, context: ControllerContext): Promise<void> {
  if (pod.metadata.deletionTimestamp !== undefined || isTerminal(pod)) return;
  const statuses: { readonly name: string; readonly resourceClaimName: string }[] = [];
  for (const claim of claimsOf(pod).filter(({ resourceClaimTemplateName }) => resourceClaimTemplateName !== undefined)) {
    try {
      statuses.push({ name: claim.name, resourceClaimName: await ensureClaim(pod, claim, context) });
    } catch (error) {
      context.event(pod, 'Warning', 'FailedResourceClaimCreation', `PodResourceClaim ${claim.name}: ${(error as Error).message}`);
      throw error;
    }
  }
  if (statuses.some(({ name, resourceClaimName }) => recorded(pod, name) !== resourceClaimName)) {
    const metadata = { name: nameOf(pod), namespace: namespaceOf(pod), uid: pod.metadata.uid };
    const body = { apiVersion: 'v1', kind: 'Pod', metadata, status: { resourceClaimStatuses: statuses } };
    await context.client.patch('pods', namespaceOf(pod), nameOf(pod), { type: 'apply', body, fieldManager: MANAGER, force: true }, 'status');
    return;
  }
  if (!pod.spec?.nodeName) return;
  for (const claim of claimsOf(pod)) {
    const name = actualName(pod, claim);
    if (name !== undefined) await reserve(pod, name, context);
  }
}

/** The pod by what the server knows, where the cache does not show it: a reservation that is dropped too early is a device used twice. */
async function livePod(namespace: string, name: string, uid: string, { cache, client }: ControllerContext): Promise<Pod | undefined> {
  const known = cache.get<Pod>('pods', namespace, name);
  if (known?.metadata.uid === uid) return known;
  try {
    const pod = await client.get<Pod>('pods', namespace, name);
    return pod.metadata.uid === uid ? pod : undefined;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function syncClaim(claim: Claim, context: ControllerContext): Promise<void> {
  const { client } = context;
  const namespace = namespaceOf(claim);
  const { reservedFor: before = [], ...rest } = claim.status ?? {};
  const reservedFor: typeof before = [];
  for (const consumer of before) {
    // other consumers than pods are their own controllers' affair
    const isPod = (consumer.apiGroup ?? '') === '' && consumer.resource === 'pods';
    const pod = isPod ? await livePod(namespace, consumer.name, consumer.uid, context) : undefined;
    if (!isPod || (pod !== undefined && !isDone(pod))) reservedFor.push(consumer);
  }
  const { finalizers = [], deletionTimestamp } = claim.metadata;
  const free = reservedFor.length === 0 && finalizers.includes(ALLOCATED) && (before.length > 0 || deletionTimestamp !== undefined);
  let now = claim;
  if (reservedFor.length !== before.length || (free && rest.allocation !== undefined)) {
    const { allocation, ...others } = rest;
    const status = { ...others, ...(free || allocation === undefined ? {} : { allocation }), ...(reservedFor.length === 0 ? {} : { reservedFor }) };
    now = await client.update<Claim>(RESOURCE_CLAIMS, { ...claim, status }, 'status');
  }
  if (free) now = await client.update<Claim>(RESOURCE_CLAIMS, { ...now, metadata: { ...now.metadata, finalizers: finalizers.filter((one) => one !== ALLOCATED) } });
  const owner = controllerOf(claim);
  if (reservedFor.length > 0 || deletionTimestamp !== undefined || owner?.kind !== 'Pod') return;
  // one that was made for a pod goes when that has ended, not only with it
  const pod = await livePod(namespace, owner.name, owner.uid, context);
  if (pod === undefined || !isDone(pod)) return;
  await client.delete(RESOURCE_CLAIMS, namespace, nameOf(claim), { preconditions: { uid: claim.metadata.uid! } }).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
  });
}

function podKeys({ old, now }: Mapped): readonly Key[] {
  const pod = (now ?? old) as Pod;
  if (claimsOf(pod).length === 0) return [];
  const namespace = namespaceOf(pod);
  const claims = now !== undefined && !isDone(pod) ? [] : claimsOf(pod).flatMap((claim) => actualName(pod, claim) ?? []);
  return [...(now === undefined ? [] : [podKey(namespace, nameOf(pod))]), ...claims.map((name) => `${namespace}/${name}`)];
}

/** A claim that came or went concerns the pod it was made for, too. */
function claimKeys({ old, now }: Mapped): readonly Key[] {
  const claim = (now ?? old)!;
  const owner = controllerOf(claim);
  const users = ((claim as Claim).status?.reservedFor ?? []).filter(({ resource }) => resource === 'pods').map(({ name }) => name);
  const pods = new Set([...(owner?.kind === 'Pod' && (old === undefined || now === undefined) ? [owner.name] : []), ...(now === undefined ? users : [])]);
  return [keyOf(claim), ...Array.from(pods, (name) => podKey(namespaceOf(claim), name))];
}

export function resourceClaimController(): Controller {
  return {
    name: 'resource-claim-controller',
    watches: [
      { resource: 'pods', keys: podKeys },
      { resource: RESOURCE_CLAIMS, keys: claimKeys },
      {
        // pods may have waited for it
        resource: TEMPLATES,
        keys: ({ old, now }, cache) => (old !== undefined || now === undefined ? [] : waitingFor(now.metadata.name!, cache.list<Pod>('pods', namespaceOf(now)))),
      },
    ],
    async reconcile(key, context) {
      const { namespace, name } = splitKey(key);
      if (name.startsWith(POD)) {
        const pod = context.cache.get<Pod>('pods', namespace, name.slice(POD.length));
        if (pod !== undefined) await syncPod(pod, context);
        return {};
      }
      const claim = context.cache.get<Claim>(RESOURCE_CLAIMS, namespace, name);
      if (claim !== undefined) await syncClaim(claim, context);
      return {};
    },
  };
}

const waitingFor = (template: string, pods: readonly Pod[]): readonly Key[] =>
  pods.filter((pod) => claimsOf(pod).some((claim) => claim.resourceClaimTemplateName === template)).map((pod) => podKey(namespaceOf(pod), nameOf(pod)));
