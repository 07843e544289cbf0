/** A volume that is deleted stays until no claim is bound to it. */
import type { Controller } from '#control/controller.ts';
import type { PersistentVolume } from '#kinds/generated/types.ts';
import { VOLUMES } from '../persistentvolume-binder/view.ts';
import { protect } from '../pvc-protection/finalizer.ts';

const FINALIZER = 'kubernetes.io/pv-protection';

export function pvProtectionController(): Controller {
  return {
    name: 'pv-protection-controller',
    watches: [{ resource: VOLUMES }],
    async reconcile(key, context) {
      const volume = context.cache.get<PersistentVolume>(VOLUMES, '', key);
      if (volume !== undefined) await protect(VOLUMES, volume, FINALIZER, () => Promise.resolve(volume.status?.phase === 'Bound'), context);
      return {};
    },
  };
}
