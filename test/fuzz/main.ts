/** `npm run fuzz -- [--seed N] [--rounds N]`: nearly right requests until something breaks; the long form of what `npm test` does for a moment. */
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.ts';

const { values } = parseArgs({ options: { seed: { type: 'string', default: String(Date.now() % 1_000_000) }, rounds: { type: 'string', default: '100000' } } });
const [seed, rounds] = [Number(values.seed), Number(values.rounds)];
if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(rounds) || rounds < 1) {
  process.stderr.write('npm run fuzz -- [--seed N] [--rounds N]\n');
  process.exit(2);
}
const { findings, statuses, growth } = await fuzz(seed, rounds);
for (const { round, what, request } of findings) process.stdout.write(`round ${round}: ${what}\n  ${request}\n`);
process.stdout.write(
  `seed ${seed}, ${rounds} requests: ${[...statuses]
    .sort(([a], [b]) => a - b)
    .map(([status, count]) => `${status}: ${count}`)
    .join(', ')}; heap grew by ${(growth / 2 ** 20).toFixed(1)} MiB; ${findings.length} findings\n`,
);
process.exitCode = findings.length === 0 ? 0 : 1;
