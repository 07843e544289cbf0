/** Addresses that are given to services. */
import type { IPAddress } from '#kinds/generated/types.ts';
import { type FieldError, invalid, required } from '#machinery/field-error.ts';
import { isDNS1123Subdomain, isPathSegmentName } from '#machinery/names.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { canonicalIP, ipMessage } from '../shared/address.ts';
import { checkImmutable, checkText } from '../shared/check.ts';
import { AGE, text } from '../shared/columns.ts';
import { checkPathSegment } from '../shared/reference.ts';

function nameMessage(name: string): string | undefined {
  const message = ipMessage(name);
  if (message !== undefined) return message;
  return canonicalIP(name) === name ? undefined : `must be in canonical form (${JSON.stringify(canonicalIP(name))})`;
}

export const ipAddress = behaviour<IPAddress>({
  // the names of IPv6 addresses have colons
  nameRule: 'pathSegment',
  validate({ metadata, spec }) {
    const errors: FieldError[] = [];
    const message = nameMessage(metadata.name ?? '');
    if (message !== undefined) errors.push(invalid('metadata.name', metadata.name ?? '', message));
    const parent = (spec as Partial<IPAddress['spec']> | undefined)?.parentRef;
    const field = 'spec.parentRef';
    if (parent === undefined) return [...errors, required(field)];
    const { group = '', resource, name, namespace = '' } = parent;
    if (group !== '') checkText(errors, `${field}.group`, group, isDNS1123Subdomain(group));
    checkPathSegment(errors, `${field}.resource`, resource);
    checkPathSegment(errors, `${field}.name`, name);
    if (namespace !== '') checkText(errors, `${field}.namespace`, namespace, isPathSegmentName(namespace));
    return errors;
  },
  validateUpdate(now, old) {
    const errors: FieldError[] = [];
    checkImmutable(errors, 'spec.parentRef', now.spec?.parentRef, old.spec?.parentRef);
    return errors;
  },
  columns: [text('ParentRef', 'ParentRef references the resource that an IPAddress is attached to. An IPAddress must reference a parent object.'), AGE],
  row: ({ metadata, spec }, now) => {
    const { group, resource, namespace, name } = spec?.parentRef ?? {};
    const type = `${resource ?? ''}${group ? `.${group}` : ''}`.toLowerCase();
    return { cells: [spec?.parentRef === undefined ? '<none>' : `${type}${namespace ? `/${namespace}` : ''}/${name}`, age(metadata.creationTimestamp, now)] };
  },
});
