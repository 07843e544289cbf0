/** A node's place on its cluster's bridge: its cable, its address, and everybody's routes to its pods. */
import { runCommand, type Run } from '#node-agent/network/run.ts';
import { parseCidr } from '#node-agent/network/addresses.ts';
import { links, type Link } from './bridge.ts';
import { bridgeName, nodePortName } from './names.ts';
import { macOf } from './ranges.ts';

export class BridgeMissing extends Error {
  readonly code = 'BRIDGE_MISSING';
}

export interface NodePlace {
  readonly node: string;
  /** The process that holds the node's network namespace. */
  readonly containerPid: number;
  readonly ip: string;
  readonly podCIDR: string;
}

interface Route {
  readonly dst: string;
  readonly gateway?: string;
  readonly dev?: string;
}

const inside = (pid: number, args: readonly string[]): readonly string[] => [`--net=/proc/${pid}/ns/net`, 'ip', ...args];
const NODE_INTERFACE = 'eth0';
const ATTEMPTS = 3;

async function nodeHas(run: Run, pid: number, ip: string): Promise<boolean> {
  const there = JSON.parse(await run('nsenter', inside(pid, ['-json', 'address', 'show']))) as readonly Link[];
  return there.some((link) => link.ifname === NODE_INTERFACE && link.addr_info.some((info) => info.local === ip));
}

function bridgeOf(all: readonly Link[], cluster: string): Link & { readonly hostIP: string; readonly prefix: number } {
  const link = all.find((candidate) => candidate.ifname === bridgeName(cluster));
  const own = link?.addr_info.find((info) => info.local?.includes('.'));
  if (link === undefined || own?.local === undefined) throw new BridgeMissing(`cluster ${cluster} has no bridge: ensureClusterBridge comes first`);
  return { ...link, hostIP: own.local, prefix: own.prefixlen ?? 24 };
}

/** Gives the node's namespace its interface `eth0` and default route. Idempotent; a node whose container was made anew is plugged in anew. */
export async function addNode(options: NodePlace & { readonly cluster: string; readonly run?: Run }): Promise<void> {
  const run = options.run ?? runCommand;
  const port = nodePortName(options.cluster, options.node);
  const { containerPid: pid, ip, podCIDR } = options;
  for (let attempt = 1; ; attempt++) {
    const all = await links(run);
    const bridge = bridgeOf(all, options.cluster);
    const mine = all.find((link) => link.ifname === port);
    const plugged = mine?.master === bridge.ifname && (await nodeHas(run, pid, ip));
    try {
      await run('ip', ['-batch', '-'], {
        input: `${[...(plugged ? [] : hostCommands(mine !== undefined, port, bridge, options)), `route replace ${podCIDR} via ${ip} dev ${bridge.ifname}`].join('\n')}\n`,
      });
      if (!plugged) await run('nsenter', inside(pid, ['-batch', '-']), { input: `${nodeCommands(bridge, ip).join('\n')}\n` });
      return;
    } catch (error) {
      // The cable of the node's last container may vanish between look and change.
      if (attempt >= ATTEMPTS) throw error;
    }
  }
}

const hostCommands = (exists: boolean, port: string, bridge: Link, { containerPid, ip }: NodePlace): string[] => [
  ...(exists ? [`link delete ${port}`] : []),
  `link add ${port} mtu ${bridge.mtu} type veth peer name ${NODE_INTERFACE} mtu ${bridge.mtu} address ${macOf(ip)} netns ${containerPid}`,
  `link set ${port} master ${bridge.ifname} up`,
];

const nodeCommands = (bridge: { readonly hostIP: string; readonly prefix: number }, ip: string): string[] => [
  'link set lo up',
  `address add ${ip}/${bridge.prefix} dev ${NODE_INTERFACE}`,
  `link set ${NODE_INTERFACE} up`,
  `route add default via ${bridge.hostIP} dev ${NODE_INTERFACE}`,
];

/** The commands that turn the routes `have` through one interface into the wanted ones. */
export function routeChanges(have: readonly Route[], wanted: readonly { readonly ip: string; readonly podCIDR: string }[], device: string): readonly string[] {
  const changes: string[] = [];
  const targets = new Map(wanted.map(({ podCIDR, ip }) => [podCIDR, ip]));
  for (const route of have) if (route.gateway !== undefined && route.dst !== 'default' && !targets.has(route.dst)) changes.push(`route delete ${route.dst} dev ${device}`);
  for (const [podCIDR, ip] of targets) if (!have.some((route) => route.dst === podCIDR && route.gateway === ip)) changes.push(`route replace ${podCIDR} via ${ip} dev ${device}`);
  return changes;
}

async function syncOne(run: Run, program: string, args: (rest: readonly string[]) => readonly string[], device: string, wanted: readonly NodePlace[]): Promise<void> {
  const have = JSON.parse((await run(program, args(['-json', '-4', 'route', 'show', 'dev', device]))) || '[]') as readonly Route[];
  const changes = routeChanges(have, wanted, device);
  if (changes.length > 0) await run(program, args(['-batch', '-']), { input: `${changes.join('\n')}\n` });
}

/** Routes to every node's pods, on the host and in every node, and to nobody else's: call it after nodes came or went, with all that are there. */
export async function syncRoutes(options: { readonly cluster: string; readonly nodes: readonly NodePlace[]; readonly run?: Run }): Promise<void> {
  const run = options.run ?? runCommand;
  for (const { podCIDR } of options.nodes) parseCidr(podCIDR);
  await syncOne(run, 'ip', (rest) => rest, bridgeName(options.cluster), options.nodes);
  for (const node of options.nodes) {
    const others = options.nodes.filter((other) => other.node !== node.node);
    await syncOne(run, 'nsenter', (rest) => inside(node.containerPid, rest), NODE_INTERFACE, others);
  }
}
