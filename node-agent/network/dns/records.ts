/**
 * The cluster's zone: names of services, endpoints and pods (Kubernetes "DNS-Based Service Discovery" 1.1.0), worked out when they are
 * asked for and remembered until the next change.
 */
import { formatIPv4, inCidr, isIPv4, isPort, parseCidr, parseIPv4 } from '../addresses.ts';
import { keyOf, serviceKey, slicesByService, type Endpoint, type EndpointSlice, type Service, type ServicePort } from '../services.ts';
import { RCODE, TYPE, type Answer, type DnsRecord, type Rcode } from './message.ts';

const TTL_SECONDS = 30;
const SCHEMA_VERSION = '1.1.0';
/** Answers remembered between two changes. */
const REMEMBERED = 10_000;
const DASHED = /^\d{1,3}-\d{1,3}-\d{1,3}-\d{1,3}$/;
const REVERSE = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/;

export interface RecordOptions {
  /** `cluster.local` */
  readonly clusterDomain: string;
  /** The responder's own address. */
  readonly address: string;
  /** Ranges whose reverse names are the cluster's. */
  readonly ranges: readonly string[];
}

/** `outside`: not the cluster's; `alias`: the answer goes on at a name elsewhere. */
export type Found =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'outside' }
  | { readonly kind: 'alias'; readonly record: DnsRecord; readonly target: string };

export interface Records {
  apply(services: readonly Service[], slices: readonly EndpointSlice[]): void;
  find(name: string, type: number): Found;
}

interface Host {
  /** `<hostname>` or `10-64-0-5`. */
  readonly label: string;
  readonly address: string;
  readonly slice: EndpointSlice;
}

type Data =
  | { readonly type: 'A'; readonly address: string }
  | { readonly type: 'TXT'; readonly text: string }
  | { readonly type: 'NS' | 'PTR'; readonly target: string }
  | { readonly type: 'CNAME'; readonly target: string }
  | { readonly type: 'SRV'; readonly port: number; readonly weight: number; readonly target: string; readonly address: string };
/** What a name holds; undefined: there is no such name. */
type Holds = readonly Data[] | undefined;

const isHeadless = (service: Service): boolean => service.spec.clusterIP === 'None';
const isReady = ({ conditions }: Endpoint): boolean => conditions?.ready ?? true;
const clusterIPs = ({ spec }: Service): readonly string[] => [...new Set([spec.clusterIP ?? '', ...(spec.clusterIPs ?? [])])].filter(isIPv4);

/** A service that publishes unready addresses has them marked ready by its controller. */
function hosts(slices: readonly EndpointSlice[]): readonly Host[] {
  const found = new Map<string, Host>();
  for (const slice of slices)
    for (const endpoint of slice.endpoints ?? []) {
      const address = endpoint.addresses[0];
      if (address === undefined || !isIPv4(address) || !isReady(endpoint)) continue;
      const label = endpoint.hostname ?? address.replaceAll('.', '-');
      found.set(`${label} ${address} ${slice.metadata.name}`, { label: label.toLowerCase(), address, slice });
    }
  return [...found.values()];
}

const addressesOf = (list: readonly Host[]): readonly Data[] => [...new Set(list.map(({ address }) => address))].map((address) => ({ type: 'A', address }));

function recordOf(name: string, data: Data): DnsRecord {
  const head = { name, ttl: TTL_SECONDS };
  if (data.type !== 'SRV') return { ...head, ...data };
  const { type, weight, port, target } = data;
  return { ...head, type, priority: 0, weight, port, target };
}

