/**
 * Cluster IPs and node ports of services (Kubernetes' `registry/core/service/storage/alloc.go`). Taking, keeping and giving back happen in
 * the transaction of the service itself: two services never share an address, and a failed write leaves none behind.
 */
import type { Service } from '#kinds/generated/types.ts';
import { checkAddresses } from '#kinds/core/service/validate.ts';
import { type FieldError, invalid } from '#machinery/field-error.ts';
import { internalError, invalidObject } from '#machinery/status.ts';
import type { Random } from '#machinery/clock.ts';
import type { AdmissionAttributes, AdmissionPlugin, AdmissionServices } from '../../port.ts';
import { contains, formatAddress, parseAddress, parseRange, type Range, staticBand } from './addresses.ts';
import { addressKey, isTaken, portKey, release, type ServiceRef, takeAddress, takePort } from './records.ts';

export interface ServiceAllocationOptions {
  readonly serviceCIDR: string;
  /** First and last node port. */
  readonly nodePorts: readonly [number, number];
  readonly random: Random;
}

/** Random picks before looking one by one: at less than full ranges the first few nearly always do. */
const RANDOM_TRIES = 16;
const NONE = 'None';

const usesClusterIP = ({ spec }: Service): boolean => spec?.type !== 'ExternalName';
const isHeadless = ({ spec }: Service): boolean => spec?.clusterIP === NONE || spec?.clusterIPs?.[0] === NONE;

function usesNodePorts({ spec }: Service): boolean {
  return spec?.type === 'NodePort' || (spec?.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);
}

function healthPortNeeded({ spec }: Service): boolean {
  return spec?.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
}

const addressesOf = (service: Service | undefined): readonly string[] =>
  service === undefined || !usesClusterIP(service)
    ? []
    : (service.spec?.clusterIPs ?? (service.spec?.clusterIP ? [service.spec.clusterIP] : [])).filter((ip) => ip !== NONE && ip !== '');
const portsOf = (service: Service | undefined): readonly number[] =>
  service === undefined
    ? []
    : [...new Set([...(service.spec?.ports ?? []).map(({ nodePort }) => nodePort ?? 0), service.spec?.healthCheckNodePort ?? 0].filter((port) => port > 0))];

async function pick(first: number, count: number, random: Random, free: (value: number) => Promise<boolean>): Promise<number | undefined> {
  if (count <= 0) return undefined;
  for (let tries = 0; tries < RANDOM_TRIES; tries++) {
    const value = first + Math.floor(random() * count);
    if (await free(value)) return value;
  }
  const start = Math.floor(random() * count);
  for (let step = 0; step < count; step++) {
    const value = first + ((start + step) % count);
    if (await free(value)) return value;
  }
  return undefined;
}

/** What the new service does not say and the old one had is meant to stay. */
function keepOld(service: Service, old: Service): void {
  const { spec } = service;
  const was = old.spec;
  if (spec === undefined || was === undefined) return;
  if (usesClusterIP(service) && usesClusterIP(old)) {
    if (!spec.clusterIP && was.clusterIP !== undefined) spec.clusterIP = was.clusterIP;
    if ((spec.clusterIPs ?? []).length === 0 && was.clusterIPs !== undefined) spec.clusterIPs = [...was.clusterIPs];
  }
  if (usesNodePorts(service) && usesNodePorts(old)) {
    const taken = new Set((spec.ports ?? []).map(({ nodePort }) => nodePort));
    for (const port of spec.ports ?? []) {
      if (port.nodePort) continue;
      const same = (was.ports ?? []).find((one) => one.port === port.port && (one.protocol ?? 'TCP') === (port.protocol ?? 'TCP'));
      if (same?.nodePort !== undefined && !taken.has(same.nodePort)) port.nodePort = same.nodePort;
    }
  }
  if (healthPortNeeded(service) && healthPortNeeded(old) && !spec.healthCheckNodePort && was.healthCheckNodePort !== undefined) spec.healthCheckNodePort = was.healthCheckNodePort;
}

