/** EndpointSlices of services with a selector. */
import type { Controller, ControllerContext, Key, Mapped, Result } from '#control/controller.ts';
import { keyOf } from '#control/dispatcher.ts';
import type { EndpointSlice, Node, Pod, Service } from '#kinds/generated/types.ts';
import { isNotFound } from '#machinery/status.ts';
import { isNamespaceTerminating } from '../replicas/manage.ts';
import { namespaceOf, sameJson, splitKey } from '../shared/keys.ts';
import { controllerReference } from '../shared/owner.ts';
import { copiedLabels, hasSelector, LAST_CHANGE, lastChange, podsOf, servicesOfPod } from '../shared/services.ts';
import { addressTypes, desiredGroups, ZONE } from './desired.ts';
import { planSlices } from './plan.ts';

export const SLICES = 'endpointslices.discovery.k8s.io';
export const SERVICE_NAME = 'kubernetes.io/service-name';
export const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const CONTROLLER = 'endpointslice-controller.k8s.io';

const ownSlices = (service: { namespace: string; name: string }, all: readonly EndpointSlice[]): EndpointSlice[] =>
  all.filter(({ metadata }) => metadata.deletionTimestamp === undefined && metadata.labels?.[SERVICE_NAME] === service.name && metadata.labels[MANAGED_BY] === CONTROLLER);

async function reconcile(key: Key, { cache, client }: ControllerContext): Promise<Result> {
  const { namespace, name } = splitKey(key);
  const service = cache.get<Service>('services', namespace, name);
  // slices of a service that is gone are the garbage collector's
  if (service === undefined || service.spec?.type === 'ExternalName' || !hasSelector(service) || service.metadata.deletionTimestamp !== undefined) return {};
  const existing = ownSlices({ namespace, name }, cache.list<EndpointSlice>(SLICES, namespace));
  const pods = podsOf(service, cache, true);
  const labels = copiedLabels(service, { [SERVICE_NAME]: name, [MANAGED_BY]: CONTROLLER });
  const changed = lastChange(service, pods);
  const annotations = changed === undefined ? {} : { [LAST_CHANGE]: changed };
  const types = addressTypes(service);
  const remove = existing.filter(({ addressType }) => !types.some((type) => type === addressType));
  const work: Promise<unknown>[] = [];
  for (const type of types) {
    const before = existing.filter(({ addressType }) => addressType === type);
    const plan = planSlices(before, desiredGroups(service, pods, type, cache));
    // one slice is always there, so that a client can tell "no endpoints" from "not looked at yet"
    if (plan.create.length + plan.update.length === 0 && plan.remove.length === before.length) {
      const spare = plan.remove.shift();
      if (spare === undefined) plan.create.push({ ports: [], endpoints: [] });
      else if ((spare.endpoints ?? []).length > 0) plan.update.push({ slice: spare, endpoints: [] });
    }
    remove.push(...plan.remove);
    const written = new Set(plan.update.map(({ slice }) => slice.metadata.name));
    for (const slice of before) {
      const stays = !written.has(slice.metadata.name) && !plan.remove.includes(slice);
      if (stays && !sameJson(slice.metadata.labels ?? {}, labels)) plan.update.push({ slice, endpoints: slice.endpoints ?? [] });
    }
    for (const { ports, endpoints } of plan.create) {
      work.push(
        client.create(SLICES, {
          apiVersion: 'discovery.k8s.io/v1',
          kind: 'EndpointSlice',
          metadata: { generateName: `${name}-`, namespace, labels, annotations, ownerReferences: [controllerReference(service)] },
          addressType: type,
          endpoints,
          ports,
        }),
      );
    }
    for (const { slice, endpoints } of plan.update) {
      work.push(
        client.update(SLICES, { ...slice, metadata: { ...slice.metadata, labels, annotations: { ...slice.metadata.annotations, ...annotations } }, endpoints: [...endpoints] }),
      );
    }
  }
  for (const slice of remove) work.push(client.delete(SLICES, namespace, slice.metadata.name!, { preconditions: { uid: slice.metadata.uid! } }));
  const results = await Promise.allSettled(work);
  for (const result of results) {
    if (result.status === 'rejected' && !isNotFound(result.reason) && !isNamespaceTerminating(result.reason)) throw result.reason;
  }
  return {};
}

/** A node's zone shows in the slices. */
function servicesOfNode({ old, now }: Mapped, cache: ControllerContext['cache']): readonly Key[] {
  if (old === undefined || now === undefined || (old as Node).metadata.labels?.[ZONE] === now.metadata.labels?.[ZONE]) return [];
  const namespaces = new Set(
    cache
      .list<Pod>('pods')
      .filter(({ spec }) => spec?.nodeName === now.metadata.name)
      .map(namespaceOf),
  );
  return [...namespaces].flatMap((namespace) => cache.list<Service>('services', namespace).map(keyOf));
}

function serviceOfSlice({ old, now }: Mapped): readonly Key[] {
  const keys = new Set<Key>();
  for (const slice of [old, now]) {
    const name = slice?.metadata.labels?.[SERVICE_NAME];
    if (slice !== undefined && name !== undefined && slice.metadata.labels?.[MANAGED_BY] === CONTROLLER) keys.add(`${namespaceOf(slice)}/${name}`);
  }
  return [...keys];
}

export function endpointSliceController(): Controller {
  return {
    name: 'endpointslice-controller',
    watches: [{ resource: 'services' }, { resource: 'pods', keys: servicesOfPod }, { resource: SLICES, keys: serviceOfSlice }, { resource: 'nodes', keys: servicesOfNode }],
    reconcile,
  };
}
