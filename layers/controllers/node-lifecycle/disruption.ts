/** Whether to believe that nodes are lost: when most of a zone falls silent at once, it is more likely that we are cut off from it. */
import type { Node } from '#kinds/generated/types.ts';
import { conditionStatus } from './taints.ts';

/** Kubernetes' --unhealthy-zone-threshold. */
const UNHEALTHY = 0.55;
/** Zones up to this size keep their pods when disrupted; Kubernetes' --large-cluster-size-threshold. */
const SMALL_ZONE = 50;

const isReady = (node: Node): boolean => conditionStatus(node, 'Ready') === 'True';

export const zoneOf = ({ metadata: { labels = {} } }: Node): string => `${labels['topology.kubernetes.io/region'] ?? ''}/${labels['topology.kubernetes.io/zone'] ?? ''}`;

export function mayEvict(node: Node, nodes: readonly Node[]): boolean {
  // no node at all is ready: nothing is won by moving pods, and much lost if only we are blind
  if (!nodes.some(isReady)) return false;
  const zone = nodes.filter((one) => zoneOf(one) === zoneOf(node));
  const lost = zone.filter((one) => !isReady(one)).length;
  const partial = lost > 2 && lost / zone.length >= UNHEALTHY;
  return !partial || zone.length > SMALL_ZONE;
}
