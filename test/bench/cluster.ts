/** A cluster of the bench's own, and the rows that only its owner can measure: how soon it is there. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { repositoryRoot, run } from '#infra/tools/tools.ts';
import type { Outcome, Row } from './row.ts';

export interface BenchCluster {
  readonly kubeconfig: string;
  readonly rows: readonly Row[];
  stop(): Promise<void>;
}

const START_LIMIT_MS = 300_000;
const POLL_MS = 5;

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

/** Anonymous clients may ask for readiness, in every Kubernetes. */
const isReady = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, path: '/readyz', rejectUnauthorized: false, agent: false, timeout: 1_000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.on('error', () => resolve(false));
    asked.end();
  });

/** Milliseconds since the epoch at which a process began (10 ms exact). */
function startOf(pid: number): number {
  // fields behind the name, which may hold anything
  const field = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[19];
  const uptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
  return Date.now() - (uptime - Number(field) / 100) * 1000;
}

const fixed = (id: string, title: string, kubernetes: string, goal: string, outcome: Outcome): Row => ({ id, title, kubernetes, goal, run: async () => outcome });

export async function throwawayCluster(nodes: number): Promise<BenchCluster> {
  const name = `bench${process.pid % 100_000}`;
  const dataDir = mkdtempSync(join(tmpdir(), `paperplane-${name}-`));
  const kubeconfig = join(dataDir, 'kubeconfig');
  const port = await freePort();
  const program = (file: string): string => join(repositoryRoot, 'infra', 'local', file);
  const common = ['--name', name, '--data-dir', dataDir];
  const stop = async (): Promise<void> => {
    await run(process.execPath, [program('stop.ts'), ...common, '--purge'], { limitMs: START_LIMIT_MS });
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    const began = performance.now();
    const child = spawn(process.execPath, [program('start.ts'), '--detach', '--nodes', String(nodes), '--port', String(port), '--kubeconfig', kubeconfig, ...common], {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: START_LIMIT_MS,
    });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const ready = (async () => {
      while (!(await isReady(port))) await wait(POLL_MS);
      return Date.now();
    })();
    const code = await ended;
    if (code !== 0) throw new Error(`the cluster did not start: ${errors}`);
    const seconds = (performance.now() - began) / 1000;
    const pid = Number(readFileSync(join(dataDir, 'run', 'control-plane.pid.child'), 'utf8'));
    const apiSeconds = ((await ready) - startOf(pid)) / 1000;
    return {
      kubeconfig,
      stop,
      rows: [
        fixed('api-ready', 'API ready after its start', '5.1 s', '1 s', { text: `${apiSeconds.toFixed(2)} s`, failed: 0 }),
        fixed('cluster-ready', nodes === 0 ? 'cluster ready after installation (no nodes)' : `cluster ready after installation (${nodes} nodes)`, '50 s', '3 s', {
          text: `${seconds.toFixed(2)} s`,
          failed: 0,
        }),
      ],
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
