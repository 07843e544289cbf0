/** The pod network of a Linux node, acting on the network namespace this process runs in. */
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PodNetwork, PodNetworkRequest } from '../port.ts';
import { runCommand, type Run } from '../run.ts';
import { firewallRules, hostPortCommands, POD_INTERFACES, TABLE, type HostPort } from './firewall.ts';
import { acceptForwarding, withdrawForwarding } from './forwarding.ts';
import { openIpam } from './ipam.ts';
import { interfaceExists, isPlugged, namespaceOf, plug, sysctl, unplug, vethName, type Cable } from './veth.ts';

export interface LinuxNetworkOptions {
  readonly nodeName: string;
  /** The node's own address; its interface's MTU becomes the pods'. */
  readonly nodeIP: string;
  /** The node's slice of the pod range. */
  readonly podCIDR: string;
  readonly clusterCIDR: string;
  readonly serviceCIDR: string;
  readonly stateDir: string;
  /** Further ranges that have a route back to pods (the nodes' subnet, the VPC): pods keep their address towards them. */
  readonly nativeCIDRs?: readonly string[];
  readonly run?: Run;
}

export interface LinuxNetwork extends PodNetwork {
  /** Takes everything out of the namespace again, the pods' cables included. */
  remove(): Promise<void>;
}

const DEFAULT_MTU = 1500;
const PLUG_ATTEMPTS = 3;

/** A journal of the host ports that are open, so that a restarted agent's first transaction holds them already. */
function openHostPorts(file: string) {
  let ports: Record<string, readonly HostPort[]> = {};
  try {
    ports = JSON.parse(readFileSync(file, 'utf8')) as typeof ports;
  } catch {
    // None yet; or damaged: attach() opens them again.
  }
  return {
    get: (podUid: string): readonly HostPort[] => ports[podUid] ?? [],
    set(podUid: string, value: readonly HostPort[]): void {
      if (value.length === 0 && ports[podUid] === undefined) return;
      if (value.length === 0) delete ports[podUid];
      else ports[podUid] = value;
      writeFileSync(`${file}.part`, JSON.stringify(ports));
      renameSync(`${file}.part`, file);
    },
  };
}

async function uplinkMtu(run: Run, nodeIP: string): Promise<number> {
  const links = JSON.parse(await run('ip', ['-json', 'address', 'show'])) as { readonly mtu: number; readonly addr_info: readonly { readonly local?: string }[] }[];
  return links.find((link) => link.addr_info.some((info) => info.local === nodeIP))?.mtu ?? DEFAULT_MTU;
}

/** Entries of connections that the kernel would go on sending to a pod that is gone; TCP ends by itself. */
async function forgetUdp(run: Run, ports: readonly HostPort[]): Promise<void> {
  for (const port of ports) {
    if (port.protocol !== 'UDP') continue;
    // Ends with 1 when nothing matched; absent on a minimal host, where the entries age out in half a minute.
    await run('conntrack', ['-D', '-p', 'udp', '--orig-port-dst', String(port.hostPort)]).catch(() => '');
  }
}

const samePorts = (a: readonly HostPort[], b: readonly HostPort[]): boolean => JSON.stringify(a) === JSON.stringify(b);

