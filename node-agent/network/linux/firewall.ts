/**
 * The pods' own nftables table: host ports, masquerading of what leaves the cluster, hairpins. One transaction replaces all of it at
 * start; afterwards single map elements change. Service rules are in a table of their own (proxy/).
 *
 * Sources are kept wherever the way back is known: pod to pod, pod to node, client to host port. A pod that reaches itself through any
 * address translation must not see its own address as the peer, since its kernel would answer itself: pairs of equal addresses are
 * masqueraded. nftables cannot compare two fields, hence the set that holds each pair.
 */
import { isIPv4, isPort } from '../addresses.ts';
import type { PodNetworkRequest } from '../port.ts';

export const TABLE = 'paperplane-pods';
/** Interfaces of pods in the node's namespace. */
export const POD_INTERFACES = 'ppv';

export type HostPort = PodNetworkRequest['hostPorts'][number];

export interface FirewallOptions {
  readonly clusterCIDR: string;
  readonly podCIDR: string;
  /** Further ranges that know the way back to pods: the nodes' own. */
  readonly nativeCIDRs: readonly string[];
  readonly podAddresses: readonly string[];
}

const PROTOCOLS = new Set(['TCP', 'UDP', 'SCTP']);
const isAnyAddress = (hostIP: string | undefined): boolean => hostIP === undefined || hostIP === '' || hostIP === '0.0.0.0' || hostIP === '::';

/** Whether it reaches pods of this family at all: a host port on an IPv6 address does not. Anything else would be a command in nft's language. */
const applies = (port: HostPort): boolean =>
  isPort(port.hostPort) && isPort(port.containerPort) && PROTOCOLS.has(port.protocol) && (isAnyAddress(port.hostIP) || isIPv4(port.hostIP!));

function element(port: HostPort, podIP: string): { readonly map: string; readonly key: string; readonly value: string } {
  const protocol = port.protocol.toLowerCase();
  const value = `${podIP} . ${port.containerPort}`;
  if (isAnyAddress(port.hostIP)) return { map: 'any-address', key: `${protocol} . ${port.hostPort}`, value };
  return { map: 'one-address', key: `${port.hostIP} . ${protocol} . ${port.hostPort}`, value };
}

export function hostPortCommands(verb: 'add' | 'delete', ports: readonly HostPort[], podIP: string): string {
  return ports
    .filter(applies)
    .map((port) => element(port, podIP))
    .map(({ map, key, value }) => `${verb} element ip ${TABLE} ${map} { ${key} : ${value} }\n`)
    .join('');
}

export function firewallRules(options: FirewallOptions): string {
  const native = [...new Set([options.clusterCIDR, options.podCIDR, ...options.nativeCIDRs])].join(', ');
  const pairs = options.podAddresses.map((address) => `${address} . ${address}`).join(', ');
  return `
table ip ${TABLE}
delete table ip ${TABLE}
table ip ${TABLE} {
  map any-address { type inet_proto . inet_service : ipv4_addr . inet_service; }
  map one-address { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
  set native { type ipv4_addr; flags interval; auto-merge; elements = { ${native} }; }
  set hairpins { type ipv4_addr . ipv4_addr; elements = { ${pairs} }; }
  chain host-ports {
    dnat ip to ip daddr . meta l4proto . th dport map @one-address
    ip daddr != 127.0.0.0/8 dnat ip to meta l4proto . th dport map @any-address
  }
  chain prerouting {
    type nat hook prerouting priority -100; policy accept;
    fib daddr type local jump host-ports
  }
  chain output {
    type nat hook output priority -100; policy accept;
    fib daddr type local jump host-ports
  }
  chain postrouting {
    type nat hook postrouting priority 100; policy accept;
    ip saddr . ip daddr @hairpins masquerade
    ip saddr 127.0.0.0/8 oifname "${POD_INTERFACES}*" masquerade
    ip saddr ${options.podCIDR} ip daddr != @native ip daddr != 224.0.0.0/4 oifname != "lo" masquerade
  }
  chain loopback-guard {
    type filter hook prerouting priority -300; policy accept;
    iifname != "lo" ip daddr 127.0.0.0/8 drop
  }
}
`;
}
