/** StorageObjectInUseProtection, DefaultStorageClass and DefaultIngressClass: what claims, volumes and ingresses get when they do not say. */
import type { Ingress, IngressClass, PersistentVolumeClaim, StorageClass } from '#kinds/generated/types.ts';
import type { KubeObject } from '#machinery/object.ts';
import { forbiddenRequest } from '#machinery/status.ts';
import type { Store } from '#store/port.ts';
import type { AdmissionPlugin } from '../port.ts';
import { readAll } from '../read.ts';

const FINALIZERS: Readonly<Record<string, string>> = { persistentvolumes: 'kubernetes.io/pv-protection', persistentvolumeclaims: 'kubernetes.io/pvc-protection' };
const DEFAULT_STORAGE_CLASS = 'storageclass.kubernetes.io/is-default-class';
const DEFAULT_INGRESS_CLASS = 'ingressclass.kubernetes.io/is-default-class';

/** The newest of the objects marked as default; of two made at once the first by name. */
async function newestDefault<T extends KubeObject>(store: Store, resource: string, annotation: string): Promise<readonly T[]> {
  if ((await store.count(resource)) === 0) return [];
  return (await readAll<T>(store, resource))
    .filter(({ metadata }) => metadata.annotations?.[annotation] === 'true')
    .toSorted((a, b) => (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? '') || (a.metadata.name ?? '').localeCompare(b.metadata.name ?? ''));
}

export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  complete: true,
  handles: ({ operation, resource, group, subresource }) => operation === 'CREATE' && group === '' && subresource === '' && FINALIZERS[resource] !== undefined,
  admit({ object, resource }) {
    const { metadata } = object!;
    const finalizer = FINALIZERS[resource]!;
    if (!(metadata.finalizers ?? []).includes(finalizer)) metadata.finalizers = [...(metadata.finalizers ?? []), finalizer];
  },
};

export const defaultStorageClass: AdmissionPlugin = {
  name: 'DefaultStorageClass',
  handles: ({ operation, resource, group, subresource }) => operation === 'CREATE' && group === '' && resource === 'persistentvolumeclaims' && subresource === '',
  async admit({ object }, { store }) {
    const claim = object as PersistentVolumeClaim;
    if (claim.spec?.storageClassName !== undefined || claim.metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] !== undefined) return;
    const [found] = await newestDefault<StorageClass>(store, 'storageclasses.storage.k8s.io', DEFAULT_STORAGE_CLASS);
    if (found !== undefined) claim.spec = { ...claim.spec, storageClassName: found.metadata.name! };
  },
};

export const defaultIngressClass: AdmissionPlugin = {
  name: 'DefaultIngressClass',
  handles: ({ operation, resource, group, subresource }) => operation === 'CREATE' && group === 'networking.k8s.io' && resource === 'ingresses' && subresource === '',
  async admit({ object, name }, { store }) {
    const ingress = object as Ingress;
    if (ingress.spec?.ingressClassName !== undefined || ingress.metadata.annotations?.['kubernetes.io/ingress.class'] !== undefined) return;
    const found = await newestDefault<IngressClass>(store, 'ingressclasses.networking.k8s.io', DEFAULT_INGRESS_CLASS);
    if (found.length > 1) throw forbiddenRequest({ group: 'networking.k8s.io', resource: 'ingresses' }, name, `${found.length} default IngressClasses were found, only 1 allowed`);
    if (found.length === 1) ingress.spec = { ...ingress.spec, ingressClassName: found[0]!.metadata.name! };
  },
};
