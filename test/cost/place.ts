/** A place without servers whose calls of AWS are counted, for measuring what things cost. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readLedger } from '#infra/gateway/meter/ledger.ts';
import { type Call, POLLERS } from '#infra/gateway/meter/prices.ts';
import { kubectl, repositoryRoot, run, type Ran } from '#infra/tools/tools.ts';

const START_LIMIT_MS = 400_000;
/** A write may make a controller write, which makes another: nothing for this long is quiet. Milliseconds. */
const QUIET_MS = 12_000;
const QUIET_LIMIT_MS = 240_000;
const LOOK_MS = 500;
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export interface CountedPlace {
  readonly name: string;
  readonly dataDir: string;
  readonly kubeconfig: string;
  kubectl(args: readonly string[], input?: string): Promise<Ran>;
  ok(args: readonly string[], input?: string): Promise<string>;
  /** Starts it, or takes on other nodes. */
  start(nodes: number): Promise<Ran>;
  stop(): Promise<Ran>;
  /** Calls that are ours: what AWS' own pollers ask is left out. */
  ours(from: number, to?: number): readonly Call[];
  pollers(from: number, to?: number): readonly Call[];
  /** Waits until nothing was written for a while; heartbeats are no writes of this kind. */
  quiet(): Promise<void>;
}

export function countedPlace(name: string): CountedPlace {
  const dataDir = mkdtempSync(join(tmpdir(), `paperplane-${name}-`));
  const kubeconfig = join(dataDir, 'kubeconfig');
  const ledger = `${dataDir}.ledger`;
  const call = kubectl(kubeconfig);
  const program = (...args: readonly string[]): Promise<Ran> =>
    run(process.execPath, [join(repositoryRoot, 'infra', 'localstack', 'start.ts'), '--name', name, '--data-dir', dataDir, ...args], { limitMs: START_LIMIT_MS });
  const calls = (from: number, to?: number): readonly Call[] => (existsSync(ledger) ? readLedger(ledger, from, to) : []);
  const ours = (from: number, to?: number): readonly Call[] => calls(from, to).filter(({ by }) => by !== POLLERS);
  return {
    name,
    dataDir,
    kubeconfig,
    kubectl: call,
    async ok(args, input) {
      const ran = await call(args, input);
      if (ran.code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${ran.code}: ${ran.stderr}${ran.stdout}`);
      return ran.stdout;
    },
    start: (nodes) => program('--detach', '--nodes', String(nodes), '--kubeconfig', kubeconfig, `--ledger=${ledger}`),
    async stop() {
      const ran = await program('--stop');
      rmSync(ledger, { force: true });
      return ran;
    },
    ours,
    pollers: (from, to) => calls(from, to).filter(({ by }) => by === POLLERS),
    async quiet() {
      for (const end = Date.now() + QUIET_LIMIT_MS; Date.now() < end; await wait(LOOK_MS)) {
        const last = ours(Date.now() - 60_000).findLast(({ by, action }) => action === 'TransactWriteItems' || by.endsWith('-dispatcher'));
        // a place that has never worked has still its first objects to make
        const begun = last !== undefined || ours(0).some(({ by }) => by.endsWith('-dispatcher'));
        if (begun && (last === undefined || Date.now() - last.at > QUIET_MS)) return;
      }
      throw new Error(`not quiet within ${QUIET_LIMIT_MS / 1000} s`);
    },
  };
}
