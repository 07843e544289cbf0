/** When each node was last heard of. */
import { parseTime } from '#control/time.ts';
import type { Lease, Node } from '#kinds/generated/types.ts';

export interface Heartbeats {
  /** Milliseconds since the last sign of life, by our clock. */
  silence(node: Node, lease: Lease | undefined, now: number): number;
  forget(name: string): void;
}

/**
 * A sign of life is a change of the lease's renewTime or of a heartbeat in the status, dated by the clock of who sees it: nodes'
 * clocks are not to be trusted. What was never looked at before counts as alive now, so that a control plane that was away does not
 * take every node for lost. Losing this memory therefore delays a verdict and never makes a wrong one.
 */
export function createHeartbeats(): Heartbeats {
  const seen = new Map<string, { readonly sign: string; readonly at: number }>();
  return {
    silence(node, lease, now) {
      const name = node.metadata.name!;
      const heartbeat = node.status?.conditions?.find(({ type }) => type === 'Ready');
      // our own verdict is no sign of life
      const status = heartbeat?.status === 'Unknown' ? '' : (heartbeat?.lastHeartbeatTime ?? '');
      const sign = `${node.metadata.uid} ${lease?.spec?.renewTime ?? ''} ${status}`;
      const known = seen.get(name);
      if (known?.sign === sign) return now - known.at;
      const created = parseTime(node.metadata.creationTimestamp) ?? now;
      // a node that never spoke is timed from its creation
      const at = lease === undefined && heartbeat === undefined ? created : now;
      seen.set(name, { sign, at });
      return now - at;
    },
    forget: (name) => seen.delete(name),
  };
}
