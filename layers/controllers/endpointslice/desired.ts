/** What a service's slices should say: endpoints grouped by address family and by the ports that they share. */
import type { Cache } from '#control/controller.ts';
import type { DiscoveryV1EndpointPort as SlicePort, Endpoint, Node, Pod, Service } from '#kinds/generated/types.ts';
import { isReady } from '../shared/pods.ts';
import { hostnameOf, targetPort } from '../shared/services.ts';

export const ZONE = 'topology.kubernetes.io/zone';

export type AddressType = 'IPv4' | 'IPv6';
export interface PortGroup {
  readonly ports: readonly SlicePort[];
  readonly endpoints: Endpoint[];
}

/** Kubernetes' words for the families of a service; headless services without a selector's help take both. */
export function addressTypes(service: Service): readonly AddressType[] {
  const families = service.spec?.ipFamilies ?? [];
  return families.length === 0 ? ['IPv4'] : families.map((family) => (family === 'IPv6' ? 'IPv6' : 'IPv4'));
}

function portsOf(pod: Pod, service: Service): SlicePort[] {
  const found: SlicePort[] = [];
  for (const port of service.spec?.ports ?? []) {
    const number = targetPort(pod, port);
    if (number === undefined) continue;
    found.push({ name: port.name ?? '', port: number, protocol: port.protocol ?? 'TCP', ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }) });
  }
  return found;
}

function endpointOf(pod: Pod, service: Service, addresses: string[], cache: Cache): Endpoint {
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const serving = isReady(pod);
  const ready = service.spec?.publishNotReadyAddresses === true || (serving && !terminating);
  const nodeName = pod.spec?.nodeName;
  const zone = nodeName === undefined ? undefined : cache.get<Node>('nodes', '', nodeName)?.metadata.labels?.[ZONE];
  const hostname = hostnameOf(pod, service);
  return {
    addresses,
    conditions: { ready, serving, terminating },
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(zone === undefined ? {} : { zone }),
    targetRef: { kind: 'Pod', namespace: pod.metadata.namespace!, name: pod.metadata.name!, uid: pod.metadata.uid! },
  };
}

/** Endpoints nearer to a client come first where the service asks for it: each is hinted to its own zone, or its own node. */
function hint(endpoint: Endpoint, service: Service): Endpoint {
  const wish = service.spec?.trafficDistribution;
  if (endpoint.conditions?.ready !== true) return endpoint;
  const forZones = endpoint.zone === undefined ? {} : { forZones: [{ name: endpoint.zone }] };
  if (wish === 'PreferClose' || wish === 'PreferSameZone') return endpoint.zone === undefined ? endpoint : { ...endpoint, hints: forZones };
  if (wish === 'PreferSameNode' && endpoint.nodeName !== undefined) return { ...endpoint, hints: { ...forZones, forNodes: [{ name: endpoint.nodeName }] } };
  return endpoint;
}

/** By the text of their ports. */
export function desiredGroups(service: Service, pods: readonly Pod[], type: AddressType, cache: Cache): Map<string, PortGroup> {
  const groups = new Map<string, PortGroup>();
  const headless = service.spec?.clusterIP === 'None' && (service.spec.ports ?? []).length === 0;
  for (const pod of pods) {
    const addresses = (pod.status?.podIPs ?? [{ ip: pod.status?.podIP ?? '' }]).map(({ ip }) => ip ?? '').filter((ip) => ip !== '' && ip.includes(':') === (type === 'IPv6'));
    if (addresses.length === 0) continue;
    const ports = portsOf(pod, service);
    if (ports.length === 0 && !headless) continue;
    const key = portsKey(ports);
    const group = groups.get(key);
    const endpoint = hint(endpointOf(pod, service, addresses, cache), service);
    if (group === undefined) groups.set(key, { ports, endpoints: [endpoint] });
    else group.endpoints.push(endpoint);
  }
  return groups;
}

export function portsKey(ports: readonly SlicePort[] | null | undefined): string {
  return (ports ?? [])
    .map((port) => JSON.stringify([port.name ?? '', port.protocol ?? 'TCP', port.port ?? 0, port.appProtocol ?? '']))
    .sort()
    .join();
}
