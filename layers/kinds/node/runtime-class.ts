/** Runtime classes. */
import type { RuntimeClass } from '#kinds/generated/types.ts';
import { type FieldError, duplicate, required } from '#machinery/field-error.ts';
import { isDNS1123Label } from '#machinery/names.ts';
import { labelErrors } from '#machinery/object-meta.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { checkResources } from '../core/pod/validate-resources.ts';
import { checkTolerations } from '../core/pod/validate-scheduling.ts';
import { checkImmutable, checkText } from '../shared/check.ts';
import { AGE, text } from '../shared/columns.ts';

export const runtimeClass = behaviour<RuntimeClass>({
  anyFinalizer: true,
  needsVersion: true,
  createOnUpdate: true,
  validate({ handler, overhead, scheduling }) {
    const errors: FieldError[] = [];
    if (!handler) errors.push(required('handler'));
    else checkText(errors, 'handler', handler, isDNS1123Label(handler));
    if (overhead !== undefined) checkResources(errors, 'overhead', overhead.podFixed === undefined ? {} : { limits: overhead.podFixed }, new Set());
    if (scheduling?.nodeSelector !== undefined) errors.push(...labelErrors(scheduling.nodeSelector, 'scheduling.nodeSelector'));
    const tolerations = scheduling?.tolerations ?? [];
    checkTolerations(errors, 'scheduling.tolerations', tolerations);
    const seen = new Set<string>();
    tolerations.forEach((toleration, index) => {
      const { key = '', operator = '', value = '', effect = '' } = toleration;
      const identity = JSON.stringify([key, operator, value, effect]);
      if (seen.has(identity)) errors.push(duplicate(`scheduling.tolerations[${index}]`, toleration));
      seen.add(identity);
    });
    return errors;
  },
  validateUpdate(now, old) {
    const errors: FieldError[] = [];
    checkImmutable(errors, 'handler', now.handler, old.handler);
    return errors;
  },
  columns: [text('Handler', ''), AGE],
  row: ({ metadata, handler }, now) => ({ cells: [handler, age(metadata.creationTimestamp, now)] }),
});
