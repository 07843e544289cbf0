/**
 * `Status` objects are made here and nowhere else (kubernetes.md 6.6; apimachinery `api/errors`). An ApiError is thrown anywhere
 * below a door and leaves it as the Status it carries.
 */
import type { FieldError } from './field-error.ts';

export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: { readonly continue?: string };
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: {
    readonly name?: string;
    readonly group?: string;
    readonly kind?: string;
    readonly uid?: string;
    readonly causes?: readonly StatusCause[];
    readonly retryAfterSeconds?: number;
  };
  readonly code: number;
}

export class ApiError extends Error {
  readonly status: Status;
  /** The Status' reason: `NotFound`, `Conflict`, ... */
  readonly code: string;
  constructor(status: Status, options?: { cause?: unknown }) {
    super(status.message, options);
    this.status = status;
    this.code = status.reason ?? 'Unknown';
  }
}

/** A group and its resource in the plural, as they are in a URL. */
export interface ResourceRef {
  readonly group: string;
  readonly resource: string;
}

const qualified = ({ group, resource }: ResourceRef): string => (group === '' ? resource : `${resource}.${group}`);

function failure(code: number, reason: string, message: string, details?: Status['details'], metadata: Status['metadata'] = {}): ApiError {
  return new ApiError({ kind: 'Status', apiVersion: 'v1', metadata, status: 'Failure', message, reason, ...(details === undefined ? {} : { details }), code });
}

const of = (ref: ResourceRef, name: string): { name?: string; group?: string; kind: string } => ({
  ...(name === '' ? {} : { name }),
  ...(ref.group === '' ? {} : { group: ref.group }),
  kind: ref.resource,
});

export const badRequest = (message: string): ApiError => failure(400, 'BadRequest', message);
export const unauthorized = (message = 'Unauthorized'): ApiError => failure(401, 'Unauthorized', message);
/** `why` completes `<resource> "<name>" is forbidden: ...`. */
export const forbiddenRequest = (ref: ResourceRef, name: string, why: string, causes?: readonly StatusCause[]): ApiError =>
  failure(403, 'Forbidden', name === '' ? `${qualified(ref)} is forbidden: ${why}` : `${qualified(ref)} ${JSON.stringify(name)} is forbidden: ${why}`, {
    ...of(ref, name),
    ...(causes === undefined ? {} : { causes }),
  });
export const forbiddenPath = (why: string): ApiError => failure(403, 'Forbidden', `forbidden: ${why}`, {});
export const notFound = (ref: ResourceRef, name: string): ApiError => failure(404, 'NotFound', `${qualified(ref)} ${JSON.stringify(name)} not found`, of(ref, name));
/** A resource that the server does not have. */
export const noSuchResource = (): ApiError => failure(404, 'NotFound', 'the server could not find the requested resource', {});
export const methodNotAllowed = (ref: ResourceRef, verb: string): ApiError =>
  failure(405, 'MethodNotAllowed', `${verb} is not supported on resources of kind ${JSON.stringify(qualified(ref))}`, of(ref, ''));
/** What the router of Kubernetes answers before any resource sees the request. */
export const methodNotRouted = (): ApiError => failure(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});
export const formNotRouted = (available: readonly string[]): ApiError =>
  failure(406, 'NotAcceptable', `406: Not Acceptable\n\nAvailable representations: ${available.join(', ')}`, {});
export const bodyNotRouted = (): ApiError => failure(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});
export const notAcceptable = (accepted: readonly string[]): ApiError => failure(406, 'NotAcceptable', `only the following media types are accepted: ${accepted.join(', ')}`);
export const alreadyExists = (ref: ResourceRef, name: string): ApiError => failure(409, 'AlreadyExists', `${qualified(ref)} ${JSON.stringify(name)} already exists`, of(ref, name));
export const generateNameConflict = (ref: ResourceRef, name: string): ApiError =>
  failure(409, 'AlreadyExists', `${qualified(ref)} ${JSON.stringify(name)} already exists, the server was not able to generate a unique name for the object`, {
    ...of(ref, name),
    retryAfterSeconds: 1,
  });
export const MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again';
export const conflict = (ref: ResourceRef, name: string, why: string = MODIFIED): ApiError =>
  failure(409, 'Conflict', `Operation cannot be fulfilled on ${qualified(ref)} ${JSON.stringify(name)}: ${why}`, of(ref, name));
