import type { Lease } from '../generated/types.ts';
import { invalid, type FieldError } from '#machinery/field-error.ts';
import { behaviour } from '../behaviour.ts';
import { AGE, ageOf, column } from '../shared/cells.ts';

export const lease = behaviour<Lease>({
  hasGeneration: false,
  createOnUpdate: true,
  validate({ spec }): FieldError[] {
    const errors: FieldError[] = [];
    if (spec?.leaseDurationSeconds !== undefined && spec.leaseDurationSeconds <= 0)
      errors.push(invalid('spec.leaseDurationSeconds', spec.leaseDurationSeconds, 'must be greater than 0'));
    if (spec?.leaseTransitions !== undefined && spec.leaseTransitions < 0)
      errors.push(invalid('spec.leaseTransitions', spec.leaseTransitions, 'must be greater than or equal to 0'));
    return errors;
  },
  columns: [column('Holder', 'The identity of the holder.'), AGE],
  row: ({ spec, metadata }, now) => ({ cells: [spec?.holderIdentity ?? '', ageOf(metadata.creationTimestamp, now)] }),
});
