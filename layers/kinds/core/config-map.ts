/** Config maps. */
import type { ConfigMap } from '#kinds/generated/types.ts';
import { type FieldError, forbidden, invalid, tooLong } from '#machinery/field-error.ts';
import { semanticEqual } from '#machinery/json.ts';
import { isConfigMapKey } from '#machinery/names.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { checkText } from '../shared/check.ts';
import { AGE, text } from '../shared/columns.ts';

export const DATA_LIMIT = 1024 * 1024;

/** Bytes behind a base64 text. */
export const decodedLength = (base64: string): number => Math.floor((base64.length * 3) / 4) - (base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0);

function validate({ data, binaryData }: ConfigMap): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const key in data) {
    checkText(errors, `data[${key}]`, key, isConfigMapKey(key));
    if (binaryData?.[key] !== undefined) errors.push(invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'));
    size += Buffer.byteLength(data[key]!);
  }
  for (const key in binaryData) {
    checkText(errors, `binaryData[${key}]`, key, isConfigMapKey(key));
    size += decodedLength(binaryData[key]!);
  }
  if (size > DATA_LIMIT) errors.push(tooLong('', DATA_LIMIT));
  return errors;
}

function validateUpdate(now: ConfigMap, old: ConfigMap): FieldError[] {
  if (old.immutable !== true) return [];
  const errors: FieldError[] = [];
  const frozen = 'field is immutable when `immutable` is set';
  if (now.immutable !== true) errors.push(forbidden('immutable', frozen));
  if (!semanticEqual(now.data, old.data)) errors.push(forbidden('data', frozen));
  if (!semanticEqual(now.binaryData, old.binaryData)) errors.push(forbidden('binaryData', frozen));
  return errors;
}

export const configMap = behaviour<ConfigMap>({
  validate,
  validateUpdate,
  columns: [
    text(
      'Data',
      "Data contains the configuration data. Each key must consist of alphanumeric characters, '-', '_' or '.'. Values with non-UTF-8 byte sequences must use the BinaryData field. The keys stored in Data must not overlap with the keys in the BinaryData field, this is enforced during validation process.",
    ),
    AGE,
  ],
  row: ({ data, binaryData, metadata }, now) => ({ cells: [Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length, age(metadata.creationTimestamp, now)] }),
});
