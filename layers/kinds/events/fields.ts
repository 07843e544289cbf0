/** Selectable fields and the table, the same for both forms of an event. */
import type { Event } from '#kinds/generated/types.ts';
import type { Column, TableRow } from '#kinds/kind.ts';
import { age } from '#machinery/time.ts';
import { integer, text } from '../shared/columns.ts';

type Read = (event: Event) => string;
const involved =
  (name: 'kind' | 'namespace' | 'name' | 'uid' | 'apiVersion' | 'resourceVersion' | 'fieldPath'): Read =>
  (event) =>
    event.involvedObject?.[name] ?? '';

export const EVENT_FIELDS: Readonly<Record<string, Read>> = {
  'involvedObject.kind': involved('kind'),
  'involvedObject.namespace': involved('namespace'),
  'involvedObject.name': involved('name'),
  'involvedObject.uid': involved('uid'),
  'involvedObject.apiVersion': involved('apiVersion'),
  'involvedObject.resourceVersion': involved('resourceVersion'),
  'involvedObject.fieldPath': involved('fieldPath'),
  reason: ({ reason }) => reason ?? '',
  reportingComponent: ({ reportingComponent }) => reportingComponent ?? '',
  source: ({ source, reportingComponent }) => source?.component || (reportingComponent ?? ''),
  type: ({ type }) => type ?? '',
};

export const EVENT_COLUMNS: readonly Column[] = [
  text('Last Seen', 'The time at which the most recent occurrence of this event was recorded.'),
  text('Type', 'Type of this event (Normal, Warning), new types could be added in the future'),
  text('Reason', "This should be a short, machine understandable string that gives the reason for the transition into the object's current status."),
  text('Object', 'The object that this event is about.'),
  text(
    'Subobject',
    'If referring to a piece of an object instead of an entire object, this string should contain a valid JSON/Go field access statement, such as desiredState.manifest.containers[2]. For example, if the object reference is to a container within a pod, this would take on a value like: "spec.containers{name}" (where "name" refers to the name of the container that triggered the event) or if no container name is specified "spec.containers[2]" (container with index 2 in this pod). This syntax is chosen only to have some well-defined way of referencing a part of an object.',
    1,
  ),
  text('Source', 'The component reporting this event. Should be a short machine understandable string.', 1),
  text('Message', 'A human-readable description of the status of this operation.'),
  text('First Seen', 'The time at which the event was first recorded. (Time of server receipt is in TypeMeta.)', 1),
  integer('Count', 'The number of times this event has occurred.', 1),
  {
    name: 'Name',
    type: 'string',
    format: 'name',
    priority: 1,
    description:
      'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names',
  },
];

function reporter({ source, reportingComponent, reportingInstance }: Event): string {
  const who = source?.component || (reportingComponent ?? '');
  const where = source?.host || (reportingInstance ?? '');
  return where === '' ? who : `${who}, ${where}`;
}

export function eventRow(event: Event, now: number): TableRow {
  const first = event.firstTimestamp ? age(event.firstTimestamp, now) : age(event.eventTime, now);
  const last = event.series === undefined ? (event.lastTimestamp ? age(event.lastTimestamp, now) : first) : age(event.series.lastObservedTime, now);
  const kind = (event.involvedObject?.kind ?? '').toLowerCase();
  return {
    cells: [
      last,
      event.type ?? '',
      event.reason ?? '',
      event.involvedObject?.name ? `${kind}/${event.involvedObject.name}` : kind,
      event.involvedObject?.fieldPath ?? '',
      reporter(event),
      (event.message ?? '').trim(),
      first,
      event.series?.count ?? (event.count || 1),
      event.metadata.name ?? '',
    ],
  };
}
