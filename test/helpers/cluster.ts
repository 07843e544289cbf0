/** A throwaway cluster for a test, started as a user would: `infra/local/start.ts` in a folder of its own, driven by the real kubectl. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubectl, repositoryRoot, run, tool, type Ran } from '#infra/tools/tools.ts';
import { talk, type Talking } from './process.ts';

export interface TestCluster {
  readonly name: string;
  readonly dataDir: string;
  readonly kubeconfig: string;
  kubectl(args: readonly string[], input?: string): Promise<Ran>;
  /** The output of a kubectl that must succeed. */
  ok(args: readonly string[], input?: string): Promise<string>;
  /** A kubectl that runs on while the test talks to it. */
  talk(...args: readonly string[]): Talking;
  /** The same on a terminal of its own, of 33 lines and 101 columns. */
  talkOnTerminal(...args: readonly string[]): Talking;
  /** `kubectl create -f` of these objects. */
  create(...objects: readonly object[]): Promise<void>;
  /** `kubectl wait`, which watches: `wait('rc/x', 'jsonpath={.status.readyReplicas}=2')`. */
  wait(what: string, condition: string, limitSeconds?: number): Promise<void>;
  start(options?: readonly string[]): Promise<Ran>;
  stop(options?: readonly string[]): Promise<Ran>;
  /** `npm run paperplane -- VERB ...` for this cluster. */
  paperplane(verb: string, ...args: readonly string[]): Promise<Ran>;
}

const START_LIMIT_MS = 300_000;
let count = 0;

/** `programEnv`: of the programs that start and stop it, such as DOCKER_HOST. */
export function testCluster(nodes: number, options: readonly string[] = [], programEnv: NodeJS.ProcessEnv = {}): TestCluster {
  const name = `t${process.pid % 10_000}-${++count}`;
  const dataDir = mkdtempSync(join(tmpdir(), `paperplane-${name}-`));
  const kubeconfig = join(dataDir, 'kubeconfig');
  const call = kubectl(kubeconfig);
  const common = ['--name', name, '--data-dir', dataDir];
  const env = { KUBECONFIG: kubeconfig, HOME: join(repositoryRoot, '.cache', 'home') };
  const ok = async (args: readonly string[], input?: string): Promise<string> => {
    const ran = await call(args, input);
    if (ran.code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${ran.code}: ${ran.stderr}${ran.stdout}`);
    return ran.stdout;
  };
  const program = (file: string, args: readonly string[]): Promise<Ran> =>
    run(process.execPath, [join(repositoryRoot, 'infra', 'local', file), ...args], { limitMs: START_LIMIT_MS, env: programEnv });
  return {
    name,
    dataDir,
    kubeconfig,
    kubectl: call,
    ok,
    talk: (...args) => talk(tool('kubectl'), args, env),
    talkOnTerminal: (...args) =>
      talk('script', ['-qec', ['stty rows 33 cols 101;', ...[tool('kubectl'), ...args].map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`)].join(' '), '/dev/null'], env),
    async create(...objects) {
      await ok(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
    },
    async wait(what, condition, limitSeconds = 60) {
      const ran = await call(['wait', `--for=${condition}`, `--timeout=${limitSeconds}s`, ...what.split(' ')]);
      if (ran.code !== 0) throw new Error(`${what} is not ${condition}: ${ran.stderr}; there is\n${(await call(['get', 'all,events', '-o', 'wide'])).stdout}`);
    },
    start: (more = []) => program('start.ts', ['--detach', '--nodes', String(nodes), '--kubeconfig', kubeconfig, ...common, ...options, ...more]),
    async stop(more = ['--purge']) {
      const ran = await program('stop.ts', [...common, ...more]);
      if (more.includes('--purge')) rmSync(dataDir, { recursive: true, force: true });
      return ran;
    },
    paperplane: (verb, ...args) => run(process.execPath, [join(repositoryRoot, 'infra', 'bootstrap.mjs'), join('cli', 'main.ts'), verb, ...common, ...args]),
  };
}

/** Asks until the answer satisfies, or throws with the last one. */
export async function until<T>(ask: () => Promise<T>, good: (answer: T) => boolean, limitMs = 60_000): Promise<T> {
  for (const end = Date.now() + limitMs; ;) {
    const answer = await ask();
    if (good(answer)) return answer;
    if (Date.now() > end) throw new Error(`not within ${limitMs / 1000} s; the last answer: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
