/** The conditions of a node that fell silent. */
import { timestamp } from '#control/time.ts';
import type { Node, NodeCondition } from '#kinds/generated/types.ts';

const TYPES = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'] as const;

/** All that only the node could know becomes Unknown; the same list where it is so already. */
export function unknownConditions(node: Node, now: number): NodeCondition[] {
  const old = node.status?.conditions ?? [];
  const at = timestamp(now);
  const conditions = [...old];
  for (const type of TYPES) {
    const index = conditions.findIndex((condition) => condition.type === type);
    const before = conditions[index];
    if (before === undefined) {
      const created = node.metadata.creationTimestamp ?? at;
      conditions.push({
        type,
        status: 'Unknown',
        reason: 'NodeStatusNeverUpdated',
        message: 'Kubelet never posted node status.',
        lastHeartbeatTime: created,
        lastTransitionTime: at,
      });
    } else if (before.status !== 'Unknown') {
      conditions[index] = { ...before, status: 'Unknown', reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.', lastTransitionTime: at };
    }
  }
  return conditions;
}
