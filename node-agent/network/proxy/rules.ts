/**
 * The services' nftables table. There is no chain for a service and none for an endpoint: a destination is one element of `services`, which
 * names a chain shared by all destinations with as many endpoints; that chain draws a number and looks the endpoint up in `endpoints`
 * under (address, protocol, port, number). So 5,000 services load in a third of a second, and a change is a few elements whatever the size.
 */
import type { Destination } from './destinations.ts';

export const TABLE = 'paperplane-services';
/** Clients that are remembered for session affinity; beyond, new ones are balanced without. */
const AFFINITY_ENTRIES = 262_144;
const PROTOCOLS = ['tcp', 'udp', 'sctp'] as const;

const KEY = 'ip daddr . meta l4proto . th dport';
/** The destination as the client wrote it. nftables knows the type of a tracked port only behind a match for its protocol. */
const originally = (rule: (key: string) => string): string =>
  PROTOCOLS.map((protocol) => `    ${rule(`meta l4proto ${protocol} ct original ip daddr . meta l4proto . ct original proto-dst`)}\n`).join('');

export function baseRules(options: { readonly clusterCIDR: string; readonly serviceCIDR: string }): string {
  const { clusterCIDR, serviceCIDR } = options;
  return `
table ip ${TABLE}
delete table ip ${TABLE}
table ip ${TABLE} {
  map services { type ipv4_addr . inet_proto . inet_service : verdict; }
  map endpoints { typeof ${KEY} . numgen random mod 65536 : ip daddr . th dport; }
  map outside { typeof ${KEY} . numgen random mod 65536 : ip daddr . th dport; }
  map refused { type ipv4_addr . inet_proto . inet_service : verdict; }
  set masqueraded { type ipv4_addr . inet_proto . inet_service; }
  map affine { type ipv4_addr . inet_proto . inet_service : verdict; }
  map affinity { type ipv4_addr . ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; flags dynamic,timeout; size ${AFFINITY_ENTRIES}; }
  set ranged { type ipv4_addr . inet_proto . inet_service; }
  set ranges { type ipv4_addr . inet_proto . inet_service . ipv4_addr; flags interval; }
  chain refuse {
    reject with icmp port-unreachable
  }
  chain check-ranges {
    ${KEY} . ip saddr @ranges return
    drop
  }
  chain check-endpoints {
    ${KEY} vmap @refused
    ip daddr ${serviceCIDR} fib daddr type != local goto refuse
  }
  chain prerouting-ranges {
    type filter hook prerouting priority -110; policy accept;
    ct state new ${KEY} @ranged jump check-ranges
  }
  chain prerouting {
    type nat hook prerouting priority -100; policy accept;
    ${KEY} vmap @services
  }
  chain output {
    type nat hook output priority -100; policy accept;
    ${KEY} vmap @services
  }
  chain prerouting-affinity {
    type filter hook prerouting priority -90; policy accept;
    ct state new ct status dnat jump remember
  }
  chain output-affinity {
    type filter hook output priority -90; policy accept;
    ct state new ct status dnat jump remember
  }
  chain remember {
${originally((key) => `${key} vmap @affine`)}  }
  chain input {
    type filter hook input priority 0; policy accept;
    ct state new ${KEY} vmap @refused
  }
  chain forward {
    type filter hook forward priority 0; policy accept;
    ct state new jump check-endpoints
    ct state invalid ip saddr ${clusterCIDR} drop
    ct state invalid ip daddr ${clusterCIDR} drop
  }
  chain output-check {
    type filter hook output priority 0; policy accept;
    ct state new jump check-endpoints
  }
  chain postrouting {
    type nat hook postrouting priority 100; policy accept;
    ct status & dnat != dnat return
${originally((key) => `${key} @masqueraded masquerade`)}    ct original ip daddr ${serviceCIDR} ip saddr != ${clusterCIDR} fib saddr type != local masquerade
  }
}
`;
}

/** The chain that serves a destination, by name; its text is chainText's. Undefined: nothing to send traffic to. */
export function chainOf({ endpoints, outside, affinitySeconds }: Destination): string | undefined {
  const prefix = affinitySeconds > 0 ? 'affine' : 'any';
  if (outside !== undefined) return endpoints.length === 0 ? undefined : `${prefix}-${endpoints.length}-outside-${outside.length}`;
  return endpoints.length === 0 ? undefined : `${prefix}-${endpoints.length}`;
}

export const rememberChain = ({ protocol, affinitySeconds }: Destination): string => `remember-${protocol}-${affinitySeconds}`;

/** Made at every load, so that services of the usual sizes come and grow by a few elements. 64 of them load in some 15 ms. */
const COMMON_ENDPOINTS = 64;
export const COMMON_CHAINS: readonly string[] = Array.from({ length: COMMON_ENDPOINTS }, (_, index) => `any-${index + 1}`);

const chain = (name: string, rules: readonly string[]): string =>
  `add chain ip ${TABLE} ${name}\nflush chain ip ${TABLE} ${name}\n${rules.map((rule) => `add rule ip ${TABLE} ${name} ${rule}\n`).join('')}`;

/** What makes the chain, and those it leads to. Repeating it is harmless. */
export function chainText(name: string, clusterCIDR: string): string {
  const [kind, count = '0', , outside] = name.split('-');
  if (kind === 'remember')
    return chain(name, [
      `meta l4proto ${count} update @affinity { ip saddr . ct original ip daddr . meta l4proto . ct original proto-dst timeout ${name.split('-')[2]}s : ip daddr . th dport }`,
    ]);
  const known = kind === 'affine' ? [`dnat ip to ip saddr . ${KEY} map @affinity`] : [];
  const draw = (total: string, map: string): string => `dnat ip to ${KEY} . numgen random mod ${total} map @${map}`;
  if (outside === undefined) return chain(name, [...known, draw(count, 'endpoints')]);
  const inside = `${kind}-${count}`;
  return (
    chainText(inside, clusterCIDR) +
    // Pods and the node itself reach the service wherever it is; the rest of the world only what is here.
    chain(name, [...known, `ip saddr ${clusterCIDR} goto ${inside}`, `fib saddr type local goto ${inside}`, ...(outside === '0' ? [] : [draw(outside, 'outside')])])
  );
}
