/** Secrets. */
import type { Secret } from '#kinds/generated/types.ts';
import { type FieldError, forbidden, invalid, required, tooLong } from '#machinery/field-error.ts';
import { semanticEqual } from '#machinery/json.ts';
import { isConfigMapKey } from '#machinery/names.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { type Errors, checkImmutable, checkText } from '../shared/check.ts';
import { AGE, integer, text } from '../shared/columns.ts';
import { DATA_LIMIT, decodedLength } from './config-map.ts';

function checkJson(errors: Errors, key: string, data: Readonly<Record<string, string>>): void {
  const value = data[key];
  if (value === undefined) {
    errors.push(required(`data[${key}]`));
    return;
  }
  try {
    const parsed: unknown = JSON.parse(Buffer.from(value, 'base64').toString());
    if (typeof parsed !== 'object' || Array.isArray(parsed)) throw new SyntaxError('json: cannot unmarshal into Go value of type map[string]interface {}');
  } catch (error) {
    errors.push(invalid(`data[${key}]`, '<secret contents redacted>', (error as Error).message));
  }
}

function checkType(errors: Errors, secret: Secret): void {
  const data = secret.data ?? {};
  switch (secret.type) {
    case 'kubernetes.io/service-account-token':
      if (!secret.metadata.annotations?.['kubernetes.io/service-account.name']) errors.push(required('metadata.annotations[kubernetes.io/service-account.name]'));
      return;
    case 'kubernetes.io/dockercfg':
      return checkJson(errors, '.dockercfg', data);
    case 'kubernetes.io/dockerconfigjson':
      return checkJson(errors, '.dockerconfigjson', data);
    case 'kubernetes.io/basic-auth':
      if (data['username'] === undefined && data['password'] === undefined) errors.push(required('data[username]'), required('data[password]'));
      return;
    case 'kubernetes.io/ssh-auth':
      if (!data['ssh-privatekey']) errors.push(required('data[ssh-privatekey]'));
      return;
    case 'kubernetes.io/tls':
      for (const key of ['tls.crt', 'tls.key']) if (data[key] === undefined) errors.push(required(`data[${key}]`));
      return;
    default:
  }
}

function validate(secret: Secret): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const key in secret.data) {
    checkText(errors, `data[${key}]`, key, isConfigMapKey(key));
    size += decodedLength(secret.data[key]!);
  }
  if (size > DATA_LIMIT) errors.push(tooLong('data', DATA_LIMIT));
  checkType(errors, secret);
  return errors;
}

function validateUpdate(now: Secret, old: Secret): FieldError[] {
  const errors: FieldError[] = [];
  checkImmutable(errors, 'type', now.type, old.type);
  if (old.immutable !== true) return errors;
  const frozen = 'field is immutable when `immutable` is set';
  if (now.immutable !== true) errors.push(forbidden('immutable', frozen));
  if (!semanticEqual(now.data, old.data)) errors.push(forbidden('data', frozen));
  return errors;
}

export const secret = behaviour<Secret>({
  defaults(object) {
    object.type ||= 'Opaque';
    // write-only: it becomes data when it is read
    if (object.stringData === undefined) return;
    const data: Record<string, string> = { ...object.data };
    for (const [key, value] of Object.entries(object.stringData)) data[key] = Buffer.from(value).toString('base64');
    if (Object.keys(data).length > 0) object.data = data;
    delete object.stringData;
  },
  prepareForUpdate(object, old) {
    // a type that is left out means the one there is
    if (!object.type && old.type !== undefined) object.type = old.type;
  },
  validate,
  validateUpdate,
  fields: { type: ({ type }) => type ?? '' },
  columns: [
    text('Type', 'Used to facilitate programmatic handling of secret data. More info: https://kubernetes.io/docs/concepts/configuration/secret/#secret-types'),
    integer(
      'Data',
      "Data contains the secret data. Each key must consist of alphanumeric characters, '-', '_' or '.'. The serialized form of the secret data is a base64 encoded string, representing the arbitrary (possibly non-string) data value here. Described in https://tools.ietf.org/html/rfc4648#section-4",
    ),
    AGE,
  ],
  row: ({ type, data, metadata }, now) => ({ cells: [type ?? '', Object.keys(data ?? {}).length, age(metadata.creationTimestamp, now)] }),
});
