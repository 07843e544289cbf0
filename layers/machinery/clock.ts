/** What logic may not take from the air: time, identifiers and chance are handed in, so that tests decide them. */

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back once after `ms`; the answer cancels. Timers never keep a process alive. */
  after(ms: number, callback: () => void): () => void;
}

export interface Ids {
  /** RFC 4122 version 4. */
  uid(): string;
  /** `length` characters of the alphabet that Kubernetes uses for generated names. */
  suffix(length: number): string;
}

/** A number in [0, 1). */
export type Random = () => number;
