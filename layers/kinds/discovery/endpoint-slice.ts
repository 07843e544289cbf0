/** Endpoint slices. */
import type { Endpoint, EndpointSlice } from '#kinds/generated/types.ts';
import { type FieldError, duplicate, invalid, notSupported, required, tooMany } from '#machinery/field-error.ts';
import { isDNS1123Label, isDNS1123Subdomain, isPortNumber, isQualifiedName } from '#machinery/names.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { checkIP, checkNotSpecial, familyOf } from '../shared/address.ts';
import { type Errors, checkImmutable, checkText } from '../shared/check.ts';
import { AGE, text } from '../shared/columns.ts';

const ADDRESS_TYPES: readonly string[] = ['FQDN', 'IPv4', 'IPv6'];
const ADDRESSES = 100;
const PORTS = 20_000;
const ENDPOINTS = 1000;
const HINTS = 8;

function checkAddress(errors: Errors, field: string, address: string, type: string): void {
  if (type === 'FQDN') {
    checkText(errors, field, address, isDNS1123Subdomain(address));
    if (!address.includes('.')) errors.push(invalid(field, address, 'should be a domain with at least two segments separated by dots'));
    return;
  }
  const before = errors.length;
  if (checkIP(errors, field, address) && familyOf(address) !== (type === 'IPv6' ? 6 : 4)) errors.push(invalid(field, address, `must be an ${type} address`));
  if (errors.length === before) checkNotSpecial(errors, field, address);
}

function checkEndpoint(errors: Errors, field: string, endpoint: Endpoint, type: string): void {
  const addresses = endpoint.addresses ?? [];
  if (addresses.length === 0) errors.push(required(`${field}.addresses`, 'must contain at least 1 address'));
  if (addresses.length > ADDRESSES) errors.push(tooMany(`${field}.addresses`, addresses.length, ADDRESSES));
  addresses.forEach((address, index) => checkAddress(errors, `${field}.addresses[${index}]`, address, type));
  if (endpoint.nodeName !== undefined) checkText(errors, `${field}.nodeName`, endpoint.nodeName, isDNS1123Subdomain(endpoint.nodeName));
  if (endpoint.hostname !== undefined) checkText(errors, `${field}.hostname`, endpoint.hostname, isDNS1123Label(endpoint.hostname));
  for (const [name, key] of [
    ['forZones', 'name'],
    ['forNodes', 'name'],
  ] as const) {
    const hints = endpoint.hints?.[name] ?? [];
    if (hints.length > HINTS) errors.push(tooMany(`${field}.hints.${name}`, hints.length, HINTS));
    const seen = new Set<string>();
    hints.forEach((hint, index) => {
      const at = `${field}.hints.${name}[${index}].${key}`;
      if (seen.has(hint.name)) errors.push(duplicate(at, hint.name));
      seen.add(hint.name);
      checkText(errors, at, hint.name, name === 'forZones' ? isQualifiedName(hint.name) : isDNS1123Subdomain(hint.name));
    });
  }
}

function validate(slice: EndpointSlice): FieldError[] {
  const errors: FieldError[] = [];
  const type = slice.addressType ?? '';
  if (type === '') errors.push(required('addressType'));
  else if (!ADDRESS_TYPES.includes(type)) errors.push(notSupported('addressType', type, ADDRESS_TYPES));
  const endpoints = slice.endpoints ?? [];
  if (endpoints.length > ENDPOINTS) errors.push(tooMany('endpoints', endpoints.length, ENDPOINTS));
  else endpoints.forEach((endpoint, index) => checkEndpoint(errors, `endpoints[${index}]`, endpoint, type));
  const ports = slice.ports ?? [];
  if (ports.length > PORTS) errors.push(tooMany('ports', ports.length, PORTS));
  const names = new Set<string>();
  ports.forEach(({ name = '', port, protocol, appProtocol }, index) => {
    const field = `ports[${index}]`;
    if (name !== '') checkText(errors, `${field}.name`, name, isDNS1123Label(name));
    if (names.has(name)) errors.push(duplicate(`${field}.name`, name));
    names.add(name);
    if (port !== undefined && port !== null) for (const message of isPortNumber(port)) errors.push(invalid(`${field}.port`, port, message));
    if (!protocol) errors.push(required(`${field}.protocol`));
    else if (!['SCTP', 'TCP', 'UDP'].includes(protocol)) errors.push(notSupported(`${field}.protocol`, protocol, ['SCTP', 'TCP', 'UDP']));
    if (appProtocol !== undefined) checkText(errors, `${field}.appProtocol`, appProtocol, isQualifiedName(appProtocol));
  });
  return errors;
}

const SHOWN = 3;
function shown(all: readonly string[]): string {
  if (all.length === 0) return '<unset>';
  return all.length > SHOWN ? `${all.slice(0, SHOWN).join(',')} + ${all.length - SHOWN} more...` : all.join(',');
}

export const endpointSlice = behaviour<EndpointSlice>({
  defaults({ ports }) {
    for (const port of ports ?? []) {
      port.name ??= '';
      port.protocol ??= 'TCP';
    }
  },
  validate,
  validateUpdate(now, old) {
    const errors: FieldError[] = [];
    checkImmutable(errors, 'addressType', now.addressType, old.addressType);
    return errors;
  },
  columns: [
    text(
      'AddressType',
      'addressType specifies the type of address carried by this EndpointSlice. All addresses in this slice must be the same type. This field is immutable after creation.',
    ),
    text('Ports', 'ports specifies the list of network ports exposed by each endpoint in this slice.'),
    text('Endpoints', 'endpoints is a list of unique endpoints in this slice. Each slice may include a maximum of 1000 endpoints.'),
    AGE,
  ],
  row: (object, now) => ({
    cells: [
      object.addressType ?? '',
      shown((object.ports ?? []).map(({ port }) => (port === undefined || port === null ? '*' : String(port)))),
      shown((object.endpoints ?? []).flatMap(({ addresses }) => addresses ?? [])),
      age(object.metadata.creationTimestamp, now),
    ],
  }),
});
