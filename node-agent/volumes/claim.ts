/** Claims to what stands behind them, as far as it can be reached from a Docker host without a driver. */
import type { KubeObject } from '#machinery/object.ts';
import type { Pod, Volume } from '../pods/pod.ts';

interface PersistentVolumeSpec {
  readonly hostPath?: { readonly path: string; readonly type?: string };
  readonly local?: { readonly path: string };
  readonly nfs?: { readonly server: string; readonly path: string; readonly readOnly?: boolean };
  readonly accessModes?: readonly string[];
}

export type Backing = Pick<Volume, 'hostPath' | 'nfs'> & { readonly readOnly: boolean };

export async function resolveClaim(pod: Pod, volume: Volume, read: (path: string) => Promise<KubeObject | undefined>): Promise<Backing> {
  const { namespace } = pod.metadata;
  const claimName = volume.persistentVolumeClaim?.claimName ?? `${pod.metadata.name}-${volume.name}`;
  const claim = await read(`/api/v1/namespaces/${encodeURIComponent(namespace)}/persistentvolumeclaims/${encodeURIComponent(claimName)}`);
  if (claim === undefined) throw new Error(`persistentvolumeclaim ${JSON.stringify(claimName)} not found`);
  if (claim.metadata.deletionTimestamp !== undefined && claim.metadata.finalizers === undefined)
    throw new Error(`persistentvolumeclaim ${JSON.stringify(claimName)} is being deleted`);
  const volumeName = (claim['spec'] as { volumeName?: string }).volumeName;
  const phase = (claim['status'] as { phase?: string } | undefined)?.phase;
  if (volumeName === undefined || volumeName === '' || phase !== 'Bound') throw new Error(`persistentvolumeclaim ${JSON.stringify(claimName)} is not bound to a volume`);
  const found = await read(`/api/v1/persistentvolumes/${encodeURIComponent(volumeName)}`);
  if (found === undefined) throw new Error(`persistentvolume ${JSON.stringify(volumeName)} not found`);
  const spec = found['spec'] as PersistentVolumeSpec;
  const readOnly = volume.persistentVolumeClaim?.readOnly === true;
  if (spec.hostPath !== undefined) return { hostPath: spec.hostPath, readOnly };
  if (spec.local !== undefined) return { hostPath: { path: spec.local.path, type: 'Directory' }, readOnly };
  if (spec.nfs !== undefined) return { nfs: spec.nfs, readOnly: readOnly || spec.nfs.readOnly === true };
  throw new Error(`no volume plugin of this node can mount persistentvolume ${JSON.stringify(volumeName)}`);
}
