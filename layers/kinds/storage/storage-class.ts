/** Storage classes. */
import type { StorageClass, TopologySelectorTerm } from '#kinds/generated/types.ts';
import { type FieldError, duplicate, notSupported, required } from '#machinery/field-error.ts';
import { semanticEqual } from '#machinery/json.ts';
import { isQualifiedName } from '#machinery/names.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { type Errors, checkImmutable, checkText } from '../shared/check.ts';
import { AGE, NAME, text } from '../shared/columns.ts';
import { checkParameters, checkProvisioner } from './parameters.ts';

const DEFAULT_CLASS = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];

/** Of its name, or the older one. */
export const isDefaultClass = ({ metadata }: StorageClass): boolean => DEFAULT_CLASS.some((name) => metadata.annotations?.[name] === 'true');

/** The values by key, for comparing terms. */
function checkTerm(errors: Errors, field: string, { matchLabelExpressions = [] }: TopologySelectorTerm): Record<string, readonly string[]> {
  const byKey: Record<string, readonly string[]> = {};
  matchLabelExpressions.forEach(({ key = '', values: given }, index) => {
    // a list that is always written is stored as null where it was not given
    const values = given ?? [];
    const at = `${field}.matchLabelExpressions[${index}]`;
    if (values.length === 0) errors.push(required(`${at}.values`));
    values.forEach((value, place) => {
      if (values.indexOf(value) < place) errors.push(duplicate(`${at}.values[${place}]`, value));
    });
    checkText(errors, `${at}.key`, key, isQualifiedName(key));
    if (key in byKey) errors.push(duplicate(`${at}.key`, key));
    byKey[key] = values.toSorted();
  });
  return byKey;
}

export const storageClass = behaviour<StorageClass>({
  defaults(object) {
    object.reclaimPolicy ??= 'Delete';
    object.volumeBindingMode ??= 'Immediate';
  },
  validate({ provisioner, parameters, reclaimPolicy, volumeBindingMode, allowedTopologies = [] }) {
    const errors: FieldError[] = [];
    checkProvisioner(errors, 'provisioner', provisioner);
    checkParameters(errors, 'parameters', parameters, true);
    if (reclaimPolicy && reclaimPolicy !== 'Delete' && reclaimPolicy !== 'Retain') errors.push(notSupported('reclaimPolicy', reclaimPolicy, ['Delete', 'Retain']));
    if (volumeBindingMode === undefined) errors.push(required('volumeBindingMode'));
    else if (volumeBindingMode !== 'Immediate' && volumeBindingMode !== 'WaitForFirstConsumer')
      errors.push(notSupported('volumeBindingMode', volumeBindingMode, ['Immediate', 'WaitForFirstConsumer']));
    const terms: object[] = [];
    allowedTopologies.forEach((term, index) => {
      const values = checkTerm(errors, `allowedTopologies[${index}]`, term);
      if (terms.some((other) => semanticEqual(other, values))) errors.push(duplicate(`allowedTopologies[${index}].matchLabelExpressions`, ''));
      terms.push(values);
    });
    return errors;
  },
  validateUpdate(now, old) {
    const errors: FieldError[] = [];
    for (const name of ['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode'] as const) checkImmutable(errors, name, now[name], old[name]);
    return errors;
  },
  columns: [
    NAME,
    text('Provisioner', 'provisioner indicates the type of the provisioner.'),
    text('ReclaimPolicy', 'reclaimPolicy controls the reclaimPolicy for dynamically provisioned PersistentVolumes of this storage class. Defaults to Delete.'),
    text(
      'VolumeBindingMode',
      'volumeBindingMode indicates how PersistentVolumeClaims should be provisioned and bound.  When unset, VolumeBindingImmediate is used. This field is only honored by servers that enable the VolumeScheduling feature.',
    ),
    text('AllowVolumeExpansion', 'allowVolumeExpansion shows whether the storage class allow volume expand.'),
    AGE,
  ],
  row: (object, now) => ({
    cells: [
      `${object.metadata.name}${isDefaultClass(object) ? ' (default)' : ''}`,
      object.provisioner,
      object.reclaimPolicy ?? 'Delete',
      object.volumeBindingMode ?? 'Immediate',
      object.allowVolumeExpansion ?? false,
      age(object.metadata.creationTimestamp, now),
    ],
  }),
});
