/** Namespaces. */
import type { Namespace } from '#kinds/generated/types.ts';
import { type FieldError, invalid } from '#machinery/field-error.ts';
import { isQualifiedName } from '#machinery/names.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { AGE, text } from '../shared/columns.ts';
import { checkText } from '../shared/check.ts';

const NAME_LABEL = 'kubernetes.io/metadata.name';
const OWN = 'kubernetes';

function validateFinalizers(namespace: Namespace): FieldError[] {
  const errors: FieldError[] = [];
  (namespace.spec?.finalizers ?? []).forEach((name, index) => {
    const field = `spec.finalizers[${index}]`;
    checkText(errors, field, name, isQualifiedName(name));
    if (!name.includes('/') && name !== OWN && name !== 'orphan' && name !== 'foregroundDeletion')
      errors.push(invalid(field, name, 'name is neither a standard finalizer name nor is it fully qualified'));
  });
  return errors;
}

export const namespace = behaviour<Namespace>({
  nameRule: 'label',
  defaults(object) {
    const { metadata } = object;
    if (metadata.name) metadata.labels = { ...metadata.labels, [NAME_LABEL]: metadata.name };
  },
  prepareForCreate(object) {
    const finalizers = object.spec?.finalizers ?? [];
    object.spec = { ...object.spec, finalizers: finalizers.includes(OWN) ? finalizers : [...finalizers, OWN] };
    object.status = { phase: 'Active' };
  },
  validate: validateFinalizers,
  prepareForUpdate(object, old) {
    object.spec = { ...object.spec };
    if (old.spec?.finalizers === undefined) delete object.spec.finalizers;
    else object.spec.finalizers = old.spec.finalizers;
  },
  holds: ({ spec }) => (spec?.finalizers ?? []).length > 0,
  prepareForDelete(object) {
    object.status = { ...object.status, phase: 'Terminating' };
  },
  stored: {
    status: {
      prepareForUpdate(object, old) {
        if (old.spec === undefined) delete object.spec;
        else object.spec = old.spec;
        // the default of a phase that is not told
        if (!object.status?.phase) object.status = { ...object.status, phase: 'Active' };
      },
      validateUpdate({ metadata, status }) {
        const leaving = metadata.deletionTimestamp !== undefined;
        const wanted = leaving ? 'Terminating' : 'Active';
        if (status?.phase === wanted) return [];
        return [invalid('status.Phase', status?.phase ?? '', `may only be '${wanted}' if \`deletionTimestamp\` is ${leaving ? 'not ' : ''}empty`)];
      },
      resetFields: [['spec']],
    },
    finalize: {
      prepareForUpdate(object, old) {
        if (old.status === undefined) delete object.status;
        else object.status = old.status;
      },
      validateUpdate: validateFinalizers,
      resetFields: [['status']],
    },
  },
  fields: { 'status.phase': ({ status }) => status?.phase ?? '' },
  columns: [text('Status', 'The status of the namespace'), AGE],
  row: ({ status, metadata }, now) => ({ cells: [status?.phase ?? '', age(metadata.creationTimestamp, now)] }),
});
