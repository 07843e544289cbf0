/** Two nodes and pods as bare network namespaces on this machine, joined as a local cluster joins them. Needs root. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { ensureClusterBridge, removeCluster } from '#infra/local/host-network/bridge.ts';
import { addNode, syncRoutes, type NodePlace } from '#infra/local/host-network/nodes.ts';
import { freeRanges, nodeAddress, nodePodCIDR } from '#infra/local/host-network/ranges.ts';
import { runCommand } from '../run.ts';

const has = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

/** Why the tests with real namespaces cannot run here; undefined where they can. */
export const whyNot = (): string | undefined => {
  if (process.getuid?.() !== 0) return 'they need root';
  const missing = ['ip', 'nft', 'nsenter', 'unshare', 'conntrack'].filter((program) => !has(program));
  return missing.length > 0 ? `${missing.join(', ')} not installed` : undefined;
};

export interface TestPod {
  readonly name: string;
  readonly ip: string;
  readonly pid: number;
  end(): void;
}

export interface TestNode extends NodePlace {
  call<T = unknown>(call: string, ...args: unknown[]): Promise<T>;
  /** As call, with the milliseconds it took inside the agent. */
  timed(call: string, ...args: unknown[]): Promise<number>;
  /** Ends the agent as a crash would, and starts another. */
  restart(): Promise<void>;
  readonly stateDir: string;
}

export interface TestCluster {
  readonly nodes: readonly [TestNode, TestNode];
  readonly hostIP: string;
  readonly podCIDR: string;
  readonly nodeSubnet: string;
  pod(node: TestNode, name: string, hostPorts?: readonly object[]): Promise<TestPod>;
  close(): Promise<void>;
}

export const SERVICE_CIDR = '10.96.0.0/16';

/** Answers `name client` to every HTTP request and datagram on 8080. */
const SERVER = (name: string): string => `
const text = (address) => ${JSON.stringify(name)} + ' ' + address.replace('::ffff:', '');
require('node:http').createServer((q, s) => { s.setHeader('Connection', 'close'); s.end(text(q.socket.remoteAddress)); }).listen(8080, '0.0.0.0', () => process.send?.('up'));
const udp = require('node:dgram').createSocket('udp4');
udp.on('message', (m, from) => udp.send(text(from.address), from.port, from.address)).bind(8080);
`;

const children: ChildProcess[] = [];

async function namespace(): Promise<ChildProcess> {
  const child = spawn('unshare', ['--net', 'sleep', 'infinity'], { stdio: 'ignore' });
  children.push(child);
  const own = spawnSync('readlink', ['/proc/self/ns/net']).stdout.toString();
  while (spawnSync('readlink', [`/proc/${child.pid}/ns/net`]).stdout.toString() === own) await pause(5);
  return child;
}

