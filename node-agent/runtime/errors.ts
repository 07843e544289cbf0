/** What a container runtime may reject with. Stable codes; the texts go into events and container states. */

/** The runtime did not answer within the verb's deadline: the work may or may not have been done. */
export class RuntimeTimeout extends Error {
  readonly code = 'RuntimeTimeout';
  constructor(verb: string, milliseconds: number) {
    super(`the container runtime did not answer ${verb} within ${milliseconds / 1000}s`);
  }
}

/** The runtime cannot be reached: it is not running, or its socket is gone. */
export class RuntimeUnavailable extends Error {
  readonly code = 'RuntimeUnavailable';
}

/** The runtime refused. `status` is HTTP-like: 404 gone, 409 conflict, 400 bad request, 500 failed. */
export class RuntimeRefused extends Error {
  readonly code = 'RuntimeRefused';
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Too old, or of a kind that the agent cannot drive. */
export class RuntimeUnsupported extends Error {
  readonly code = 'RuntimeUnsupported';
}

export const isGone = (error: unknown): boolean => error instanceof RuntimeRefused && error.status === 404;
/** The runtime itself is in trouble, as opposed to one request that it refuses. */
export const isRuntimeDown = (error: unknown): boolean => error instanceof RuntimeTimeout || error instanceof RuntimeUnavailable;
