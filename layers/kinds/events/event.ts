/** Events of events.k8s.io: the same objects as core events, under newer names. */
import type { Event } from '#kinds/generated/types.ts';
import type { FieldError } from '#machinery/field-error.ts';
import type { KubeObject } from '#machinery/object.ts';
import { behaviour } from '../behaviour.ts';
import { EVENT_TTL_SECONDS } from '../core/event.ts';
import { EVENT_COLUMNS, EVENT_FIELDS, eventRow } from './fields.ts';
import { checkFrozen, checkNewEvent } from './validate.ts';

/** The newer name of each field, and the one it is stored under. */
const NAMES: readonly (readonly [served: string, stored: string])[] = [
  ['note', 'message'],
  ['regarding', 'involvedObject'],
  ['reportingController', 'reportingComponent'],
  ['deprecatedSource', 'source'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedCount', 'count'],
];
const TO_STORED = new Map(NAMES);
const TO_SERVED = new Map(NAMES.map(([served, stored]) => [stored, served]));

function renamed(object: KubeObject, names: ReadonlyMap<string, string>, apiVersion: string): KubeObject {
  const result: KubeObject = { ...object, apiVersion };
  for (const name of names.keys()) delete result[name];
  for (const [from, to] of names) if (object[from] !== undefined) result[to] = object[from];
  return result;
}

const toStored = (served: KubeObject): KubeObject => renamed(served, TO_STORED, 'v1');
const toServed = (stored: KubeObject): KubeObject => renamed(stored, TO_SERVED, 'events.k8s.io/v1');
/** Rules are about the stored form, whichever form is at hand. */
const asStored = (object: KubeObject): Event => (object.apiVersion === 'v1' ? object : toStored(object)) as Event;

/** Selectable names of the newer form, and the ones that the store indexes (`pkg/apis/events/v1/conversion.go`). */
const FIELD_LABELS = Object.fromEntries(
  Object.keys(EVENT_FIELDS)
    .filter((name) => name !== 'source')
    .map((name) => [name === 'reportingComponent' ? 'reportingController' : name.replace('involvedObject.', 'regarding.'), name]),
);

export const newEvent = behaviour<KubeObject>({
  createOnUpdate: true,
  ttlSeconds: EVENT_TTL_SECONDS,
  convert: { toServed, toStored },
  validate(object) {
    const errors: FieldError[] = [];
    checkNewEvent(errors, asStored(object));
    return errors;
  },
  validateUpdate(now, old) {
    const errors: FieldError[] = [];
    checkFrozen(errors, asStored(now), asStored(old));
    return errors;
  },
  fields: Object.fromEntries(Object.entries(EVENT_FIELDS).map(([name, read]) => [name, (object: KubeObject) => read(asStored(object))])),
  fieldLabels: FIELD_LABELS,
  columns: EVENT_COLUMNS,
  row: (object, now) => eventRow(asStored(object), now),
});
