/**
 * What real nodes need of this machine: root, a Docker engine, and the tools that make networks. Installs what is missing where it may
 * (root, with Debian's or Ubuntu's packages) and otherwise says exactly what to do.
 */
import { spawn } from 'node:child_process';
import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync } from 'node:fs';
import { request } from 'node:http';
import { delimiter, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const INSTALL_LIMIT_MS = 10 * 60_000;
const ENGINE_START_LIMIT_MS = 60_000;
const PING_LIMIT_MS = 5_000;
const POLL_MS = 100;
export const DOCKER_SOCKET = '/var/run/docker.sock';

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

/** Whether an engine answers on the socket. */
export function engineAnswers(socketPath = DOCKER_SOCKET): Promise<boolean> {
  return new Promise((resolve) => {
    const ping = request({ socketPath, path: '/_ping', timeout: PING_LIMIT_MS }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    ping.on('timeout', () => ping.destroy(new Error('timeout')));
    ping.on('error', () => resolve(false));
    ping.end();
  });
}

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
    if (await engineAnswers()) return;
    await wait(POLL_MS);
  }
  throw new HostNotReady(`the Docker engine did not answer on ${DOCKER_SOCKET} within ${ENGINE_START_LIMIT_MS / 1000} s: see ${logFile}`);
}

/** @throws HostNotReady with what to do about it */
export async function ensureHost(progress: (text: string) => void, engineLog: string): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new HostNotReady('nodes on this machine need root (networks, mounts, Docker): run it with sudo, or run simulated nodes only: npm start -- --nodes 0 --simulated-nodes 3');
  }
  const answers = await engineAnswers();
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
  if (!answers && !(await engineAnswers())) {
    progress('starting the Docker engine');
    await startEngine(engineLog);
  }
}
