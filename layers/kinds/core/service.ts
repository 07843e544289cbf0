import type { Service, ServicePort } from '../generated/types.ts';
import { duplicate, type FieldError, invalid, notSupported, required } from '#machinery/field-error.ts';
import { isDNS1123Label, isDNS1123Subdomain, isPortName, isPortNumber } from '#machinery/names.ts';
import { labelErrors } from '#machinery/object-meta.ts';
import { behaviour } from '../behaviour.ts';
import { AGE, ageOf, column, labelsText, NONE } from '../shared/cells.ts';

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'] as const;
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'] as const;
const CLIENT_IP_SECONDS = 10800;
const MAX_AFFINITY_SECONDS = 86400;

function defaults({ spec, status }: Service): void {
  if (spec === undefined) return;
  spec.type ??= 'ClusterIP';
  spec.sessionAffinity ??= 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  else if (spec.sessionAffinity === 'ClientIP' && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined)
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: CLIENT_IP_SECONDS } };
  for (const port of spec.ports ?? []) {
    port.protocol ??= 'TCP';
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port;
  }
  const external = spec.type === 'NodePort' || spec.type === 'LoadBalancer' || (spec.externalIPs ?? []).length > 0;
  if (external) spec.externalTrafficPolicy ??= 'Cluster';
  if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true;
  for (const ingress of status?.loadBalancer?.ingress ?? []) if (ingress.ip) ingress.ipMode ??= 'VIP';
}

function validatePort(port: ServicePort, at: string, named: boolean): FieldError[] {
  const errors: FieldError[] = [];
  if (named && !port.name) errors.push(required(`${at}.name`));
  else if (port.name) for (const message of isDNS1123Label(port.name)) errors.push(invalid(`${at}.name`, port.name, message));
  for (const message of isPortNumber(port.port)) errors.push(invalid(`${at}.port`, port.port, message));
  if (!port.protocol) errors.push(required(`${at}.protocol`));
  else if (!(PROTOCOLS as readonly string[]).includes(port.protocol)) errors.push(notSupported(`${at}.protocol`, port.protocol, PROTOCOLS));
  const target = port.targetPort;
  if (typeof target === 'number') for (const message of isPortNumber(target)) errors.push(invalid(`${at}.targetPort`, target, message));
  else if (typeof target === 'string') for (const message of isPortName(target)) errors.push(invalid(`${at}.targetPort`, target, message));
  return errors;
}

