/** ClusterSource over list and watch. Watches are opened when first asked for and shared by all who ask. */
import type { KubeObject } from '#machinery/object.ts';
import type { Pod } from '../pods/pod.ts';
import { createCache, type ObjectCache } from './cache.ts';
import type { PatchType } from './client.ts';
import { isConflicting, isMissing } from './errors.ts';
import { reflect, type Collection, type ReflectorContext } from './reflector.ts';
import type { ClusterSource, ConfigSource, PodListener } from './source.ts';

const STRATEGIC: PatchType = 'application/strategic-merge-patch+json';
const part = encodeURIComponent;
const inNamespace = (namespace: string, resource: string, name?: string): string =>
  `/api/v1/namespaces/${part(namespace)}/${resource}${name === undefined ? '' : `/${part(name)}`}`;
const leasePath = (name?: string): string => `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases${name === undefined ? '' : `/${part(name)}`}`;

/** Deals the pods of one watch out to the listeners of their nodes. */
function podDealer(): {
  readonly listeners: Map<string, PodListener>;
  readonly feed: Parameters<typeof reflect<Pod>>[2];
  current(node: string): Pod[];
  readonly isSynced: () => boolean;
} {
  const listeners = new Map<string, PodListener>();
  const pods = new Map<string, Pod>();
  let synced = false;
  const current = (node: string): Pod[] => [...pods.values()].filter((pod) => pod.spec.nodeName === node);
  return {
    listeners,
    current,
    isSynced: () => synced,
    feed: {
      replaced(all) {
        synced = true;
        pods.clear();
        const byNode = new Map<string, Pod[]>();
        for (const pod of all) {
          pods.set(pod.metadata.uid, pod);
          const node = pod.spec.nodeName ?? '';
          const list = byNode.get(node);
          if (list === undefined) byNode.set(node, [pod]);
          else list.push(pod);
        }
        for (const [node, listener] of listeners) listener.replaced(byNode.get(node) ?? []);
      },
      changed(pod) {
        pods.set(pod.metadata.uid, pod);
        listeners.get(pod.spec.nodeName ?? '')?.changed(pod);
      },
      deleted(pod) {
        pods.delete(pod.metadata.uid);
        listeners.get(pod.spec.nodeName ?? '')?.deleted(pod);
      },
    },
  };
}

export interface HttpsSourceOptions {
  /** One process is many nodes: one watch over all bound pods instead of one each. */
  readonly manyNodes: boolean;
}

