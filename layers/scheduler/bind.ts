/** A decision made true: volumes first, then the pod. */
import type { Cache } from '#control/controller.ts';
import type { Client } from '#control/client.ts';
import type { PodInfo } from './picture/pod-info.ts';
import type { NodeInfo } from './picture/node-info.ts';
import { chooseVolumes, unboundClaims } from './plugins/volume-binding.ts';
import { SELECTED_NODE } from './plugins/volumes.ts';

/** `waits`: the volumes are on their way, and the pod comes back when its claims are bound. */
export type Bound = 'bound' | 'waits';

async function bindVolumes(pod: PodInfo, node: NodeInfo, cache: Cache, client: Client): Promise<Bound> {
  if (pod.claims.length === 0) return 'bound';
  const claims = unboundClaims(pod, cache);
  if (claims.length === 0) return 'bound';
  const chosen = chooseVolumes(claims, node, cache);
  if (chosen === undefined) throw new Error(`no volume is left on ${node.name}`);
  for (const { claim, volume } of chosen) {
    const { name, namespace, uid, resourceVersion } = claim.metadata;
    if (volume !== undefined) {
      if (volume.spec?.claimRef?.uid === uid) continue;
      await client.patch('persistentvolumes', '', volume.metadata.name!, {
        type: 'merge',
        body: {
          metadata: { resourceVersion: volume.metadata.resourceVersion, annotations: { 'pv.kubernetes.io/bound-by-controller': 'yes' } },
          spec: { claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace, uid, resourceVersion } },
        },
      });
    } else if (claim.metadata.annotations?.[SELECTED_NODE] !== node.name) {
      await client.patch('persistentvolumeclaims', namespace!, name!, { type: 'merge', body: { metadata: { resourceVersion, annotations: { [SELECTED_NODE]: node.name } } } });
    }
  }
  return 'waits';
}

export async function bind(pod: PodInfo, node: NodeInfo, cache: Cache, client: Client): Promise<Bound> {
  if ((await bindVolumes(pod, node, cache, client)) === 'waits') return 'waits';
  const { name, namespace, uid } = pod;
  await client.create(
    'pods',
    { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace, uid }, target: { apiVersion: 'v1', kind: 'Node', name: node.name } },
    { name: 'binding', of: name },
  );
  return 'bound';
}
