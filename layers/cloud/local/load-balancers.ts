/**
 * The port without a cloud: a balancer is the nodes' own addresses, where the service proxy of every node answers for it. Costs nothing, and one
 * machine's nodes are reached like any load balancer.
 */
import type { LoadBalancers } from '../load-balancers/port.ts';

export function nodeAddressBalancers(): LoadBalancers {
  return {
    ensure: async ({ targets }) => ({ ingress: targets.flatMap(({ address }) => (address === undefined ? [] : [{ ip: address }])), changed: false }),
    remove: async () => undefined,
  };
}
