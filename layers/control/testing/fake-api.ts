/**
 * A Client over a Store, for tests of controllers where the API server would be too much: the rules of writes that controllers
 * lean on (conflicts, finalizers, graceful deletion, status apart from spec, generation), no validation, no admission.
 */
import { applyPatch, type Operation } from 'rfc6902';
import type { Clock, Ids } from '#machinery/clock.ts';
import type { KubeObject } from '#machinery/object.ts';
import { ApiError, alreadyExists, conflict, forbiddenRequest, notFound, type ResourceRef } from '#machinery/status.ts';
import { StoreConflict } from '#store/errors.ts';
import type { Store, StoredObject } from '#store/port.ts';
import type { Client, DeleteParameters } from '../client.ts';
import { matchesFields, matchesLabels, mergePatch, strategicPatch } from './fake-patch.ts';

export interface FakeApiOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Throws what the API server's admission would. */
  admit?(verb: 'create' | 'update' | 'delete', resource: string, object: KubeObject): void;
}

type Loose = KubeObject & { spec?: Record<string, unknown>; status?: Record<string, unknown> };

const decode = (stored: StoredObject): Loose => JSON.parse(new TextDecoder().decode(stored.body)) as Loose;
const refOf = (resource: string): ResourceRef => {
  const dot = resource.indexOf('.');
  return dot < 0 ? { group: '', resource } : { group: resource.slice(dot + 1), resource: resource.slice(0, dot) };
};
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
const clusterScoped = new Set(['nodes', 'namespaces', 'persistentvolumes', 'priorityclasses.scheduling.k8s.io', 'storageclasses.storage.k8s.io', 'csinodes.storage.k8s.io']);

/** Everything but metadata and status. */
const specOf = (object: Loose): unknown => ({ ...object, metadata: undefined, status: undefined });

function fieldsOf(object: Loose): Record<string, string> {
  const spec = object.spec ?? {};
  const status = object.status ?? {};
  return { 'spec.nodeName': String(spec['nodeName'] ?? ''), 'status.phase': String(status['phase'] ?? '') };
}

