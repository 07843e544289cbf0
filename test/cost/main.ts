/**
 * `npm run cost`: a place without servers on this machine, its calls of AWS counted and priced, written into docs/cost.md. `--minutes=N` is how long quiet
 * stretches are looked at. Needs root: its nodes are on Docker.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bill, billOf, type Call } from '#infra/gateway/meter/prices.ts';
import { repositoryRoot, tool } from '#infra/tools/tools.ts';
import { ensureTestImage, TEST_IMAGE } from '../helpers/image.ts';
import { talk } from '../helpers/process.ts';
import { type CountedPlace, countedPlace } from './place.ts';

const PAGE = join(repositoryRoot, 'docs', 'cost.md');
const [BEGIN, END] = ['<!-- written by npm run cost -->', '<!-- end of npm run cost -->'];
const HOUR_MS = 3600_000;
const MONTH_MS = 730.5 * HOUR_MS;
const NODES = 3;
const PODS = 10;
const REPLICAS = 3;
const MINUTES = Number(process.argv.find((arg) => arg.startsWith('--minutes='))?.slice('--minutes='.length) ?? 3);
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Row {
  readonly what: string;
  readonly bill: Bill;
  /** What the figures are divided by, or multiplied with. */
  readonly scale: number;
  readonly digits: number;
}

const round = (value: number): string => (value >= 100 ? Math.round(value).toLocaleString('en-US') : String(Math.round(value * 10) / 10));
const line = ({ what, bill, scale, digits }: Row): string => {
  const { requests, writeUnits, readUnits, sqsRequests, invocations, gbSeconds, dollars } = bill;
  const cells = [requests, writeUnits, readUnits, sqsRequests, invocations, gbSeconds].map((value) => round(value * scale));
  return `| ${[what, ...cells, (dollars * scale).toFixed(digits)].join(' | ')} |`;
};

/** A stretch of time without what the nodes ask anyway: their rate is known from when they were quiet. */
function above(calls: readonly Call[], ms: number, base: Bill, baseMs: number): Bill {
  const bill = billOf(calls);
  const less = (of: (bill: Bill) => number): number => Math.max(0, of(bill) - (of(base) * ms) / baseMs);
  return {
    calls: bill.calls,
    requests: less((one) => one.requests),
    writeUnits: less((one) => one.writeUnits),
    readUnits: less((one) => one.readUnits),
    sqsRequests: less((one) => one.sqsRequests),
    invocations: less((one) => one.invocations),
    gbSeconds: less((one) => one.gbSeconds),
    dollars: less((one) => one.dollars),
  };
}

async function measure(place: CountedPlace, say: (text: string) => void): Promise<readonly string[]> {
  const stretch = async (ms: number): Promise<{ readonly from: number; readonly to: number }> => {
    const from = Date.now();
    await wait(ms);
    return { from, to: Date.now() };
  };
  const ready = async (): Promise<void> => void (await place.ok(['wait', '--for=condition=Ready', 'nodes', '--all', '--timeout=180s']));
  say('a cluster without nodes');
  let started = await place.start(0);
  if (started.code !== 0) throw new Error(started.stderr);
  await place.quiet();
  const idle = await stretch(MINUTES * 60_000);
  say(`${NODES} nodes on Docker`);
  started = await place.start(NODES);
  if (started.code !== 0) throw new Error(started.stderr);
  await ready();
  await place.quiet();
  const quiet = await stretch(MINUTES * 60_000);
  const base = billOf(place.ours(quiet.from, quiet.to));
  const baseMs = quiet.to - quiet.from;
  const spent = async (work: () => Promise<void>): Promise<Bill> => {
    const from = Date.now();
    await work();
    await place.quiet();
    const to = Date.now();
    return above(place.ours(from, to), to - from, base, baseMs);
  };
  say(`${PODS} pods`);
  const pod = (name: string): object => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: 'cost' } },
    spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'c', image: TEST_IMAGE, command: ['sleep', '3600'] }] },
  });
  const pods = await spent(async () => {
    await place.ok(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: Array.from({ length: PODS }, (_, at) => pod(`p${at}`)) }));
    // a watch of its own would be counted too: looked at late and once
    for (; (await place.ok(['get', 'pods', '-l', 'app=cost', '-o', 'jsonpath={.items[*].status.phase}'])) !== Array(PODS).fill('Running').join(' ');) await wait(10_000);
  });
  say(`a rollout of ${REPLICAS} replicas`);
  await place.ok(['create', 'deployment', 'web', `--image=${TEST_IMAGE}`, `--replicas=${REPLICAS}`, '--', 'sleep', '3600']);
  await place.ok(['rollout', 'status', 'deployment/web', '--timeout=180s']);
  await place.quiet();
  const rollout = await spent(async () => {
    await place.ok(['set', 'env', 'deployment/web', 'A=b']);
    for (
      ;
      (await place.ok(['get', 'deployment/web', '-o', 'jsonpath={.status.updatedReplicas} {.status.replicas} {.status.availableReplicas}'])) !==
      `${REPLICAS} ${REPLICAS} ${REPLICAS}`;
    )
      await wait(10_000);
  });
  say('an open watch');
  const watching = talk(tool('kubectl'), ['get', 'configmaps', '--watch-only'], { KUBECONFIG: place.kubeconfig, HOME: join(repositoryRoot, '.cache', 'home') });
  await wait(15_000);
  const open = await stretch(60_000);
  const looks = above(place.ours(open.from, open.to), open.to - open.from, base, baseMs);
  await watching.kill();
  // the invocation ends with the watch; while it is open its memory is charged by time
  const watch = { ...looks, gbSeconds: 30, dollars: looks.dollars + 30 * 0.0000133334 };

  const month = (ms: number): number => MONTH_MS / ms;
  const idleMs = idle.to - idle.from;
  const polls = Array.from(billOf(place.pollers(idle.from, idle.to)).calls, ([what, count]) => `${what.split(' ')[1]} ${Math.round((count * 60_000) / idleMs)}`);
  const rows: readonly Row[] = [
    { what: 'a month of an idle cluster without nodes', bill: billOf(place.ours(idle.from, idle.to)), scale: month(idleMs), digits: 2 },
    { what: `a month of ${NODES} quiet nodes`, bill: base, scale: month(baseMs), digits: 2 },
    { what: 'a pod, from its creation to running', bill: pods, scale: 1 / PODS, digits: 6 },
    { what: `a rollout of a Deployment of ${REPLICAS} replicas`, bill: rollout, scale: 1, digits: 6 },
    { what: 'an open watch, an hour', bill: watch, scale: HOUR_MS / (open.to - open.from), digits: 4 },
  ];
  return [
    '| what | calls | write units | read units | SQS | invocations | GB-seconds | $ |',
    '|---|---|---|---|---|---|---|---|',
    ...rows.map(line),
    '',
    `What event source mappings ask in the same idle time is AWS' own, in a minute: ${polls.join(', ')}. Of these AWS charges ReceiveMessage alone, as \`npm run deploy\` says.`,
  ];
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const missing = await ensureTestImage();
if (missing !== undefined) {
  say(`paperplane: the nodes whose cost is counted run on Docker: ${missing}`);
  process.exit(1);
}
const place = countedPlace(`cost${process.pid % 10_000}`);
try {
  const table = (await measure(place, say)).join('\n');
  process.stdout.write(`${table}\n`);
  const text = readFileSync(PAGE, 'utf8');
  const [before, rest] = text.split(BEGIN) as [string, string];
  writeFileSync(PAGE, `${before}${BEGIN}\n${table}\n${rest.slice(rest.indexOf(END))}`);
} finally {
  await place.stop();
}
