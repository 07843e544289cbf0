/** Classes of attributes that volumes may be given. */
import type { VolumeAttributesClass } from '#kinds/generated/types.ts';
import { type FieldError, forbidden } from '#machinery/field-error.ts';
import { semanticEqual } from '#machinery/json.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { AGE, text } from '../shared/columns.ts';
import { checkParameters, checkProvisioner } from './parameters.ts';

export const volumeAttributesClass = behaviour<VolumeAttributesClass>({
  validate({ driverName, parameters }) {
    const errors: FieldError[] = [];
    checkProvisioner(errors, 'driverName', driverName);
    checkParameters(errors, 'parameters', parameters, false);
    return errors;
  },
  validateUpdate(now, old) {
    const errors: FieldError[] = [];
    if (now.driverName !== old.driverName) errors.push(forbidden('driverName', 'updates to driverName are forbidden.'));
    if (!semanticEqual(now.parameters, old.parameters)) errors.push(forbidden('parameters', 'updates to parameters are forbidden.'));
    return errors;
  },
  columns: [text('DriverName', 'Name of the CSI driver This field is immutable.'), AGE],
  row: ({ metadata, driverName }, now) => ({ cells: [driverName, age(metadata.creationTimestamp, now)] }),
});
