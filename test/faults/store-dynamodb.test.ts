/**
 * Nothing acknowledged is lost, watchers agree, lists are exact, counts are exact, whatever DynamoDB does to its callers and whoever dies.
 * More of it: `npm run soak:store -- --engine dynamodb`.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { localTable, type LocalTable } from '#store/dynamodb/testing/local.ts';
import { skipWithoutDynamodbLocal, START_LIMIT } from '#test/helpers/dynamodb-local.ts';
import { BAD_DAY, round } from './store/dynamodb-history.ts';

/** What two small cores do in a minute; the soak does a million. */
const OPERATIONS = 4_000;

describe.skipIf(skipWithoutDynamodbLocal('histories of the store on DynamoDB'))('histories of the store on DynamoDB', { timeout: 900_000 }, () => {
  let local: LocalTable;
  beforeAll(async () => {
    local = await localTable();
  }, START_LIMIT);
  afterAll(async () => local.remove());

  test('keep every promise on a bad day', async () => {
    const { wrong, outcomes, accidents } = await round(local, { cluster: 'bad-day', operations: OPERATIONS, seed: 1, accidents: BAD_DAY });
    expect(wrong.slice(0, 10)).toEqual([]);
    expect(outcomes['done']).toBeGreaterThan(OPERATIONS / 10);
    for (const what of ['conflict', 'throttle', 'lost', 'stall', 'die'])
      expect({ what, times: accidents[what] ?? 0 }).toMatchObject({ what, times: expect.toSatisfy((times: number) => times > 0) });
  });

  test.for(['slot condition', 'object condition'] as const)('the test can fail: it finds a store whose writers leave out the %s', async (without) => {
    const { wrong } = await round(local, { cluster: `without-${without.replace(' ', '-')}`, operations: 800, seed: 2, accidents: { stall: 0.1, without } });
    expect(wrong.length).toBeGreaterThan(0);
  });
});
