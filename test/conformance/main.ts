/**
 * `npm run conformance -- [options]`: the official suite against any cluster, or against a throwaway one of this checkout. Ends with a Markdown table of
 * passed and failed by area and the first reason of each failure; exit status 0 if all that ran passed.
 */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type TestCluster, testCluster } from '#test/helpers/cluster.ts';
import { functionsCluster } from './functions-cluster.ts';
import { summary } from './report.ts';
import { exactly, runConformance } from './run.ts';
import { buildSuite } from './suite.ts';

const USAGE = `Usage: npm run conformance -- [options]
  --kubeconfig FILE       the cluster; without it one is started and removed afterwards
  --nodes N               Docker nodes of that throwaway cluster (0)
  --simulated-nodes N     its simulated nodes (0)
  --focus RE, --skip RE   only, or not, the specs whose full name matches; may be given again
  --class NAME            only the specs that need no more than this: api, controllers, node or two-nodes; may be given again
  --functions             the throwaway cluster has no servers and no nodes: functions in the local gateway, their table in DynamoDB Local
  --no-nodes              the cluster has no nodes (the throwaway one: as --nodes says)
  --procs N               specs at a time (4); serial ones run alone at the end
  --timeout T             of the whole run, as Go writes durations (4h)
  --build                 build the suite, kube-controller-manager and kube-scheduler, and end
  --out DIR               report and log go here (a new folder of the system's temporary one)`;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

function options() {
  try {
    return parseArgs({
      options: {
        kubeconfig: { type: 'string' },
        nodes: { type: 'string', default: '0' },
        'simulated-nodes': { type: 'string', default: '0' },
        focus: { type: 'string', multiple: true, default: [] },
        skip: { type: 'string', multiple: true, default: [] },
        class: { type: 'string', multiple: true, default: [] },
        'no-nodes': { type: 'boolean', default: false },
        functions: { type: 'boolean', default: false },
        procs: { type: 'string', default: '4' },
        timeout: { type: 'string', default: '4h' },
        build: { type: 'boolean', default: false },
        out: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    say(`${(error as Error).message}\n${USAGE}`);
    return process.exit(2);
  }
}

const values = options();
if (values.help) {
  process.stdout.write(`${USAGE}\n`);
  process.exit(0);
}

const classes = JSON.parse(readFileSync(join(import.meta.dirname, 'specs.json'), 'utf8')) as Readonly<Record<string, readonly string[]>>;
const unknown = values.class.find((name) => classes[name] === undefined);
if (unknown !== undefined || !/^[1-9]\d?$/.test(values.procs)) {
  say(unknown === undefined ? `--procs takes a number from 1 to 99\n${USAGE}` : `--class takes one of ${Object.keys(classes).join(', ')}`);
  process.exit(2);
}
const classNames = values.class.flatMap((name) => classes[name]!);
const from = process.env['INIT_CWD'] ?? '.';
const suite = buildSuite(say, values.build);
if (values.build) {
  say(`built: ${suite}`);
  process.exit(0);
}
const out = values.out === undefined ? mkdtempSync(join(tmpdir(), 'paperplane-conformance-')) : resolve(from, values.out);

async function throwawayCluster(): Promise<Pick<TestCluster, 'kubeconfig' | 'start' | 'stop'>> {
  return values.functions ? functionsCluster() : testCluster(Number(values.nodes), ['--simulated-nodes', values['simulated-nodes']]);
}
const throwaway = values.kubeconfig === undefined ? await throwawayCluster() : undefined;
if (throwaway !== undefined) {
  const started = await throwaway.start();
  if (started.code !== 0) {
    say(started.stderr);
    process.exit(1);
  }
}
try {
  const { results, failures } = await runConformance({
    suite,
    kubeconfig: throwaway?.kubeconfig ?? resolve(from, values.kubeconfig!),
    focus: [...values.focus, ...(classNames.length === 0 ? [] : [exactly(classNames)])],
    skip: values.skip,
    processes: Number(values.procs),
    timeout: values.timeout,
    noNodes: values['no-nodes'] || values.functions || (throwaway !== undefined && Number(values.nodes) + Number(values['simulated-nodes']) === 0),
    out,
  });
  process.stdout.write(`${[...failures, summary(results)].join('\n')}\n`);
  say(`report and log: ${out}`);
  if (failures.length > 0 || results.length === 0 || results.some((spec) => spec.outcome === 'failed')) process.exitCode = 1;
} finally {
  await throwaway?.stop();
}
