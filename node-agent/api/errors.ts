/** What calls to the API server reject with. */
import type { Status } from '#machinery/status.ts';

/** The server answered with a failure; its Status says why. */
export class ApiRefused extends Error {
  /** The Status' reason: `NotFound`, `Conflict`, ... */
  readonly code: string;
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;
  constructor(status: number, body: Partial<Status> | undefined) {
    super(body?.message ?? `the API server answered ${status}`);
    this.status = status;
    this.code = body?.reason ?? 'Unknown';
    this.retryAfterSeconds = body?.details?.retryAfterSeconds;
  }
}

/** No answer: refused, broken off, or past the deadline. The request may have been carried out. */
export class ApiUnreachable extends Error {
  readonly code = 'ApiUnreachable';
}

export const isMissing = (error: unknown): boolean => error instanceof ApiRefused && error.status === 404;
export const isConflicting = (error: unknown): boolean => error instanceof ApiRefused && error.status === 409;
/** Worth another try: the server is away, overloaded or broken for the moment. */
export const isPassing = (error: unknown): boolean => error instanceof ApiUnreachable || (error instanceof ApiRefused && (error.status === 429 || error.status >= 500));
