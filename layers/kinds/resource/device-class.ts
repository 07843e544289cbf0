/** Classes of devices. */
import type { DeviceClass } from '#kinds/generated/types.ts';
import { type FieldError, invalid } from '#machinery/field-error.ts';
import { semanticEqual } from '#machinery/json.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { isExtended } from '../core/pod/validate-resources.ts';
import { AGE } from '../shared/columns.ts';
import { checkConfiguration, checkList, checkSelectors, MAX_CONFIGS } from './fields.ts';

function check({ spec }: DeviceClass, old: DeviceClass | undefined): FieldError[] {
  const errors: FieldError[] = [];
  checkSelectors(errors, 'spec.selectors', spec?.selectors, old !== undefined && semanticEqual(spec?.selectors, old.spec?.selectors));
  checkList(errors, 'spec.config', spec?.config, MAX_CONFIGS, ({ opaque }, at) => checkConfiguration(errors, at, opaque));
  const name = spec?.extendedResourceName;
  if (name !== undefined && !isExtended(name)) errors.push(invalid('spec.extendedResourceName', name, 'must be a valid extended resource name'));
  return errors;
}

export const deviceClass = behaviour<DeviceClass>({
  validate: (object) => (object.metadata.resourceVersion === undefined ? check(object, undefined) : []),
  validateUpdate: check,
  columns: [AGE],
  row: ({ metadata }, now) => ({ cells: [age(metadata.creationTimestamp, now)] }),
});
