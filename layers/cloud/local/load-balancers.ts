/**
 * The port without a cloud: a balancer is the nodes' own addresses, where the service proxy of every node answers for it. Costs nothing, and one
 * machine's nodes are reached like any load balancer. A port of the nodes belongs to one balancer at a time, as with other clusters of one machine.
 */
import { LoadBalancerProblem, type LoadBalancers } from '../load-balancers/port.ts';

/** The agent's own port: nobody may take it from the API server. */
const RESERVED: ReadonlySet<string> = new Set(['TCP/10250']);
/** Simulated nodes share the machine's loopback, where nothing answers. */
const reachable = (address: string | undefined): address is string => address !== undefined && !address.startsWith('127.');

export function nodeAddressBalancers(): LoadBalancers {
  const owners = new Map<string, string>();
  const release = (name: string): void => {
    for (const [port, owner] of owners) if (owner === name) owners.delete(port);
  };
  return {
    async ensure({ name, listeners, targets }) {
      const ports = listeners.map(({ protocol, port }) => `${protocol === 'TLS' ? 'TCP' : protocol}/${port}`);
      const taken = ports.find((port) => RESERVED.has(port) || (owners.get(port) ?? name) !== name);
      if (taken !== undefined)
        throw new LoadBalancerProblem(`port ${taken} of the nodes is taken${RESERVED.has(taken) ? ' by their agent' : ' by another Service of type LoadBalancer'}`);
      release(name);
      for (const port of ports) owners.set(port, name);
      return { ingress: targets.flatMap(({ address }) => (reachable(address) ? [{ ip: address }] : [])), changed: false };
    },
    remove: async (name) => release(name),
  };
}
