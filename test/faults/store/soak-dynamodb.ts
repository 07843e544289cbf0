/** `npm run soak:store -- --engine dynamodb [operations]`: histories on DynamoDB Local, a new cluster and a new seed each 20,000 operations. A million by default. */
import { localTable } from '#store/dynamodb/testing/local.ts';
import { BAD_DAY, round } from './dynamodb-history.ts';

const OPERATIONS = 1_000_000;
const ROUND = 20_000;
/** Milliseconds between two lines of progress. */
const TELL_EVERY = 60_000;

export async function soakDynamodb(operations = OPERATIONS, seed = Date.now() % 1_000_000): Promise<number> {
  let failed = 0;
  const began = Date.now();
  let told = began;
  for (let done = 0, index = 0; done < operations; done += ROUND, index++) {
    // a table for each round: what a million operations leave behind is more than memory holds
    const local = await localTable();
    const { wrong, outcomes, accidents, changes } = await round(local, {
      cluster: `soak-${index}`,
      operations: Math.min(ROUND, operations - done),
      seed: seed + index,
      accidents: BAD_DAY,
      progress: (inRound) => {
        if (Date.now() - told < TELL_EVERY) return;
        told = Date.now();
        process.stdout.write(`${done + inRound} operations in ${Math.round((told - began) / 1000)} s\n`);
      },
    });
    await local.remove();
    process.stdout.write(`seed ${seed + index}: ${changes} changes, ${JSON.stringify(outcomes)}, accidents ${JSON.stringify(accidents)}, ${wrong.length} broken promises\n`);
    for (const line of wrong.slice(0, 20)) process.stderr.write(`seed ${seed + index}: ${line}\n`);
    if (wrong.length > 0) failed++;
  }
  return failed;
}
