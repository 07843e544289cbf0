/** Programs of Kubernetes itself, where `npm run conformance` or the like has built them. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suiteFolder } from '../conformance/suite.ts';

/** The path of a program, or undefined where it has not been built. */
export function upstreamProgram(name: 'kube-controller-manager' | 'kube-scheduler' | 'kube-apiserver' | 'etcd'): string | undefined {
  const file = join(suiteFolder(), name);
  return existsSync(file) ? file : undefined;
}

export interface Running {
  /** What it said so far. */
  readonly said: () => string;
  stop(): Promise<void>;
}

export function startProgram(file: string, args: readonly string[]): Running {
  const child: ChildProcess = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const out: Buffer[] = [];
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk: Buffer) => out.push(chunk));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    said: () => Buffer.concat(out).toString(),
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