export function clusterRecords(options: RecordOptions): Records {
  const zone = options.clusterDomain.toLowerCase();
  const ranges = options.ranges.map(parseCidr);
  let services = new Map<string, Service>();
  let slices: ReadonlyMap<string, readonly EndpointSlice[]> = new Map();
  let namespaces = new Set<string>();
  let reverse: ReadonlyMap<string, string> | undefined;
  let remembered = new Map<string, Found>();
  let serial = 1;

  const soa = (): DnsRecord => ({
    name: zone,
    ttl: TTL_SECONDS,
    type: 'SOA',
    mname: `ns.dns.${zone}`,
    rname: `hostmaster.${zone}`,
    serial,
    refresh: 7200,
    retry: 1800,
    expire: 86_400,
    minimum: TTL_SECONDS,
  });
  const fullName = (service: Service): string => `${service.metadata.name}.${service.metadata.namespace}.svc.${zone}`;
  const hostsOf = (service: Service): readonly Host[] => hosts(slices.get(keyOf(service)) ?? []);

  /** SRV of one named port, or of all ports for the bare service name. */
  function locations(service: Service, wanted: (port: ServicePort) => boolean): readonly Data[] {
    const target = fullName(service);
    if (!isHeadless(service)) {
      const address = clusterIPs(service)[0];
      if (address === undefined) return [];
      return (service.spec.ports ?? []).filter(wanted).map(({ port }) => ({ type: 'SRV', port, weight: 100, target, address }));
    }
    const found = hostsOf(service).flatMap(({ label, address, slice }) =>
      (slice.ports ?? [])
        .filter((port) => isPort(port.port) && wanted({ ...port, port: port.port }))
        .map((port) => ({ type: 'SRV', port: port.port!, target: `${label}.${target}`, address }) as const),
    );
    return found.map((data) => ({ ...data, weight: Math.max(1, Math.floor(100 / found.length)) }));
  }

  function inService(service: Service, labels: readonly string[]): Holds {
    const { spec } = service;
    if (labels.length === 0) {
      if (spec.type === 'ExternalName') return spec.externalName === undefined ? [] : [{ type: 'CNAME', target: spec.externalName.replace(/\.$/, '') }];
      const addresses = isHeadless(service) ? addressesOf(hostsOf(service)) : clusterIPs(service).map((address) => ({ type: 'A', address }) as const);
      return addresses.length === 0 ? undefined : [...addresses, ...locations(service, () => true)];
    }
    if (spec.type === 'ExternalName') return undefined;
    const [first, second] = labels as readonly [string, string?];
    if (labels.length === 2 && first.startsWith('_') && second!.startsWith('_')) {
      const found = locations(service, (port) => `_${(port.name ?? '').toLowerCase()}` === first && `_${(port.protocol ?? 'TCP').toLowerCase()}` === second);
      return found.length === 0 || first === '_' ? undefined : found;
    }
    // A protocol under which there are names.
    if (labels.length === 1 && first.startsWith('_')) return (spec.ports ?? []).some((port) => `_${(port.protocol ?? 'TCP').toLowerCase()}` === first) ? [] : undefined;
    const named = labels.length === 1 ? hostsOf(service).filter(({ label }) => label === first) : [];
    return named.length === 0 ? undefined : addressesOf(named);
  }

  /** `labels` are what stands before the zone, the last one first. */
  function inZone(labels: readonly string[]): Holds {
    const [kind, namespace, name] = labels;
    if (kind === undefined) return [{ type: 'NS', target: `ns.dns.${zone}` }];
    if (kind === 'dns-version') return labels.length === 1 ? [{ type: 'TXT', text: SCHEMA_VERSION }] : undefined;
    if (kind === 'dns') return namespace === undefined ? [] : namespace === 'ns' && name === undefined ? [{ type: 'A', address: options.address }] : undefined;
    if (kind === 'svc') {
      if (namespace === undefined) return [];
      if (name === undefined) return namespaces.has(namespace) ? [] : undefined;
      const service = services.get(serviceKey(namespace, name));
      return service === undefined ? undefined : inService(service, labels.slice(3).reverse());
    }
    if (kind === 'pod') {
      if (name === undefined) return [];
      const address = DASHED.test(name) && labels.length === 3 ? name.replaceAll('-', '.') : '';
      return isIPv4(address) ? [{ type: 'A', address }] : undefined;
    }
    return undefined;
  }

  function reverseNames(): ReadonlyMap<string, string> {
    const names = new Map<string, string>();
    for (const service of services.values())
      for (const { label, address } of hostsOf(service)) if (!names.has(address) || service.spec.clusterIP === 'None') names.set(address, `${label}.${fullName(service)}`);
    for (const service of services.values()) for (const address of clusterIPs(service)) names.set(address, fullName(service));
    return names;
  }

  function answer(rcode: Rcode, answers: readonly DnsRecord[], additionals: readonly DnsRecord[] = []): Found {
    return { kind: 'answer', answer: { rcode, authoritative: true, answers, authorities: answers.length > 0 ? [] : [soa()], additionals } };
  }

  function look(name: string, type: number): Found {
    const lower = name.toLowerCase();
    const match = REVERSE.exec(lower);
    let holds: Holds;
    if (match !== null) {
      const address = `${match[4]}.${match[3]}.${match[2]}.${match[1]}`;
      if (!isIPv4(address) || !ranges.some((range) => inCidr(range, parseIPv4(address)))) return { kind: 'outside' };
      reverse ??= reverseNames();
      const target = reverse.get(formatIPv4(parseIPv4(address)));
      holds = target === undefined ? undefined : [{ type: 'PTR', target }];
    } else if (lower === zone || lower.endsWith(`.${zone}`)) {
      holds = inZone(
        lower === zone
          ? []
          : lower
              .slice(0, -zone.length - 1)
              .split('.')
              .reverse(),
      );
    } else return { kind: 'outside' };
    if (holds === undefined) return answer(RCODE.NXDOMAIN, []);
    if (lower === zone && type === TYPE.SOA) return answer(RCODE.NOERROR, [soa()]);
    const alias = holds.find((data): data is Extract<Data, { type: 'NS' | 'PTR' | 'CNAME' }> => data.type === 'CNAME');
    if (alias !== undefined && type !== TYPE.CNAME) return { kind: 'alias', record: recordOf(name, alias), target: alias.target };
    const matching = holds.filter((data) => type === TYPE.ANY || TYPE[data.type] === type);
    const isSrv = (data: Data): data is Extract<Data, { type: 'SRV' }> => data.type === 'SRV';
    const additionals = matching.filter(isSrv).map((data): DnsRecord => ({ type: 'A', name: data.target, ttl: TTL_SECONDS, address: data.address }));
    return answer(
      RCODE.NOERROR,
      matching.map((data) => recordOf(name, data)),
      // Several ports of one host share its address.
      [...new Map(additionals.map((record) => [`${record.name} ${record.type === 'A' ? record.address : ''}`, record])).values()],
    );
  }

  return {
    apply(allServices, allSlices) {
      services = new Map(allServices.map((service) => [keyOf(service), service]));
      namespaces = new Set(allServices.map((service) => service.metadata.namespace ?? ''));
      slices = slicesByService(allSlices);
      reverse = undefined;
      remembered = new Map();
      serial = (serial + 1) >>> 0;
    },
    find(name, type) {
      const key = `${type} ${name}`;
      const known = remembered.get(key);
      if (known !== undefined) return known;
      const found = look(name, type);
      if (found.kind !== 'outside' && remembered.size < REMEMBERED) remembered.set(key, found);
      return found;
    },
  };
}
