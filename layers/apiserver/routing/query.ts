/** Query parameters with Kubernetes' names and complaints (meta/v1 ListOptions, CreateOptions, ...). */
import { type FieldError, forbidden, invalid, notSupported, required } from '#machinery/field-error.ts';
import { type FieldSelector, parseFieldSelector } from '#machinery/fields.ts';
import { EVERYTHING, type LabelSelector, parseLabelSelector } from '#machinery/labels.ts';
import { badRequest, invalidObject } from '#machinery/status.ts';

export type Query = URLSearchParams;
const EMPTY = new URLSearchParams();

export const parseQuery = (query: string): Query => (query === '' ? EMPTY : new URLSearchParams(query));

/** apimachinery's conversion of a query's boolean: a bare `watch` counts, and so does any text but `false` and `0`. */
export function flag(query: Query, name: string): boolean {
  const text = query.get(name);
  return text !== null && text !== '0' && text.toLowerCase() !== 'false';
}

export function integer(query: Query, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const number = Number(text);
  if (!/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(number)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return number;
}

export interface ListOptions {
  readonly labels: LabelSelector;
  readonly labelText: string;
  readonly fields: FieldSelector;
  readonly fieldText: string;
  /** `''`: not given. */
  readonly resourceVersion: string;
  readonly match: '' | 'Exact' | 'NotOlderThan';
  readonly limit: number;
  readonly continue: string;
  readonly timeoutSeconds: number | undefined;
  readonly allowWatchBookmarks: boolean;
  readonly sendInitialEvents: boolean | undefined;
}

const NO_FIELDS: FieldSelector = [];

export function listOptions(query: Query, watch: boolean): ListOptions {
  const labelText = query.get('labelSelector') ?? '';
  const fieldText = query.get('fieldSelector') ?? '';
  const initial = query.get('sendInitialEvents');
  const match = query.get('resourceVersionMatch') ?? '';
  const options: ListOptions = {
    labels: labelText === '' ? EVERYTHING : parseLabelSelector(labelText),
    labelText,
    fields: fieldText === '' ? NO_FIELDS : parseFieldSelector(fieldText),
    fieldText,
    resourceVersion: query.get('resourceVersion') ?? '',
    match: match as ListOptions['match'],
    limit: Math.max(0, integer(query, 'limit') ?? 0),
    continue: query.get('continue') ?? '',
    timeoutSeconds: integer(query, 'timeoutSeconds'),
    allowWatchBookmarks: flag(query, 'allowWatchBookmarks'),
    sendInitialEvents: initial === null ? undefined : flag(query, 'sendInitialEvents'),
  };
  const errors = check(options, watch);
  if (errors.length > 0) throw invalidObject('meta.k8s.io', 'ListOptions', '', errors);
  return options;
}

/** The combinations that apimachinery `validation.ValidateListOptions` refuses. */
function check(options: ListOptions, watch: boolean): FieldError[] {
  const { match, resourceVersion, sendInitialEvents } = options;
  const errors: FieldError[] = [];
  if (watch) {
    if (sendInitialEvents !== undefined && match !== 'NotOlderThan')
      errors.push(forbidden('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
    if (match === '') return errors;
    if (sendInitialEvents === undefined) errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'));
    if (match !== 'NotOlderThan') errors.push(notSupported('resourceVersionMatch', match, ['NotOlderThan']));
    if (options.continue !== '') errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided'));
    return errors;
  }
  if (match !== '') {
    if (resourceVersion === '') errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
    if (options.continue !== '') errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided'));
    if (match !== 'Exact' && match !== 'NotOlderThan') errors.push(notSupported('resourceVersionMatch', match, ['Exact', 'NotOlderThan', '']));
    else if (match === 'Exact' && resourceVersion === '0') errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  if (sendInitialEvents !== undefined) errors.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  return errors;
}

/** A resourceVersion of a query: `undefined` where none is given. */
export function resourceVersion(text: string): number | undefined {
  if (text === '') return undefined;
  if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(Number(text)))
    throw badRequest(`Invalid value: ${JSON.stringify(text)}: resourceVersion: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly fieldValidation: 'Ignore' | 'Warn' | 'Strict';
  readonly force: boolean | undefined;
}

const MANAGER_LIMIT = 128;

/** The list is shown whole. */
export const dryRunErrors = (dryRuns: readonly string[]): readonly FieldError[] => (dryRuns.some((text) => text !== 'All') ? [notSupported('dryRun', dryRuns, ['All'])] : []);

/** Go's `%q` of what cannot be printed, as far as a manager's name goes. */
const unprintable = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;

export function writeOptions(query: Query, userAgent: string | undefined, kind: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions' | 'DeleteOptions', apply = false): WriteOptions {
  const errors: FieldError[] = [];
  const manager = query.get('fieldManager') ?? '';
  const dryRuns = query.getAll('dryRun');
  if (apply && manager === '') errors.push(required('fieldManager', 'is required for apply patch'));
  errors.push(...dryRunErrors(dryRuns));
  if (manager.length > MANAGER_LIMIT) errors.push({ type: 'FieldValueTooLong', field: 'fieldManager', value: '', detail: `may not be more than ${MANAGER_LIMIT} bytes` });
  const odd = [...manager].findIndex((character) => unprintable.test(character));
  if (odd >= 0)
    errors.push(invalid('fieldManager', manager, `invalid character U+${[...manager][odd]!.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')} (at position ${odd})`));
  const validation = query.get('fieldValidation') ?? '';
  if (!['', 'Ignore', 'Warn', 'Strict'].includes(validation)) errors.push(notSupported('fieldValidation', validation, ['', 'Ignore', 'Strict', 'Warn']));
  if (errors.length > 0) throw invalidObject('meta.k8s.io', kind, '', errors);
  return {
    dryRun: dryRuns.length > 0,
    fieldManager: manager !== '' ? manager : managerFromUserAgent(userAgent),
    fieldValidation: validation === '' ? 'Warn' : (validation as WriteOptions['fieldValidation']),
    force: query.has('force') ? flag(query, 'force') : undefined,
  };
}

/** The program's name: what stands before the first slash, cut to what a manager's name may hold. */
function managerFromUserAgent(userAgent: string | undefined): string {
  const name = (userAgent ?? '').split('/')[0]!.replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, '');
  return name === '' ? 'unknown' : name.slice(0, MANAGER_LIMIT);
}
