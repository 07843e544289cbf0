/** How many volumes of a CSI driver a node can attach, as its CSINode says. */
import type { CSINode, PersistentVolume, PersistentVolumeClaim } from '#kinds/generated/types.ts';
import type { Cache } from '#control/controller.ts';
import type { NodeInfo } from '../picture/node-info.ts';
import { type FilterPlugin, refusal } from '../plugin.ts';
import { classOf } from './volumes.ts';

const NAME = 'NodeVolumeLimits';
const FULL = refusal(NAME, 'node(s) exceed max volume count', true);

/** Driver and volume of a claim; a claim without a volume yet counts as one of its class's driver. */
function attachment(namespace: string, name: string, cache: Cache): { readonly driver: string; readonly id: string } | undefined {
  const claim = cache.get<PersistentVolumeClaim>('persistentvolumeclaims', namespace, name);
  if (claim === undefined) return undefined;
  const volume = (claim.spec?.volumeName ?? '') === '' ? undefined : cache.get<PersistentVolume>('persistentvolumes', '', claim.spec!.volumeName!);
  const csi = volume?.spec?.csi;
  if (csi !== undefined) return { driver: csi.driver, id: csi.volumeHandle };
  if (volume !== undefined) return undefined;
  const driver = classOf(claim, cache)?.provisioner;
  return driver === undefined ? undefined : { driver, id: `${namespace}/${name}` };
}

function attached({ pods }: NodeInfo, cache: Cache): Map<string, Set<string>> {
  const byDriver = new Map<string, Set<string>>();
  for (const { namespace, claims } of pods.values()) {
    for (const name of claims) {
      const one = attachment(namespace, name, cache);
      if (one === undefined) continue;
      const ids = byDriver.get(one.driver);
      if (ids === undefined) byDriver.set(one.driver, new Set([one.id]));
      else ids.add(one.id);
    }
  }
  return byDriver;
}

export const volumeLimits: FilterPlugin = {
  name: NAME,
  begin({ pod, cache }) {
    if (pod.claims.length === 0) return undefined;
    const wanted = pod.claims.map((name) => attachment(pod.namespace, name, cache)).filter((one) => one !== undefined);
    if (wanted.length === 0) return undefined;
    return (node) => {
      const limits = cache.get<CSINode>('csinodes.storage.k8s.io', '', node.name)?.spec?.drivers.filter(({ allocatable }) => allocatable?.count !== undefined) ?? [];
      if (limits.length === 0) return undefined;
      const used = attached(node, cache);
      for (const { name, allocatable } of limits) {
        const before = used.get(name) ?? new Set<string>();
        const more = new Set(wanted.filter(({ driver, id }) => driver === name && !before.has(id)).map(({ id }) => id));
        if (more.size > 0 && before.size + more.size > allocatable!.count!) return FULL;
      }
      return undefined;
    };
  },
};
