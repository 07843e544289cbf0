/** A Docker engine of a test's own, so that it can be killed and a machine's reboot be played: the engine others use is left alone. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '#infra/tools/tools.ts';

const START_LIMIT_MS = 60_000;
const POLL_MS = 20;

export interface OwnEngine {
  /** For DOCKER_HOST. */
  readonly host: string;
  docker(...args: readonly string[]): Promise<string>;
  start(): Promise<void>;
  /** As when the power goes: engine, containerd, shims and every process of a container, none of them asked. */
  powerOff(): Promise<void>;
  /** Ends it and removes what it stored. */
  remove(): Promise<void>;
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, POLL_MS));

async function killed(pids: readonly number[]): Promise<void> {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // gone already
    }
  }
  const lives = (pid: number): boolean => existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  while (pids.some(lives)) await pause();
}

/** Pids of processes whose command line names the folder. */
export function processesOf(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(folder);
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Mount points below a folder, deepest first. */
export const mountsBelow = (folder: string): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path.startsWith(`${folder}/`))
    .toSorted((a, b) => b.length - a.length);

export function ownEngine(): OwnEngine {
  const folder = mkdtempSync(join(tmpdir(), 'paperplane-engine-'));
  const socket = join(folder, 'docker.sock');
  const host = `unix://${socket}`;
  const docker = async (...args: readonly string[]): Promise<string> => {
    const ran = await run('docker', args, { env: { DOCKER_HOST: host } });
    if (ran.code !== 0) throw new Error(`docker ${args.join(' ')}: ${ran.stderr}`);
    return ran.stdout;
  };
  const unmount = async (): Promise<void> => {
    for (const mount of mountsBelow(folder)) await run('umount', ['-l', mount]);
  };
  return {
    host,
    docker,
    async start() {
      rmSync(join(folder, 'pid'), { force: true });
      const log = openSync(join(folder, 'log'), 'a');
      const options = ['--host', host, '--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec'), '--pidfile', join(folder, 'pid')];
      // its networks are the clusters' own: it must not touch the machine's rules, which another engine keeps
      spawn('dockerd', [...options, '--bridge', 'none', '--iptables=false', '--ip-forward=false'], { detached: true, stdio: ['ignore', log, log] }).unref();
      closeSync(log);
      for (const end = Date.now() + START_LIMIT_MS; (await run('docker', ['version'], { env: { DOCKER_HOST: host } })).code !== 0;) {
        if (Date.now() > end) throw new Error(`the engine does not start: ${readFileSync(join(folder, 'log'), 'utf8').slice(-1000)}`);
        await pause();
      }
    },
    async powerOff() {
      const ids = (await docker('ps', '-q')).split('\n').filter((id) => id !== '');
      const pids = ids.length === 0 ? [] : (await docker('inspect', '-f', '{{.State.Pid}}', ...ids)).trim().split('\n').map(Number);
      // the engine first, so that it does not see the others end; its shims carry its folder in their command lines
      await killed(processesOf(folder));
      await killed(pids);
      await unmount();
      rmSync(join(folder, 'exec'), { recursive: true, force: true });
      rmSync(socket, { force: true });
    },
    async remove() {
      await killed(processesOf(folder));
      await unmount();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
