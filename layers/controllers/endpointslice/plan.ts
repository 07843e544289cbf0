/** From the slices that are there to those that should be, with as few writes as possible: an endpoint stays where it is. */
import type { DiscoveryV1EndpointPort as SlicePort, Endpoint, EndpointSlice } from '#kinds/generated/types.ts';
import { sameJson } from '../shared/keys.ts';
import { type PortGroup, portsKey } from './desired.ts';

/** Endpoints per slice; Kubernetes' --max-endpoints-per-slice. */
export const SLICE_CAPACITY = 100;

export interface Plan {
  readonly create: { readonly ports: readonly SlicePort[]; readonly endpoints: readonly Endpoint[] }[];
  readonly update: { readonly slice: EndpointSlice; readonly endpoints: readonly Endpoint[] }[];
  readonly remove: EndpointSlice[];
}

/** One endpoint of one object: what else it says may change without its moving. */
const identity = (endpoint: Endpoint): string => JSON.stringify([endpoint.targetRef?.uid ?? '', endpoint.hostname ?? '', [...endpoint.addresses].sort()]);

/** All slices of one address family. */
export function planSlices(existing: readonly EndpointSlice[], desired: ReadonlyMap<string, PortGroup>): Plan {
  const plan: Plan = { create: [], update: [], remove: [] };
  const byPorts = Map.groupBy(existing, ({ ports }) => portsKey(ports));
  for (const [key, slices] of byPorts) if (!desired.has(key)) plan.remove.push(...slices);
  for (const [key, { ports, endpoints }] of desired) planGroup(byPorts.get(key) ?? [], ports, endpoints, plan);
  return plan;
}

function planGroup(slices: readonly EndpointSlice[], ports: readonly SlicePort[], endpoints: readonly Endpoint[], plan: Plan): void {
  const wanted = new Map(endpoints.map((endpoint) => [identity(endpoint), endpoint]));
  const kept = slices.map((slice) => {
    const stay: Endpoint[] = [];
    let changed = false;
    for (const endpoint of slice.endpoints ?? []) {
      const next = wanted.get(identity(endpoint));
      if (next === undefined) {
        changed = true;
        continue;
      }
      wanted.delete(identity(endpoint));
      if (!sameJson(endpoint, next)) changed = true;
      stay.push(next);
    }
    return { slice, stay, changed };
  });
  const left = [...wanted.values()];
  // into slices that are written anyway first, then one that has room for all the rest, then new ones
  for (const entry of kept.filter(({ changed }) => changed).sort((a, b) => b.stay.length - a.stay.length)) {
    if (left.length === 0) break;
    entry.stay.push(...left.splice(0, SLICE_CAPACITY - entry.stay.length));
  }
  if (left.length > 0 && left.length < SLICE_CAPACITY) {
    const room = kept.filter(({ changed, stay }) => !changed && stay.length + left.length <= SLICE_CAPACITY).sort((a, b) => b.stay.length - a.stay.length)[0];
    if (room !== undefined) {
      room.stay.push(...left.splice(0));
      room.changed = true;
    }
  }
  while (left.length > 0) plan.create.push({ ports, endpoints: left.splice(0, SLICE_CAPACITY) });
  for (const { slice, stay, changed } of kept) {
    if (stay.length === 0) plan.remove.push(slice);
    else if (changed) plan.update.push({ slice, endpoints: stay });
  }
}
