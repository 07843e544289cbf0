/** `npm run soak:store -- --engine dynamodb [operations]`: histories on DynamoDB Local, four new clusters and seeds each 20,000 operations. A million by default. */
import { localTable } from '#store/dynamodb/testing/local.ts';
import { BAD_DAY, rounds } from './dynamodb-history.ts';

const OPERATIONS = 1_000_000;
const ROUND = 20_000;
/** At the same time. */
const CLUSTERS = 4;
/** Milliseconds between two lines of progress. */
const TELL_EVERY = 60_000;

export async function soakDynamodb(operations = OPERATIONS, seed = Date.now() % 1_000_000): Promise<number> {
  let failed = 0;
  const began = Date.now();
  let told = began;
  for (let done = 0; done < operations; done += ROUND) {
    const first = seed + (done / ROUND) * CLUSTERS;
    // a table for each round: what a million operations leave behind is more than memory holds
    const local = await localTable();
    const { wrong, outcomes, accidents, changes } = await rounds(local, {
      clusters: Array.from({ length: CLUSTERS }, (_, index) => `soak-${first + index}`),
      operations: Math.min(ROUND, operations - done),
      seed: first,
      accidents: BAD_DAY,
      progress: (inRound) => {
        if (Date.now() - told < TELL_EVERY) return;
        told = Date.now();
        process.stdout.write(`${done + inRound} operations in ${Math.round((told - began) / 1000)} s\n`);
      },
    });
    await local.remove();
    process.stdout.write(`seed ${first}: ${changes} changes, ${JSON.stringify(outcomes)}, accidents ${JSON.stringify(accidents)}, ${wrong.length} broken promises\n`);
    for (const line of wrong.slice(0, 20)) process.stderr.write(`seed ${first}: ${line}\n`);
    if (wrong.length > 0) failed++;
  }
  return failed;
}
