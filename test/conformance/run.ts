/** One run of the suite against a cluster. */
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { specResults, suiteFailures } from './report.ts';
import type { GinkgoSuite, SpecResult } from './report.ts';

export interface ConformanceRun {
  /** The folder of the built suite. */
  readonly suite: string;
  readonly kubeconfig: string;
  /** Regular expressions over the full names; empty: all. */
  readonly focus: readonly string[];
  readonly skip: readonly string[];
  readonly processes: number;
  /** As Go writes durations. */
  readonly timeout: string;
  /** The cluster has no nodes: start all the same. */
  readonly noNodes: boolean;
  /** Report and log go here. */
  readonly out: string;
}

export interface ConformanceOutcome {
  readonly results: readonly SpecResult[];
  /** What went wrong outside any spec. */
  readonly failures: readonly string[];
}

const escaped = (name: string): string => name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
/** A pattern of exactly these specs: ginkgo matches against the suite's description, a space, and the name. */
export const exactly = (names: readonly string[]): string => `^Kubernetes e2e suite (${names.map(escaped).join('|')})$`;

/** Runs and reads the report; throws where the suite did not start. `results.json` in `out` keeps what came of it. */
export async function runConformance(run: ConformanceRun): Promise<ConformanceOutcome> {
  mkdirSync(run.out, { recursive: true });
  const reportFile = join(run.out, 'report.json');
  rmSync(reportFile, { force: true });
  const program = (name: string): string => join(run.suite, name);
  const args = [
    'run',
    `--procs=${run.processes}`,
    `--timeout=${run.timeout}`,
    '--label-filter=Conformance',
    '--keep-going',
    '--no-color',
    '--succinct',
    '--poll-progress-after=0',
    ...run.focus.map((pattern) => `--focus=${pattern}`),
    ...run.skip.map((pattern) => `--skip=${pattern}`),
    `--output-dir=${run.out}`,
    '--json-report=report.json',
    program('e2e.test'),
    '--',
    '--provider=skeleton',
    `--kubeconfig=${run.kubeconfig}`,
    `--kubectl-path=${program('kubectl')}`,
    '--disable-log-dump',
    '--dump-logs-on-failure=false',
    ...(run.noNodes ? ['--num-nodes=0', '--allowed-not-ready-nodes=-1'] : []),
  ];
  const log = createWriteStream(join(run.out, 'run.log'));
  const child = spawn(program('ginkgo'), args, { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  log.end();
  if (!existsSync(reportFile)) throw new Error(`the suite ended with ${code} and left no report: see ${join(run.out, 'run.log')}`);
  const report = JSON.parse(readFileSync(reportFile, 'utf8')) as readonly GinkgoSuite[];
  const results = specResults(report);
  writeFileSync(join(run.out, 'results.json'), `${JSON.stringify(results, undefined, 1)}\n`);
  return { results, failures: suiteFailures(report) };
}
