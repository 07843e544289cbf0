/** Why a container is not running yet, as its `waiting` state says it. */
export class StartFailure extends Error {
  /** `ErrImagePull`, `CreateContainerConfigError`, ... */
  readonly reason: string;
  /** Milliseconds until another try is worth it; absent: the usual pause between tries. */
  readonly retryAfter: number | undefined;
  constructor(reason: string, message: string, options: { readonly retryAfter?: number; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.reason = reason;
    this.retryAfter = options.retryAfter;
  }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
