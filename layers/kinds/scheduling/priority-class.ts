/** Priority classes. */
import type { PriorityClass } from '#kinds/generated/types.ts';
import { type FieldError, forbidden, notSupported, required } from '#machinery/field-error.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { checkImmutable } from '../shared/check.ts';
import { AGE, integer, text } from '../shared/columns.ts';

const SYSTEM_PREFIX = 'system-';
const SYSTEM: Readonly<Record<string, number>> = { 'system-node-critical': 2_000_001_000, 'system-cluster-critical': 2_000_000_000 };
const HIGHEST = 1_000_000_000;

/** What is wrong with a class of the system, if anything. */
function systemMessage(name: string, value: number, globalDefault: boolean): string | undefined {
  const expected = SYSTEM[name];
  if (expected === undefined) return `${name} is not a known system priority class`;
  if (value !== expected) return `value of ${name} PriorityClass must be ${expected}`;
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}

export const priorityClass = behaviour<PriorityClass>({
  defaults(object) {
    object.preemptionPolicy ??= 'PreemptLowerPriority';
  },
  validate({ metadata, value = 0, globalDefault = false, preemptionPolicy }) {
    const errors: FieldError[] = [];
    const name = metadata.name ?? '';
    if (name.startsWith(SYSTEM_PREFIX)) {
      const message = systemMessage(name, value, globalDefault);
      if (message !== undefined) errors.push(forbidden('metadata.name', `priority class names with '${SYSTEM_PREFIX}' prefix are reserved for system use only. error: ${message}`));
    } else if (value > HIGHEST) errors.push(forbidden('value', `maximum allowed value of a user defined priority is ${HIGHEST}`));
    if (preemptionPolicy === '') errors.push(required('preemptionPolicy'));
    else if (preemptionPolicy !== undefined && preemptionPolicy !== 'PreemptLowerPriority' && preemptionPolicy !== 'Never')
      errors.push(notSupported('preemptionPolicy', preemptionPolicy, ['PreemptLowerPriority', 'Never']));
    return errors;
  },
  validateUpdate(now, old) {
    const errors: FieldError[] = [];
    if ((now.value ?? 0) !== (old.value ?? 0)) errors.push(forbidden('value', 'may not be changed in an update.'));
    checkImmutable(errors, 'preemptionPolicy', now.preemptionPolicy, old.preemptionPolicy);
    return errors;
  },
  columns: [
    integer(
      'Value',
      'value represents the integer value of this priority class. This is the actual priority that pods receive when they have the name of this class in their pod spec.',
    ),
    {
      name: 'Global-Default',
      type: 'boolean',
      description: 'globalDefault specifies whether this PriorityClass should be considered as the default priority for pods that do not have any priority class.',
    },
    AGE,
    text(
      'PreemptionPolicy',
      'preemptionPolicy is the Policy for preempting pods with lower priority. One of Never, PreemptLowerPriority. Defaults to PreemptLowerPriority if unset.',
    ),
  ],
  row: ({ metadata, value, globalDefault, preemptionPolicy }, now) => ({
    cells: [value ?? 0, globalDefault ?? false, age(metadata.creationTimestamp, now), preemptionPolicy ?? ''],
  }),
});
