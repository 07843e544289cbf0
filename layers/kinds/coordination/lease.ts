/** Leases. */
import type { Lease } from '#kinds/generated/types.ts';
import { type FieldError, forbidden, invalid, required } from '#machinery/field-error.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { checkNotNegative, checkText } from '../shared/check.ts';
import { AGE, text } from '../shared/columns.ts';
import { isQualifiedName } from '#machinery/names.ts';

function validate({ spec }: Lease): FieldError[] {
  const errors: FieldError[] = [];
  const seconds = spec?.leaseDurationSeconds;
  if (seconds !== undefined && seconds <= 0) errors.push(invalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0'));
  checkNotNegative(errors, 'spec.leaseTransitions', spec?.leaseTransitions);
  if (spec?.strategy !== undefined) {
    if (spec.strategy === '') errors.push(required('spec.strategy', 'must not be empty'));
    else if (spec.strategy !== 'OldestEmulationVersion') checkText(errors, 'spec.strategy', spec.strategy, isQualifiedName(spec.strategy));
  }
  if (spec?.preferredHolder !== undefined && spec.preferredHolder === '') errors.push(invalid('spec.preferredHolder', '', 'must not be empty'));
  if (spec?.preferredHolder !== undefined && spec.strategy === undefined) errors.push(forbidden('spec.preferredHolder', 'may only be specified if `strategy` is defined'));
  return errors;
}

export const lease = behaviour<Lease>({
  anyFinalizer: true,
  createOnUpdate: true,
  validate,
  columns: [
    text(
      'Holder',
      'holderIdentity contains the identity of the holder of a current lease. If Coordinated Leader Election is used, the holder identity must be equal to the elected LeaseCandidate.metadata.name field.',
    ),
    AGE,
  ],
  row: ({ spec, metadata }, now) => ({ cells: [spec?.holderIdentity ?? '', age(metadata.creationTimestamp, now)] }),
});
