import type { Store } from '../../port.ts';

/** A store, and the means to bring about what tests cannot wait for. */
export interface StoreUnderTest {
  readonly store: Store;
  /** Seconds since the epoch, by the store's clock. */
  now(): number;
  /** Lets this much time pass for the store. */
  advance(ms: number): Promise<void>;
  /** Makes the store forget all history that it may forget. */
  forget(): Promise<void>;
  /** Closes the store and opens it again over the same data. Absent: the engine keeps nothing. */
  readonly reopen?: () => Promise<StoreUnderTest>;
}

export type OpenStore = () => Promise<StoreUnderTest>;
