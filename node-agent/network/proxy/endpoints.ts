/** Which endpoints of a service port get traffic (kube-proxy's CategorizeEndpoints). */
import { isIPv4, isPort } from '../addresses.ts';
import type { Endpoint, EndpointSlice, ServicePort } from '../services.ts';

export interface Place {
  readonly nodeName: string;
  /** The node's `topology.kubernetes.io/zone`. */
  readonly zone?: string;
}

interface Candidate {
  /** `10.64.0.5 . 8080`, as nftables writes it. */
  readonly target: string;
  readonly endpoint: Endpoint;
}

export interface Chosen {
  /** For traffic that may go to any node. */
  readonly cluster: readonly string[];
  /** For traffic that must stay on this node. */
  readonly local: readonly string[];
}

/** An unknown readiness counts as ready, an unknown serving as the same. */
const isReady = ({ conditions }: Endpoint): boolean => conditions?.ready ?? true;
const isServing = ({ conditions }: Endpoint): boolean => conditions?.serving ?? conditions?.ready ?? true;
const isTerminating = ({ conditions }: Endpoint): boolean => conditions?.terminating ?? false;

function candidates(port: ServicePort, slices: readonly EndpointSlice[]): readonly Candidate[] {
  const found = new Map<string, Candidate>();
  for (const slice of slices) {
    const slicePort = slice.ports?.find((candidate) => (candidate.name ?? '') === (port.name ?? '') && (candidate.protocol ?? 'TCP') === (port.protocol ?? 'TCP'));
    if (slicePort === undefined || !isPort(slicePort.port)) continue;
    for (const endpoint of slice.endpoints ?? []) {
      const address = endpoint.addresses[0];
      // What is not an address would be a command in the firewall's language.
      if (address === undefined || !isIPv4(address)) continue;
      const target = `${address} . ${slicePort.port}`;
      const known = found.get(target);
      // While an endpoint moves between slices it is in both: the ready entry is the true one.
      if (known === undefined || (!isReady(known.endpoint) && isReady(endpoint))) found.set(target, { target, endpoint });
    }
  }
  return [...found.values()];
}

/** Ready ones; where there are none, those that end but still serve. */
function usable(all: readonly Candidate[]): readonly Candidate[] {
  const ready = all.filter(({ endpoint }) => isReady(endpoint));
  return ready.length > 0 ? ready : all.filter(({ endpoint }) => isServing(endpoint) && isTerminating(endpoint));
}

/** Hints bind only when every ready endpoint has one and some are for this place; otherwise a rollout in progress would overload a few. */
function preferred(all: readonly Candidate[], place: Place): readonly Candidate[] {
  const hinted = (hints: (endpoint: Endpoint) => readonly { readonly name: string }[] | undefined, name: string | undefined): readonly Candidate[] => {
    if (name === undefined || !all.every(({ endpoint }) => (hints(endpoint)?.length ?? 0) > 0)) return [];
    return all.filter(({ endpoint }) => hints(endpoint)!.some((hint) => hint.name === name));
  };
  const byNode = hinted((endpoint) => endpoint.hints?.forNodes, place.nodeName);
  if (byNode.length > 0) return byNode;
  const byZone = hinted((endpoint) => endpoint.hints?.forZones, place.zone);
  return byZone.length > 0 ? byZone : all;
}

const targets = (list: readonly Candidate[]): readonly string[] => list.map(({ target }) => target).sort();

export function chooseEndpoints(port: ServicePort, slices: readonly EndpointSlice[], place: Place): Chosen {
  const all = candidates(port, slices);
  return {
    cluster: targets(preferred(usable(all), place)),
    local: targets(usable(all.filter(({ endpoint }) => endpoint.nodeName === place.nodeName))),
  };
}
