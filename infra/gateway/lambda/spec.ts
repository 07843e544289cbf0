/** What the gateway must know of a function, as the deployed one says it. */
export interface FunctionSpec {
  readonly name: string;
  /** The folder that Lambda unpacks to /var/task. */
  readonly directory: string;
  /** `file.export`, as in the configuration of the function. */
  readonly handler: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly memoryMB: number;
  readonly timeoutMs: number;
  /** At most so many environments at once; absent: no limit but the account's. */
  readonly reservedConcurrency?: number;
}

/** How unkind the gateway is. Chances are between 0 and 1. */
export interface Nastiness {
  /** An environment is thrown away after an invocation. */
  readonly discard: number;
  /** An invocation is refused as throttled. */
  readonly throttle: number;
  /** A record or message is delivered twice. */
  readonly duplicate: number;
  /** Longest wait put before an invocation, in milliseconds; the actual one is chance. */
  readonly delayMs: number;
}

export const KIND: Nastiness = { discard: 0, throttle: 0, duplicate: 0, delayMs: 0 };
/** What `npm run localstack -- --nasty` means: every path that is rare in AWS is walked within minutes. */
export const NASTY: Nastiness = { discard: 0.2, throttle: 0.05, duplicate: 0.1, delayMs: 200 };
