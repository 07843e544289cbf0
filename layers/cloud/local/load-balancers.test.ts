import { expect, test } from 'vitest';
import type { LoadBalancerSpec } from '../load-balancers/port.ts';
import { nodeAddressBalancers } from './load-balancers.ts';

const spec = (name: string, port: number, addresses: readonly string[]): LoadBalancerSpec => ({
  name,
  scheme: 'internal',
  listeners: [{ port, protocol: 'TCP', nodePort: 30000, targetProtocol: 'TCP' }],
  healthCheck: { protocol: 'TCP', port: 'traffic-port' },
  attributes: {},
  targetGroupAttributes: {},
  tags: {},
  targets: addresses.map((address, at) => ({ node: `n${at}`, address })),
});

test('a balancer is the addresses of the nodes, and a port has one owner', async () => {
  const balancers = nodeAddressBalancers();
  expect(await balancers.ensure(spec('a', 80, ['172.16.0.10', '172.16.0.11', '127.0.0.1']))).toMatchObject({ ingress: [{ ip: '172.16.0.10' }, { ip: '172.16.0.11' }] });
  await expect(balancers.ensure(spec('b', 80, ['172.16.0.10']))).rejects.toThrow('port TCP/80 of the nodes is taken by another Service of type LoadBalancer');
  await expect(balancers.ensure(spec('b', 10250, []))).rejects.toThrow('taken by their agent');
  await balancers.ensure(spec('a', 81, []));
  expect(await balancers.ensure(spec('b', 80, ['172.16.0.10']))).toMatchObject({ ingress: [{ ip: '172.16.0.10' }] });
  await balancers.remove('b');
  await balancers.ensure(spec('c', 80, []));
});