export function openHttpsSource(context: ReflectorContext, options: HttpsSourceOptions): ClusterSource & { close(): void } {
  const { client } = context;
  const closing = new AbortController();
  const caches = new Map<string, ObjectCache>();
  const follows = new Map<string, { readonly stop: AbortController; readonly callbacks: Set<(now: KubeObject | undefined) => void> }>();

  function shared(collection: Collection): ObjectCache {
    const key = `${collection.path}?${collection.fieldSelector ?? ''}`;
    const known = caches.get(key);
    if (known !== undefined) return known;
    const { cache, feed } = createCache<KubeObject>();
    caches.set(key, cache);
    reflect(context, collection, feed, closing.signal);
    return cache;
  }

  async function found<T>(request: Promise<T>): Promise<T | undefined> {
    try {
      return await request;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  let everyone: ReturnType<typeof podDealer> | undefined;
  function allPods(node: string, listener: PodListener): () => void {
    if (everyone === undefined) {
      everyone = podDealer();
      reflect<Pod>(context, { path: '/api/v1/pods', fieldSelector: 'spec.nodeName!=' }, everyone.feed, closing.signal);
    }
    const { listeners } = everyone;
    listeners.set(node, listener);
    if (everyone.isSynced()) listener.replaced(everyone.current(node));
    return () => listeners.delete(node);
  }

  function ownPods(node: string, listener: PodListener): () => void {
    const stop = new AbortController();
    reflect<Pod>(context, { path: '/api/v1/pods', fieldSelector: `spec.nodeName=${node}` }, listener, AbortSignal.any([stop.signal, closing.signal]));
    return () => stop.abort();
  }

  return {
    pods: options.manyNodes ? allPods : ownPods,
    services: () => shared({ path: '/api/v1/services' }),
    endpointSlices: () => shared({ path: '/apis/discovery.k8s.io/v1/endpointslices' }),
    node: (name) => (options.manyNodes ? shared({ path: '/api/v1/nodes' }) : shared({ path: '/api/v1/nodes', fieldSelector: `metadata.name=${name}` })),
    config: (source) => found(client.call<KubeObject>({ method: 'GET', path: inNamespace(source.namespace, source.resource, source.name) })),
    followConfig(source: ConfigSource, changed) {
      const key = `${source.resource}/${source.namespace}/${source.name}`;
      let follow = follows.get(key);
      if (follow === undefined) {
        const callbacks = new Set<(now: KubeObject | undefined) => void>();
        follow = { stop: new AbortController(), callbacks };
        follows.set(key, follow);
        const tell = (now: KubeObject | undefined): void => {
          for (const callback of callbacks) callback(now);
        };
        reflect(
          context,
          { path: inNamespace(source.namespace, source.resource), fieldSelector: `metadata.name=${source.name}` },
          { replaced: (objects) => tell(objects[0]), changed: tell, deleted: () => tell(undefined) },
          AbortSignal.any([follow.stop.signal, closing.signal]),
        );
      }
      const { stop, callbacks } = follow;
      callbacks.add(changed);
      return () => {
        callbacks.delete(changed);
        if (callbacks.size > 0) return;
        stop.abort();
        follows.delete(key);
      };
    },
    read: (path) => found(client.call<KubeObject>({ method: 'GET', path })),
    // it changes nothing, and so may be asked again
    ask: (path, object) => client.call<KubeObject>({ method: 'POST', path, body: object, retries: 2 }),
    async token(namespace, serviceAccount, request) {
      const answer = await client.call<{ status: { token: string; expirationTimestamp: string } }>({
        method: 'POST',
        path: `${inNamespace(namespace, 'serviceaccounts', serviceAccount)}/token`,
        retries: 2,
        body: {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: {
            audiences: request.audiences,
            expirationSeconds: request.expirationSeconds,
            boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: request.pod.name, uid: request.pod.uid },
          },
        },
      });
      return answer.status;
    },

    patchPodStatus: (pod, patch) =>
      client.call<Pod>({ method: 'PATCH', path: `${inNamespace(pod.metadata.namespace, 'pods', pod.metadata.name)}/status`, contentType: STRATEGIC, body: patch, retries: 2 }),
    async confirmPodDeleted(pod) {
      try {
        await client.call({
          method: 'DELETE',
          path: inNamespace(pod.metadata.namespace, 'pods', pod.metadata.name),
          body: { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } },
        });
      } catch (error) {
        // Gone already, or a new pod has the name.
        if (!isMissing(error) && !isConflicting(error)) throw error;
      }
    },
    async createEvent(event) {
      await client.call({ method: 'POST', path: inNamespace(event.namespace, 'events'), body: event.body });
    },
    async patchEvent(event) {
      await client.call({ method: 'PATCH', path: inNamespace(event.namespace, 'events', event.name), contentType: STRATEGIC, body: event.body, retries: 0 });
    },

    createNode: (node) => client.call<KubeObject>({ method: 'POST', path: '/api/v1/nodes', body: node }),
    getNode: (name) => found(client.call<KubeObject>({ method: 'GET', path: `/api/v1/nodes/${part(name)}`, retries: 0 })),
    patchNode: (name, patch, subresource) =>
      client.call<KubeObject>({
        method: 'PATCH',
        path: `/api/v1/nodes/${part(name)}${subresource === undefined ? '' : `/${subresource}`}`,
        contentType: STRATEGIC,
        body: patch,
        retries: 1,
      }),
    async putLease(node, lease) {
      if (lease.metadata.resourceVersion === undefined) return client.call<KubeObject>({ method: 'POST', path: leasePath(), body: lease });
      return client.call<KubeObject>({ method: 'PUT', path: leasePath(node), body: lease, retries: 0 });
    },
    close() {
      closing.abort();
      client.close();
    },
  };
}
