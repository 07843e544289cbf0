/**
 * A pod's cable: one end named eth0 in the pod's namespace, the other in the node's, with a route to the pod's single address. The node routes
 * between pods (there is no bridge between them), so that translated traffic passes the node both ways whatever br_netfilter is set to, a
 * dead pod's neighbour entry dies with its cable, and reverse path filtering keeps a pod from sending under another's address.
 */
import { createHash } from 'node:crypto';
import { existsSync, readlinkSync, writeFileSync } from 'node:fs';
import { parseIPv4 } from '../addresses.ts';
import type { Run } from '../run.ts';
import { POD_INTERFACES } from './firewall.ts';

export class SandboxGone extends Error {
  readonly code = 'SANDBOX_GONE';
}

/** 15 characters are the kernel's limit. */
export const vethName = (podUid: string): string => `${POD_INTERFACES}${createHash('sha256').update(podUid).digest('hex').slice(0, 12)}`;

/** The address in hexadecimal behind a locally administered prefix: unique within the cluster, and the same for the same address. */
function macOf(address: string): string {
  const hex = parseIPv4(address).toString(16).padStart(8, '0');
  return `02:fc:${hex.match(/../g)!.join(':')}`;
}

/** `/proc/sys/net` shows the namespace of the process that reads it; `/sys/class/net` that of whoever mounted it. */
export const interfaceExists = (name: string): boolean => existsSync(`/proc/sys/net/ipv4/conf/${name}`);

export function sysctl(path: string, value: string): void {
  writeFileSync(`/proc/sys/net/${path}`, value);
}

const namespaceFile = (pid: number): string => `/proc/${pid}/ns/net`;

/** Identifies the namespace (`net:[4026532000]`). Never the node's own: that would put a pod's routes into the node. */
export function namespaceOf(pid: number): string {
  let inode: string;
  try {
    inode = readlinkSync(namespaceFile(pid));
  } catch (error) {
    throw new SandboxGone(`process ${pid} of the sandbox has ended`, { cause: error });
  }
  if (inode === readlinkSync('/proc/self/ns/net')) throw new SandboxGone(`process ${pid} has no network namespace of its own`);
  return inode;
}

export interface Cable {
  readonly name: string;
  readonly pid: number;
  readonly address: string;
  readonly gateway: string;
  readonly mtu: number;
}

/** Whether this pod end is as plug() made it. */
export async function isPlugged(run: Run, cable: Cable): Promise<boolean> {
  if (!interfaceExists(cable.name)) return false;
  const out = await run('nsenter', [`--net=${namespaceFile(cable.pid)}`, 'ip', '-4', '-o', 'address', 'show', 'dev', 'eth0']).catch(() => '');
  return out.includes(`inet ${cable.address}/32 `);
}

export async function plug(run: Run, cable: Cable): Promise<void> {
  const { name, pid, address, gateway, mtu } = cable;
  const nodeSide = [
    ...(interfaceExists(name) ? [`link delete ${name}`] : []),
    `link add ${name} mtu ${mtu} type veth peer name eth0 mtu ${mtu} address ${macOf(address)} netns ${pid}`,
    `link set ${name} up`,
    `route replace ${address}/32 dev ${name} src ${gateway}`,
  ];
  const podSide = [
    'link set lo up',
    `address add ${address}/32 dev eth0`,
    'link set eth0 up',
    `route add ${gateway}/32 dev eth0 scope link`,
    `route add default via ${gateway} dev eth0 src ${address}`,
  ];
  await run('ip', ['-batch', '-'], { input: `${nodeSide.join('\n')}\n` });
  sysctl(`ipv4/conf/${name}/rp_filter`, '1');
  // Host ports on 127.0.0.1 translate between loopback and this cable; the loopback guard keeps pods out.
  sysctl(`ipv4/conf/${name}/route_localnet`, '1');
  const ipv6 = `ipv6/conf/${name}/disable_ipv6`;
  if (existsSync(`/proc/sys/net/${ipv6}`)) sysctl(ipv6, '1');
  await run('nsenter', [`--net=${namespaceFile(pid)}`, 'ip', '-batch', '-'], { input: `${podSide.join('\n')}\n` });
}

/** The other end goes with it. The kernel may have removed both already, with the pod's namespace. */
export async function unplug(run: Run, name: string): Promise<void> {
  if (!interfaceExists(name)) return;
  await run('ip', ['link', 'delete', name]).catch((error: unknown) => {
    if (interfaceExists(name)) throw error;
  });
}
