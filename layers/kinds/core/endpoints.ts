/** Endpoints: the older form of endpoint slices. */
import type { EndpointAddress, EndpointPort, EndpointSubset, Endpoints } from '#kinds/generated/types.ts';
import { type FieldError, invalid, required } from '#machinery/field-error.ts';
import { isDNS1123Label, isDNS1123Subdomain, isPortNumber, isQualifiedName } from '#machinery/names.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { checkIP, checkNotSpecial, familyOf } from '../shared/address.ts';
import { type Errors, checkOneOf, checkText } from '../shared/check.ts';
import { AGE, text } from '../shared/columns.ts';

function checkAddress(errors: Errors, field: string, address: EndpointAddress): void {
  const ip = address.ip ?? '';
  checkIP(errors, `${field}.ip`, ip);
  if (address.hostname) checkText(errors, `${field}.hostname`, address.hostname, isDNS1123Label(address.hostname));
  if (address.nodeName !== undefined) checkText(errors, `${field}.nodeName`, address.nodeName, isDNS1123Subdomain(address.nodeName));
  checkNotSpecial(errors, `${field}.ip`, ip);
}

function checkPort(errors: Errors, field: string, port: EndpointPort, needsName: boolean): void {
  if (needsName && !port.name) errors.push(required(`${field}.name`));
  else if (port.name) checkText(errors, `${field}.name`, port.name, isDNS1123Label(port.name));
  for (const message of isPortNumber(port.port ?? 0)) errors.push(invalid(`${field}.port`, port.port ?? 0, message));
  checkOneOf(errors, `${field}.protocol`, port.protocol, ['SCTP', 'TCP', 'UDP']);
  if (port.appProtocol !== undefined) checkText(errors, `${field}.appProtocol`, port.appProtocol, isQualifiedName(port.appProtocol));
}

function validate({ subsets = [] }: Endpoints): FieldError[] {
  const errors: FieldError[] = [];
  subsets.forEach((subset: EndpointSubset, index) => {
    const field = `subsets[${index}]`;
    const [ready, notReady, ports] = [subset.addresses ?? [], subset.notReadyAddresses ?? [], subset.ports ?? []];
    if (ready.length === 0 && notReady.length === 0) errors.push(required(field, 'must specify `addresses` or `notReadyAddresses`'));
    ready.forEach((address, at) => checkAddress(errors, `${field}.addresses[${at}]`, address));
    notReady.forEach((address, at) => checkAddress(errors, `${field}.notReadyAddresses[${at}]`, address));
    ports.forEach((port, at) => checkPort(errors, `${field}.ports[${at}]`, port, ports.length > 1));
  });
  return errors;
}

const SHOWN = 3;
const withPort = (ip: string, port: number): string => (familyOf(ip) === 6 ? `[${ip}]:${port}` : `${ip}:${port}`);

function addressesText({ subsets = [] }: Endpoints): string {
  if (subsets.length === 0) return '<none>';
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0 ? addresses.map(({ ip }) => ip) : ports.flatMap(({ port }) => addresses.map(({ ip }) => withPort(ip, port))),
  );
  const shown = all.slice(0, SHOWN).join(',');
  return all.length > SHOWN ? `${shown} + ${all.length - SHOWN} more...` : shown;
}

export const endpoints = behaviour<Endpoints>({
  createOnUpdate: true,
  defaults({ subsets }) {
    for (const { ports } of subsets ?? []) for (const port of ports ?? []) port.protocol ||= 'TCP';
  },
  validate,
  deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  columns: [text('Endpoints', 'The set of all endpoints is the union of all subsets. Addresses are placed into subsets according to the IPs they share.'), AGE],
  row: (object, now) => ({ cells: [addressesText(object), age(object.metadata.creationTimestamp, now)] }),
});
