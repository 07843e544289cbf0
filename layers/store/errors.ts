import type { ObjectKey, StoredObject } from './port.ts';

/** A precondition did not hold; `current` is the object as it is (absent: there is none). */
export class StoreConflict extends Error {
  readonly code = 'STORE_CONFLICT';
  readonly key: ObjectKey;
  readonly current: StoredObject | undefined;
  constructor(key: ObjectKey, current: StoredObject | undefined) {
    super(`${key.resource} ${key.namespace}/${key.name} is not at the resourceVersion that the write was made for`);
    this.key = key;
    this.current = current;
  }
}

/** The resourceVersion asked for is older than what the store keeps. */
export class StoreExpired extends Error {
  readonly code = 'STORE_EXPIRED';
  readonly asked: number;
  readonly oldest: number;
  constructor(asked: number, oldest: number) {
    super(`resourceVersion ${asked} is older than the oldest kept, ${oldest}`);
    this.asked = asked;
    this.oldest = oldest;
  }
}

/** The resourceVersion asked for lies in the future, and did not come about within the time that the reader waits. */
export class StoreTooNew extends Error {
  readonly code = 'STORE_TOO_NEW';
  readonly asked: number;
  readonly frontier: number;
  constructor(asked: number, frontier: number) {
    super(`resourceVersion ${asked} is above the newest, ${frontier}`);
    this.asked = asked;
    this.frontier = frontier;
  }
}

/** The store cannot take or answer now (disk full, closed, no connection). Nothing is known to be written. */
export class StoreUnavailable extends Error {
  readonly code = 'STORE_UNAVAILABLE';
}

/** The service beneath refuses for now, after all retries: nothing is known to be written, and waiting helps. */
export class StoreThrottled extends StoreUnavailable {}

/** Not there, or not allowed: waiting does not help, an operator has to mend it. */
export class StoreUnusable extends StoreUnavailable {}
