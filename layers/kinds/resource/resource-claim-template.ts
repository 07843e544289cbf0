/** Templates of claims: each pod that names one gets a claim of its own. */
import type { ResourceClaimTemplate } from '#kinds/generated/types.ts';
import type { FieldError } from '#machinery/field-error.ts';
import { labelErrors } from '#machinery/object-meta.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { checkImmutable } from '../shared/check.ts';
import { AGE } from '../shared/columns.ts';
import { checkClaimSpec, claimSpecDefaults } from './claim-spec.ts';

export const resourceClaimTemplate = behaviour<ResourceClaimTemplate>({
  defaults: ({ spec }) => claimSpecDefaults(spec?.spec),
  validate({ metadata, spec }) {
    const errors: FieldError[] = [];
    if (metadata.resourceVersion !== undefined) return errors;
    if (spec?.metadata?.labels !== undefined) errors.push(...labelErrors(spec.metadata.labels, 'spec.metadata.labels'));
    checkClaimSpec(errors, 'spec.spec', spec?.spec);
    return errors;
  },
  validateUpdate(now, old) {
    const errors: FieldError[] = [];
    checkImmutable(errors, 'spec', now.spec, old.spec);
    return errors;
  },
  columns: [AGE],
  row: ({ metadata }, now) => ({ cells: [age(metadata.creationTimestamp, now)] }),
});
