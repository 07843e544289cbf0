/** Events of the core group: the form in which all events are stored. */
import type { Event } from '#kinds/generated/types.ts';
import { behaviour } from '../behaviour.ts';
import { EVENT_COLUMNS, EVENT_FIELDS, eventRow } from '../events/fields.ts';
import { checkFrozen, validateCoreEvent } from '../events/validate.ts';

/** One hour, as `--event-ttl` has it. */
export const EVENT_TTL_SECONDS = 3600;

export const event = behaviour<Event>({
  nameRule: 'pathSegment',
  anyFinalizer: true,
  createOnUpdate: true,
  ttlSeconds: EVENT_TTL_SECONDS,
  validate: validateCoreEvent,
  validateUpdate(now, old) {
    // old-style events are counted up by their reporters; new-style ones only grow a series
    const errors: ReturnType<typeof validateCoreEvent> = [];
    if (old.eventTime !== undefined && old.eventTime !== null) checkFrozen(errors, now, old);
    return errors;
  },
  fields: EVENT_FIELDS,
  columns: EVENT_COLUMNS,
  row: eventRow,
});
