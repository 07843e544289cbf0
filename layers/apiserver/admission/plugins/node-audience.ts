/** What a node may ask tokens for: the audiences that the pod's own volumes name, and what somebody granted it (ServiceAccountNodeAudienceRestriction). */
import type { CSIDriver, PersistentVolume, PersistentVolumeClaim, Pod } from '#kinds/generated/types.ts';
import type { Store } from '#store/port.ts';
import type { User } from '../../authn/port.ts';
import type { Authorizer } from '../../authz/port.ts';
import { read } from '../read.ts';

async function driverAsks(store: Store, driver: string | undefined, audience: string): Promise<boolean> {
  if (driver === undefined) return false;
  const found = await read<CSIDriver>(store, 'csidrivers.storage.k8s.io', '', driver);
  return found?.spec.tokenRequests?.some((request) => request.audience === audience) ?? false;
}

async function claimAsks(store: Store, namespace: string, name: string, audience: string): Promise<boolean> {
  const claim = await read<PersistentVolumeClaim>(store, 'persistentvolumeclaims', namespace, name);
  const volume = claim?.spec?.volumeName ? await read<PersistentVolume>(store, 'persistentvolumes', '', claim.spec.volumeName) : undefined;
  return driverAsks(store, volume?.spec?.csi?.driver, audience);
}

async function podAsks(store: Store, { metadata, spec }: Pod, audience: string): Promise<boolean> {
  const namespace = metadata.namespace ?? '';
  for (const { name, projected, csi, ephemeral, persistentVolumeClaim } of spec?.volumes ?? []) {
    if (projected?.sources?.some(({ serviceAccountToken }) => serviceAccountToken !== undefined && (serviceAccountToken.audience ?? '') === audience) === true) return true;
    if (csi !== undefined && (await driverAsks(store, csi.driver, audience))) return true;
    const claim = ephemeral === undefined ? persistentVolumeClaim?.claimName : `${metadata.name}-${name}`;
    if (claim !== undefined && (await claimAsks(store, namespace, claim, audience))) return true;
  }
  return false;
}

export async function audienceError(store: Store, authorizer: Authorizer, user: User, pod: Pod, audiences: readonly string[]): Promise<string | undefined> {
  if (audiences.length > 1) return 'node may only request 0 or 1 audiences';
  const audience = audiences[0] ?? '';
  if (await podAsks(store, pod, audience)) return undefined;
  const decision = await authorizer.authorize({
    user,
    verb: 'request-serviceaccounts-token-audience',
    isResource: true,
    group: '',
    version: '*',
    resource: audience,
    subresource: '',
    namespace: pod.metadata.namespace ?? '',
    name: pod.spec?.serviceAccountName ?? '',
    path: '',
  });
  if (decision.outcome === 'allow') return undefined;
  return `audience ${JSON.stringify(audience)} not found in pod spec volume, ${user.name} is not authorized to request tokens for this audience`;
}
