/** Endpoints that a user writes by hand, as EndpointSlices: proxies read only those. */
import { keyOf } from '#control/dispatcher.ts';
import type { Controller, ControllerContext, Key, Mapped, Result } from '#control/controller.ts';
import type { DiscoveryV1EndpointPort as SlicePort, Endpoint, EndpointAddress, Endpoints, EndpointSlice, Node, Service } from '#kinds/generated/types.ts';
import { isNotFound } from '#machinery/status.ts';
import { isNamespaceTerminating } from '../replicas/manage.ts';
import { type AddressType, type PortGroup, portsKey, ZONE } from '../endpointslice/desired.ts';
import { MANAGED_BY, SERVICE_NAME, SLICES } from '../endpointslice/controller.ts';
import { planSlices } from '../endpointslice/plan.ts';
import { namespaceOf, sameJson, splitKey } from '../shared/keys.ts';
import { controllerReference } from '../shared/owner.ts';
import { hasSelector, LAST_CHANGE } from '../shared/services.ts';

const CONTROLLER = 'endpointslicemirroring-controller.k8s.io';
const SKIP = 'endpointslice.kubernetes.io/skip-mirror';
const LEADER = 'control-plane.alpha.kubernetes.io/leader';
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** Addresses of one subset that are mirrored; Kubernetes' --mirroring-max-endpoints-per-subset. */
const PER_SUBSET = 1000;

function shouldMirror(endpoints: Endpoints | undefined): endpoints is Endpoints {
  return (
    endpoints !== undefined &&
    endpoints.metadata.deletionTimestamp === undefined &&
    endpoints.metadata.labels?.[SKIP] !== 'true' &&
    endpoints.metadata.annotations?.[LEADER] === undefined
  );
}

function endpointOf(address: EndpointAddress, ready: boolean, cache: ControllerContext['cache']): Endpoint {
  const { ip, hostname, nodeName, targetRef } = address;
  const zone = nodeName === undefined ? undefined : cache.get<Node>('nodes', '', nodeName)?.metadata.labels?.[ZONE];
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname === undefined || hostname === '' ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(zone === undefined ? {} : { zone }),
    ...(targetRef === undefined ? {} : { targetRef }),
  };
}

function desired(endpoints: Endpoints, type: AddressType, cache: ControllerContext['cache']): Map<string, PortGroup> {
  const groups = new Map<string, PortGroup>();
  for (const { addresses = [], notReadyAddresses = [], ports = [] } of endpoints.subsets ?? []) {
    const slicePorts: SlicePort[] = ports.map(({ name = '', port, protocol = 'TCP', appProtocol }) => ({
      name,
      port,
      protocol,
      ...(appProtocol === undefined ? {} : { appProtocol }),
    }));
    const of = (list: readonly EndpointAddress[], ready: boolean): Endpoint[] =>
      list.filter(({ ip }) => ip.includes(':') === (type === 'IPv6')).map((address) => endpointOf(address, ready, cache));
    const all = [...of(addresses ?? [], true), ...of(notReadyAddresses ?? [], false)].slice(0, PER_SUBSET);
    if (all.length === 0) continue;
    const key = portsKey(slicePorts);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { ports: slicePorts, endpoints: all });
    else group.endpoints.push(...all);
  }
  return groups;
}

async function reconcile(key: Key, { cache, client }: ControllerContext): Promise<Result> {
  const { namespace, name } = splitKey(key);
  const endpoints = cache.get<Endpoints>('endpoints', namespace, name);
  const service = cache.get<Service>('services', namespace, name);
  const existing = cache
    .list<EndpointSlice>(SLICES, namespace)
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined && metadata.labels?.[SERVICE_NAME] === name && metadata.labels[MANAGED_BY] === CONTROLLER);
  const mirror = shouldMirror(endpoints) && service !== undefined && !hasSelector(service);
  const work: Promise<unknown>[] = [];
  if (!mirror) {
    for (const { metadata } of existing) work.push(client.delete(SLICES, namespace, metadata.name!, { preconditions: { uid: metadata.uid! } }));
  } else {
    const own = Object.entries(endpoints.metadata.labels ?? {}).filter(([label]) => label !== 'service.kubernetes.io/headless' && label !== SKIP);
    const labels = { ...Object.fromEntries(own), [SERVICE_NAME]: name, [MANAGED_BY]: CONTROLLER };
    const annotations = Object.fromEntries(
      Object.entries(endpoints.metadata.annotations ?? {}).filter(([annotation]) => annotation !== LAST_APPLIED && annotation !== LAST_CHANGE),
    );
    for (const type of ['IPv4', 'IPv6'] as const) {
      const before = existing.filter(({ addressType }) => addressType === type);
      const plan = planSlices(before, desired(endpoints, type, cache));
      for (const slice of before) {
        const planned = plan.remove.includes(slice) || plan.update.some((one) => one.slice === slice);
        if (!planned && !sameJson(slice.metadata.labels, labels)) plan.update.push({ slice, endpoints: slice.endpoints ?? [] });
      }
      for (const { ports, endpoints: list } of plan.create) {
        work.push(
          client.create(SLICES, {
            apiVersion: 'discovery.k8s.io/v1',
            kind: 'EndpointSlice',
            metadata: { generateName: `${name}-`, namespace, labels, annotations, ownerReferences: [controllerReference(endpoints)] },
            addressType: type,
            endpoints: list,
            ports,
          }),
        );
      }
      for (const { slice, endpoints: list } of plan.update)
        work.push(client.update(SLICES, { ...slice, metadata: { ...slice.metadata, labels, annotations }, endpoints: [...list] }));
      for (const { metadata } of plan.remove) work.push(client.delete(SLICES, namespace, metadata.name!, { preconditions: { uid: metadata.uid! } }));
    }
  }
  for (const result of await Promise.allSettled(work)) {
    if (result.status === 'rejected' && !isNotFound(result.reason) && !isNamespaceTerminating(result.reason)) throw result.reason;
  }
  return {};
}

function ofSlice({ old, now }: Mapped): readonly Key[] {
  const slice = (now ?? old)!;
  const name = slice.metadata.labels?.[SERVICE_NAME];
  return name !== undefined && slice.metadata.labels?.[MANAGED_BY] === CONTROLLER ? [`${namespaceOf(slice)}/${name}`] : [];
}

export function endpointSliceMirroringController(): Controller {
  const own = ({ old, now }: Mapped): readonly Key[] => [keyOf((now ?? old)!)];
  return {
    name: 'endpointslicemirroring-controller',
    watches: [
      { resource: 'endpoints', keys: own },
      { resource: 'services', keys: own },
      { resource: SLICES, keys: ofSlice },
    ],
    reads: ['nodes'],
    reconcile,
  };
}
