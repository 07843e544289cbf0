/** Validation of services, the result of allocation included. */
import type { LoadBalancerStatus, Service, ServicePort, ServiceSpec } from '#kinds/generated/types.ts';
import { type FieldError, duplicate, forbidden, invalid, notSupported, required } from '#machinery/field-error.ts';
import { isDNS1123Label, isDNS1123Subdomain, isPortNumber, isQualifiedName } from '#machinery/names.ts';
import { labelErrors } from '#machinery/object-meta.ts';
import { checkCIDR, checkIP, checkNotSpecial, familyOf } from '../../shared/address.ts';
import { type Errors, checkOneOf, checkText, orNull } from '../../shared/check.ts';
import { checkPort } from '../pod/validate-handlers.ts';
import { isHeadless, needsHealthCheck, reachedFromOutside, usesClusterIP } from './defaults.ts';

const PROTOCOLS: readonly string[] = ['SCTP', 'TCP', 'UDP'];
const TYPES: readonly string[] = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const FAMILIES: readonly string[] = ['IPv4', 'IPv6'];
const FAMILY_POLICIES: readonly string[] = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
/** One day. */
const LONGEST_AFFINITY = 86_400;
const SOURCE_RANGES = 'service.beta.kubernetes.io/load-balancer-source-ranges';
const ONLY_LOAD_BALANCER = "may only be used when `type` is 'LoadBalancer'";
const ONE_EACH = 'may specify no more than one IP for each IP family';

function checkPortEntry(errors: Errors, field: string, port: ServicePort, needsName: boolean, names: Set<string>): void {
  const { name = '' } = port;
  if (name === '') {
    if (needsName) errors.push(required(`${field}.name`));
  } else {
    checkText(errors, `${field}.name`, name, isDNS1123Label(name));
    if (names.has(name)) errors.push(duplicate(`${field}.name`, name));
    names.add(name);
  }
  for (const message of isPortNumber(port.port ?? 0)) errors.push(invalid(`${field}.port`, port.port ?? 0, message));
  checkOneOf(errors, `${field}.protocol`, port.protocol, PROTOCOLS);
  checkPort(errors, `${field}.targetPort`, port.targetPort);
  if (port.appProtocol !== undefined) checkText(errors, `${field}.appProtocol`, port.appProtocol, isQualifiedName(port.appProtocol));
}

function checkTypeRules(errors: Errors, service: Service, spec: ServiceSpec): void {
  if ((spec.type === 'LoadBalancer' || spec.type === 'NodePort') && isHeadless(service))
    errors.push(invalid('spec.clusterIPs[0]', spec.clusterIPs?.[0] ?? 'None', `may not be set to 'None' for ${spec.type} services`));
  if (spec.type !== 'ExternalName') return;
  if ((spec.clusterIPs ?? []).length > 0) errors.push(forbidden('spec.clusterIPs', 'may not be set for ExternalName services'));
  if ((spec.ipFamilies ?? []).length > 0) errors.push(forbidden('spec.ipFamilies', 'may not be set for ExternalName services'));
  if (spec.ipFamilyPolicy !== undefined) errors.push(forbidden('spec.ipFamilyPolicy', 'may not be set for ExternalName services'));
  const name = (spec.externalName ?? '').replace(/\.$/, '');
  if (name === '') errors.push(required('spec.externalName'));
  else checkText(errors, 'spec.externalName', name, isDNS1123Subdomain(name));
}

function checkAffinity(errors: Errors, spec: ServiceSpec): void {
  checkOneOf(errors, 'spec.sessionAffinity', spec.sessionAffinity, ['ClientIP', 'None']);
  const field = 'spec.sessionAffinityConfig';
  if (spec.sessionAffinity === 'None' && spec.sessionAffinityConfig !== undefined) errors.push(forbidden(field, 'must not be set when session affinity is None'));
  if (spec.sessionAffinity !== 'ClientIP') return;
  const why = 'when session affinity type is ClientIP';
  const { clientIP } = spec.sessionAffinityConfig ?? {};
  if (spec.sessionAffinityConfig === undefined) errors.push(required(field, why));
  else if (clientIP === undefined) errors.push(required(`${field}.clientIP`, why));
  else if (clientIP.timeoutSeconds === undefined) errors.push(required(`${field}.clientIP.timeoutSeconds`, why));
  else if (clientIP.timeoutSeconds <= 0 || clientIP.timeoutSeconds > LONGEST_AFFINITY)
    errors.push(invalid(`${field}.clientIP.timeoutSeconds`, clientIP.timeoutSeconds, `must be greater than 0 and less than ${LONGEST_AFFINITY}`));
}

