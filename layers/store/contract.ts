/** What every engine of the Store port must do. An engine's own test file hands in how to open one, empty each time. */
import { describe } from 'vitest';
import { concurrency } from './testing/contract/concurrency.ts';
import { lists } from './testing/contract/lists.ts';
import { model } from './testing/contract/model.ts';
import type { OpenStore } from './testing/contract/under-test.ts';
import { watches } from './testing/contract/watches.ts';
import { writes } from './testing/contract/writes.ts';

export type { OpenStore, StoreUnderTest } from './testing/contract/under-test.ts';

export interface ContractOptions {
  /** How many random sequences are compared with the model. */
  readonly runs?: number;
  /** Milliseconds for one test: more where every call crosses a network. */
  readonly timeout?: number;
}

export function storeContract(name: string, open: OpenStore, { runs = 40, timeout = 30_000 }: ContractOptions = {}): void {
  describe(`${name} keeps the contract of a store`, { timeout }, () => {
    writes(open);
    lists(open);
    watches(open);
    concurrency(open);
    model(open, runs);
  });
}
