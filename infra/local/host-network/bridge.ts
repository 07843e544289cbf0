/**
 * The network of a one-machine cluster, in the host's own namespace: one bridge that stands for the network between hosts. Everything is
 * found by reading the kernel, so that a start after a crash or a reboot finds what is there and adds what is missing.
 */
import { writeFileSync } from 'node:fs';
import { acceptForwarding, withdrawForwarding } from '#node-agent/network/linux/forwarding.ts';
import { runCommand, type Run } from '#node-agent/network/run.ts';
import { parseCidr } from '#node-agent/network/addresses.ts';
import { bridgeName, ruleComment, tableName } from './names.ts';
import { hostAddress, macOf } from './ranges.ts';

const DEFAULT_MTU = 1500;

export interface Link {
  readonly ifname: string;
  readonly mtu: number;
  readonly master?: string;
  readonly flags: readonly string[];
  readonly addr_info: readonly { readonly local?: string; readonly prefixlen?: number }[];
}

export const links = async (run: Run): Promise<readonly Link[]> => JSON.parse(await run('ip', ['-json', 'address', 'show'])) as readonly Link[];

/** What the way out carries, so that no packet is cut on it. */
export async function outwardMtu(run: Run, all: readonly Link[]): Promise<number> {
  const routes = JSON.parse((await run('ip', ['-json', '-4', 'route', 'show', 'default'])) || '[]') as readonly { readonly dev?: string }[];
  return all.find((link) => link.ifname === routes[0]?.dev)?.mtu ?? DEFAULT_MTU;
}

export interface BridgeOptions {
  readonly cluster: string;
  /** The nodes' own addresses; its first is the host's. */
  readonly subnet: string;
  /** The whole cluster's pods. */
  readonly podCIDR: string;
  readonly run?: Run;
}

function rules(cluster: string, bridge: string, subnet: string, podCIDR: string): string {
  const table = tableName(cluster);
  return `
table ip ${table}
delete table ip ${table}
table ip ${table} {
  set inside { type ipv4_addr; flags interval; auto-merge; elements = { ${subnet}, ${podCIDR} }; }
  chain postrouting {
    type nat hook postrouting priority 100; policy accept;
    ip saddr @inside ip daddr != @inside oifname != "${bridge}" masquerade
  }
  chain untracked {
    type filter hook prerouting priority -300; policy accept;
    iifname "${bridge}" ip saddr @inside ip daddr @inside fib daddr type != local notrack
  }
}
`;
}

/**
 * Idempotent. Answers with the host's address on the bridge. Traffic between nodes is not tracked here: with br_netfilter loaded it passes the
 * host's firewall, whose translations are none of its business.
 */
export async function ensureClusterBridge(options: BridgeOptions): Promise<{ readonly bridge: string; readonly hostIP: string }> {
  const run = options.run ?? runCommand;
  const bridge = bridgeName(options.cluster);
  const hostIP = hostAddress(options.subnet);
  const { prefix } = parseCidr(options.subnet);
  const all = await links(run);
  const there = all.find((link) => link.ifname === bridge);
  const batch: string[] = [];
  // An explicit hardware address: otherwise the bridge takes its lowest port's, and changes it when nodes come and go.
  if (there === undefined) batch.push(`link add ${bridge} mtu ${await outwardMtu(run, all)} address ${macOf(hostIP)} type bridge stp_state 0 forward_delay 0`);
  for (const { local, prefixlen } of there?.addr_info ?? []) if (local?.includes('.') && local !== hostIP) batch.push(`address delete ${local}/${prefixlen} dev ${bridge}`);
  batch.push(`address replace ${hostIP}/${prefix} dev ${bridge}`, `link set ${bridge} up`);
  await run('ip', ['-batch', '-'], { input: `${batch.join('\n')}\n` });
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
  await run('nft', ['-f', '-'], { input: rules(options.cluster, bridge, options.subnet, options.podCIDR) });
  await acceptForwarding(run, bridge, ruleComment(options.cluster));
  return { bridge, hostIP };
}

/** Removes the bridge, every node's cable, the routes and the rules. Idempotent. */
export async function removeCluster(options: { readonly cluster: string; readonly run?: Run }): Promise<void> {
  const run = options.run ?? runCommand;
  const bridge = bridgeName(options.cluster);
  const all = await links(run);
  const gone = all.filter((link) => link.master === bridge || link.ifname === bridge).map((link) => `link delete ${link.ifname}\n`);
  if (gone.length > 0)
    await run('ip', ['-force', '-batch', '-'], { input: gone.join('') }).catch(async (error: unknown) => {
      // A node's container that ends at the same moment takes its cable along.
      if ((await links(run)).some((link) => link.master === bridge || link.ifname === bridge)) throw error;
    });
  await run('nft', ['-f', '-'], { input: `table ip ${tableName(options.cluster)}\ndelete table ip ${tableName(options.cluster)}\n` });
  await withdrawForwarding(run, bridge, ruleComment(options.cluster));
}