/** Addresses, their families and the policy agree with each other; asked once before an address is chosen, then of all of it. */
export function checkAddresses(errors: Errors, service: Service, spec: ServiceSpec): void {
  if (!usesClusterIP(service)) return;
  const { clusterIP = '', clusterIPs = [], ipFamilies = [], ipFamilyPolicy } = spec;
  if (clusterIP !== '') {
    if (clusterIPs.length === 0) errors.push(required('spec.clusterIPs'));
    else if (clusterIPs[0] !== clusterIP) errors.push(invalid('spec.clusterIPs', clusterIPs, 'first value must match `clusterIP`'));
  } else if (clusterIPs.length > 0) errors.push(invalid('spec.clusterIPs', clusterIPs, 'must be empty when `clusterIP` is not specified'));
  ipFamilies.forEach((family, index) => {
    if (!FAMILIES.includes(family)) errors.push(notSupported(`spec.ipFamilies[${index}]`, family, FAMILIES));
    if (ipFamilies.indexOf(family) < index) errors.push(duplicate(`spec.ipFamilies[${index}]`, family));
  });
  if (ipFamilyPolicy !== undefined && !FAMILY_POLICIES.includes(ipFamilyPolicy)) errors.push(notSupported('spec.ipFamilyPolicy', ipFamilyPolicy, FAMILY_POLICIES));
  let bad = false;
  clusterIPs.forEach((address, index) => {
    if (index === 0 && address === 'None') {
      if (clusterIPs.length === 1) return;
      bad = true;
      errors.push(invalid('spec.clusterIPs', clusterIPs, "'None' must be the first and only value"));
    } else if (!checkIP(errors, `spec.clusterIPs[${index}]`, address)) bad = true;
  });
  if (clusterIPs.length > 2) errors.push(invalid('spec.clusterIPs', clusterIPs, 'may only hold up to 2 values'));
  // what follows would only repeat what is wrong already
  if (bad) return;
  if (clusterIPs.length > 1 && new Set(clusterIPs.map(familyOf)).size !== 2) errors.push(invalid('spec.clusterIPs', clusterIPs, ONE_EACH));
  if (isHeadless(service)) return;
  clusterIPs.forEach((address, index) => {
    const family = ipFamilies[index];
    if (family !== undefined && family !== `IPv${familyOf(address)}`)
      errors.push(invalid(`spec.clusterIPs[${index}]`, address, `expected an ${family} value as indicated by \`ipFamilies[${index}]\``));
  });
}

function checkPorts(errors: Errors, service: Service, spec: ServiceSpec): void {
  const ports = spec.ports ?? [];
  if (ports.length === 0 && !isHeadless(service) && spec.type !== 'ExternalName') errors.push(required('spec.ports'));
  checkTypeRules(errors, service, spec);
  const names = new Set<string>();
  ports.forEach((port, index) => checkPortEntry(errors, `spec.ports[${index}]`, port, ports.length > 1, names));
}

function checkPortClashes(errors: Errors, spec: ServiceSpec): void {
  const ports = spec.ports ?? [];
  if (spec.type === 'ClusterIP')
    ports.forEach(({ nodePort }, index) => {
      if (nodePort) errors.push(forbidden(`spec.ports[${index}].nodePort`, "may not be used when `type` is 'ClusterIP'"));
    });
  const nodePorts = new Set<string>();
  ports.forEach(({ nodePort, protocol }, index) => {
    if (!nodePort) return;
    if (nodePorts.has(`${protocol}/${nodePort}`)) errors.push(duplicate(`spec.ports[${index}].nodePort`, nodePort));
    nodePorts.add(`${protocol}/${nodePort}`);
  });
  const numbers = new Set<string>();
  ports.forEach(({ port, protocol }, index) => {
    if (numbers.has(`${protocol}/${port}`)) errors.push(duplicate(`spec.ports[${index}]`, { protocol, port, targetPort: 0 }));
    numbers.add(`${protocol}/${port}`);
  });
}