/** Server-side apply: other managers own fields that differ. */
export const applyConflict = (message: string, causes: readonly StatusCause[]): ApiError => failure(409, 'Conflict', message, { causes });
export const expired = (message: string, inconsistentContinue?: string): ApiError =>
  failure(410, 'Expired', message, undefined, inconsistentContinue === undefined ? {} : { continue: inconsistentContinue });
export const tooLarge = (message: string): ApiError => failure(413, 'RequestEntityTooLarge', message);
export const unsupportedMediaType = (accepted: readonly string[]): ApiError =>
  failure(415, 'UnsupportedMediaType', `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`);
export const tooManyRequests = (message: string, retryAfterSeconds: number, causes?: readonly StatusCause[]): ApiError =>
  failure(429, 'TooManyRequests', message, { ...(retryAfterSeconds > 0 ? { retryAfterSeconds } : {}), ...(causes === undefined ? {} : { causes }) });
export const internalError = (message: string, cause?: unknown): ApiError =>
  new ApiError(failure(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] }).status, { cause });
export const unavailable = (message: string, retryAfterSeconds = 1): ApiError => failure(503, 'ServiceUnavailable', message, { retryAfterSeconds });
export const timeout = (message: string, retryAfterSeconds = 0): ApiError => failure(504, 'Timeout', `Timeout: ${message}`, retryAfterSeconds > 0 ? { retryAfterSeconds } : {});
/** A list or watch that asks for a future resourceVersion; client-go lists anew when it sees the cause. */
export const resourceVersionTooLarge = (asked: number, current: number): ApiError =>
  failure(504, 'Timeout', `Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });

const CAUSE_TEXT: Readonly<Record<FieldError['type'], string>> = {
  FieldValueNotFound: 'Not found',
  FieldValueRequired: 'Required value',
  FieldValueDuplicate: 'Duplicate value',
  FieldValueInvalid: 'Invalid value',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueForbidden: 'Forbidden',
  FieldValueTooLong: 'Too long',
  FieldValueTooMany: 'Too many',
  FieldValueTypeInvalid: 'Invalid value',
  InternalError: 'Internal error',
};

/** As Go prints it: texts quoted, what is composed as JSON that could stand in HTML. */
function shown(value: unknown): string {
  const json = JSON.stringify(value);
  return typeof value === 'object' ? json.replaceAll('<', '\\u003c').replaceAll('>', '\\u003e').replaceAll('&', '\\u0026') : json;
}

function causeMessage(error: FieldError): string {
  const text = CAUSE_TEXT[error.type];
  const bare = error.type === 'FieldValueRequired' || error.type === 'FieldValueForbidden' || error.type === 'FieldValueTooLong' || error.type === 'InternalError';
  const head = bare || error.value === undefined ? text : `${text}: ${shown(error.value)}`;
  return error.detail === '' ? head : `${head}: ${error.detail}`;
}

/** A finding as Go's errors print it. */
export const causeText = (error: FieldError): string => `${error.field}: ${causeMessage(error)}`;

/** 422 with one cause per finding; `kind` is the Kind, not the resource. */
export function invalidObject(group: string, kind: string, name: string, errors: readonly FieldError[]): ApiError {
  const texts = errors.map(causeText);
  const subject = `${group === '' ? kind : `${kind}.${group}`} ${JSON.stringify(name)} is invalid`;
  const unique = [...new Set(texts)];
  return failure(422, 'Invalid', `${subject}: ${unique.length === 1 ? unique[0]! : `[${unique.join(', ')}]`}`, {
    ...(name === '' ? {} : { name }),
    ...(group === '' ? {} : { group }),
    ...(kind === '' ? {} : { kind }),
    causes: errors.map((error) => ({ reason: error.type, message: causeMessage(error), field: error.field })),
  });
}

export function success(details?: Status['details']): Status {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', ...(details === undefined ? {} : { details }), code: 200 };
}

/** What exec and attach send on their error channel when a command ended with another code than 0. */
export function commandExited(exitCode: number): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${exitCode}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
    code: 500,
  };
}

const is =
  (reason: string) =>
  (error: unknown): error is ApiError =>
    error instanceof ApiError && error.code === reason;
export const isNotFound = is('NotFound');
export const isConflict = is('Conflict');
export const isAlreadyExists = is('AlreadyExists');
export const isForbidden = is('Forbidden');
export const isInvalid = is('Invalid');
export const isExpired = is('Expired');
