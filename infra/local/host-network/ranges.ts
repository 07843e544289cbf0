/** Private ranges that nothing on this machine uses yet. */
import { readFileSync } from 'node:fs';
import { formatCidr, formatIPv4, inCidr, isIPv4, overlaps, parseCidr, parseIPv4, type Cidr } from '#node-agent/network/addresses.ts';
import type { Run } from '#node-agent/network/run.ts';

export class NoFreeRange extends Error {
  readonly code = 'NO_FREE_RANGE';
}

/** Chosen away from Docker's (172.17 to 172.31, 192.168), from home routers' and from 10.96.0.0/12, which services use. */
const NODE_POOL = parseCidr('172.16.0.0/16');
const NODE_PREFIX = 24;
const POD_POOL = parseCidr('10.64.0.0/11');
const POD_PREFIX = 16;
/** Tried when the first is full; slower to be free of collisions. */
const FURTHER_POOL = parseCidr('10.128.0.0/9');

interface RouteRow {
  readonly dst: string;
  readonly gateway?: string;
}

/** What routes lead to, what name servers live in (they may be behind the default route). */
async function usedRanges(run: Run): Promise<readonly Cidr[]> {
  const rows = JSON.parse(await run('ip', ['-json', '-4', 'route', 'show', 'table', 'all'])) as readonly RouteRow[];
  const ranges: Cidr[] = [];
  for (const { dst, gateway } of rows) {
    for (const text of [dst, gateway ?? '']) {
      const [address = '', prefix = '32'] = text.split('/');
      if (isIPv4(address)) ranges.push(parseCidr(`${address}/${prefix}`));
    }
  }
  return [...ranges, ...nameServers()];
}

function nameServers(): readonly Cidr[] {
  let text = '';
  try {
    text = readFileSync('/etc/resolv.conf', 'utf8');
  } catch {
    // A machine without one has no name servers to collide with.
  }
  return [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)]
    .map((match) => match[1]!)
    .filter(isIPv4)
    .map((address) => parseCidr(`${address}/24`));
}

function firstFree(pools: readonly Cidr[], prefix: number, used: readonly Cidr[]): string {
  const size = 2 ** (32 - prefix);
  for (const pool of pools) {
    for (let base = pool.base; base < pool.base + pool.size; base += size) {
      const candidate: Cidr = { base, prefix, size };
      if (!used.some((range) => overlaps(range, candidate))) return formatCidr(candidate);
    }
  }
  throw new NoFreeRange('every private range this cluster could use has a route already');
}

/** `avoid`: ranges of clusters that are stopped now. */
export async function freeRanges(options: { readonly run: Run; readonly avoid?: readonly string[] }): Promise<{ readonly nodeSubnet: string; readonly podCIDR: string }> {
  const used = [...(await usedRanges(options.run)), ...(options.avoid ?? []).map(parseCidr)];
  const nodeSubnet = firstFree([NODE_POOL, FURTHER_POOL], NODE_PREFIX, used);
  return { nodeSubnet, podCIDR: firstFree([POD_POOL, FURTHER_POOL], POD_PREFIX, [...used, parseCidr(nodeSubnet)]) };
}

/** The bridge's own address: where the API server listens for nodes and pods. */
export const hostAddress = (nodeSubnet: string): string => formatIPv4(parseCidr(nodeSubnet).base + 1);

/** The nth node's address, from 0. */
export function nodeAddress(nodeSubnet: string, index: number): string {
  const range = parseCidr(nodeSubnet);
  const address = range.base + 10 + index;
  if (index < 0 || address >= range.base + range.size - 1) throw new NoFreeRange(`the subnet ${nodeSubnet} has no address for node ${index}`);
  return formatIPv4(address);
}

/** The nth node's /24 of the cluster's pod range, from 0. */
export function nodePodCIDR(podCIDR: string, index: number): string {
  const range = parseCidr(podCIDR);
  const base = range.base + index * 256;
  if (index < 0 || !inCidr(range, base)) throw new NoFreeRange(`the pod range ${podCIDR} has no slice for node ${index}`);
  return formatCidr({ base, prefix: 24, size: 256 });
}

export const macOf = (address: string): string => `02:fd:${parseIPv4(address).toString(16).padStart(8, '0').match(/../g)!.join(':')}`;
