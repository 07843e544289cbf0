/**
 * `npm run soak:store [minutes]`: kills and power cuts of the embedded engine for as long as you like; needs root for the power.
 * `npm run soak:store -- --engine dynamodb [operations]`: histories on DynamoDB Local.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { kills, powerCuts, type Report } from './accidents.ts';
import { loopFilesystem, unavailable } from './filesystem.ts';
import { killedHistories } from './history-kills.ts';
import { soakDynamodb } from './soak-dynamodb.ts';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { engine: { type: 'string', default: 'embedded' } } });
if (values.engine === 'dynamodb') process.exit((await soakDynamodb(positionals[0] === undefined ? undefined : Number(positionals[0]))) === 0 ? 0 : 1);
if (values.engine !== 'embedded') throw new Error(`there is no engine "${values.engine}": embedded and dynamodb are`);

const until = Date.now() + Number(positionals[0] ?? 5) * 60_000;
const totals = new Map<string, { rounds: number; acknowledged: number; losses: number; torn: number }>();

function add(what: string, { verdicts, losses, acknowledged }: Report): void {
  const total = totals.get(what) ?? { rounds: 0, acknowledged: 0, losses: 0, torn: 0 };
  const torn = verdicts.reduce((sum, verdict) => sum + verdict.torn.length, 0);
  totals.set(what, { rounds: total.rounds + verdicts.length, acknowledged: total.acknowledged + acknowledged, losses: total.losses + losses, torn: total.torn + torn });
  for (const line of verdicts.flatMap(({ lost, torn: inside }) => [...lost, ...inside]).slice(0, 5)) process.stderr.write(`${what}: ${line}\n`);
}

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'store-soak-'));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function withDisk(work: (disk: ReturnType<typeof loopFilesystem>) => Promise<void>): Promise<void> {
  const disk = loopFilesystem(1024);
  try {
    await work(disk);
  } finally {
    disk.remove();
  }
}

const power = unavailable('power cuts', () => loopFilesystem(32)) === undefined;
do {
  await withFolder(async (folder) => add('kill, 16 clients', await kills(folder, { rounds: 6, writes: 4_000 })));
  await withFolder(async (folder) => add('kill, 1 client', await kills(folder, { rounds: 3, writes: 1_000, clients: 1 })));
  await withFolder(async (folder) => {
    const { wrong, acknowledged } = await killedHistories(folder, { rounds: 4, operations: 5_000, seed: Date.now() % 1_000_000 });
    add('kill, histories', { acknowledged, losses: wrong.length > 0 ? 1 : 0, verdicts: [{ lost: wrong, torn: [], changes: 0 }] });
  });
  if (!power) continue;
  await withDisk(async (disk) => add('power, 16 clients', await powerCuts(disk, { rounds: 6, writes: 4_000 })));
  await withDisk(async (disk) => add('power, 1 client', await powerCuts(disk, { rounds: 3, writes: 1_000, clients: 1 })));
} while (Date.now() < until);
for (const [what, { rounds, acknowledged, losses, torn }] of totals) {
  process.stdout.write(`${what.padEnd(20)} ${rounds} rounds, ${acknowledged} acknowledged, ${losses} rounds with losses, ${torn} torn\n`);
}
process.exit([...totals.values()].some(({ losses, torn }) => losses + torn > 0) ? 1 : 0);
