/**
 * What services mean for one node: a flat list of destinations (address, protocol, port) and where each sends its traffic. Everything the
 * firewall needs is in here; two equal lists need no change.
 */
import { formatCidr, isIPv4, isPort, overlaps, parseCidr } from '../addresses.ts';
import { keyOf, slicesByService, type EndpointSlice, type Service, type ServicePort } from '../services.ts';
import { chooseEndpoints, type Place } from './endpoints.ts';

const DEFAULT_AFFINITY_SECONDS = 10_800;
const PROTOCOLS: Readonly<Record<string, Destination['protocol']>> = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' };
const OTHER_PROXY = 'service.kubernetes.io/service-proxy-name';

export interface Destination {
  /** `10.96.0.1 . tcp . 443`, as nftables writes it. */
  readonly key: string;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly address: string;
  readonly port: number;
  /** Where traffic goes; for `outside` set: where traffic of pods and of the node itself goes. */
  readonly endpoints: readonly string[];
  /** Where traffic from outside the cluster goes, when it must stay on this node. */
  readonly outside?: readonly string[];
  /** What becomes of traffic that has no endpoint to go to. */
  readonly refusal: 'reject' | 'drop';
  /** Seconds that a client stays with its endpoint; 0: no affinity. */
  readonly affinitySeconds: number;
  /** The way back leads through this node only if the source becomes the node. */
  readonly masquerade: boolean;
  /** Only these may use it. */
  readonly sourceRanges?: readonly string[];
}

export interface DesiredOptions extends Place {
  readonly nodeIP: string;
  /** Service addresses that something on the node answers itself (cluster DNS). */
  readonly ownAddresses?: readonly string[];
}

export interface HealthCheck {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
  readonly localEndpoints: number;
}

export interface Desired {
  readonly destinations: readonly Destination[];
  readonly healthChecks: readonly HealthCheck[];
}

/** Addresses the cloud's balancer forwards to unchanged; one that acts as a proxy sends to node ports itself. */
function balancerAddresses(service: Service): readonly string[] {
  if (service.spec.type !== 'LoadBalancer') return [];
  return (service.status?.loadBalancer?.ingress ?? []).filter(({ ip, ipMode }) => ip !== undefined && ipMode !== 'Proxy').map(({ ip }) => ip!);
}

/** IPv4 ranges in canonical form without those inside another: nftables refuses overlaps. */
function sourceRanges(texts: readonly string[]): readonly string[] {
  const ranges = texts
    .map((text) => text.trim())
    .filter((text) => /^[\d.]+(\/([12]?\d|3[0-2]))?$/.test(text) && isIPv4(text.split('/')[0]!))
    .map((text) => parseCidr(text.includes('/') ? text : `${text}/32`))
    .sort((a, b) => b.size - a.size);
  return ranges.filter((range, index) => !ranges.slice(0, index).some((wider) => overlaps(wider, range))).map(formatCidr);
}

