/** A cluster in memory, as the agent's ClusterSource: what tests put in is told to the node, what the node writes can be read. */
import type { KubeObject } from '#machinery/object.ts';
import { createCache } from '../api/cache.ts';
import { ApiRefused, ApiUnreachable } from '../api/errors.ts';
import type { ClusterSource, ConfigSource, PodListener } from '../api/source.ts';
import { isTerminal, type Pod, type PodStatus } from '../pods/pod.ts';

export interface TestEvent {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  readonly object: string;
  readonly fieldPath?: string;
}

export interface TestCluster extends ClusterSource {
  create(pod: Pod): Pod;
  /** A DELETE as a user sends it. */
  delete(name: string, graceSeconds?: number): void;
  /** Removes it at once, as a forced deletion does. */
  forceDelete(name: string): void;
  change(name: string, change: (pod: Pod) => Pod): void;
  get(name: string): Pod | undefined;
  putConfig(resource: ConfigSource['resource'], object: KubeObject): void;
  put(path: string, object: KubeObject): void;
  putService(service: KubeObject): void;
  putNode(node: KubeObject): void;
  readonly events: readonly TestEvent[];
  /** All statuses that were written, oldest first. */
  readonly history: readonly { readonly name: string; readonly status: PodStatus }[];
  away: boolean;
}

function merge(target: Record<string, unknown>, patch: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const result = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else if (key === 'conditions') {
      const byType = new Map(((result[key] ?? []) as { type: string }[]).map((one) => [one.type, one]));
      for (const one of value as { type: string; $patch?: string }[])
        if (one.$patch === 'delete') byType.delete(one.type);
        else byType.set(one.type, merge((byType.get(one.type) ?? {}) as Record<string, unknown>, one) as { type: string });
      result[key] = [...byType.values()];
    } else if (key === 'podIPs') result[key] = (value as Record<string, unknown>[]).filter((one) => one['$patch'] === undefined);
    else result[key] = value;
  }
  return result;
}

