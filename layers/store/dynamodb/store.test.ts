import { afterAll, beforeAll, describe } from 'vitest';
import { skipWithoutDynamodbLocal, START_LIMIT } from '#test/helpers/dynamodb-local.ts';
import { storeContract, type StoreUnderTest } from '../contract.ts';
import { openDynamoStore, type DynamoOptions } from './store.ts';
import { ATTEMPT, localTable, type LocalTable } from './testing/local.ts';
import { createMovingClock, type MovingClock } from './testing/moving-clock.ts';

const HISTORY = 600;

describe.skipIf(skipWithoutDynamodbLocal('the contract of the store on DynamoDB'))('DynamoDB', () => {
  let local: LocalTable;
  let client: DynamoOptions['client'];
  let clusters = 0;
  beforeAll(async () => {
    local = await localTable();
    client = local.client();
  }, START_LIMIT);
  afterAll(async () => local.remove());

  function open(options: Partial<DynamoOptions>, cluster = `cluster-${++clusters}`, clock: MovingClock = createMovingClock()): StoreUnderTest {
    const store = openDynamoStore({
      client,
      table: local.table,
      cluster,
      clock,
      random: Math.random,
      times: { attempt: ATTEMPT, history: HISTORY, poll: { least: 20, most: 200 } },
      ...options,
    });
    return {
      store,
      now: () => clock.now() / 1000,
      advance: async (ms) => clock.advance(ms),
      forget: async () => clock.advance((HISTORY + 1) * 1000),
      reopen: async () => {
        await store.close();
        return open(options, cluster, clock);
      },
    };
  }

  storeContract('the store on DynamoDB', async () => open({}), { runs: 8, timeout: 180_000 });
});
