/** PersistentVolumeClaimResize: a claim grows only where it is bound and its class lets it. */
import type { PersistentVolumeClaim, StorageClass } from '#kinds/generated/types.ts';
import { compare, parseQuantity } from '#machinery/quantity.ts';
import { forbiddenRequest } from '#machinery/status.ts';
import type { AdmissionPlugin } from '../port.ts';
import { read } from '../read.ts';

const ANNOTATION = 'volume.beta.kubernetes.io/storage-class';
const classOf = ({ metadata, spec }: PersistentVolumeClaim): string => metadata.annotations?.[ANNOTATION] ?? spec?.storageClassName ?? '';
const sizeOf = ({ spec }: PersistentVolumeClaim) => parseQuantity(String(spec?.resources?.requests?.['storage'] ?? '0'));

export const claimResize: AdmissionPlugin = {
  name: 'PersistentVolumeClaimResize',
  handles: ({ operation, group, resource, subresource }) => operation === 'UPDATE' && group === '' && resource === 'persistentvolumeclaims' && subresource === '',
  async validate({ object, oldObject, name }, { store }) {
    const [now, old] = [object as PersistentVolumeClaim, oldObject as PersistentVolumeClaim];
    if (compare(sizeOf(now), sizeOf(old)) <= 0) return;
    const ref = { group: '', resource: 'persistentvolumeclaims' };
    if (old.status?.phase !== 'Bound') throw forbiddenRequest(ref, name, 'only bound persistent volume claims can be expanded');
    const own = classOf(now);
    const found = own === '' || own !== classOf(old) ? undefined : await read<StorageClass>(store, 'storageclasses.storage.k8s.io', '', own);
    if (found?.allowVolumeExpansion !== true)
      throw forbiddenRequest(ref, name, 'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize');
  },
};
