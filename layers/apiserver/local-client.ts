/** Control's Client without HTTP: the same verbs, admission and validation, called with objects. The caller is trusted, so nothing is authorized. */
import type { Client, DeleteParameters, Resource } from '#control/client.ts';
import type { Kind } from '#kinds/kind.ts';
import { clone } from '#machinery/json.ts';
import type { KubeObject } from '#machinery/object.ts';
import { noSuchResource } from '#machinery/status.ts';
import { AUTHENTICATED_GROUP, type User } from './authn/port.ts';
import type { Call } from './context.ts';
import { admitVirtual } from './http/virtual.ts';
import { listOptions } from './routing/query.ts';
import type { Services } from './server.port.ts';
import type { VirtualHandler } from './virtual/port.ts';
import { create } from './verbs/create.ts';
import { checkDeleteOptions, remove } from './verbs/delete.ts';
import { get } from './verbs/get.ts';
import { list } from './verbs/list.ts';
import { patchParsed } from './verbs/patch.ts';
import { updateScale } from './verbs/scale.ts';
import { update } from './verbs/update.ts';
import { parseBytes } from './write/body.ts';
import { apiVersionOf, ofKind } from './write/decode.ts';
import { toServed } from './write/store-write.ts';

const SYSTEM: User = { name: 'system:apiserver', groups: ['system:masters', AUTHENTICATED_GROUP] };
const SERVICE_ACCOUNT = 'system:serviceaccount:';

function groupsOf(user: string, groups: readonly string[] | undefined): readonly string[] {
  if (groups !== undefined) return groups;
  if (!user.startsWith(SERVICE_ACCOUNT)) return [AUTHENTICATED_GROUP];
  const namespace = user.slice(SERVICE_ACCOUNT.length).split(':')[0]!;
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, AUTHENTICATED_GROUP];
}

export function createLocalClient(services: Services, user: User = SYSTEM): Client {
  const kindOf = async (resource: Resource): Promise<Kind> => {
    let kind = services.registry.byStorage(resource);
    if (kind === undefined || kind.custom !== undefined) {
      await services.registry.refresh?.();
      kind = services.registry.byStorage(resource);
    }
    if (kind === undefined) throw noSuchResource();
    return kind;
  };
  const callFor = (kind: Kind, namespace: string, name: string, subresource = ''): Call => ({
    parts: services.partsFor(kind),
    kind,
    user,
    namespace: kind.namespaced ? namespace : '',
    name,
    subresource,
    warnings: [],
    requestId: '',
  });
  /** Fields are owned by what the identity is called last: `replicaset-controller`. */
  const manager = user.name.slice(user.name.lastIndexOf(':') + 1);
  const common = { dryRun: false, fieldManager: manager };

  return {
    async get<T extends KubeObject>(resource: Resource, namespace: string, name: string) {
      const kind = await kindOf(resource);
      return toServed(kind, parseBytes((await get(callFor(kind, namespace, name))).body)) as T;
    },

    async list<T extends KubeObject>(resource: Resource, options: Parameters<Client['list']>[1] = {}) {
      const kind = await kindOf(resource);
      const query = new URLSearchParams();
      if (options.labelSelector !== undefined) query.set('labelSelector', options.labelSelector);
      if (options.fieldSelector !== undefined) query.set('fieldSelector', options.fieldSelector);
      const result = await list(callFor(kind, options.namespace ?? '', ''), listOptions(query, false));
      const items: T[] = [];
      for (const stored of result.items) items.push(toServed(kind, parseBytes(stored.body)) as T);
      if (result.rest !== undefined) for await (const more of result.rest()) for (const stored of more) items.push(toServed(kind, parseBytes(stored.body)) as T);
      return { resourceVersion: String(result.rv), items };
    },

    async create<T extends KubeObject>(resource: Resource, object: T, subresource?: { readonly name: string; readonly of: string }) {
      if (subresource !== undefined) return (await createBelow(resource, object, subresource)) as T;
      if (services.registry.byStorage(resource) === undefined && handlerOf(resource, '') !== undefined) return (await createBelow(resource, object, undefined)) as T;
      const kind = await kindOf(resource);
      const call = callFor(kind, object.metadata.namespace ?? '', '');
      return (await create(call, { ...common, object: ofKind({ ...object }, kind) })) as T;
    },

    async update<T extends KubeObject>(resource: Resource, object: T, subresource = '') {
      const kind = await kindOf(resource);
      const call = callFor(kind, object.metadata.namespace ?? '', object.metadata.name ?? '', subresource);
      if (subresource === 'scale') return (await updateScale(call, { ...common, change: () => clone(object) })) as unknown as T;
      const result = await update(call, {
        ...common,
        mayCreate: subresource === '' && kind.createOnUpdate === true,
        change: () => ofKind(clone(object) as KubeObject, kind),
      });
      return result.object as T;
    },

    async patch<T extends KubeObject>(resource: Resource, namespace: string, name: string, patch: Parameters<Client['patch']>[3], subresource = '') {
      const kind = await kindOf(resource);
      const call = callFor(kind, namespace, name, subresource);
      if (subresource === 'scale') {
        const replicas = (patch.body as { spec?: { replicas?: number } }).spec?.replicas;
        return (await updateScale(call, {
          ...common,
          change: (current) => ({ ...current, metadata: { ...current.metadata, resourceVersion: '' }, spec: { replicas: replicas ?? current.spec.replicas ?? 0 } }),
        })) as unknown as T;
      }
      const body = patch.type === 'apply' ? { apiVersion: apiVersionOf(kind), kind: kind.kind, ...(patch.body as object) } : patch.body;
      const result = await patchParsed(call, {
        type: patch.type,
        patch: body,
        dryRun: false,
        fieldManager: patch.fieldManager ?? manager,
        fieldValidation: 'Ignore',
        force: patch.force === true,
      });
      return result.object as T;
    },

    async delete(resource: Resource, namespace: string, name: string, options: DeleteParameters = {}) {
      const full = { ...options, dryRun: false };
      checkDeleteOptions(full);
      await remove(callFor(await kindOf(resource), namespace, name), full);
    },

    as: (name, groups) => createLocalClient(services, { name, groups: groupsOf(name, groups) }),
  };

  function handlerOf(resource: Resource, subresource: string): VirtualHandler | undefined {
    const dot = resource.indexOf('.');
    const [plural, group] = dot < 0 ? [resource, ''] : [resource.slice(0, dot), resource.slice(dot + 1)];
    return services.virtuals.find((one) => one.resource === plural && one.group === group && one.subresource === subresource);
  }

  /** Bindings, evictions, tokens, reviews. */
  async function createBelow(resource: Resource, object: KubeObject, subresource: { readonly name: string; readonly of: string } | undefined): Promise<KubeObject> {
    const handler = handlerOf(resource, subresource?.name ?? '');
    if (handler === undefined) throw noSuchResource();
    const namespace = handler.namespaced ? (object.metadata?.namespace ?? '') : '';
    const body = ofKind(clone(object) as KubeObject, { ...handler.body, schema: services.bodySchema(handler.body) });
    const target = { group: handler.group, version: handler.version, resource: handler.resource, subresource: handler.subresource, namespace, name: subresource?.of ?? '' };
    const request = { object: body, namespace, name: target.name, user, dryRun: false, requestId: '', services, warn: () => undefined };
    await admitVirtual(services, target, request);
    return (await handler.create(request)).object;
  }
}
