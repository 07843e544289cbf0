/** Ingresses. */
import type { HTTPIngressPath, Ingress, IngressBackend, IngressRule, IngressSpec } from '#kinds/generated/types.ts';
import { type FieldError, invalid, notSupported, required } from '#machinery/field-error.ts';
import { isDNS1123Label, isDNS1123Subdomain, isPortName, isPortNumber, isWildcardDNS1123Subdomain } from '#machinery/names.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { balancerAddresses } from '../core/service/service.ts';
import { addressBytes, checkIP } from '../shared/address.ts';
import { type Errors, checkText } from '../shared/check.ts';
import { AGE, text } from '../shared/columns.ts';
import { checkTypedReference } from '../shared/reference.ts';
import { statusDoor } from '../shared/workload.ts';

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
const PATH_SEQUENCES = ['//', '/./', '/../', '%2f', '%2F'];
const PATH_ENDS = ['/..', '/.'];
const NOT_IP = 'must be a DNS name, not an IP address';

function checkBackend(errors: Errors, field: string, { service, resource }: IngressBackend): void {
  if (service !== undefined && resource !== undefined) errors.push(invalid(field, '', 'cannot set both resource and service backends'));
  else if (resource !== undefined) checkTypedReference(errors, `${field}.resource`, resource);
  else if (service === undefined) errors.push(invalid(field, '', 'resource or service backend is required'));
  else {
    if (!service.name) errors.push(required(`${field}.service.name`));
    else checkText(errors, `${field}.service.name`, service.name, isDNS1123Label(service.name));
    const { name = '', number = 0 } = service.port ?? {};
    if (name !== '' && number !== 0) errors.push(invalid(field, '', 'cannot set both port name & port number'));
    else if (name !== '') checkText(errors, `${field}.service.port.name`, name, isPortName(name));
    else if (number === 0) errors.push(required(field, 'port name or number is required'));
    else for (const message of isPortNumber(number)) errors.push(invalid(`${field}.service.port.number`, number, message));
  }
}

function checkPath(errors: Errors, field: string, entry: HTTPIngressPath): void {
  const { path = '', pathType } = entry as Partial<HTTPIngressPath>;
  if (pathType === undefined) {
    errors.push(required(`${field}.pathType`, 'pathType must be specified'));
    return;
  }
  const at = `${field}.path`;
  switch (pathType) {
    case 'Exact':
    case 'Prefix':
      if (!path.startsWith('/')) errors.push(invalid(at, path, 'must be an absolute path'));
      for (const sequence of PATH_SEQUENCES) if (path.includes(sequence)) errors.push(invalid(at, path, `must not contain '${sequence}'`));
      for (const end of PATH_ENDS) if (path.endsWith(end)) errors.push(invalid(at, path, `cannot end with '${end}'`));
      break;
    case 'ImplementationSpecific':
      if (path !== '' && !path.startsWith('/')) errors.push(invalid(at, path, 'must be an absolute path'));
      break;
    default:
      errors.push(notSupported(`${field}.pathType`, pathType, ['Exact', 'ImplementationSpecific', 'Prefix']));
  }
  checkBackend(errors, `${field}.backend`, entry.backend ?? {});
}

const checkHost = (errors: Errors, field: string, host: string): void =>
  checkText(errors, field, host, host.includes('*') ? isWildcardDNS1123Subdomain(host) : isDNS1123Subdomain(host));

function checkRule(errors: Errors, field: string, { host = '', http }: IngressRule): void {
  if (host !== '') {
    if (addressBytes(host) !== undefined) errors.push(invalid(`${field}.host`, host, NOT_IP));
    checkHost(errors, `${field}.host`, host);
  }
  if (http === undefined) return;
  const paths = http.paths ?? [];
  if (paths.length === 0) errors.push(required(`${field}.http.paths`));
  paths.forEach((path, index) => checkPath(errors, `${field}.http.paths[${index}]`, path));
}

function checkSpec(errors: Errors, spec: IngressSpec): void {
  const { defaultBackend, rules = [], tls = [], ingressClassName } = spec;
  if (rules.length === 0 && defaultBackend === undefined) errors.push(invalid('spec', rules, 'either `defaultBackend` or `rules` must be specified'));
  if (defaultBackend !== undefined) checkBackend(errors, 'spec.defaultBackend', defaultBackend);
  rules.forEach((rule, index) => checkRule(errors, `spec.rules[${index}]`, rule));
  tls.forEach(({ hosts = [], secretName = '' }, index) => {
    hosts.forEach((host, at) => checkHost(errors, `spec.tls[${index}].hosts[${at}]`, host));
    if (secretName !== '') checkText(errors, `spec.tls[${index}].secretName`, secretName, isDNS1123Subdomain(secretName));
  });
  if (ingressClassName !== undefined) checkText(errors, 'spec.ingressClassName', ingressClassName, isDNS1123Subdomain(ingressClassName));
}

function validateStatus({ status }: Ingress): FieldError[] {
  const errors: FieldError[] = [];
  (status?.loadBalancer?.ingress ?? []).forEach(({ ip = '', hostname = '' }, index) => {
    const field = `status.loadBalancer.ingress[${index}]`;
    if (ip !== '') checkIP(errors, `${field}.ip`, ip);
    if (hostname === '') return;
    checkText(errors, `${field}.hostname`, hostname, isDNS1123Subdomain(hostname));
    if (addressBytes(hostname) !== undefined) errors.push(invalid(`${field}.hostname`, hostname, NOT_IP));
  });
  return errors;
}

/** The first three hosts; `*` where no rule names one. */
function hostsText(rules: readonly IngressRule[]): string {
  const shown = 3;
  const hosts: string[] = [];
  let more = false;
  for (const { host = '' } of rules) {
    if (hosts.length === shown) more = true;
    if (!more && host !== '') hosts.push(host);
  }
  if (hosts.length === 0) return '*';
  return more ? `${hosts.join(',')} + ${rules.length - shown} more...` : hosts.join(',');
}

export const ingress = behaviour<Ingress>({
  validate({ metadata, spec = {} }) {
    const errors: FieldError[] = [];
    checkSpec(errors, spec);
    const annotation = metadata.annotations?.[CLASS_ANNOTATION];
    const creating = metadata.resourceVersion === undefined;
    if (creating && annotation !== undefined && spec.ingressClassName !== undefined && annotation !== spec.ingressClassName)
      errors.push(invalid(`annotations.${CLASS_ANNOTATION}`, annotation, 'must match `ingressClassName` when both are specified'));
    return errors;
  },
  warnings: ({ metadata, spec }, old) =>
    old === undefined && metadata.annotations?.[CLASS_ANNOTATION] !== undefined && spec?.ingressClassName === undefined
      ? [`annotation ${JSON.stringify(CLASS_ANNOTATION)} is deprecated, please use 'spec.ingressClassName' instead`]
      : [],
  stored: { status: statusDoor<Ingress>(validateStatus) },
  columns: [
    text('Class', 'The name of the IngressClass resource that should be used for additional configuration'),
    text('Hosts', 'Hosts that incoming requests are matched against before the ingress rule'),
    text('Address', 'Address is a list containing ingress points for the load-balancer'),
    text('Ports', 'Ports of TLS configurations that open'),
    AGE,
  ],
  row: ({ metadata, spec, status }, now) => ({
    cells: [
      spec?.ingressClassName ?? '<none>',
      hostsText(spec?.rules ?? []),
      balancerAddresses(status?.loadBalancer?.ingress).join(','),
      (spec?.tls ?? []).length > 0 ? '80, 443' : '80',
      age(metadata.creationTimestamp, now),
    ],
  }),
});
