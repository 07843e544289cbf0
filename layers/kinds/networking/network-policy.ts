/** Network policies. */
import type { IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '#kinds/generated/types.ts';
import { type FieldError, forbidden, invalid, notSupported, required } from '#machinery/field-error.ts';
import { isPortName, isPortNumber } from '#machinery/names.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { canonicalIP, checkCIDR, networkOf, parseCIDR } from '../shared/address.ts';
import { type Errors, checkText } from '../shared/check.ts';
import { AGE, text } from '../shared/columns.ts';
import { checkLabelSelector, selectorText } from '../shared/selector.ts';

const PROTOCOLS: readonly string[] = ['TCP', 'UDP', 'SCTP'];

function checkPort(errors: Errors, field: string, { protocol, port, endPort }: NetworkPolicyPort): void {
  if (protocol !== undefined && !PROTOCOLS.includes(protocol)) errors.push(notSupported(`${field}.protocol`, protocol, PROTOCOLS));
  if (port === undefined) {
    if (endPort !== undefined) errors.push(invalid(`${field}.endPort`, endPort, 'may not be specified when `port` is not specified'));
  } else if (typeof port === 'number') {
    for (const message of isPortNumber(port)) errors.push(invalid(`${field}.port`, port, message));
    if (endPort === undefined) return;
    if (endPort < port) errors.push(invalid(`${field}.endPort`, port, 'must be greater than or equal to `port`'));
    for (const message of isPortNumber(endPort)) errors.push(invalid(`${field}.endPort`, endPort, message));
  } else {
    if (endPort !== undefined) errors.push(invalid(`${field}.endPort`, endPort, 'may not be specified when `port` is non-numeric'));
    checkText(errors, `${field}.port`, port, isPortName(port));
  }
}

/** Whether the second range is in the first, and smaller. */
function isStrictSubset(range: NonNullable<ReturnType<typeof parseCIDR>>, inner: NonNullable<ReturnType<typeof parseCIDR>>): boolean {
  if (range.bytes.length !== inner.bytes.length || range.bits >= inner.bits) return false;
  const [outerNetwork, innerNetwork] = [networkOf(range), networkOf({ bytes: inner.bytes, bits: range.bits })];
  return outerNetwork.every((byte, at) => byte === innerNetwork[at]);
}

function checkBlock(errors: Errors, field: string, { cidr, except = [] }: IPBlock): void {
  if (!cidr) {
    errors.push(required(`${field}.cidr`));
    return;
  }
  checkCIDR(errors, `${field}.cidr`, cidr);
  const range = parseCIDR(cidr);
  if (range === undefined) return;
  except.forEach((text, index) => {
    checkCIDR(errors, `${field}.except[${index}]`, text);
    const inner = parseCIDR(text);
    if (inner !== undefined && !isStrictSubset(range, inner)) errors.push(invalid(`${field}.except[${index}]`, text, 'must be a strict subset of `cidr`'));
  });
}

function checkPeer(errors: Errors, field: string, { podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer): void {
  checkLabelSelector(errors, `${field}.podSelector`, podSelector);
  checkLabelSelector(errors, `${field}.namespaceSelector`, namespaceSelector);
  if (ipBlock !== undefined) checkBlock(errors, `${field}.ipBlock`, ipBlock);
  const count = [podSelector, namespaceSelector, ipBlock].filter((peer) => peer !== undefined).length;
  if (count === 0) errors.push(required(field, 'must specify a peer'));
  else if (count > 1 && ipBlock !== undefined) errors.push(forbidden(field, 'may not specify both ipBlock and another peer'));
}

function validate({ spec = {} }: NetworkPolicy): FieldError[] {
  const errors: FieldError[] = [];
  checkLabelSelector(errors, 'spec.podSelector', spec.podSelector);
  (spec.ingress ?? []).forEach(({ ports, from }, index) => {
    (ports ?? []).forEach((port, at) => checkPort(errors, `spec.ingress[${index}].ports[${at}]`, port));
    (from ?? []).forEach((peer, at) => checkPeer(errors, `spec.ingress[${index}].from[${at}]`, peer));
  });
  (spec.egress ?? []).forEach(({ ports, to }, index) => {
    (ports ?? []).forEach((port, at) => checkPort(errors, `spec.egress[${index}].ports[${at}]`, port));
    (to ?? []).forEach((peer, at) => checkPeer(errors, `spec.egress[${index}].to[${at}]`, peer));
  });
  const types = spec.policyTypes ?? [];
  if (types.length > 2) errors.push(invalid('spec.policyTypes', types, 'may not specify more than two policyTypes'));
  else
    types.forEach((type, index) => {
      if (type !== 'Ingress' && type !== 'Egress') errors.push(notSupported(`spec.policyTypes[${index}]`, type, ['Ingress', 'Egress']));
    });
  return errors;
}

/** Ranges that are right, and not in the form that RFC 5952 asks for. */
function rangeWarnings(field: string, text: string): string[] {
  const [address = '', bits] = text.split('/');
  const canonical = `${canonicalIP(address)}/${bits}`;
  return address.includes(':') && canonical !== text
    ? [`${field}: IPv6 CIDR value ${JSON.stringify(text)} should be in RFC 5952 canonical format (${JSON.stringify(canonical)})`]
    : [];
}

function blockWarnings(field: string, peers: readonly NetworkPolicyPeer[] | undefined): string[] {
  return (peers ?? []).flatMap(({ ipBlock }, index) =>
    ipBlock === undefined
      ? []
      : [
          ...rangeWarnings(`${field}[${index}].ipBlock.cidr`, ipBlock.cidr),
          ...(ipBlock.except ?? []).flatMap((text, at) => rangeWarnings(`${field}[${index}].ipBlock.except[${at}]`, text)),
        ],
  );
}

export const networkPolicy = behaviour<NetworkPolicy>({
  defaults({ spec }) {
    if (spec === undefined) return;
    for (const { ports } of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) for (const port of ports ?? []) port.protocol ??= 'TCP';
    if ((spec.policyTypes ?? []).length === 0) spec.policyTypes = ['Ingress', ...((spec.egress ?? []).length > 0 ? ['Egress'] : [])];
  },
  validate,
  warnings: ({ spec }) => [
    ...(spec?.ingress ?? []).flatMap(({ from }, index) => blockWarnings(`spec.ingress[${index}].from`, from)),
    ...(spec?.egress ?? []).flatMap(({ to }, index) => blockWarnings(`spec.egress[${index}].to`, to)),
  ],
  columns: [
    text(
      'Pod-Selector',
      "podSelector selects the pods to which this NetworkPolicy object applies. The array of rules is applied to any pods selected by this field. An empty selector matches all pods in the policy's namespace. Multiple network policies can select the same set of pods. In this case, the ingress rules for each are combined additively. This field is optional. If it is not specified, it defaults to an empty selector.",
    ),
    AGE,
  ],
  row: ({ metadata, spec }, now) => ({ cells: [selectorText(spec?.podSelector), age(metadata.creationTimestamp, now)] }),
});
