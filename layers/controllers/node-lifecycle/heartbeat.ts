/** When each node was last heard of. */
import type { Client } from '#control/client.ts';
import { parseTime } from '#control/time.ts';
import type { Lease, Node } from '#kinds/generated/types.ts';

/** A sign of life and when it was first seen, by our clock: milliseconds since the epoch. */
export interface Sighting {
  readonly sign: string;
  readonly at: number;
}

/** Where sightings are kept: in the process that looks, or, where every look may be another process', with the lease. */
export interface SightingMemory {
  recall(name: string, lease: Lease | undefined): Sighting | undefined;
  keep(name: string, lease: Lease | undefined, sighting: Sighting, client: Client): Promise<void>;
  forget(name: string): void;
}

export const sightingsInProcess = (): SightingMemory => {
  const seen = new Map<string, Sighting>();
  return {
    recall: (name) => seen.get(name),
    keep: async (name, _lease, sighting) => void seen.set(name, sighting),
    forget: (name) => void seen.delete(name),
  };
};

const HEARD = 'paperplane.dev/heard';
const LEASES = 'leases.coordination.k8s.io';

/** Leases are written outside the change log for one write unit, and nobody is woken by it. */
export const sightingsInLeases = (): SightingMemory => ({
  recall(_name, lease) {
    const [at, ...sign] = (lease?.metadata.annotations?.[HEARD] ?? '').split(' ');
    return Number(at) > 0 ? { at: Number(at), sign: sign.join(' ') } : undefined;
  },
  async keep(name, lease, { sign, at }, client) {
    const namespace = lease?.metadata.namespace;
    // without a lease there is nothing to keep it in: such a node is timed by what its object says
    if (namespace === undefined) return;
    await client.patch(LEASES, namespace, name, { type: 'merge', body: { metadata: { uid: lease!.metadata.uid, annotations: { [HEARD]: `${at} ${sign}` } } } });
  },
  forget: () => undefined,
});

/**
 * A sign of life is a change of the lease's renewTime or of a heartbeat in the status, dated by the clock of who sees it: nodes'
 * clocks are not to be trusted. What was never looked at before counts as alive now, so that a control plane that was away does not
 * take every node for lost. Losing this memory therefore delays a verdict and never makes a wrong one.
 * @returns milliseconds since the last sign of life, by our clock
 */
export async function silenceOf(memory: SightingMemory, node: Node, lease: Lease | undefined, now: number, client: Client): Promise<number> {
  const name = node.metadata.name!;
  const heartbeat = node.status?.conditions?.find(({ type }) => type === 'Ready');
  // our own verdict is no sign of life
  const status = heartbeat?.status === 'Unknown' ? '' : (heartbeat?.lastHeartbeatTime ?? '');
  const sign = `${node.metadata.uid} ${lease?.spec?.renewTime ?? ''} ${status}`;
  const known = memory.recall(name, lease);
  if (known?.sign === sign) return Math.max(0, now - known.at);
  const created = parseTime(node.metadata.creationTimestamp) ?? now;
  // a node that never spoke is timed from its creation
  const at = lease === undefined && heartbeat === undefined ? created : now;
  await memory.keep(name, lease, { sign, at }, client);
  return now - at;
}
