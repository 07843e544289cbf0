/**
 * `npm run bench`: how fast a cluster is, and what it takes. Any Kubernetes may be measured, and two beside each other on one machine. The load comes from
 * this one process: JSON bodies over HTTPS, every client with a connection of its own.
 */
import { parseArgs } from 'node:util';
import { type BenchCluster, throwawayCluster } from './cluster.ts';
import { suiteFolder } from '../conformance/suite.ts';
import { startKubernetes } from '../helpers/kubernetes.ts';
import { targetOf } from './http.ts';
import { prepare, remove } from './namespace.ts';
import { POD_ROWS } from './pods.ts';
import { printed, report, type Result } from './report.ts';
import type { Outcome, Row, Subject } from './row.ts';
import { API_ROWS } from './rows.ts';
import { CODEC_ROWS } from './codec.ts';
import { MANY_ROWS } from './many.ts';

const SHORT = 0.02;
/** Of `--against`. */
const KUBERNETES = 'kubernetes';
/** Before anything else is done to the cluster. */
const FIRST = 'memory-fresh';
const USAGE = `Usage: npm run bench -- [options]
  --kubeconfig FILE   the cluster to measure; without it one is started for the purpose and removed
  --against FILE      another cluster, measured beside it row by row; "kubernetes" starts etcd and kube-apiserver,
                      which must be beside the conformance suite's programs
  --rows ID,ID...     only these rows: ${[...CODEC_ROWS, ...API_ROWS, ...MANY_ROWS, ...POD_ROWS].map(({ id }) => id).join(', ')},
                      and of a cluster started here api-ready, cluster-ready
  --nodes N           Docker nodes of the cluster that is started (0); with nodes the rows of pods are measured too
  --protobuf          what the rows create is sent as protobuf
  --short             a fiftieth of the work: whether it runs, not how fast`;

export interface BenchOptions {
  readonly kubeconfig?: string;
  readonly against?: string;
  /** What it is measured against is an API server without controllers, gone after the run. */
  readonly alone?: boolean;
  readonly rows?: readonly string[];
  readonly nodes?: number;
  readonly short?: boolean;
  readonly protobuf?: boolean;
  /** Hears of each row when it is there. */
  readonly told?: (line: string) => void;
}

class UsageError extends Error {}

async function attempt(row: Row, subject: Subject): Promise<Outcome> {
  try {
    return await row.run(subject);
  } catch (error) {
    return { text: `failed: ${error instanceof Error ? error.message : String(error)}`, failed: 1 };
  }
}

export async function bench(options: BenchOptions): Promise<readonly Result[]> {
  const own: BenchCluster | undefined = options.kubeconfig === undefined ? await throwawayCluster(options.nodes ?? 0) : undefined;
  const rows = [...(own?.rows ?? []), ...API_ROWS.filter(({ id }) => id === FIRST), ...POD_ROWS, ...CODEC_ROWS, ...API_ROWS.filter(({ id }) => id !== FIRST), ...MANY_ROWS];
  const unknown = options.rows?.find((id) => !rows.some((row) => row.id === id));
  const subjects: Subject[] = [];
  try {
    if (unknown !== undefined) throw new UsageError(`no row "${unknown}"; there are ${rows.map(({ id }) => id).join(', ')}`);
    const files = [own?.kubeconfig ?? options.kubeconfig!, ...(options.against === undefined ? [] : [options.against])];
    for (const [index, file] of files.entries()) {
      const subject = {
        name: index === 0 && own !== undefined ? 'Paperplane' : file,
        target: targetOf(file),
        namespace: `bench-${process.pid}-${index}`,
        size: options.short === true ? SHORT : 1,
        made: new Set<never>(),
        protobuf: options.protobuf === true,
        alone: index === 1 && options.alone === true,
      };
      await prepare(subject);
      subjects.push(subject);
    }
    const results: Result[] = [];
    options.told?.(report(subjects.map(({ name }) => name)));
    for (const row of rows) {
      // pods start where there are nodes: asked for by name, or on nodes of the bench's own
      const wanted = options.rows?.includes(row.id) ?? (!POD_ROWS.includes(row) || (options.nodes ?? 0) > 0);
      if (!wanted) continue;
      const outcomes: Outcome[] = [];
      // row by row, not cluster by cluster: what else the machine does meets both alike
      for (const subject of subjects) outcomes.push(await attempt(row, subject));
      results.push({ row, outcomes });
      options.told?.(printed(results.at(-1)!));
    }
    return results;
  } finally {
    for (const subject of subjects) await remove(subject);
    await own?.stop();
  }
}

async function main(): Promise<number> {
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        kubeconfig: { type: 'string' },
        against: { type: 'string' },
        rows: { type: 'string' },
        nodes: { type: 'string' },
        short: { type: 'boolean' },
        protobuf: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }));
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  if (values.help === true) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const kubernetes = values.against === KUBERNETES ? await startKubernetes({ durable: true, accounts: false }) : undefined;
  if (values.against === KUBERNETES && kubernetes === undefined) throw new UsageError(`etcd and kube-apiserver are not in ${suiteFolder()}`);
  const against = kubernetes?.kubeconfig ?? values.against;
  let results;
  try {
    results = await bench({
      ...(values.kubeconfig === undefined ? {} : { kubeconfig: values.kubeconfig }),
      ...(against === undefined ? {} : { against, alone: kubernetes !== undefined }),
      ...(values.rows === undefined ? {} : { rows: values.rows.split(',') }),
      ...(values.nodes === undefined ? {} : { nodes: Number(values.nodes) }),
      short: values.short === true,
      protobuf: values.protobuf === true,
      told: (line) => process.stdout.write(`${line}\n`),
    });
  } finally {
    await kubernetes?.stop();
  }
  return results.some(({ outcomes }) => outcomes.some(({ failed }) => failed > 0)) ? 1 : 0;
}

if (import.meta.main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    process.stderr.write(error instanceof UsageError ? `${error.message}\n${USAGE}\n` : `${(error as Error).stack}\n`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}