function agent(pid: number) {
  let child: ChildProcess;
  let next = 0;
  const waiting = new Map<number, PromiseWithResolvers<{ result?: unknown; ms: number }>>();
  const start = (): void => {
    child = spawn('nsenter', [`--net=/proc/${pid}/ns/net`, process.execPath, join(import.meta.dirname, 'agent.ts')], { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const answer = JSON.parse(line) as { id: number; result?: unknown; error?: string; ms: number };
      const caller = waiting.get(answer.id);
      if (answer.error === undefined) caller?.resolve(answer);
      else caller?.reject(new Error(answer.error));
    });
  };
  start();
  const send = (call: string, args: unknown[]): Promise<{ result?: unknown; ms: number }> => {
    const id = next++;
    const answer = Promise.withResolvers<{ result?: unknown; ms: number }>();
    waiting.set(id, answer);
    child.stdin!.write(`${JSON.stringify({ id, call, args })}\n`);
    return answer.promise;
  };
  return {
    call: async <T>(call: string, ...args: unknown[]) => (await send(call, args)).result as T,
    timed: async (call: string, ...args: unknown[]) => (await send(call, args)).ms,
    async restart() {
      const gone = new Promise((resolve) => void child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
      start();
    },
  };
}

export async function testCluster(name: string): Promise<TestCluster> {
  const ranges = await freeRanges({ run: runCommand });
  const { hostIP } = await ensureClusterBridge({ cluster: name, subnet: ranges.nodeSubnet, podCIDR: ranges.podCIDR });
  const nodes: TestNode[] = [];
  for (const index of [0, 1]) {
    const holder = await namespace();
    const place: NodePlace = { node: `n${index}`, containerPid: holder.pid!, ip: nodeAddress(ranges.nodeSubnet, index), podCIDR: nodePodCIDR(ranges.podCIDR, index) };
    await addNode({ cluster: name, ...place });
    nodes.push({ ...place, ...agent(holder.pid!), stateDir: mkdtempSync(join(tmpdir(), 'node-network-')) });
  }
  await syncRoutes({ cluster: name, nodes });
  for (const node of nodes) await openNetwork(node, ranges);
  return {
    nodes: nodes as unknown as readonly [TestNode, TestNode],
    hostIP,
    podCIDR: ranges.podCIDR,
    nodeSubnet: ranges.nodeSubnet,
    async pod(node, pod, hostPorts = []) {
      const holder = await namespace();
      const { ips } = await node.call<{ ips: string[] }>('attach', { podUid: `uid-${pod}`, namespace: 'd', name: pod, pid: holder.pid, hostPorts });
      const server = spawn('nsenter', [`--net=/proc/${holder.pid}/ns/net`, process.execPath, '-e', SERVER(pod)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
      children.push(server);
      await new Promise((resolve) => void server.once('message', resolve));
      return {
        name: pod,
        ip: ips[0]!,
        pid: holder.pid!,
        end() {
          server.kill('SIGKILL');
          holder.kill('SIGKILL');
        },
      };
    },
    async close() {
      for (const child of children.splice(0)) child.kill('SIGKILL');
      await removeCluster({ cluster: name });
      for (const node of nodes) rmSync(node.stateDir, { recursive: true, force: true });
    },
  };
}

export const openNetwork = (node: TestNode, ranges: { readonly podCIDR: string; readonly nodeSubnet: string }): Promise<unknown> =>
  node.call('network', {
    nodeName: node.node,
    nodeIP: node.ip,
    podCIDR: node.podCIDR,
    clusterCIDR: ranges.podCIDR,
    serviceCIDR: SERVICE_CIDR,
    nativeCIDRs: [ranges.nodeSubnet],
    stateDir: node.stateDir,
  });

/** A program in a namespace; its output, or `failed: ...`. */
export function inside(pid: number | undefined, command: string, args: readonly string[]): string {
  const line = pid === undefined ? [command, ...args] : ['nsenter', `--net=/proc/${pid}/ns/net`, command, ...args];
  const done = spawnSync(line[0]!, line.slice(1), { encoding: 'utf8', timeout: 10_000 });
  return done.status === 0 ? done.stdout.trim() : `failed: ${done.stderr.trim()}`;
}

const GET = `const end = (text) => { process.stdout.write(text); process.exit(0); }; setTimeout(() => end('failed: timeout'), 1500); require('node:http').get(process.argv[1], { agent: false, localAddress: process.argv[2] }, (r) => { let t = ''; r.on('data', (c) => { t += c; }).on('end', () => end(t)); }).on('error', (e) => end('failed: ' + e.code))`;
export const get = (pid: number | undefined, url: string, from?: string): string => inside(pid, process.execPath, ['-e', GET, url, ...(from === undefined ? [] : [from])]);

const MANY = `(async () => { const out = []; for (let i = 0; i < Number(process.argv[2]); i++) out.push(await new Promise((done) => require('node:http').get(process.argv[1], { agent: false }, (r) => { let t = ''; r.on('data', (c) => { t += c; }).on('end', () => done(t.split(' ')[0])); }).on('error', (e) => done(e.code)))); console.log(out.join(' ')); })()`;
/** The names of those that answered. */
export const getMany = (pid: number | undefined, url: string, times: number): readonly string[] => inside(pid, process.execPath, ['-e', MANY, url, String(times)]).split(' ');

const UDP = `const s = require('node:dgram').createSocket('udp4'); s.bind(Number(process.argv[3])); s.on('message', (m) => { process.stdout.write(m); process.exit(0); }); s.on('error', (e) => { process.stdout.write('failed: ' + e.code); process.exit(0); }); const go = () => s.send('x', Number(process.argv[2]), process.argv[1]); go(); setInterval(go, 300); setTimeout(() => { process.stdout.write('failed: timeout'); process.exit(0); }, 1500)`;
export const datagram = (pid: number | undefined, address: string, port: number, from = 0): string =>
  inside(pid, process.execPath, ['-e', UDP, address, String(port), String(from)]);
