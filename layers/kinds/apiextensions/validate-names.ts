import type { CustomResourceDefinitionNames } from '#kinds/generated/types.ts';
import { type FieldError, invalid } from '#machinery/field-error.ts';
import { isDNS1035Label } from '#machinery/names.ts';

const MIXED = 'may have mixed case, but should otherwise match: ';

/** Of the names that are there; which must be is said elsewhere. */
export function nameErrors(names: Partial<CustomResourceDefinitionNames>, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const label = (field: string, value: string | undefined, lead = ''): void => {
    if (value === undefined || value === '') return;
    const wrong = isDNS1035Label(lead === '' ? value : value.toLowerCase());
    if (wrong.length > 0) errors.push(invalid(`${path}.${field}`, value, `${lead}${wrong.join(',')}`));
  };
  label('plural', names.plural);
  label('singular', names.singular);
  label('kind', names.kind, MIXED);
  label('listKind', names.listKind, MIXED);
  names.shortNames?.forEach((name, at) => label(`shortNames[${at}]`, name));
  if (names.kind !== undefined && names.kind !== '' && names.kind === names.listKind)
    errors.push(invalid(`${path}.listKind`, names.listKind, 'kind and listKind may not be the same'));
  names.categories?.forEach((name, at) => label(`categories[${at}]`, name));
  return errors;
}
