import type { Namespace } from '../generated/types.ts';
import { behaviour } from '../behaviour.ts';
import { AGE, ageOf, column } from '../shared/cells.ts';

const NAME_LABEL = 'kubernetes.io/metadata.name';

export const namespace = behaviour<Namespace>({
  nameRule: 'label',
  hasGeneration: false,
  fields: { 'status.phase': (object) => object.status?.phase ?? '' },
  defaults(object) {
    if (object.metadata.name) object.metadata.labels = { ...object.metadata.labels, [NAME_LABEL]: object.metadata.name };
  },
  prepareForCreate(object) {
    object.spec = { ...object.spec, finalizers: [...new Set([...(object.spec?.finalizers ?? []), 'kubernetes'])] };
    object.status = { phase: 'Active' };
  },
  prepareForUpdate(object, old) {
    object.spec = { ...object.spec };
    if (old.spec?.finalizers === undefined) delete object.spec.finalizers;
    else object.spec.finalizers = old.spec.finalizers;
  },
  holds: (object) => (object.spec?.finalizers ?? []).length > 0,
  prepareForDelete(object) {
    object.status = { ...object.status, phase: 'Terminating' };
  },
  stored: {
    finalize: {
      prepareForUpdate(incoming, old) {
        if (old.status === undefined) delete incoming.status;
        else incoming.status = old.status;
      },
    },
  },
  columns: [column('Status', 'The status of the namespace'), AGE],
  row: ({ status, metadata }, now) => ({ cells: [status?.phase ?? '', ageOf(metadata.creationTimestamp, now)] }),
});
