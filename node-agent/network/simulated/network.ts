/** Addresses without cables, for nodes whose containers are simulated. */
import { formatIPv4, parseCidr } from '../addresses.ts';
import type { PodNetwork } from '../port.ts';

export function openSimulatedNetwork(options: { readonly podCIDR: string }): PodNetwork {
  const range = parseCidr(options.podCIDR);
  /** Network, gateway and broadcast address are never a pod's. */
  const usable = Math.max(1, range.size - 3);
  const byPod = new Map<string, string>();
  const taken = new Set<string>();
  let cursor = 0;
  const release = (podUid: string): void => {
    taken.delete(byPod.get(podUid) ?? '');
    byPod.delete(podUid);
  };
  return {
    async attach({ podUid }) {
      for (let tried = 0; !byPod.has(podUid) && tried < usable; tried++) {
        const address = formatIPv4(range.base + 2 + cursor);
        cursor = (cursor + 1) % usable;
        if (taken.has(address)) continue;
        byPod.set(podUid, address);
        taken.add(address);
      }
      const address = byPod.get(podUid);
      if (address === undefined) throw new Error(`all pod addresses of ${options.podCIDR} are in use`);
      return { ips: [address] };
    },
    async detach(podUid) {
      release(podUid);
    },
    async retain(podUids) {
      const kept = new Set(podUids);
      for (const podUid of byPod.keys()) if (!kept.has(podUid)) release(podUid);
    },
  };
}
