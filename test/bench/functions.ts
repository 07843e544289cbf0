/**
 * Rows of the functions: how large each bundle is, and how long its init phase takes in a process of its own, as Lambda would start it. Processor time is what
 * is meant: on a shared machine wall-clock time measures the neighbours. Then requests through the api function beside the bare calls of its store.
 * Usage: functions.ts [--json] [--bundles-only]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildFunction } from '#infra/aws/build.ts';
import { FUNCTIONS, type FunctionName } from '#infra/aws/functions.ts';
import { skipWithoutDynamodbLocal } from '#test/helpers/dynamodb-local.ts';
import { skipWithoutSqsServer } from '#test/helpers/sqs-server.ts';
import { podToDoorbell } from './doorbell.ts';
import { throughFunctions } from './through-functions.ts';

/** Targets of the api function: bytes, and milliseconds of init. */
const TARGET = { bytes: 1_500_000, initMs: 150 };
const RUNS = 5;

/** What the CDK app sets, as far as an init phase looks. */
const VARIABLES = {
  PAPERPLANE_NAME: 'bench',
  PAPERPLANE_DEFAULT_CLUSTER: 'bench',
  PAPERPLANE_TABLE: 'bench',
  PAPERPLANE_RECONCILE_QUEUE_URL: 'http://127.0.0.1/reconcile',
  PAPERPLANE_SCHEDULE_QUEUE_URL: 'http://127.0.0.1/schedule',
  PAPERPLANE_LATER_QUEUE_URL: 'http://127.0.0.1/later',
  PAPERPLANE_NODE_QUEUE_PREFIX: 'bench-',
  AWS_REGION: 'us-east-1',
};
const PROGRAM = `
globalThis.awslambda = { streamifyResponse: (handler) => handler };
const wall = performance.now(), cpu = process.cpuUsage();
await import(process.argv[1]);
const { user, system } = process.cpuUsage(cpu);
process.stdout.write(JSON.stringify({ wallMs: performance.now() - wall, cpuMs: (user + system) / 1000 }));`;

interface Row {
  readonly name: FunctionName;
  readonly bytes: number;
  /** The median of the runs, processor time of the import. */
  readonly initCpuMs: number;
  readonly fastestWallMs: number;
  /** Whether a client of EC2 or Elastic Load Balancing is inside. */
  readonly cloudClients: boolean;
}

function initOf(file: string): { readonly wallMs: number; readonly cpuMs: number } {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', PROGRAM, file], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], ...VARIABLES },
  });
  if (status !== 0) throw new Error(`${file} does not load: ${stderr}`);
  return JSON.parse(stdout) as { wallMs: number; cpuMs: number };
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

const folder = mkdtempSync(join(tmpdir(), 'paperplane-bench-'));
try {
  const rows: Row[] = [];
  for (const name of FUNCTIONS) {
    const { directory, bytes, inputs } = await buildFunction(name, folder);
    const runs = Array.from({ length: RUNS }, () => initOf(join(directory, 'function', 'index.mjs')));
    rows.push({
      name,
      bytes,
      initCpuMs: Math.round(median(runs.map(({ cpuMs }) => cpuMs))),
      fastestWallMs: Math.round(Math.min(...runs.map(({ wallMs }) => wallMs))),
      cloudClients: Object.keys(inputs).some((input) => /client-ec2|client-elastic-load-balancing/.test(input)),
    });
  }
  const bundlesOnly = process.argv.includes('--bundles-only') || skipWithoutDynamodbLocal('requests through the functions');
  const through = bundlesOnly ? [] : await throughFunctions();
  const bell = bundlesOnly || skipWithoutSqsServer('from a pod to the ring at its node') ? undefined : await podToDoorbell();
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ bundles: rows, through, bell }, null, 2)}\n`);
  else {
    for (const { name, bytes, initCpuMs, fastestWallMs, cloudClients } of rows)
      process.stdout.write(
        `${name.padEnd(14)}${(bytes / 1e6).toFixed(2).padStart(6)} MB  init ${String(initCpuMs).padStart(4)} ms of processor, ${String(fastestWallMs).padStart(4)} ms at best${cloudClients ? ', with EC2 and ELB' : ''}\n`,
      );
    for (const { what, store, functions, gateway, ratio } of through)
      process.stdout.write(
        `${what.padEnd(30)} store ${store.toFixed(1).padStart(7)} ms, through functions ${functions.toFixed(1).padStart(7)} ms, of it the gateway ${gateway.toFixed(1)} ms: ${ratio.toFixed(2)} times\n`,
      );
    if (bell !== undefined) process.stdout.write(`pod created to its node's doorbell: ${bell.hops} hops, p50 ${bell.p50.toFixed(0)} ms, at worst ${bell.worst.toFixed(0)} ms\n`);
  }
  const api = rows.find(({ name }) => name === 'api')!;
  if (api.cloudClients || api.bytes > TARGET.bytes || api.initCpuMs > TARGET.initMs)
    process.stderr.write(`the api function misses a target: ${TARGET.bytes / 1e6} MB, ${TARGET.initMs} ms, no client of EC2 or ELB\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