function validate(service: Service): FieldError[] {
  const { spec } = service;
  if (spec === undefined) return [required('spec')];
  const errors: FieldError[] = [];
  const headless = spec.clusterIP === 'None';
  const ports = spec.ports ?? [];
  if (!(TYPES as readonly string[]).includes(spec.type ?? '')) errors.push(notSupported('spec.type', spec.type, TYPES));
  if (ports.length === 0 && !headless && spec.type !== 'ExternalName') errors.push(required('spec.ports'));
  if (spec.type === 'LoadBalancer' && headless) errors.push(invalid('spec.clusterIPs[0]', 'None', "may not be set to 'None' for LoadBalancer services"));
  if (spec.type === 'NodePort' && headless) errors.push(invalid('spec.clusterIPs[0]', 'None', "may not be set to 'None' for NodePort services"));
  if (spec.type === 'ExternalName') {
    if (spec.clusterIP) errors.push({ type: 'FieldValueForbidden', field: 'spec.clusterIPs', detail: 'may not be set for ExternalName services' });
    const name = (spec.externalName ?? '').replace(/\.$/, '');
    if (name === '') errors.push(required('spec.externalName'));
    else for (const message of isDNS1123Subdomain(name)) errors.push(invalid('spec.externalName', spec.externalName, message));
  }
  const names = new Set<string>();
  const seen = new Set<string>();
  const nodePorts = new Set<string>();
  ports.forEach((port, index) => {
    const at = `spec.ports[${index}]`;
    errors.push(...validatePort(port, at, ports.length > 1));
    if (port.name) {
      if (names.has(port.name)) errors.push(duplicate(`${at}.name`, port.name));
      names.add(port.name);
    }
    const key = `${port.protocol}/${port.port}`;
    if (seen.has(key)) errors.push(duplicate(at, { protocol: port.protocol, port: port.port }));
    seen.add(key);
    if (port.nodePort) {
      if (spec.type === 'ClusterIP' || spec.type === 'ExternalName')
        errors.push({ type: 'FieldValueForbidden', field: `${at}.nodePort`, detail: `may not be used when \`type\` is '${spec.type}'` });
      const node = `${port.protocol}/${port.nodePort}`;
      if (nodePorts.has(node)) errors.push(duplicate(`${at}.nodePort`, port.nodePort));
      nodePorts.add(node);
    }
  });
  errors.push(...labelErrors(spec.selector, 'spec.selector'));
  if (!['ClientIP', 'None'].includes(spec.sessionAffinity ?? '')) errors.push(notSupported('spec.sessionAffinity', spec.sessionAffinity, ['ClientIP', 'None']));
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (seconds !== undefined && (seconds <= 0 || seconds > MAX_AFFINITY_SECONDS))
    errors.push(invalid('spec.sessionAffinityConfig.clientIP.timeoutSeconds', seconds, `must be greater than 0 and less than ${MAX_AFFINITY_SECONDS}`));
  for (const [field, value] of [
    ['externalTrafficPolicy', spec.externalTrafficPolicy],
    ['internalTrafficPolicy', spec.internalTrafficPolicy],
  ] as const) {
    if (value !== undefined && value !== 'Cluster' && value !== 'Local') errors.push(notSupported(`spec.${field}`, value, ['Cluster', 'Local']));
  }
  return errors;
}

function validateUpdate(service: Service, old: Service): FieldError[] {
  const [now, was] = [service.spec, old.spec];
  if (now === undefined || was === undefined || now.type === 'ExternalName' || was.type === 'ExternalName' || !was.clusterIP) return [];
  return now.clusterIP === was.clusterIP ? [] : [invalid('spec.clusterIPs[0]', now.clusterIP, 'may not change once set')];
}

function externalOf({ spec, status }: Service): string {
  const given = spec?.externalIPs ?? [];
  const balanced = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '').filter((text) => text !== '');
  switch (spec?.type) {
    case 'LoadBalancer':
      return [...balanced, ...given].join(',') || '<pending>';
    case 'ExternalName':
      return spec.externalName ?? NONE;
    default:
      return given.join(',') || NONE;
  }
}

const portsText = (ports: readonly ServicePort[] | undefined): string =>
  (ports ?? []).map(({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ''}/${protocol ?? 'TCP'}`).join(',') || NONE;

export const service = behaviour<Service>({
  nameRule: 'label1035',
  hasGeneration: false,
  fields: { 'spec.clusterIP': ({ spec }) => spec?.clusterIP ?? '', 'spec.type': ({ spec }) => spec?.type ?? '' },
  defaults,
  prepareForCreate(object) {
    object.status = { loadBalancer: {} };
  },
  validate,
  validateUpdate,
  columns: [
    column('Type', 'Type determines how the Service is exposed.'),
    column('Cluster-IP', 'clusterIP is the IP address of the service.'),
    column('External-IP', 'externalIPs is a list of IP addresses for which nodes in the cluster will also accept traffic for this service.'),
    column('Port(s)', 'The list of ports that are exposed by this service.'),
    AGE,
    column('Selector', 'Route service traffic to pods with label keys and values matching this selector.', 'string', 1),
  ],
  row: (object, now) => ({
    cells: [
      object.spec?.type ?? '',
      object.spec?.clusterIP || NONE,
      externalOf(object),
      portsText(object.spec?.ports),
      ageOf(object.metadata.creationTimestamp, now),
      labelsText(object.spec?.selector),
    ],
  }),
});
