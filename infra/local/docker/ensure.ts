/**
 * What real nodes need of this machine: root, a Docker engine, and the tools that make networks. Installs what is missing where it may
 * (root, with Debian's or Ubuntu's packages) and otherwise says exactly what to do.
 */
import { spawn } from 'node:child_process';
import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync } from 'node:fs';
import { request } from 'node:http';
import { delimiter, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { openDockerRuntime } from '#node-agent/runtime/docker/runtime.ts';

const INSTALL_LIMIT_MS = 10 * 60_000;
const ENGINE_START_LIMIT_MS = 60_000;
/** A busy engine answers its ping in milliseconds; one that takes longer than this hangs. */
const PING_LIMIT_MS = 5_000;
const POLL_MS = 100;
const DOCKER_SOCKET = '/var/run/docker.sock';

/** A program, and the Debian package that has it. */
const NEEDED: readonly (readonly [program: string, package_: string])[] = [
  ['dockerd', 'docker.io'],
  ['nft', 'nftables'],
  ['ip', 'iproute2'],
  ['nsenter', 'util-linux'],
  ['mount', 'mount'],
  ['conntrack', 'conntrack'],
];

export class HostNotReady extends Error {
  readonly code = 'HOST_NOT_READY';
}

/** Where the engine listens: `DOCKER_HOST=unix:///PATH` as for the docker command, or the usual place. */
export function dockerSocket(env: NodeJS.ProcessEnv = process.env): string {
  const host = env['DOCKER_HOST'] ?? '';
  if (host === '') return DOCKER_SOCKET;
  const path = /^unix:\/\/(\/.+)$/.exec(host)?.[1];
  if (path === undefined)
    throw new HostNotReady(
      `DOCKER_HOST is ${host}: the nodes of a local cluster need an engine of this machine, as in unix://${DOCKER_SOCKET}; unset it, or use --nodes 0 --simulated-nodes 3`,
    );
  return path;
}

const PATH = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];

function has(program: string): boolean {
  return PATH.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

type Engine = 'answers' | 'hangs' | 'absent';

function engineAt(socketPath: string): Promise<Engine> {
  return new Promise((resolve) => {
    const ping = request({ socketPath, path: '/_ping', timeout: PING_LIMIT_MS }, (response) => {
      response.resume();
      resolve('answers');
    });
    ping.on('timeout', () => {
      resolve('hangs');
      ping.destroy();
    });
    ping.on('error', () => resolve('absent'));
    ping.end();
  });
}

/** Whether an engine answers on the socket. */
export const engineAnswers = async (socketPath: string): Promise<boolean> => (await engineAt(socketPath)) === 'answers';

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: INSTALL_LIMIT_MS, env: { ...process.env, PATH: PATH.join(delimiter), ...env } });
    const output: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk));
    child.on('error', (error) => resolve({ code: -1, output: error.message }));
    child.on('close', (code) => resolve({ code: code ?? -1, output: Buffer.concat(output).toString() }));
  });
}

async function installPackages(packages: readonly string[]): Promise<void> {
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const install = (): Promise<{ code: number; output: string }> => run('apt-get', ['install', '-y', '--no-install-recommends', ...packages], env);
  // the lists may be old or absent on a fresh machine: one refresh, then one more try
  let result = await install();
  if (result.code !== 0) {
    await run('apt-get', ['update'], env);
    result = await install();
  }
  if (result.code !== 0) throw new HostNotReady(`apt-get could not install ${packages.join(' ')}:\n${result.output.trimEnd().split('\n').slice(-5).join('\n')}`);
}

async function startEngine(logFile: string): Promise<void> {
  if (existsSync('/run/systemd/system')) {
    await run('systemctl', ['start', 'docker']);
  } else {
    mkdirSync(join(logFile, '..'), { recursive: true });
    const log = openSync(logFile, 'a', 0o600);
    spawn('dockerd', [], { detached: true, stdio: ['ignore', log, log], cwd: '/', env: { ...process.env, PATH: PATH.join(delimiter) } })
      .on('error', () => {})
      .unref();
    closeSync(log);
  }
  for (let waited = 0; waited < ENGINE_START_LIMIT_MS; waited += POLL_MS) {
    if (await engineAnswers(DOCKER_SOCKET)) return;
    await wait(POLL_MS);
  }
  throw new HostNotReady(`the Docker engine did not answer on ${DOCKER_SOCKET} within ${ENGINE_START_LIMIT_MS / 1000} s: see ${logFile}`);
}

/** @throws HostNotReady with what to do about it */
export async function ensureHost(progress: (text: string) => void, engineLog: string, socketPath: string): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new HostNotReady('nodes on this machine need root (networks, mounts, Docker): run it with sudo, or run simulated nodes only: npm start -- --nodes 0 --simulated-nodes 3');
  }
  const engine = await engineAt(socketPath);
  if (engine === 'hangs') {
    throw new HostNotReady(
      `the Docker engine on ${socketPath} takes connections but does not answer: restart it (systemctl restart docker) and run the command again, or use --nodes 0 --simulated-nodes 3`,
    );
  }
  const own = socketPath === DOCKER_SOCKET;
  if (engine === 'absent' && !own) throw new HostNotReady(`no Docker engine listens on ${socketPath}, which DOCKER_HOST names: start it, or unset DOCKER_HOST`);
  const answers = engine === 'answers';
  const missing = NEEDED.filter(([program]) => !(program === 'dockerd' && answers) && !has(program)).map(([, package_]) => package_);
  if (missing.length > 0) {
    if (!has('apt-get')) {
      throw new HostNotReady(
        `missing on this machine: ${missing.join(', ')} (names of Debian's packages). Install them with your package manager and run the command again, or use --nodes 0 --simulated-nodes 3`,
      );
    }
    progress(`installing ${missing.join(' ')}`);
    await installPackages(missing);
  }
  if (!answers && !(await engineAnswers(socketPath))) {
    progress('starting the Docker engine');
    await startEngine(engineLog);
  }
  await checkVersion(socketPath);
}

async function checkVersion(socketPath: string): Promise<void> {
  const docker = openDockerRuntime({ socketPath, random: Math.random });
  try {
    await docker.version();
  } catch (error) {
    throw new HostNotReady(`the Docker engine on ${socketPath} will not do: ${(error as Error).message}`);
  } finally {
    docker.close();
  }
}