function checkSourceRanges(errors: Errors, service: Service, spec: ServiceSpec): void {
  const ranges = spec.loadBalancerSourceRanges ?? [];
  const isLoadBalancer = spec.type === 'LoadBalancer';
  if (ranges.length > 0) {
    if (!isLoadBalancer) errors.push(forbidden('spec.LoadBalancerSourceRanges', ONLY_LOAD_BALANCER));
    ranges.forEach((range, index) => checkCIDR(errors, `spec.LoadBalancerSourceRanges[${index}]`, range.trim()));
    return;
  }
  const annotation = service.metadata.annotations?.[SOURCE_RANGES];
  if (annotation === undefined) return;
  const field = `metadata.annotations[${SOURCE_RANGES}]`;
  if (!isLoadBalancer) errors.push(forbidden(field, ONLY_LOAD_BALANCER));
  if (annotation.trim() !== '') for (const range of annotation.trim().split(',')) checkCIDR(errors, field, range.trim());
}

function checkTraffic(errors: Errors, service: Service, spec: ServiceSpec): void {
  const { externalTrafficPolicy: outside = '', internalTrafficPolicy: inside, healthCheckNodePort = 0, trafficDistribution } = spec;
  if (!reachedFromOutside(service)) {
    if (outside !== '') errors.push(invalid('spec.externalTrafficPolicy', outside, 'may only be set for externally-accessible services'));
  } else checkOneOf(errors, 'spec.externalTrafficPolicy', outside, ['Cluster', 'Local']);
  if (!needsHealthCheck(service)) {
    if (healthCheckNodePort !== 0)
      errors.push(invalid('spec.healthCheckNodePort', healthCheckNodePort, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"));
  } else if (healthCheckNodePort === 0) errors.push(required('spec.healthCheckNodePort'));
  else for (const message of isPortNumber(healthCheckNodePort)) errors.push(invalid('spec.healthCheckNodePort', healthCheckNodePort, message));
  if (inside === undefined) {
    if (spec.type !== 'ExternalName') errors.push(required('spec.internalTrafficPolicy'));
  } else if (inside !== 'Cluster' && inside !== 'Local') errors.push(notSupported('spec.internalTrafficPolicy', inside, ['Cluster', 'Local']));
  const distributions = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];
  if (trafficDistribution !== undefined && !distributions.includes(trafficDistribution)) errors.push(notSupported('spec.trafficDistribution', trafficDistribution, distributions));
}

function checkClass(errors: Errors, now: ServiceSpec, old: ServiceSpec | undefined): void {
  const field = 'spec.loadBalancerClass';
  const name = now.loadBalancerClass;
  if (old !== undefined && old.type === 'LoadBalancer' && now.type === 'LoadBalancer' && name !== old.loadBalancerClass) {
    errors.push(invalid(field, orNull(name), 'may not change once set'));
    return;
  }
  if (now.type === 'LoadBalancer') {
    if (name !== undefined) checkText(errors, field, name, isQualifiedName(name));
  } else if (name !== undefined) errors.push(forbidden(field, ONLY_LOAD_BALANCER));
}

export function validateService(service: Service): FieldError[] {
  const errors: FieldError[] = [];
  const spec = service.spec ?? {};
  const annotations = service.metadata.annotations ?? {};
  const [hints, mode] = [annotations['service.kubernetes.io/topology-aware-hints'], annotations['service.kubernetes.io/topology-mode']];
  if (hints !== undefined && mode !== undefined && hints !== mode)
    errors.push(
      invalid('metadata.annotations[service.kubernetes.io/topology-mode]', mode, 'must match annotations[service.kubernetes.io/topology-aware-hints] when both are specified'),
    );
  checkPorts(errors, service, spec);
  if (spec.selector !== undefined) errors.push(...labelErrors(spec.selector, 'spec.selector'));
  checkAffinity(errors, spec);
  checkAddresses(errors, service, spec);
  (spec.externalIPs ?? []).forEach((address, index) => {
    if (checkIP(errors, `spec.externalIPs[${index}]`, address)) checkNotSpecial(errors, `spec.externalIPs[${index}]`, address);
  });
  checkOneOf(errors, 'spec.type', spec.type, TYPES);
  checkPortClashes(errors, spec);
  checkSourceRanges(errors, service, spec);
  if (spec.allocateLoadBalancerNodePorts !== undefined && spec.type !== 'LoadBalancer') errors.push(forbidden('spec.allocateLoadBalancerNodePorts', ONLY_LOAD_BALANCER));
  if (spec.allocateLoadBalancerNodePorts === undefined && spec.type === 'LoadBalancer') errors.push(required('allocateLoadBalancerNodePorts'));
  checkClass(errors, spec, undefined);
  checkTraffic(errors, service, spec);
  return errors;
}

/** A second address or family may come and go, the first one stays. */
function checkKept(errors: Errors, name: 'clusterIPs' | 'ipFamilies', now: readonly string[], old: readonly string[], policy: string | undefined): void {
  const field = `spec.${name}`;
  if (now.length === old.length) {
    old.forEach((value, index) => {
      if (value !== now[index]) errors.push(invalid(name === 'clusterIPs' ? `${field}[${index}]` : `${field}[0]`, now, 'may not change once set'));
    });
    return;
  }
  if (now.length === 0) errors.push(invalid(`${field}[0]`, now, `primary ${name === 'clusterIPs' ? 'clusterIP' : 'ipFamily'} can not be unset`));
  else if (old.length > 0 && now[0] !== old[0]) errors.push(invalid(`${field}[0]`, now, 'may not change once set'));
  if (old.length > now.length && now.length === 1 && policy !== 'SingleStack')
    errors.push(invalid('spec.ipFamilyPolicy', orNull(policy), `must be set to 'SingleStack' when releasing the secondary ${name === 'clusterIPs' ? 'clusterIP' : 'ipFamily'}`));
}

export function validateServiceUpdate(now: Service, old: Service): FieldError[] {
  const errors: FieldError[] = [];
  const [spec, was] = [now.spec ?? {}, old.spec ?? {}];
  if (was.type !== 'ExternalName' && spec.type !== 'ExternalName') {
    if (!isHeadless(old) || !isHeadless(now)) checkKept(errors, 'clusterIPs', spec.clusterIPs ?? [], was.clusterIPs ?? [], spec.ipFamilyPolicy);
    if (!isHeadless(old) && !isHeadless(now)) checkKept(errors, 'ipFamilies', spec.ipFamilies ?? [], was.ipFamilies ?? [], spec.ipFamilyPolicy);
  }
  checkClass(errors, spec, was);
  if (needsHealthCheck(old) && needsHealthCheck(now) && spec.healthCheckNodePort !== was.healthCheckNodePort)
    errors.push(forbidden('spec.healthCheckNodePort', 'field is immutable'));
  return errors;
}

export function checkLoadBalancerStatus(errors: Errors, field: string, status: LoadBalancerStatus | undefined, type: string | undefined): void {
  const entries = status?.ingress ?? [];
  if (type !== undefined && type !== 'LoadBalancer' && entries.length > 0) {
    errors.push(forbidden(`${field}.ingress`, "may only be used when `spec.type` is 'LoadBalancer'"));
    return;
  }
  entries.forEach((entry, index) => {
    const at = `${field}.ingress[${index}]`;
    if (entry.ip) checkIP(errors, `${at}.ip`, entry.ip);
    if (entry.ip && entry.ipMode === undefined) errors.push(required(`${at}.ipMode`, 'must be specified when `ip` is set'));
    if (!entry.ip && entry.ipMode !== undefined) errors.push(forbidden(`${at}.ipMode`, 'may not be specified when `ip` is not set'));
    if (entry.ipMode !== undefined && entry.ipMode !== 'VIP' && entry.ipMode !== 'Proxy') errors.push(notSupported(`${at}.ipMode`, entry.ipMode, ['Proxy', 'VIP']));
    if (entry.hostname) {
      checkText(errors, `${at}.hostname`, entry.hostname, isDNS1123Subdomain(entry.hostname));
      if (familyOf(entry.hostname) !== undefined) errors.push(invalid(`${at}.hostname`, entry.hostname, 'must be a DNS name, not an IP address'));
    }
  });
}
