/** What classes of storage have in common: who makes the volumes, and with which parameters. */
import { invalid, required, tooLong } from '#machinery/field-error.ts';
import { isQualifiedName } from '#machinery/names.ts';
import { type Errors, checkText } from '../shared/check.ts';

const PARAMETERS = 512;
const PARAMETERS_BYTES = 256 * 1024;

export function checkProvisioner(errors: Errors, field: string, name: string | undefined): void {
  if (name === undefined || name === '') errors.push(required(field));
  else checkText(errors, field, name.toLowerCase(), isQualifiedName(name.toLowerCase()));
}

export function checkParameters(errors: Errors, field: string, parameters: Readonly<Record<string, string>> | undefined, mayBeEmpty: boolean): void {
  const entries = Object.entries(parameters ?? {});
  if (entries.length > PARAMETERS) {
    errors.push(tooLong(field, PARAMETERS));
    return;
  }
  let bytes = 0;
  for (const [key, value] of entries) {
    if (key === '') errors.push(invalid(field, key, 'field can not be empty.'));
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes > PARAMETERS_BYTES) errors.push(tooLong(field, PARAMETERS_BYTES));
  if (!mayBeEmpty && entries.length === 0) errors.push(required(field, 'must contain at least one key/value pair'));
}