export function createTestCluster(nodeName: string, now: () => number): TestCluster {
  const pods = new Map<string, Pod>();
  const configs = new Map<string, KubeObject>();
  const objects = new Map<string, KubeObject>();
  const follows = new Map<string, Set<(now: KubeObject | undefined) => void>>();
  const events = new Map<string, TestEvent>();
  const history: { name: string; status: PodStatus }[] = [];
  const services = createCache();
  const slices = createCache();
  const nodes = createCache();
  let listener: PodListener | undefined;
  let version = 1;
  let serial = 0;
  services.feed.replaced([]);

  const next = (): string => String(++version);
  const configKey = (source: ConfigSource): string => `${source.resource}/${source.namespace}/${source.name}`;
  const tell = (pod: Pod): void => {
    if (!cluster.away && pod.spec.nodeName === nodeName) listener?.changed(structuredClone(pod));
  };
  const reach = async (): Promise<void> => {
    await Promise.resolve();
    if (cluster.away) throw new ApiUnreachable('the cluster is away');
  };
  const find = (pod: Pod): Pod => {
    const found = pods.get(pod.metadata.name);
    if (found === undefined) throw new ApiRefused(404, { reason: 'NotFound', message: 'not found' });
    if (found.metadata.uid !== pod.metadata.uid) throw new ApiRefused(409, { reason: 'Conflict', message: 'uid' });
    return found;
  };
  const drop = (pod: Pod): void => {
    pods.delete(pod.metadata.name);
    if (!cluster.away) listener?.deleted(structuredClone(pod));
  };
  let isAway = false;

  const cluster: TestCluster = {
    get away() {
      return isAway;
    },
    set away(value: boolean) {
      isAway = value;
      if (!value) listener?.replaced([...pods.values()].map((pod) => structuredClone(pod)));
    },
    history,
    get events() {
      return [...events.values()];
    },
    create(given) {
      const pod: Pod = {
        ...given,
        metadata: { generation: 1, creationTimestamp: new Date(now()).toISOString(), ...given.metadata, resourceVersion: next() },
        spec: { nodeName, ...given.spec },
        status: { phase: 'Pending', qosClass: 'BestEffort', ...given.status },
      };
      pods.set(pod.metadata.name, pod);
      tell(pod);
      return pod;
    },
    delete(name, graceSeconds) {
      const pod = pods.get(name);
      if (pod === undefined) return;
      const grace = isTerminal(pod.status?.phase) ? 0 : (graceSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30);
      if (grace === 0) return drop(pod);
      pod.metadata = { ...pod.metadata, resourceVersion: next(), deletionTimestamp: new Date(now() + grace * 1000).toISOString(), deletionGracePeriodSeconds: grace };
      tell(pod);
    },
    forceDelete(name) {
      const pod = pods.get(name);
      if (pod !== undefined) drop(pod);
    },
    change(name, change) {
      const pod = pods.get(name);
      if (pod === undefined) throw new Error(`no pod ${name}`);
      const changed = change(structuredClone(pod));
      changed.metadata = { ...changed.metadata, resourceVersion: next(), generation: (pod.metadata.generation ?? 0) + 1 };
      pods.set(name, changed);
      tell(changed);
    },
    get: (name) => structuredClone(pods.get(name)),
    putConfig(resource, object) {
      const key = configKey({ resource, namespace: object.metadata.namespace ?? '', name: object.metadata.name ?? '' });
      const stored = { ...object, metadata: { ...object.metadata, resourceVersion: next() } };
      configs.set(key, stored);
      for (const callback of follows.get(key) ?? []) callback(stored);
    },
    put: (path, object) => void objects.set(path, object),
    putService: (service) => services.feed.changed({ ...service, metadata: { ...service.metadata, resourceVersion: next() } }),
    putNode: (node) => nodes.feed.changed({ ...node, metadata: { ...node.metadata, resourceVersion: next() } }),

    pods(_node, given) {
      listener = given;
      if (!isAway) queueMicrotask(() => given.replaced([...pods.values()].map((pod) => structuredClone(pod))));
      return () => (listener = undefined);
    },
    services: () => services.cache,
    endpointSlices: () => slices.cache,
    node: () => nodes.cache,
    async config(source) {
      await reach();
      return configs.get(configKey(source));
    },
    ask: async () => {
      throw new ApiRefused(404, { message: 'nothing is asked here', reason: 'NotFound' });
    },
    followConfig(source, changed) {
      const key = configKey(source);
      const set = follows.get(key) ?? new Set();
      follows.set(key, set);
      set.add(changed);
      return () => set.delete(changed);
    },
    async read(path) {
      await reach();
      const pod = /^\/api\/v1\/namespaces\/[^/]+\/pods\/(.+)$/.exec(path);
      return pod === null ? objects.get(path) : structuredClone(pods.get(pod[1]!));
    },
    async token(namespace, serviceAccount, request) {
      await reach();
      return {
        token: `token-${++serial} of ${namespace}/${serviceAccount} for ${request.audiences.join()}`,
        expirationTimestamp: new Date(now() + request.expirationSeconds * 1000).toISOString(),
      };
    },
    async patchPodStatus(pod, patch) {
      await reach();
      const found = find(pod);
      const changed: Pod = {
        ...found,
        metadata: { ...found.metadata, resourceVersion: next() },
        status: merge({ ...found.status }, (patch as { status: Record<string, unknown> }).status) as PodStatus,
      };
      pods.set(found.metadata.name, changed);
      history.push({ name: found.metadata.name, status: changed.status! });
      queueMicrotask(() => tell(changed));
      return structuredClone(changed);
    },
    async confirmPodDeleted(pod) {
      await reach();
      drop(find(pod));
    },
    async createEvent(event) {
      await reach();
      await this.patchEvent(event);
    },
    async patchEvent({ name, body }) {
      const { type, reason, message, count, involvedObject } = body as unknown as TestEvent & { involvedObject: { name: string; fieldPath?: string } };
      events.set(name, { type, reason, message, count, object: involvedObject.name, ...(involvedObject.fieldPath === undefined ? {} : { fieldPath: involvedObject.fieldPath }) });
    },
    async createNode(node) {
      await reach();
      const stored = { ...node, metadata: { ...node.metadata, uid: 'node-uid', resourceVersion: next() } };
      nodes.feed.changed(stored);
      return stored;
    },
    async getNode(name) {
      await reach();
      return nodes.cache.get('', name);
    },
    async patchNode(name, patch) {
      await reach();
      const found = nodes.cache.get('', name)!;
      const part = patch as { metadata?: object; status?: Record<string, unknown> };
      const stored: KubeObject = {
        ...found,
        metadata: { ...found.metadata, ...part.metadata, resourceVersion: next() },
        status: merge({ ...(found['status'] as object) }, part.status ?? {}),
      };
      nodes.feed.changed(stored);
      return stored;
    },
    async putLease(_node, lease) {
      await reach();
      return lease;
    },
  };
  return cluster;
}