export function createFakeApi({ store, clock, ids, admit }: FakeApiOptions): Client {
  const time = (ms = clock.now()): string => new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');

  async function read(resource: string, namespace: string, name: string): Promise<StoredObject> {
    const stored = await store.get({ resource, namespace, name });
    if (stored === undefined) throw notFound(refOf(resource), name);
    return stored;
  }

  async function put(resource: string, object: Loose, before: StoredObject | undefined): Promise<Loose> {
    const { namespace = '', name = '', uid = '' } = object.metadata;
    const key = { resource, namespace, name };
    const body = (rv: number): Uint8Array => {
      object.metadata.resourceVersion = String(rv);
      return new TextEncoder().encode(JSON.stringify(object));
    };
    const indexed = { labels: object.metadata.labels ?? {}, fields: fieldsOf(object) };
    const unfinished = (object.metadata.finalizers?.length ?? 0) > 0 || (object.kind === 'Namespace' && ((object.spec?.['finalizers'] as unknown[] | undefined)?.length ?? 0) > 0);
    const over = object.metadata.deletionTimestamp !== undefined && !unfinished && (object.metadata.deletionGracePeriodSeconds ?? 0) === 0;
    try {
      if (over && before !== undefined) await store.commit([{ type: 'remove', key, if: { rv: before.rv }, body }], { user: 'test' });
      else await store.commit([{ type: 'put', key, uid, if: before === undefined ? { absent: true } : { rv: before.rv }, body, ...indexed }], { user: 'test' });
    } catch (error) {
      if (!(error instanceof StoreConflict)) throw error;
      throw before === undefined ? alreadyExists(refOf(resource), name) : conflict(refOf(resource), name);
    }
    return object;
  }

  /** `incoming` through a door of `before`'s object; what changes nothing is not written. */
  async function write(resource: string, incoming: Loose, before: StoredObject, subresource: string | undefined): Promise<Loose> {
    const old = decode(before);
    const asked = incoming.metadata.resourceVersion;
    if (asked !== undefined && asked !== '' && Number(asked) !== before.rv) throw conflict(refOf(resource), before.key.name);
    if (incoming.metadata.uid !== undefined && incoming.metadata.uid !== old.metadata.uid)
      throw conflict(refOf(resource), before.key.name, 'Precondition failed: UID in precondition');
    let next: Loose;
    if (subresource === 'status') next = { ...old, metadata: { ...old.metadata, ...pick(incoming) }, ...(incoming.status === undefined ? {} : { status: incoming.status }) };
    else if (subresource === 'finalize') next = { ...old, spec: { ...old.spec, finalizers: incoming.spec?.['finalizers'] ?? [] } };
    else if (subresource === 'scale') next = { ...old, spec: { ...old.spec, replicas: incoming.spec?.['replicas'] } };
    else next = { ...incoming, ...(old.status === undefined ? {} : { status: old.status }) };
    next = JSON.parse(JSON.stringify(next)) as Loose;
    const { uid, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds, generation } = old.metadata;
    Object.assign(next.metadata, { uid, creationTimestamp, resourceVersion: old.metadata.resourceVersion });
    if (deletionTimestamp !== undefined) Object.assign(next.metadata, { deletionTimestamp, deletionGracePeriodSeconds });
    if (generation !== undefined) next.metadata.generation = same(specOf(next), specOf(old)) ? generation : generation + 1;
    if (canonical(next) === canonical(old)) return old;
    admit?.('update', resource, next);
    return put(resource, next, before);
  }

  async function create(resource: string, input: Loose): Promise<Loose> {
    const object = JSON.parse(JSON.stringify(input)) as Loose;
    const { metadata } = object;
    metadata.name ??= `${(metadata.generateName ?? '').slice(0, 58)}${ids.suffix(5)}`;
    if (!clusterScoped.has(resource) && metadata.namespace !== undefined && metadata.namespace !== '') {
      const namespace = await store.get({ resource: 'namespaces', namespace: '', name: metadata.namespace });
      if (namespace !== undefined && decode(namespace).metadata.deletionTimestamp !== undefined) {
        throw forbiddenRequest(refOf(resource), metadata.name, `unable to create new content in namespace ${metadata.namespace} because it is being terminated`, [
          { reason: 'NamespaceTerminating', message: `namespace ${metadata.namespace} is being terminated`, field: 'metadata.namespace' },
        ]);
      }
    }
    Object.assign(metadata, { uid: ids.uid(), creationTimestamp: time(), generation: 1 });
    delete metadata.resourceVersion;
    if (object.kind === 'Pod') object.status ??= { phase: 'Pending' };
    if (object.kind === 'Namespace') {
      object.spec ??= { finalizers: ['kubernetes'] };
      object.status ??= { phase: 'Active' };
    }
    admit?.('create', resource, object);
    return put(resource, object, undefined);
  }

  async function remove(resource: string, namespace: string, name: string, options: DeleteParameters = {}): Promise<void> {
    const before = await read(resource, namespace, name);
    const object = decode(before);
    const { preconditions } = options;
    if (preconditions?.uid !== undefined && preconditions.uid !== object.metadata.uid)
      throw conflict(refOf(resource), name, `Precondition failed: UID in precondition: ${preconditions.uid}`);
    if (preconditions?.resourceVersion !== undefined && Number(preconditions.resourceVersion) !== before.rv)
      throw conflict(refOf(resource), name, 'Precondition failed: ResourceVersion');
    admit?.('delete', resource, object);
    const ended = ['Succeeded', 'Failed'].includes(String(object.status?.['phase']));
    const running = object.kind === 'Pod' && object.spec?.['nodeName'] !== undefined && object.spec['nodeName'] !== '' && !ended;
    const grace = running ? (options.gracePeriodSeconds ?? (object.spec?.['terminationGracePeriodSeconds'] as number | undefined) ?? 30) : 0;
    const finalizers = new Set(object.metadata.finalizers);
    if (options.propagationPolicy === 'Foreground') finalizers.add('foregroundDeletion');
    if (options.propagationPolicy === 'Orphan') finalizers.add('orphan');
    const known = object.metadata.deletionGracePeriodSeconds;
    if (object.metadata.deletionTimestamp !== undefined && known !== undefined && known <= grace && (known > 0 || finalizers.size > 0)) return;
    object.metadata.finalizers = [...finalizers];
    if (finalizers.size === 0) delete object.metadata.finalizers;
    object.metadata.deletionTimestamp = time(clock.now() + grace * 1000);
    object.metadata.deletionGracePeriodSeconds = grace;
    if (object.kind === 'Namespace') object.status = { ...object.status, phase: 'Terminating' };
    await put(resource, object, before);
  }

  const client: Client = {
    get: async <T extends KubeObject>(resource: string, namespace: string, name: string) => decode(await read(resource, namespace, name)) as unknown as T,
    async list<T extends KubeObject>(resource: string, options?: { namespace?: string; labelSelector?: string; fieldSelector?: string }) {
      const page = await store.list({ resource, version: 'latest', ...(options?.namespace === undefined ? {} : { namespace: options.namespace }) });
      const items = page.items.map(decode).filter((object) => matchesLabels(options?.labelSelector, object) && matchesFields(options?.fieldSelector, object, fieldsOf(object)));
      return { resourceVersion: String(page.rv), items: items as unknown as T[] };
    },
    async create<T extends KubeObject>(resource: string, object: T, subresource?: { name: string; of: string }) {
      if (subresource === undefined) return (await create(resource, object)) as unknown as T;
      const { namespace = '' } = object.metadata;
      if (subresource.name === 'eviction') {
        await remove(resource, namespace, subresource.of, (object as { deleteOptions?: DeleteParameters }).deleteOptions);
        return object;
      }
      const before = await read(resource, namespace, subresource.of);
      const pod = decode(before);
      if (pod.spec?.['nodeName'] !== undefined && pod.spec['nodeName'] !== '') {
        throw conflict(refOf('pods/binding'), subresource.of, `pod ${subresource.of} is already assigned to node ${JSON.stringify(pod.spec['nodeName'])}`);
      }
      if (pod.metadata.deletionTimestamp !== undefined)
        throw conflict(refOf('pods/binding'), subresource.of, `pod ${subresource.of} is being deleted, cannot be assigned to a host`);
      const conditions = ((pod.status?.['conditions'] as { type: string }[] | undefined) ?? []).filter(({ type }) => type !== 'PodScheduled');
      pod.spec = { ...pod.spec, nodeName: (object['target'] as { name: string }).name };
      pod.status = { ...pod.status, conditions: [...conditions, { type: 'PodScheduled', status: 'True', lastTransitionTime: time() }] };
      await put(resource, pod, before);
      return object;
    },
    async update<T extends KubeObject>(resource: string, object: T, subresource?: string) {
      const { namespace = '', name = '' } = object.metadata;
      return (await write(resource, object, await read(resource, namespace, name), subresource)) as unknown as T;
    },
    async patch<T extends KubeObject>(
      resource: string,
      namespace: string,
      name: string,
      patch: { type: 'merge' | 'strategic' | 'json' | 'apply'; body: unknown },
      subresource?: string,
    ) {
      for (let attempt = 0; ; attempt++) {
        const before = await store.get({ resource, namespace, name });
        if (before === undefined) {
          if (patch.type !== 'apply') throw notFound(refOf(resource), name);
          return (await create(resource, patch.body as Loose)) as unknown as T;
        }
        let next = decode(before);
        if (patch.type === 'json') {
          const failed = applyPatch(next, patch.body as Operation[]).find((error) => error !== null);
          if (failed !== undefined)
            throw new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason: 'Invalid', message: failed.message, code: 422 });
        } else next = (patch.type === 'merge' ? mergePatch : strategicPatch)(next, patch.body) as Loose;
        try {
          return (await write(resource, next, before, subresource)) as unknown as T;
        } catch (error) {
          const asked = (patch.body as { metadata?: { resourceVersion?: string } }).metadata?.resourceVersion;
          if (attempt >= 5 || asked !== undefined || !(error instanceof ApiError) || error.code !== 'Conflict') throw error;
        }
      }
    },
    delete: remove,
    as: () => client,
  };
  return client;
}

/** What the status door lets through of metadata. */
function pick({ metadata: { annotations, labels } }: KubeObject): Partial<KubeObject['metadata']> {
  return { ...(annotations === undefined ? {} : { annotations }), ...(labels === undefined ? {} : { labels }) };
}

/** JSON with sorted keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, held: unknown) =>
    typeof held === 'object' && held !== null && !Array.isArray(held) ? Object.fromEntries(Object.entries(held).sort(([a], [b]) => (a < b ? -1 : 1))) : held,
  );
}
