/** Where a webhook is (apiserver `util/webhook/validation.go`). */
import { X509Certificate } from 'node:crypto';
import { type FieldError, invalid, required } from '#machinery/field-error.ts';
import { isDNS1123Subdomain } from '#machinery/names.ts';

const HINT = 'desired format: https://host[/path]';

export function webhookUrlErrors(text: string, field: string): FieldError[] {
  const errors: FieldError[] = [];
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return [required(field, `url must be a valid URL: parse ${JSON.stringify(text)}: invalid URI for request; ${HINT}`)];
  }
  if (url.protocol !== 'https:') errors.push(invalid(field, url.protocol.slice(0, -1), `'https' is the only allowed URL scheme; ${HINT}`));
  if (url.host === '') errors.push(invalid(field, url.host, `host must be specified; ${HINT}`));
  if (url.username !== '' || url.password !== '') errors.push(invalid(field, url.username, 'user information is not permitted in the URL'));
  if (url.hash !== '') errors.push(invalid(field, url.hash.slice(1), 'fragments are not permitted in the URL'));
  if (url.search !== '') errors.push(invalid(field, url.search.slice(1), 'query parameters are not permitted in the URL'));
  return errors;
}

export function webhookServiceErrors(service: { readonly name: string; readonly namespace: string; readonly path?: string; readonly port?: number }, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const { name, namespace, path, port } = service;
  if (name === '') errors.push(required(`${field}.name`));
  if (namespace === '') errors.push(required(`${field}.namespace`));
  if (port !== undefined && (port < 1 || port > 65_535)) errors.push(invalid(`${field}.port`, port, 'port is not valid: must be between 1 and 65535, inclusive'));
  if (path === undefined || path === '/' || path === '') return errors;
  if (path === '//') return [...errors, invalid(`${field}.path`, path, 'segment[0] may not be empty')];
  if (!path.startsWith('/')) errors.push(invalid(`${field}.path`, path, "must start with a '/'"));
  // the first character is taken for the slash, whatever it is
  let rest = path.slice(1);
  if (rest.endsWith('/')) rest = rest.slice(0, -1);
  for (const [at, step] of rest.split('/').entries()) {
    if (step === '') {
      errors.push(invalid(`${field}.path`, path, `segment[${at}] may not be empty`));
      continue;
    }
    for (const message of isDNS1123Subdomain(step)) errors.push(invalid(`${field}.path`, path, `segment[${at}]: ${message}`));
  }
  return errors;
}

/** `bundle`: base64 of PEM. */
export function caBundleErrors(bundle: string, field: string): FieldError[] {
  const pem = Buffer.from(bundle, 'base64').toString('latin1');
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  const wrong = (detail: string): FieldError[] => [invalid(field, bundle, `unable to load root certificates: ${detail}`)];
  if (blocks.length === 0) return wrong('unable to parse bytes as PEM block');
  const read = (block: string): X509Certificate => new X509Certificate(block);
  for (const block of blocks) {
    try {
      read(block);
    } catch (error) {
      return wrong(`failed to parse certificate: ${(error as Error).message}`);
    }
  }
  return [];
}