function ofPort(service: Service, port: ServicePort, slices: readonly EndpointSlice[], options: DesiredOptions): readonly Destination[] {
  const { spec } = service;
  const protocol = PROTOCOLS[port.protocol ?? 'TCP'];
  if (protocol === undefined || !isPort(port.port)) return [];
  const { cluster, local } = chooseEndpoints(port, slices, options);
  const seconds = Math.trunc(spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_AFFINITY_SECONDS);
  const affinitySeconds = spec.sessionAffinity === 'ClientIP' && seconds > 0 ? seconds : 0;
  const at = (address: string, number: number, rest: Omit<Destination, 'key' | 'protocol' | 'address' | 'port' | 'affinitySeconds'>): Destination => ({
    key: `${address} . ${protocol} . ${number}`,
    protocol,
    address,
    port: number,
    affinitySeconds,
    ...rest,
  });
  const keepsInside = spec.internalTrafficPolicy === 'Local';
  const inside = { endpoints: keepsInside ? local : cluster, refusal: keepsInside && cluster.length > 0 ? 'drop' : 'reject', masquerade: false } as const;
  const staysHere = spec.externalTrafficPolicy === 'Local';
  const outside = staysHere
    ? ({ endpoints: cluster, outside: local, refusal: cluster.length > 0 ? 'drop' : 'reject', masquerade: false } as const)
    : ({ endpoints: cluster, refusal: 'reject', masquerade: true } as const);
  const ranges = sourceRanges(spec.loadBalancerSourceRanges ?? []);
  const clusterIPs = [...new Set([spec.clusterIP ?? '', ...(spec.clusterIPs ?? [])])].filter((address) => isIPv4(address) && options.ownAddresses?.includes(address) !== true);
  return [
    ...clusterIPs.map((address) => at(address, port.port, inside)),
    ...(spec.externalIPs ?? []).filter(isIPv4).map((address) => at(address, port.port, outside)),
    ...balancerAddresses(service)
      .filter(isIPv4)
      .map((address) => at(address, port.port, (spec.loadBalancerSourceRanges ?? []).length > 0 ? { ...outside, sourceRanges: ranges } : outside)),
    ...(isPort(port.nodePort) ? [at(options.nodeIP, port.nodePort, outside)] : []),
  ];
}

const isProxied = (service: Service): boolean =>
  service.spec.type !== 'ExternalName' &&
  service.spec.clusterIP !== undefined &&
  service.spec.clusterIP !== '' &&
  service.spec.clusterIP !== 'None' &&
  service.metadata.labels?.[OTHER_PROXY] === undefined;

function healthCheckOf(service: Service, slices: readonly EndpointSlice[], options: DesiredOptions): HealthCheck | undefined {
  const port = service.spec.healthCheckNodePort ?? 0;
  if (service.spec.type !== 'LoadBalancer' || service.spec.externalTrafficPolicy !== 'Local' || port === 0) return undefined;
  const local = new Set((service.spec.ports ?? []).flatMap((servicePort) => chooseEndpoints(servicePort, slices, options).local.map((target) => target.split(' ')[0])));
  return { namespace: service.metadata.namespace ?? '', name: service.metadata.name ?? '', port, localEndpoints: local.size };
}

const sameList = <T>(a: readonly T[], b: readonly T[]): boolean => a.length === b.length && a.every((item, index) => item === b[index]);
const NO_SLICES: readonly EndpointSlice[] = [];

/**
 * A function of all services and slices that recomputes only those whose objects are others than last time. Two services may claim one external
 * address and port: the older service has it.
 */
export function desiredState(options: DesiredOptions): (services: readonly Service[], slices: readonly EndpointSlice[]) => Desired {
  interface Known {
    readonly service: Service;
    readonly slices: readonly EndpointSlice[];
    readonly destinations: readonly Destination[];
    readonly healthCheck: HealthCheck | undefined;
  }
  let known = new Map<string, Known>();
  return (services, slices) => {
    const groups = slicesByService(slices);
    const next = new Map<string, Known>();
    for (const service of services) {
      if (!isProxied(service)) continue;
      const key = keyOf(service);
      const group = groups.get(key) ?? NO_SLICES;
      const before = known.get(key);
      if (before !== undefined && before.service === service && sameList(before.slices, group)) next.set(key, before);
      else {
        const destinations = (service.spec.ports ?? []).flatMap((port) => ofPort(service, port, group, options));
        next.set(key, { service, slices: group, destinations, healthCheck: healthCheckOf(service, group, options) });
      }
    }
    known = next;
    const owners = new Map<string, { readonly destination: Destination; readonly created: string }>();
    for (const { service, destinations } of next.values()) {
      const created = `${service.metadata.creationTimestamp ?? ''} ${service.metadata.uid ?? ''}`;
      for (const destination of destinations) {
        const owner = owners.get(destination.key);
        if (owner === undefined || created < owner.created) owners.set(destination.key, { destination, created });
      }
    }
    return {
      destinations: [...owners.values()].map(({ destination }) => destination),
      healthChecks: [...next.values()].flatMap(({ healthCheck }) => healthCheck ?? []),
    };
  };
}
