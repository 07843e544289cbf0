/**
 * Nothing acknowledged is lost, watchers agree, lists are exact, counts are exact, whatever DynamoDB does to its callers and whoever dies.
 * More of it: `npm run soak:store -- --engine dynamodb`.
 */
import { afterAll, beforeAll, describe, test } from 'vitest';
import { localTable, type LocalTable } from '#store/dynamodb/testing/local.ts';
import { skipWithoutDynamodbLocal, START_LIMIT } from '#test/helpers/dynamodb-local.ts';
import { BAD_DAY, round, rounds } from './store/dynamodb-history.ts';

/** What two small cores do in a minute, in clusters beside each other; the soak does a million. */
const OPERATIONS = 20_000;
const CLUSTERS = ['bad-day-1', 'bad-day-2', 'bad-day-3', 'bad-day-4'];

describe.skipIf(skipWithoutDynamodbLocal('histories of the store on DynamoDB'))('histories of the store on DynamoDB', { timeout: 900_000 }, () => {
  let local: LocalTable;
  beforeAll(async () => {
    local = await localTable();
  }, START_LIMIT);
  afterAll(async () => local.remove());

  // all at once: each waits much for writers that stand still
  test.concurrent('keep every promise on a bad day', async ({ expect }) => {
    const { wrong, outcomes, accidents } = await rounds(local, { clusters: CLUSTERS, operations: OPERATIONS, seed: 1, accidents: BAD_DAY });
    expect(wrong.slice(0, 10)).toEqual([]);
    expect(outcomes['done']).toBeGreaterThan(OPERATIONS / 10);
    for (const what of ['conflict', 'throttle', 'lost', 'stall', 'die'])
      expect({ what, times: accidents[what] ?? 0 }).toMatchObject({ what, times: expect.toSatisfy((times: number) => times > 0) });
  });

  test.concurrent.for(['slot condition', 'object condition'] as const)('the test can fail: it finds a store whose writers leave out the %s', async (without, { expect }) => {
    const { wrong } = await round(local, { cluster: `without-${without.replace(' ', '-')}`, operations: 800, seed: 2, accidents: { stall: 0.1, without } });
    expect(wrong.length).toBeGreaterThan(0);
  });
});
