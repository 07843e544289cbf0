/** What a version brings besides its schema: columns, subresources, selectable fields, a deprecation. */
import type { CustomResourceColumnDefinition, CustomResourceSubresources, SelectableField } from '#kinds/generated/types.ts';
import { duplicate, type FieldError, invalid, required, tooMany } from '#machinery/field-error.ts';
import type { JsonSchema } from '../custom/json-schema.ts';
import { schemaPlace } from './field-path.ts';

const COLUMN_TYPES = 'boolean,date,integer,number,string';
const COLUMN_FORMATS = 'byte,date,date-time,double,float,int32,int64,password';
const MAX_SELECTABLE = 8;
const DEPRECATION_LIMIT = 256;

function simplePathErrors(path: string, field: string): FieldError[] {
  if (path === '') return [invalid(field, path, 'must not be empty')];
  return path.startsWith('.') ? [] : [invalid(field, path, 'must be a simple json path starting with .')];
}

export function columnErrors({ name, type, format, jsonPath }: CustomResourceColumnDefinition, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!name) errors.push(required(`${field}.name`));
  if (!type) errors.push(required(`${field}.type`, `must be one of ${COLUMN_TYPES}`));
  else if (!COLUMN_TYPES.split(',').includes(type)) errors.push(invalid(`${field}.type`, type, `must be one of ${COLUMN_TYPES}`));
  if (format && !COLUMN_FORMATS.split(',').includes(format)) errors.push(invalid(`${field}.format`, format, `must be one of ${COLUMN_FORMATS}`));
  if (!jsonPath) errors.push(required(`${field}.JSONPath`));
  else errors.push(...simplePathErrors(jsonPath, `${field}.JSONPath`));
  return errors;
}

export function subresourceErrors(subresources: CustomResourceSubresources | undefined, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const scale = subresources?.scale;
  if (scale === undefined) return errors;
  const path = (name: 'specReplicasPath' | 'statusReplicasPath' | 'labelSelectorPath', under: readonly string[], needed: boolean): void => {
    const value = scale[name] ?? '';
    const at = `${field}.scale.${name}`;
    if (value === '') {
      if (needed) errors.push(required(at));
      return;
    }
    const wrong = simplePathErrors(value, at);
    if (wrong.length > 0) errors.push(...wrong);
    else if (!under.some((root) => value.startsWith(`${root}.`)))
      errors.push(invalid(at, value, `should be a json path under ${under.length === 1 ? under[0]! : `either ${under.join(' or ')}`}`));
  };
  path('specReplicasPath', ['.spec'], true);
  path('statusReplicasPath', ['.status'], true);
  path('labelSelectorPath', ['.spec', '.status'], false);
  return errors;
}

export function selectableErrors(fields: readonly SelectableField[], schema: JsonSchema, field: string, mayBeMany: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [at, { jsonPath }] of fields.entries()) {
    const place = `${field}[${at}].jsonPath`;
    if (!jsonPath) {
      errors.push(required(place));
      continue;
    }
    try {
      const found = schemaPlace(jsonPath, schema, false);
      if (found.root === 'metadata') errors.push(invalid(place, jsonPath, 'must not point to fields in metadata'));
      if (!['string', 'boolean', 'integer'].includes(found.schema?.type ?? ''))
        errors.push(invalid(place, jsonPath, 'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.'));
      if (seen.has(found.path)) errors.push(duplicate(place, jsonPath));
      seen.add(found.path);
    } catch (error) {
      errors.push(invalid(place, jsonPath, `is an invalid path: ${(error as Error).message}`));
    }
  }
  if (seen.size > MAX_SELECTABLE && !mayBeMany) errors.push(tooMany(field, seen.size, MAX_SELECTABLE));
  return errors;
}

export function deprecationErrors(deprecated: boolean | undefined, warning: string | undefined, field: string): FieldError[] {
  if (warning === undefined) return [];
  if (deprecated !== true) return [invalid(field, warning, 'can only be set for deprecated versions')];
  const messages: string[] = [];
  if (Buffer.byteLength(warning) > DEPRECATION_LIMIT) messages.push(`must be <= ${DEPRECATION_LIMIT} characters long`);
  if (warning === '') messages.push('must not be an empty string');
  const odd = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.exec(warning);
  if (odd !== null) messages.push(`must only contain printable UTF-8 characters; non-printable character found at index ${Buffer.byteLength(warning.slice(0, odd.index))}`);
  return messages.map((message) => invalid(field, warning, message));
}
