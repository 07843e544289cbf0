/** Ranges that services get their addresses from. */
import type { ServiceCIDR } from '#kinds/generated/types.ts';
import { type FieldError, invalid, required } from '#machinery/field-error.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { checkCIDR, parseCIDR } from '../shared/address.ts';
import { type Errors, IMMUTABLE } from '../shared/check.ts';
import { AGE, text } from '../shared/columns.ts';
import { statusOnlyDoor } from '../shared/workload.ts';

const FIELD = 'spec.cidrs';

function checkRanges(errors: Errors, spec: ServiceCIDR['spec']): void {
  const cidrs = spec?.cidrs ?? [];
  if (cidrs.length === 0) errors.push(required(FIELD, 'at least one CIDR required'));
  else if (cidrs.length > 2) errors.push(invalid(FIELD, spec, 'may only hold up to 2 values'));
  else {
    cidrs.forEach((cidr, index) => checkCIDR(errors, `${FIELD}[${index}]`, cidr));
    const families = cidrs.map((cidr) => parseCIDR(cidr)?.bytes.length);
    if (cidrs.length === 2 && families[0] !== undefined && families[0] === families[1])
      errors.push(invalid(FIELD, cidrs, 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64'));
  }
}

export const serviceCIDR = behaviour<ServiceCIDR>({
  validate({ spec }) {
    const errors: FieldError[] = [];
    checkRanges(errors, spec);
    return errors;
  },
  validateUpdate(now, old) {
    const errors: FieldError[] = [];
    const [next, was] = [now.spec?.cidrs ?? [], old.spec?.cidrs ?? []];
    // a second family may be added
    if (next.length === was.length || (was.length === 1 && next.length === 2))
      was.forEach((cidr, index) => {
        if (next[index] !== cidr) errors.push(invalid(`${FIELD}[${index}]`, next[index], IMMUTABLE));
      });
    else errors.push(invalid(FIELD, next, IMMUTABLE));
    return errors;
  },
  stored: { status: statusOnlyDoor<ServiceCIDR>() },
  columns: [
    text(
      'CIDRs',
      'CIDRs defines the IP blocks in CIDR notation (e.g. "192.168.0.0/24" or "2001:db8::/64") from which to assign service cluster IPs. Max of two CIDRs is allowed, one of each IP family. This field is immutable.',
    ),
    AGE,
  ],
  row: ({ metadata, spec }, now) => ({ cells: [(spec?.cidrs ?? []).join(','), age(metadata.creationTimestamp, now)] }),
});
