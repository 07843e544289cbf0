/** Volumes attached to nodes. */
import type { VolumeAttachment, VolumeError } from '#kinds/generated/types.ts';
import { type FieldError, forbidden, invalid, required, tooLong } from '#machinery/field-error.ts';
import { isDNS1123Subdomain } from '#machinery/names.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { checkVolumeSpec } from '../core/persistent-volume.ts';
import { checkDriverName } from '../core/pod/validate-volumes.ts';
import { type Errors, checkImmutable, checkText } from '../shared/check.ts';
import { AGE, text } from '../shared/columns.ts';
import { statusOnlyDoor } from '../shared/workload.ts';

const METADATA_BYTES = 256 * 1024;
const MESSAGE_BYTES = 1024;

function checkSource(errors: Errors, field: string, source: Partial<VolumeAttachment['spec']['source']>): void {
  const { inlineVolumeSpec: inline, persistentVolumeName: name } = source;
  const one = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
  if (inline === undefined && name === undefined) errors.push(required(field, one));
  else if (inline !== undefined && name !== undefined) errors.push(forbidden(field, one));
  else if (name === '') errors.push(required(`${field}.persistentVolumeName`, 'must specify non empty persistentVolumeName'));
  else if (inline !== undefined) checkVolumeSpec(errors, `${field}.inlineVolumeSpec`, inline, '', true);
  if (name !== undefined) checkText(errors, `${field}.persistentVolumeName`, name, isDNS1123Subdomain(name));
}

function checkVolumeError(errors: Errors, field: string, error: VolumeError | undefined): void {
  if (Buffer.byteLength(error?.message ?? '') > MESSAGE_BYTES) errors.push(tooLong(`${field}.message`, METADATA_BYTES));
  if ((error?.errorCode ?? 0) < 0) errors.push(invalid(`${field}.errorCode`, error!.errorCode, 'must be between 0 and 2147483647, inclusive'));
}

function validate({ spec }: VolumeAttachment): FieldError[] {
  const errors: FieldError[] = [];
  const { attacher = '', source = {}, nodeName = '' }: Partial<VolumeAttachment['spec']> = spec ?? {};
  checkDriverName(errors, 'spec.attacher', attacher);
  checkSource(errors, 'spec.source', source);
  checkText(errors, 'spec.nodeName', nodeName, isDNS1123Subdomain(nodeName));
  return errors;
}

function validateStatus({ status }: VolumeAttachment): FieldError[] {
  const errors: FieldError[] = [];
  const bytes = Object.entries(status?.attachmentMetadata ?? {}).reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  if (bytes > METADATA_BYTES) errors.push(tooLong('status.attachmentMetadata', METADATA_BYTES));
  checkVolumeError(errors, 'status.attachError', status?.attachError);
  checkVolumeError(errors, 'status.detachError', status?.detachError);
  return errors;
}

export const volumeAttachment = behaviour<VolumeAttachment>({
  needsVersion: true,
  validate,
  validateUpdate(now, old) {
    const errors: FieldError[] = [];
    checkImmutable(errors, 'spec', now.spec, old.spec);
    return errors;
  },
  stored: { status: statusOnlyDoor<VolumeAttachment>(validateStatus) },
  columns: [
    text('Attacher', 'attacher indicates the name of the volume driver that MUST handle this request. This is the name returned by GetPluginName().'),
    text('PV', 'persistentVolumeName represents the name of the persistent volume to attach.'),
    text('Node', 'nodeName represents the node that the volume should be attached to.'),
    {
      name: 'Attached',
      type: 'boolean',
      description: 'attached indicates the volume is successfully attached. This field must only be set by the entity completing the attach operation, i.e. the external-attacher.',
    },
    AGE,
  ],
  row: ({ metadata, spec, status }, now) => ({
    cells: [spec.attacher, spec.source.persistentVolumeName ?? '', spec.nodeName, status?.attached ?? false, age(metadata.creationTimestamp, now)],
  }),
});
