/**
 * Which pod has which address of the node's range, kept in one file. The cursor goes round, so a freed address comes back as late as
 * possible: clients that still remember it reach nobody rather than a stranger. Written before the address is handed out.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { formatIPv4, inCidr, parseCidr, parseIPv4 } from '../addresses.ts';

/** Network, gateway and broadcast address are never a pod's. */
const FIRST = 2;
/** A node runs a few hundred pods; of a larger range only this much is used, since the firewall's hairpin set holds each address. */
export const MAX_ADDRESSES = 4096;

export class AddressesExhausted extends Error {
  readonly code = 'ADDRESSES_EXHAUSTED';
}

export interface Ipam {
  readonly gateway: string;
  /** Every address this range can hand out. */
  all(): readonly string[];
  /** The pod's address: the one it has, or a free one. */
  allocate(podUid: string): string;
  find(podUid: string): string | undefined;
  release(podUid: string): string | undefined;
  pods(): readonly string[];
}

interface Saved {
  readonly podCIDR: string;
  readonly cursor: number;
  readonly pods: Readonly<Record<string, string>>;
}

function load(file: string): Saved | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Saved;
  } catch {
    // Absent at first; damaged after a disk fault. The kernel's own view decides then: attach() re-plugs what does not fit.
    return undefined;
  }
}

export function openIpam(options: { readonly podCIDR: string; readonly file: string }): Ipam {
  const range = parseCidr(options.podCIDR);
  const usable = Math.min(range.size, MAX_ADDRESSES) - 1 - FIRST;
  if (usable < 1) throw new AddressesExhausted(`the pod range ${options.podCIDR} has no address for a pod`);
  const saved = load(options.file);
  // A node that came back under another range starts anew: its pods' addresses are not routed to it any more.
  const entries = Object.entries(saved?.pods ?? {}).filter(([, address]) => inCidr(range, parseIPv4(address)));
  const byPod = new Map(entries);
  const taken = new Set(byPod.values());
  let cursor = (saved?.cursor ?? 0) % usable;

  const save = (): void => {
    mkdirSync(dirname(options.file), { recursive: true, mode: 0o700 });
    const part = `${options.file}.part`;
    writeFileSync(part, JSON.stringify({ podCIDR: options.podCIDR, cursor, pods: Object.fromEntries(byPod) } satisfies Saved));
    renameSync(part, options.file);
  };

  return {
    gateway: formatIPv4(range.base + 1),
    all: () => Array.from({ length: usable }, (_, index) => formatIPv4(range.base + FIRST + index)),
    find: (podUid) => byPod.get(podUid),
    pods: () => [...byPod.keys()],
    allocate(podUid) {
      const known = byPod.get(podUid);
      if (known !== undefined) return known;
      for (let tried = 0; tried < usable; tried++) {
        const address = formatIPv4(range.base + FIRST + cursor);
        cursor = (cursor + 1) % usable;
        if (taken.has(address)) continue;
        byPod.set(podUid, address);
        taken.add(address);
        save();
        return address;
      }
      throw new AddressesExhausted(`all ${usable} pod addresses of ${options.podCIDR} are in use`);
    },
    release(podUid) {
      const address = byPod.get(podUid);
      if (address === undefined) return undefined;
      byPod.delete(podUid);
      taken.delete(address);
      save();
      return address;
    },
  };
}