export async function openLinuxNetwork(options: LinuxNetworkOptions): Promise<LinuxNetwork> {
  const run = options.run ?? runCommand;
  const dir = join(options.stateDir, 'network');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const ipam = openIpam({ podCIDR: options.podCIDR, file: join(dir, 'addresses.json') });
  const hostPorts = openHostPorts(join(dir, 'host-ports.json'));
  const comment = 'paperplane pods';
  /** The namespace each pod was plugged into by this process. */
  const plugged = new Map<string, string>();

  sysctl('ipv4/ip_forward', '1');
  const mtu = await uplinkMtu(run, options.nodeIP);
  await run('ip', ['-batch', '-'], { input: `link set lo up\naddress replace ${ipam.gateway}/32 dev lo\n` });
  const open = ipam.pods().map((podUid) => hostPortCommands('add', hostPorts.get(podUid), ipam.find(podUid)!));
  const rules = firewallRules({
    clusterCIDR: options.clusterCIDR,
    podCIDR: options.podCIDR,
    nativeCIDRs: options.nativeCIDRs ?? [],
    podAddresses: ipam.all(),
  });
  await run('nft', ['-f', '-'], { input: rules + open.join('') });
  await acceptForwarding(run, `${POD_INTERFACES}+`, comment);

  const cableOf = (podUid: string, pid: number, address: string): Cable => ({ name: vethName(podUid), pid, address, gateway: ipam.gateway, mtu });

  async function ensureCable(cable: Cable): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await plug(run, cable);
      } catch (error) {
        namespaceOf(cable.pid);
        if (attempt >= PLUG_ATTEMPTS) throw error;
        // A leftover of the same name vanished, or was found, between look and change; or the pod's end has an eth0 of ours already.
        await unplug(run, cable.name);
      }
    }
  }

  async function ensureHostPorts(podUid: string, wanted: readonly HostPort[], address: string): Promise<void> {
    const before = hostPorts.get(podUid);
    if (samePorts(before, wanted)) return;
    hostPorts.set(podUid, wanted);
    await run('nft', ['-f', '-'], { input: hostPortCommands('delete', before, address) + hostPortCommands('add', wanted, address) });
    // Datagrams of a client that tried before the port was open are remembered as going to the node itself.
    await forgetUdp(run, wanted);
  }

  async function attach(request: PodNetworkRequest): Promise<{ readonly ips: readonly string[] }> {
    const namespace = namespaceOf(request.pid);
    const address = ipam.allocate(request.podUid);
    const cable = cableOf(request.podUid, request.pid, address);
    const known = plugged.get(request.podUid) === namespace && interfaceExists(cable.name);
    const work = known || (await isPluggedBefore(cable)) ? Promise.resolve() : ensureCable(cable);
    const results = await Promise.allSettled([work, ensureHostPorts(request.podUid, request.hostPorts, address)]);
    for (const result of results) if (result.status === 'rejected') throw result.reason as Error;
    plugged.set(request.podUid, namespace);
    return { ips: [address] };
  }

  const isPluggedBefore = async (cable: Cable): Promise<boolean> => interfaceExists(cable.name) && (await isPlugged(run, cable));

  async function detach(podUid: string): Promise<void> {
    plugged.delete(podUid);
    const address = ipam.find(podUid);
    const ports = hostPorts.get(podUid);
    await unplug(run, vethName(podUid));
    if (address !== undefined && ports.length > 0) {
      await run('nft', ['-f', '-'], { input: hostPortCommands('delete', ports, address) });
      await forgetUdp(run, ports);
    }
    hostPorts.set(podUid, []);
    ipam.release(podUid);
  }

  /** One thing at a time for each pod: a detach may overtake the attach it belongs to otherwise. */
  const turns = new Map<string, Promise<unknown>>();
  function inTurn<T>(podUid: string, work: () => Promise<T>): Promise<T> {
    const before = turns.get(podUid) ?? Promise.resolve();
    const mine = before.then(work, work);
    turns.set(podUid, mine);
    mine
      .finally(() => {
        if (turns.get(podUid) === mine) turns.delete(podUid);
      })
      .catch(() => undefined);
    return mine;
  }

  const cables = (): readonly string[] => readdirSync('/proc/sys/net/ipv4/conf').filter((name) => name.startsWith(POD_INTERFACES));

  return {
    attach: (request) => inTurn(request.podUid, () => attach(request)),
    detach: (podUid) => inTurn(podUid, () => detach(podUid)),
    async retain(podUids) {
      const kept = new Set(podUids);
      for (const podUid of ipam.pods()) if (!kept.has(podUid)) await inTurn(podUid, () => detach(podUid));
      const names = new Set([...podUids, ...ipam.pods()].map(vethName));
      for (const name of cables()) if (!names.has(name)) await unplug(run, name);
      await acceptForwarding(run, `${POD_INTERFACES}+`, comment);
    },
    async remove() {
      for (const name of cables()) await unplug(run, name);
      await run('nft', ['-f', '-'], { input: `table ip ${TABLE}\ndelete table ip ${TABLE}\n` });
      await run('ip', ['address', 'delete', `${ipam.gateway}/32`, 'dev', 'lo']).catch(() => '');
      await withdrawForwarding(run, `${POD_INTERFACES}+`, comment);
    },
  };
}
