/** Pods with ephemeral volumes get a claim for each, which goes with the pod. */
import type { Controller, ControllerContext, Key, Mapped } from '#control/controller.ts';
import { keyOf } from '#control/dispatcher.ts';
import type { PersistentVolumeClaim, Pod, Volume } from '#kinds/generated/types.ts';
import { isAlreadyExists } from '#machinery/status.ts';
import { isNamespaceTerminating } from '../replicas/manage.ts';
import { nameOf, namespaceOf, splitKey } from '../shared/keys.ts';
import { controllerOf, controllerReference } from '../shared/owner.ts';
import { isTerminal } from '../shared/pods.ts';
import { CLAIMS } from '../persistentvolume-binder/view.ts';

const ephemeralOf = (pod: Pod): Volume[] => (pod.spec?.volumes ?? []).filter(({ ephemeral }) => ephemeral !== undefined);

async function makeClaim(pod: Pod, { name: volume, ephemeral }: Volume, { cache, client, event }: ControllerContext): Promise<void> {
  const name = `${nameOf(pod)}-${volume}`;
  const known = cache.get<PersistentVolumeClaim>(CLAIMS, namespaceOf(pod), name);
  if (known !== undefined) {
    if (controllerOf(known)?.uid !== pod.metadata.uid)
      throw new Error(`PVC ${namespaceOf(pod)}/${name} was not created for pod ${namespaceOf(pod)}/${nameOf(pod)} (pod is not owner)`);
    return;
  }
  const { metadata, spec } = ephemeral!.volumeClaimTemplate!;
  try {
    await client.create<PersistentVolumeClaim>(CLAIMS, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: {
        name,
        namespace: namespaceOf(pod),
        ...(metadata?.labels === undefined ? {} : { labels: { ...metadata.labels } }),
        ...(metadata?.annotations === undefined ? {} : { annotations: { ...metadata.annotations } }),
        ownerReferences: [controllerReference(pod)],
      },
      spec,
    });
  } catch (error) {
    if (isAlreadyExists(error) || isNamespaceTerminating(error)) return;
    event(pod, 'Warning', 'EphemeralVolumeFailed', `ephemeral volume ${volume}: create PVC ${namespaceOf(pod)}/${name}: ${error instanceof Error ? error.message : String(error)}`);
    throw error;
  }
}

export function ephemeralVolumeController(): Controller {
  return {
    name: 'ephemeral-volume-controller',
    watches: [
      {
        resource: 'pods',
        keys: ({ old, now }: Mapped): readonly Key[] => (old === undefined && now !== undefined && ephemeralOf(now as Pod).length > 0 ? [keyOf(now)] : []),
      },
      {
        // a claim that a pod still needs is made anew
        resource: CLAIMS,
        keys: ({ old, now }: Mapped): readonly Key[] => {
          const owner = now === undefined && old !== undefined ? controllerOf(old) : undefined;
          return owner?.kind === 'Pod' ? [`${namespaceOf(old!)}/${owner.name}`] : [];
        },
      },
    ],
    async reconcile(key, context) {
      const { namespace, name } = splitKey(key);
      const pod = context.cache.get<Pod>('pods', namespace, name);
      if (pod === undefined || pod.metadata.deletionTimestamp !== undefined || isTerminal(pod)) return {};
      for (const volume of ephemeralOf(pod)) await makeClaim(pod, volume, context);
      return {};
    },
  };
}
