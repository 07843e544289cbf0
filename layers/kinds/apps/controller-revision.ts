/** Controller revisions. */
import type { ControllerRevision } from '#kinds/generated/types.ts';
import { type FieldError, required } from '#machinery/field-error.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { checkImmutable, checkNotNegative } from '../shared/check.ts';
import { AGE, integer, text } from '../shared/columns.ts';

function controllerOf({ metadata }: ControllerRevision): string {
  const owner = (metadata.ownerReferences ?? []).find(({ controller }) => controller === true);
  if (owner === undefined) return '<none>';
  const slash = owner.apiVersion.indexOf('/');
  return `${(slash < 0 ? owner.kind : `${owner.kind}.${owner.apiVersion.slice(0, slash)}`).toLowerCase()}/${owner.name}`;
}

export const controllerRevision = behaviour<ControllerRevision>({
  validate(object) {
    const errors: FieldError[] = [];
    checkNotNegative(errors, 'revision', object.revision);
    return errors;
  },
  validateCreate({ data }) {
    if (data === undefined || data === null) return [required('data', 'data is mandatory')];
    return typeof data === 'object' && !Array.isArray(data) ? [] : [required('data', 'data must be a valid JSON object')];
  },
  validateUpdate(now, old) {
    const errors: FieldError[] = [];
    checkImmutable(errors, 'data', now.data, old.data);
    return errors;
  },
  columns: [text('Controller', 'Controller of the object'), integer('Revision', 'Revision indicates the revision of the state represented by Data.'), AGE],
  row: (object, now) => ({ cells: [controllerOf(object), object.revision ?? 0, age(object.metadata.creationTimestamp, now)] }),
});
