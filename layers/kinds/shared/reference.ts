/** References to objects by group, kind and name, and names with a domain in front. */
import { invalid, required } from '#machinery/field-error.ts';
import { isDNS1123Subdomain, isPathSegmentName } from '#machinery/names.ts';
import { type Errors, checkText } from './check.ts';

/** A name that is needed and must be one part of a path. */
export function checkPathSegment(errors: Errors, field: string, name: string | undefined): void {
  if (name === undefined || name === '') errors.push(required(field));
  else checkText(errors, field, name, isPathSegmentName(name));
}

export function checkTypedReference(errors: Errors, field: string, reference: { readonly apiGroup?: string | null; readonly kind?: string; readonly name?: string }): void {
  const { apiGroup, kind, name } = reference;
  if (apiGroup !== undefined && apiGroup !== null) checkText(errors, `${field}.apiGroup`, apiGroup, isDNS1123Subdomain(apiGroup));
  checkPathSegment(errors, `${field}.kind`, kind);
  checkPathSegment(errors, `${field}.name`, name);
}

const PATH = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";

/** `acme.io/foo`. */
export function checkDomainPath(errors: Errors, field: string, path: string | undefined): void {
  if (path === undefined || path === '') {
    errors.push(required(field));
    return;
  }
  const slash = path.indexOf('/');
  if (slash <= 0 || slash === path.length - 1) {
    errors.push(invalid(field, path, 'must be a domain-prefixed path (such as "acme.io/foo")'));
    return;
  }
  const [host, rest] = [path.slice(0, slash), path.slice(slash + 1)];
  checkText(errors, field, host, isDNS1123Subdomain(host));
  if (!new RegExp(`^${PATH}$`).test(rest)) errors.push(invalid(field, rest, `Invalid path (regex used for validation is '${PATH}')`));
}