export function serviceAllocation(options: ServiceAllocationOptions): AdmissionPlugin {
  const range: Range = parseRange(options.serviceCIDR);
  const [firstPort, lastPort] = options.nodePorts;

  const refuse = (service: Service, errors: readonly FieldError[]): never => {
    throw invalidObject('', 'Service', service.metadata.name ?? '', errors);
  };

  async function allocateAddress(service: Service, old: Service | undefined, ref: ServiceRef, attributes: AdmissionAttributes, services: AdmissionServices): Promise<void> {
    const spec = service.spec!;
    if (!usesClusterIP(service)) return;
    const wrong: FieldError[] = [];
    checkAddresses(wrong, service, spec);
    if (wrong.length > 0) refuse(service, wrong);
    if (spec.ipFamilyPolicy === 'RequireDualStack')
      refuse(service, [invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy, 'this cluster is not configured for dual-stack services')]);
    if ((spec.ipFamilies ?? []).includes('IPv6')) refuse(service, [invalid('spec.ipFamilies', spec.ipFamilies, 'IPv6 is not configured on this cluster')]);
    spec.ipFamilyPolicy = spec.ipFamilyPolicy ?? 'SingleStack';
    spec.ipFamilies = spec.ipFamilies === undefined || spec.ipFamilies.length === 0 ? ['IPv4'] : spec.ipFamilies;
    if (isHeadless(service)) {
      spec.clusterIP = NONE;
      spec.clusterIPs = [NONE];
      return;
    }
    const had = addressesOf(old);
    if (spec.clusterIP) {
      spec.clusterIPs = spec.clusterIPs ?? [spec.clusterIP];
      if (had.includes(spec.clusterIP)) return;
      const address = parseAddress(spec.clusterIP);
      const failed = (why: string): never => refuse(service, [invalid('spec.clusterIPs', spec.clusterIPs, `failed to allocate IP ${spec.clusterIP}: ${why}`)]);
      if (address === undefined) refuse(service, [invalid('spec.clusterIPs[0]', spec.clusterIP, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')]);
      else if (!contains(range, address)) failed(`the provided IP (${spec.clusterIP}) is not in the valid range. The range of valid IPs is ${range.cidr}`);
      else if (await isTaken(addressKey(spec.clusterIP), services)) failed('provided IP is already allocated');
      attributes.addWrites([takeAddress(spec.clusterIP, ref, services)]);
      return;
    }
    const free = async (address: number): Promise<boolean> => !(await isTaken(addressKey(formatAddress(address)), services));
    const band = staticBand(range);
    const address = (await pick(range.base + band, range.size - 1 - band, options.random, free)) ?? (await pick(range.base + 1, band - 1, options.random, free));
    if (address === undefined) throw internalError(`failed to allocate a serviceIP: range is full`);
    spec.clusterIP = formatAddress(address);
    spec.clusterIPs = [spec.clusterIP];
    attributes.addWrites([takeAddress(spec.clusterIP, ref, services)]);
  }

  async function allocatePorts(service: Service, old: Service | undefined, ref: ServiceRef, attributes: AdmissionAttributes, services: AdmissionServices): Promise<void> {
    const spec = service.spec!;
    const had = new Set(portsOf(old));
    const taken = new Set<number>();
    const take = async (wanted: number | undefined, field: string): Promise<number> => {
      if (wanted) {
        if (!had.has(wanted) && !taken.has(wanted)) {
          if (wanted < firstPort || wanted > lastPort)
            refuse(service, [invalid(field, wanted, `provided port is not in the valid range. The range of valid ports is ${firstPort}-${lastPort}`)]);
          if (await isTaken(portKey(wanted), services)) refuse(service, [invalid(field, wanted, 'provided port is already allocated')]);
          attributes.addWrites([takePort(wanted, ref, services)]);
        }
        taken.add(wanted);
        return wanted;
      }
      const free = async (port: number): Promise<boolean> => !taken.has(port) && !had.has(port) && !(await isTaken(portKey(port), services));
      const port = await pick(firstPort, lastPort - firstPort + 1, options.random, free);
      if (port === undefined) throw internalError('failed to allocate a nodePort: range is full');
      attributes.addWrites([takePort(port, ref, services)]);
      taken.add(port);
      return port;
    };
    if (usesNodePorts(service)) {
      const ports = spec.ports ?? [];
      // those that name their port first: a random pick must not take it from them
      for (const [index, port] of ports.entries()) if (port.nodePort) port.nodePort = await take(port.nodePort, `spec.ports[${index}].nodePort`);
      for (const [index, port] of ports.entries()) {
        if (port.nodePort) continue;
        // TCP and UDP of one port share their node port, as DNS servers want it
        const twin = ports.find(
          (other) =>
            other !== port &&
            other.port === port.port &&
            other.nodePort &&
            (other.protocol ?? 'TCP') !== (port.protocol ?? 'TCP') &&
            !ports.some((third) => third !== other && third.nodePort === other.nodePort && third.protocol === port.protocol),
        );
        port.nodePort = twin?.nodePort ?? (await take(undefined, `spec.ports[${index}].nodePort`));
      }
    } else if (old !== undefined && usesNodePorts(old) && attributes.operation === 'UPDATE') {
      // the type changed: ports that came along unchanged go, others are a mistake that validation names
      for (const port of spec.ports ?? []) if (port.nodePort !== undefined && had.has(port.nodePort)) delete port.nodePort;
    }
    if (healthPortNeeded(service)) spec.healthCheckNodePort = await take(spec.healthCheckNodePort, 'spec.healthCheckNodePort');
    else if (old !== undefined && healthPortNeeded(old) && spec.healthCheckNodePort !== undefined && had.has(spec.healthCheckNodePort)) delete spec.healthCheckNodePort;
  }

  async function giveBack(service: Service | undefined, old: Service, ref: ServiceRef, attributes: AdmissionAttributes, services: AdmissionServices): Promise<void> {
    const keptAddresses = new Set(addressesOf(service));
    const keptPorts = new Set(portsOf(service));
    const keys = [
      ...addressesOf(old)
        .filter((ip) => !keptAddresses.has(ip))
        .map(addressKey),
      ...portsOf(old)
        .filter((port) => !keptPorts.has(port))
        .map(portKey),
    ];
    for (const key of keys) {
      const write = await release(key, ref, services);
      if (write !== undefined) attributes.addWrites([write]);
    }
  }

  return {
    name: 'ServiceAllocation',
    handles: ({ resource, group, subresource, operation }) => resource === 'services' && group === '' && subresource === '' && operation !== 'CONNECT',
    async allocate(attributes, services) {
      const service = attributes.object as Service | undefined;
      const old = attributes.oldObject as Service | undefined;
      if (service?.spec === undefined) return;
      const ref = { namespace: attributes.namespace, name: service.metadata.name ?? attributes.name };
      if (old !== undefined) keepOld(service, old);
      if (!usesClusterIP(service) && old !== undefined && usesClusterIP(old)) {
        // only what came along from the old object is dropped; an address given by hand is validation's to refuse
        if (service.spec.clusterIP === old.spec?.clusterIP) {
          delete service.spec.clusterIP;
          delete service.spec.clusterIPs;
        }
        delete service.spec.ipFamilies;
        delete service.spec.ipFamilyPolicy;
      }
      await allocateAddress(service, old, ref, attributes, services);
      await allocatePorts(service, old, ref, attributes, services);
      if (old !== undefined) await giveBack(service, old, ref, attributes, services);
    },
    async removing(attributes, services) {
      const old = attributes.oldObject as Service;
      await giveBack(undefined, old, { namespace: attributes.namespace, name: old.metadata.name ?? attributes.name }, attributes, services);
    },
  };
}
