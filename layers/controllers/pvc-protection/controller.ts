/** A claim that is deleted stays until no pod uses it. */
import type { Cache, Controller, ControllerContext, Key, Mapped } from '#control/controller.ts';
import type { PersistentVolumeClaim, Pod } from '#kinds/generated/types.ts';
import { nameOf, namespaceOf, splitKey } from '../shared/keys.ts';
import { isTerminal } from '../shared/pods.ts';
import { CLAIMS } from '../persistentvolume-binder/view.ts';
import { protect } from './finalizer.ts';

const FINALIZER = 'kubernetes.io/pvc-protection';

/** The claims that a pod names, its ephemeral ones among them. */
const claimsOf = (pod: Pod): string[] =>
  (pod.spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) =>
    persistentVolumeClaim === undefined ? (ephemeral === undefined ? [] : [`${nameOf(pod)}-${name}`]) : [persistentVolumeClaim.claimName],
  );

/** A pod counts once it has a node; for its ephemeral claims no longer than it runs. */
function uses(pod: Pod, claim: PersistentVolumeClaim): boolean {
  if (!pod.spec?.nodeName) return false;
  return (pod.spec.volumes ?? []).some(
    ({ name, persistentVolumeClaim, ephemeral }) =>
      persistentVolumeClaim?.claimName === nameOf(claim) ||
      (ephemeral !== undefined &&
        !isTerminal(pod) &&
        `${nameOf(pod)}-${name}` === nameOf(claim) &&
        claim.metadata.ownerReferences?.some(({ uid, controller }) => uid === pod.metadata.uid && controller === true) === true),
  );
}

async function isUsed(claim: PersistentVolumeClaim, { cache, client }: ControllerContext): Promise<boolean> {
  const namespace = namespaceOf(claim);
  if (cache.list<Pod>('pods', namespace).some((pod) => uses(pod, claim))) return true;
  // a pod may have been placed that the cache does not show yet, and the claim is gone for good after this
  return (await client.list<Pod>('pods', { namespace })).items.some((pod) => uses(pod, claim));
}

function podKeys({ old, now }: Mapped, cache: Cache): readonly Key[] {
  const pod = (now ?? old) as Pod;
  if (now !== undefined && !isTerminal(pod) && old !== undefined) return [];
  return claimsOf(pod)
    .filter((name) => cache.get<PersistentVolumeClaim>(CLAIMS, namespaceOf(pod), name)?.metadata.deletionTimestamp !== undefined)
    .map((name) => `${namespaceOf(pod)}/${name}`);
}

export function pvcProtectionController(): Controller {
  return {
    name: 'pvc-protection-controller',
    watches: [{ resource: CLAIMS }, { resource: 'pods', keys: podKeys }],
    async reconcile(key, context) {
      const { namespace, name } = splitKey(key);
      const claim = context.cache.get<PersistentVolumeClaim>(CLAIMS, namespace, name);
      if (claim !== undefined) await protect(CLAIMS, claim, FINALIZER, () => isUsed(claim, context), context);
      return {};
    },
  };
}
