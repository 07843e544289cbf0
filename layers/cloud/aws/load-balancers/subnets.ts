/** The subnets of a load balancer: those that are named, or those that are tagged for its scheme, one for each zone. */
import { DescribeSubnetsCommand, type Subnet } from '@aws-sdk/client-ec2';
import { LoadBalancerProblem, type LoadBalancerSpec } from '../../load-balancers/port.ts';
import type { Clients } from './calls.ts';

const ROLE = { internal: 'kubernetes.io/role/internal-elb', 'internet-facing': 'kubernetes.io/role/elb' } as const;

export interface Place {
  readonly subnets: readonly string[];
  readonly vpc: string;
}

const tagOf = ({ Tags = [] }: Subnet, key: string): string | undefined => Tags.find((tag) => tag.Key === key)?.Value;

export async function findPlace({ ec2 }: Clients, vpc: string | undefined, { scheme, subnets }: Pick<LoadBalancerSpec, 'scheme' | 'subnets'>): Promise<Place> {
  const filters = vpc === undefined ? [] : [{ Name: 'vpc-id', Values: [vpc] }];
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({ Filters: filters }));
  let chosen: Subnet[];
  if (subnets !== undefined) {
    chosen = subnets.map((wanted) => {
      const found = Subnets.find((subnet) => subnet.SubnetId === wanted || tagOf(subnet, 'Name') === wanted);
      if (found === undefined) throw new LoadBalancerProblem(`there is no subnet ${JSON.stringify(wanted)}`);
      return found;
    });
  } else {
    const role = ROLE[scheme];
    const tagged = Subnets.filter((subnet) => ['', '1'].includes(tagOf(subnet, role) ?? 'absent')).sort((a, b) => (a.SubnetId! < b.SubnetId! ? -1 : 1));
    if (tagged.length === 0) throw new LoadBalancerProblem(`no subnet is tagged ${role}=1: tag some, or name them by annotation`);
    const zones = new Map<string, Subnet>();
    for (const subnet of tagged) if (!zones.has(subnet.AvailabilityZone!)) zones.set(subnet.AvailabilityZone!, subnet);
    chosen = Array.from(zones.values());
  }
  return { subnets: chosen.map(({ SubnetId }) => SubnetId!).sort(), vpc: chosen[0]!.VpcId! };
}
