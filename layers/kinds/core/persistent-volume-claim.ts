/** Persistent volume claims. */
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '#kinds/generated/types.ts';
import { type FieldError, forbidden, invalid, notSupported, required } from '#machinery/field-error.ts';
import { semanticEqual } from '#machinery/json.ts';
import { isQualifiedName } from '#machinery/names.ts';
import { compare } from '#machinery/quantity.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { type Errors, checkImmutable, checkText } from '../shared/check.ts';
import { AGE, text } from '../shared/columns.ts';
import { difference } from '../shared/difference.ts';
import { checkClaimSpec, claimSpecDefaults, claimSpecPrepare, joinDataSources } from './persistent-volume-claim-spec.ts';
import { classOf, modesText } from './persistent-volume.ts';
import { checkResourceValue, isNative, quantityOf } from './pod/validate-resources.ts';

const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';
const RESIZE_STATES: readonly string[] = ['ControllerResizeInProgress', 'ControllerResizeInfeasible', 'NodeResizeInProgress', 'NodeResizeInfeasible', 'NodeResizePending'];

/** The class may move from the old annotation to the field, or be filled in where there was none. */
function classMayChange(now: PersistentVolumeClaim, old: PersistentVolumeClaim): boolean {
  const [after, before] = [now.spec?.storageClassName, old.spec?.storageClassName];
  const annotation = old.metadata.annotations?.[CLASS_ANNOTATION];
  return before === undefined && after !== undefined && (annotation === undefined || annotation === after);
}

function validateUpdate(now: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const errors: FieldError[] = [];
  const next: PersistentVolumeClaimSpec = structuredClone(now.spec ?? {});
  const was: PersistentVolumeClaimSpec = structuredClone(old.spec ?? {});
  joinDataSources(was);
  if (!was.volumeName) {
    delete was.volumeName;
    if (next.volumeName !== undefined) was.volumeName = next.volumeName;
  }
  if (classMayChange(now, old)) delete next.storageClassName;
  else if (now.metadata.annotations?.[CLASS_ANNOTATION] !== old.metadata.annotations?.[CLASS_ANNOTATION])
    errors.push(invalid(`metadata.annotations[${CLASS_ANNOTATION}]`, now.metadata.annotations?.[CLASS_ANNOTATION] ?? '', 'field is immutable'));
  if (now.status?.phase === 'Bound') {
    if (next.resources?.requests !== undefined && was.resources?.requests?.['storage'] !== undefined) next.resources.requests['storage'] = was.resources.requests['storage'];
    if (next.volumeAttributesClassName !== undefined) {
      delete next.volumeAttributesClassName;
      if (was.volumeAttributesClassName !== undefined) next.volumeAttributesClassName = was.volumeAttributesClassName;
    }
  }
  if (!semanticEqual(next, was))
    errors.push(forbidden('spec', `spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n${difference(was, next)}`));
  const [size, before] = [now.spec?.resources?.requests?.['storage'], old.spec?.resources?.requests?.['storage']];
  if (
    before !== undefined &&
    compare(quantityOf(size ?? '0'), quantityOf(before)) < 0 &&
    compare(quantityOf(size ?? '0'), quantityOf(old.status?.capacity?.['storage'] ?? '0')) <= 0
  )
    errors.push(forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity'));
  checkImmutable(errors, 'volumeMode', now.spec?.volumeMode, old.spec?.volumeMode);
  const [attributes, earlier] = [now.spec?.volumeAttributesClassName, old.spec?.volumeAttributesClassName];
  if (earlier !== undefined && attributes === undefined) errors.push(forbidden('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden'));
  else if (earlier !== undefined && earlier !== attributes && attributes === '')
    errors.push(forbidden('spec.volumeAttributesClassName', 'update from non-nil value to an empty string is forbidden'));
  return errors;
}

/** False where the name is no good. */
function checkStorageKey(errors: Errors, field: string, name: string): boolean {
  const messages = isQualifiedName(name);
  checkText(errors, field, name, messages);
  if (messages.length === 0 && isNative(name) && name !== 'storage') {
    errors.push(notSupported(field, name, ['storage']));
    return false;
  }
  return messages.length === 0;
}

function validateStatus({ spec, status = {} }: PersistentVolumeClaim): FieldError[] {
  const errors: FieldError[] = [];
  if ((spec?.accessModes ?? []).length === 0) errors.push(required('Spec.accessModes'));
  for (const [name, value] of Object.entries(status.capacity ?? {}))
    if (quantityOf(value).nano < 0n) errors.push(invalid(`status.capacity[${name}]`, value, 'must be a valid resource quantity'));
  for (const [name, state] of Object.entries(status.allocatedResourceStatuses ?? {})) {
    checkStorageKey(errors, 'status.allocatedResourceStatuses', name);
    if (!RESIZE_STATES.includes(state)) errors.push(notSupported('status.allocatedResourceStatuses', name, RESIZE_STATES));
  }
  for (const [name, value] of Object.entries(status.allocatedResources ?? {}))
    if (checkStorageKey(errors, 'status.allocatedResources', name)) checkResourceValue(errors, `status.allocatedResources[${name}]`, 'storage', value);
  return errors;
}

export const persistentVolumeClaim = behaviour<PersistentVolumeClaim>({
  defaults(object) {
    claimSpecDefaults((object.spec ??= {}));
    if (!object.status?.phase) object.status = { ...object.status, phase: 'Pending' };
  },
  prepareForCreate(object) {
    object.status = { phase: 'Pending' };
    if (object.spec !== undefined) claimSpecPrepare(object.spec);
  },
  prepareForUpdate(object, old) {
    if (object.spec !== undefined) claimSpecPrepare(object.spec, old.spec);
  },
  validate({ spec = {} }) {
    const errors: FieldError[] = [];
    checkClaimSpec(errors, 'spec', spec);
    return errors;
  },
  validateUpdate,
  stored: {
    status: {
      prepareForUpdate(object, old) {
        if (old.spec === undefined) delete object.spec;
        else object.spec = old.spec;
      },
      validateUpdate: validateStatus,
      resetFields: [['spec']],
    },
  },
  columns: [
    text('Status', 'phase represents the current phase of PersistentVolumeClaim.'),
    text('Volume', 'volumeName is the binding reference to the PersistentVolume backing this claim.'),
    text('Capacity', 'capacity represents the actual resources of the underlying volume.'),
    text(
      'Access Modes',
      'accessModes contains the actual access modes the volume backing the PVC has. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#access-modes-1',
    ),
    text('StorageClass', 'StorageClass of the pvc'),
    text('VolumeAttributesClass', 'VolumeAttributesClass of the pvc'),
    AGE,
    text('VolumeMode', 'volumeMode defines what type of volume is required by the claim. Value of Filesystem is implied when not included in claim spec.', 1),
  ],
  row: (object, now) => {
    const { spec, status, metadata } = object;
    const bound = (spec?.volumeName ?? '') !== '';
    return {
      cells: [
        metadata.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating',
        spec?.volumeName ?? '',
        bound ? (status?.capacity?.['storage'] ?? '0') : '',
        bound ? modesText(status?.accessModes) : '',
        classOf(object),
        spec?.volumeAttributesClassName ?? '<unset>',
        age(metadata.creationTimestamp, now),
        spec?.volumeMode ?? '<unset>',
      ],
    };
  },
});
