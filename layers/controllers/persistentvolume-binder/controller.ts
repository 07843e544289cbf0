/** Claims and volumes find each other (kube-controller-manager's `persistentvolume-binder`). */
import type { Cache, Controller, Key, Mapped } from '#control/controller.ts';
import { keyOf } from '#control/dispatcher.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '#kinds/generated/types.ts';
import { namespaceOf, splitKey } from '../shared/keys.ts';
import { syncClaim } from './claim.ts';
import { syncVolume } from './volume.ts';
import { BIND_COMPLETED, CLAIMS, CLASSES, className, hasAnnotation, VOLUMES } from './view.ts';

/** Events about claims that wait are repeated this often, as long as they wait. */
const REMIND_SECONDS = 15;

const isWaiting = (claim: PersistentVolumeClaim): boolean => !hasAnnotation(claim, BIND_COMPLETED) && claim.metadata.deletionTimestamp === undefined;

function claimKeys({ old, now }: Mapped): readonly Key[] {
  const claim = (now ?? old) as PersistentVolumeClaim;
  const volume = claim.spec?.volumeName ?? '';
  return volume === '' ? [keyOf(claim)] : [keyOf(claim), volume];
}

/** The volume, its claim, and the claims that it may serve: those of its class that wait. */
function volumeKeys({ old, now }: Mapped, cache: Cache): readonly Key[] {
  const volume = (now ?? old) as PersistentVolume;
  const keys = new Set<Key>([keyOf(volume)]);
  const reference = volume.spec?.claimRef;
  if (reference !== undefined) keys.add(`${reference.namespace}/${reference.name}`);
  else if (now !== undefined) for (const claim of cache.list<PersistentVolumeClaim>(CLAIMS)) if (isWaiting(claim) && className(claim) === className(volume)) keys.add(keyOf(claim));
  return [...keys];
}

/** Claims of the class, or of none when it may have become the default. */
function classKeys({ old, now }: Mapped, cache: Cache): readonly Key[] {
  const name = (now ?? old)!.metadata.name!;
  return cache
    .list<PersistentVolumeClaim>(CLAIMS)
    .filter((claim) => isWaiting(claim) && (className(claim) === name || className(claim) === ''))
    .map(keyOf);
}

/** Claims that wait say for whom. */
function podKeys({ old, now }: Mapped, cache: Cache): readonly Key[] {
  if (old !== undefined || now === undefined) return [];
  const pod = now as Pod;
  return (pod.spec?.volumes ?? []).flatMap(({ persistentVolumeClaim }) => {
    const claim = persistentVolumeClaim === undefined ? undefined : cache.get<PersistentVolumeClaim>(CLAIMS, namespaceOf(pod), persistentVolumeClaim.claimName);
    return claim !== undefined && isWaiting(claim) ? [keyOf(claim)] : [];
  });
}

export function persistentVolumeBinder(): Controller {
  return {
    name: 'persistent-volume-binder',
    watches: [
      { resource: CLAIMS, keys: claimKeys },
      { resource: VOLUMES, keys: volumeKeys },
      { resource: CLASSES, keys: classKeys },
      { resource: 'pods', keys: podKeys },
    ],
    // one at a time: two claims must not choose the same volume
    concurrency: 1,
    async reconcile(key, context) {
      const { namespace, name } = splitKey(key);
      if (namespace === '') {
        const volume = context.cache.get<PersistentVolume>(VOLUMES, '', name);
        if (volume !== undefined) await syncVolume(volume, context);
        return {};
      }
      const claim = context.cache.get<PersistentVolumeClaim>(CLAIMS, namespace, name);
      if (claim === undefined) return {};
      await syncClaim(claim, context);
      return isWaiting(claim) ? { requeueAfterSeconds: REMIND_SECONDS } : {};
    },
  };
}
