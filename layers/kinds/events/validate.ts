/** Validation of events, which have one storage and two forms (Kubernetes' `apis/core/validation/events.go`). */
import type { Event } from '#kinds/generated/types.ts';
import { type FieldError, invalid, required } from '#machinery/field-error.ts';
import { isDNS1123Subdomain, isQualifiedName } from '#machinery/names.ts';
import { type Errors, checkImmutable, checkText } from '../shared/check.ts';

const SHORT = 128;
const MESSAGE = 1024;
const limit = (errors: Errors, field: string, value: string, length: number): void => {
  if (value.length > length) errors.push(invalid(field, '', `can have at most ${length} characters`));
};

/** `controllerField` is how the form at hand calls the reporting controller. */
export function checkEvent(errors: Errors, event: Event, controllerField: string): void {
  const namespace = event.metadata.namespace ?? '';
  const about = event.involvedObject?.namespace ?? '';
  if (about === '' ? namespace !== '' && namespace !== 'default' : namespace !== about) errors.push(invalid('involvedObject.namespace', about, 'does not match event.namespace'));
  if (event.eventTime === undefined || event.eventTime === null) return;
  const { reportingComponent = '', reportingInstance = '', action = '', reason = '', message = '' } = event;
  if (reportingComponent === '') errors.push(required(controllerField));
  checkText(errors, controllerField, reportingComponent, isQualifiedName(reportingComponent));
  if (reportingInstance === '') errors.push(required('reportingInstance'));
  limit(errors, 'reportingInstance', reportingInstance, SHORT);
  if (action === '') errors.push(required('action'));
  limit(errors, 'action', action, SHORT);
  if (reason === '') errors.push(required('reason'));
  limit(errors, 'reason', reason, SHORT);
  limit(errors, 'message', message, MESSAGE);
}

export function validateCoreEvent(event: Event): FieldError[] {
  const errors: FieldError[] = [];
  checkEvent(errors, event, 'reportingComponent');
  if (event.metadata.namespace) checkText(errors, 'namespace', event.metadata.namespace, isDNS1123Subdomain(event.metadata.namespace));
  return errors;
}

/** Events of events.k8s.io say who reports what, and keep to it. */
export function checkNewEvent(errors: Errors, event: Event): void {
  checkEvent(errors, event, 'reportingController');
  if (event.eventTime === undefined || event.eventTime === null) errors.push(required('eventTime'));
  if (event.series !== undefined) {
    if ((event.series.count ?? 0) < 2) errors.push(invalid('series.count', '', 'should be at least 2'));
    if (event.series.lastObservedTime === undefined || event.series.lastObservedTime === null) errors.push(required('series.lastObservedTime'));
  }
  if (event.type !== 'Normal' && event.type !== 'Warning') errors.push(invalid('type', '', `has invalid value: ${event.type ?? ''}`));
  if (event.firstTimestamp) errors.push(invalid('firstTimestamp', '', 'needs to be unset'));
  if (event.lastTimestamp) errors.push(invalid('lastTimestamp', '', 'needs to be unset'));
  if (event.count) errors.push(invalid('count', '', 'needs to be unset'));
  if (event.source?.component || event.source?.host) errors.push(invalid('source', '', 'needs to be unset'));
}

export function checkFrozen(errors: Errors, now: Event, old: Event): void {
  for (const name of [
    'involvedObject',
    'reason',
    'message',
    'source',
    'firstTimestamp',
    'lastTimestamp',
    'count',
    'type',
    'eventTime',
    'action',
    'related',
    'reportingInstance',
  ] as const)
    checkImmutable(errors, name, now[name], old[name]);
  checkImmutable(errors, 'reportingController', now.reportingComponent, old.reportingComponent);
}
