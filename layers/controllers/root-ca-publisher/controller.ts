/** The cluster's CA in every namespace, where pods find it mounted: ConfigMap kube-root-ca.crt. */
import type { Controller, ControllerContext, Key, Result } from '#control/controller.ts';
import type { ConfigMap, Namespace } from '#kinds/generated/types.ts';
import { isAlreadyExists, isNotFound } from '#machinery/status.ts';
import { isNamespaceTerminating } from '../replicas/manage.ts';
import { nameOf, namespaceOf, sameJson } from '../shared/keys.ts';

const NAME = 'kube-root-ca.crt';
const ANNOTATIONS = {
  'kubernetes.io/description':
    'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.',
};

/** `caBundle` is PEM. */
export function rootCaPublisher({ caBundle }: { readonly caBundle: string }): Controller {
  const data = { 'ca.crt': caBundle };

  async function reconcile(key: Key, { cache, client }: ControllerContext): Promise<Result> {
    const namespace = cache.get<Namespace>('namespaces', '', key);
    if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined) return {};
    try {
      // the cache knows that the map is there, not what is in it: contents of config maps are not worth keeping for one name
      if (cache.get('configmaps', key, NAME) === undefined) {
        await client.create('configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: NAME, namespace: key, annotations: ANNOTATIONS }, data });
        return {};
      }
      const current = await client.get<ConfigMap>('configmaps', key, NAME);
      if (sameJson(current.data, data) && Object.entries(ANNOTATIONS).every(([name, text]) => current.metadata.annotations?.[name] === text)) return {};
      await client.update('configmaps', { ...current, metadata: { ...current.metadata, annotations: { ...current.metadata.annotations, ...ANNOTATIONS } }, data });
    } catch (error) {
      // made or deleted meanwhile: that change brings the key back
      if (!isAlreadyExists(error) && !isNotFound(error) && !isNamespaceTerminating(error)) throw error;
    }
    return {};
  }

  return {
    name: 'root-ca-cert-publisher',
    watches: [
      { resource: 'namespaces' },
      { resource: 'configmaps', keep: 'metadata', keys: ({ old, now }) => (nameOf((now ?? old)!) === NAME ? [namespaceOf((now ?? old)!)] : []) },
    ],
    reconcile,
  };
}
