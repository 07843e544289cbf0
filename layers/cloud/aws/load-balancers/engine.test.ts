import {
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  EC2Client,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import {
  DescribeListenersCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeLoadBalancersCommand,
  DescribeTagsCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Listener, LoadBalancerProblem, type LoadBalancers, type LoadBalancerSpec } from '../../load-balancers/port.ts';
import { moto, skipWithoutMoto } from '../../testing/moto.ts';
import type { Clients } from './calls.ts';
import { awsLoadBalancers } from './engine.ts';

describe.skipIf(skipWithoutMoto('load balancers of AWS'))('a Network Load Balancer', () => {
  let clients: Clients;
  let balancers: LoadBalancers;
  let instances: string[];
  let nodes: string;
  let endpoint: string;

  beforeAll(async () => {
    endpoint = await moto();
  }, 300_000);
  beforeEach(async () => {
    await fetch(`${endpoint}/moto-api/reset`, { method: 'POST' });
    const config = { endpoint, region: 'us-east-1', credentials: { accessKeyId: 'x', secretAccessKey: 'x' } };
    clients = { ec2: new EC2Client(config), elb: new ElasticLoadBalancingV2Client(config) };
    const { Vpcs } = await clients.ec2.send(new DescribeVpcsCommand({}));
    const vpc = Vpcs![0]!.VpcId!;
    const { Subnets } = await clients.ec2.send(new DescribeSubnetsCommand({}));
    await clients.ec2.send(new CreateTagsCommand({ Resources: Subnets!.slice(0, 2).map(({ SubnetId }) => SubnetId!), Tags: [{ Key: 'kubernetes.io/role/elb', Value: '1' }] }));
    // moto asks nobody whether an image exists; listing those it has takes it seconds
    const run = await clients.ec2.send(new RunInstancesCommand({ ImageId: 'ami-12345678', MinCount: 2, MaxCount: 2 }));
    instances = run.Instances!.map(({ InstanceId }) => InstanceId!);
    const { GroupId } = await clients.ec2.send(new CreateSecurityGroupCommand({ GroupName: 'nodes', Description: 'nodes', VpcId: vpc }));
    nodes = GroupId!;
    balancers = awsLoadBalancers({ clients, installation: 'paperplane', vpc, nodeSecurityGroup: nodes });
  }, 120_000);

  const http: Listener = { port: 80, protocol: 'TCP', nodePort: 30080, targetProtocol: 'TCP' };
  const spec = (more: Partial<LoadBalancerSpec> = {}): LoadBalancerSpec => ({
    name: 'k8s-shop-web-0123456789',
    scheme: 'internet-facing',
    listeners: [http],
    healthCheck: { protocol: 'TCP', port: 'traffic-port' },
    attributes: {},
    targetGroupAttributes: {},
    tags: { 'kubernetes.io/service-name': 'shop/web' },
    targets: instances.map((instanceId, at) => ({ node: `n${at}`, instanceId })),
    ...more,
  });
  const balancer = async () => (await clients.elb.send(new DescribeLoadBalancersCommand({}))).LoadBalancers ?? [];
  const groups = async () => (await clients.elb.send(new DescribeTargetGroupsCommand({}))).TargetGroups ?? [];
  const listeners = async () => {
    const [one] = await balancer();
    return (await clients.elb.send(new DescribeListenersCommand({ LoadBalancerArn: one!.LoadBalancerArn! }))).Listeners ?? [];
  };
  const targets = async () => {
    const [group] = await groups();
    return (await clients.elb.send(new DescribeTargetHealthCommand({ TargetGroupArn: group!.TargetGroupArn! }))).TargetHealthDescriptions!.map(({ Target }) => Target!.Id!).sort();
  };
  const securityGroup = async (name: string) =>
    (await clients.ec2.send(new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'group-name', Values: [name] }] }))).SecurityGroups?.[0];

  test('is made with listeners, target groups, instances, tags and a security group; a second look changes nothing', async () => {
    const made = await balancers.ensure(spec());
    expect(made).toMatchObject({ changed: true, ingress: [{ hostname: expect.stringContaining('k8s-shop-web') as string }] });
    const [one] = await balancer();
    expect(one).toMatchObject({ Type: 'network', Scheme: 'internet-facing' });
    expect(one!.AvailabilityZones).toHaveLength(2);
    expect(await groups()).toMatchObject([{ Protocol: 'TCP', Port: 30080, TargetType: 'instance' }]);
    expect(await targets()).toEqual([...instances].sort());
    expect(await listeners()).toMatchObject([{ Port: 80, Protocol: 'TCP' }]);
    const { TagDescriptions } = await clients.elb.send(new DescribeTagsCommand({ ResourceArns: [one!.LoadBalancerArn!] }));
    expect(TagDescriptions![0]!.Tags).toEqual(expect.arrayContaining([{ Key: 'paperplane', Value: 'paperplane' }]));
    expect((await securityGroup(spec().name))!.IpPermissions).toMatchObject([{ IpProtocol: 'tcp', FromPort: 80, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }]);
    expect((await securityGroup('nodes'))!.IpPermissions!.some(({ UserIdGroupPairs }) => (UserIdGroupPairs ?? []).length > 0)).toBe(true);
    expect((await balancers.ensure(spec())).changed).toBe(false);
  }, 60_000);

  test('is changed in place: ports, node ports, checks, attributes, targets, source ranges, tags', async () => {
    const { ingress } = await balancers.ensure(spec());
    const changed = spec({
      listeners: [
        { ...http, nodePort: 30081 },
        { port: 53, protocol: 'UDP', nodePort: 30053, targetProtocol: 'UDP' },
      ],
      healthCheck: { protocol: 'HTTP', port: '8080', path: '/up', intervalSeconds: 10 },
      attributes: { 'load_balancing.cross_zone.enabled': 'true' },
      targets: [{ node: 'n0', instanceId: instances[0]! }],
      sourceRanges: ['10.0.0.0/8'],
      tags: { team: 'a' },
    });
    expect(await balancers.ensure(changed)).toEqual({ ingress, changed: true });
    expect((await listeners()).map(({ Port, Protocol }) => `${Port} ${Protocol}`).sort()).toEqual(['53 UDP', '80 TCP']);
    const after = await groups();
    expect(after.map(({ Port }) => Port).sort()).toEqual([30053, 30081]);
    expect(after[0]).toMatchObject({ HealthCheckProtocol: 'HTTP', HealthCheckPort: '8080', HealthCheckPath: '/up', HealthCheckIntervalSeconds: 10 });
    expect(await targets()).toEqual([instances[0]]);
    const [one] = await balancer();
    const { Attributes } = await clients.elb.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn: one!.LoadBalancerArn! }));
    expect(Attributes).toEqual(expect.arrayContaining([{ Key: 'load_balancing.cross_zone.enabled', Value: 'true' }]));
    const ranges = (await securityGroup(spec().name))!.IpPermissions!.flatMap(({ IpRanges }) => IpRanges!.map(({ CidrIp }) => CidrIp));
    expect(new Set(ranges)).toEqual(new Set(['10.0.0.0/8']));
    expect((await balancers.ensure(changed)).changed).toBe(false);
    await balancers.ensure(spec());
    expect((await listeners()).map(({ Port }) => Port)).toEqual([80]);
  }, 60_000);

  test('is made anew for another scheme', async () => {
    const [, second] = (await clients.ec2.send(new DescribeSubnetsCommand({}))).Subnets!;
    await balancers.ensure(spec());
    await balancers.ensure(spec({ scheme: 'internal', subnets: [second!.SubnetId!] }));
    expect(await balancer()).toMatchObject([{ Scheme: 'internal' }]);
    expect(await groups()).toHaveLength(1);
  }, 60_000);

  test('leaves nothing when it is removed, also when half of it was', async () => {
    await balancers.ensure(spec());
    await balancers.remove(spec().name);
    expect(await balancer()).toEqual([]);
    expect(await groups()).toEqual([]);
    expect(await securityGroup(spec().name)).toBeUndefined();
    await balancers.remove(spec().name);
    await clients.ec2.send(
      new CreateSecurityGroupCommand({ GroupName: spec().name, Description: 'left over', VpcId: (await clients.ec2.send(new DescribeVpcsCommand({}))).Vpcs![0]!.VpcId! }),
    );
    await balancers.remove(spec().name);
    expect(await securityGroup(spec().name)).toBeUndefined();
  }, 60_000);

  test('that cannot be made says what to do', async () => {
    await expect(balancers.ensure(spec({ subnets: ['subnet-nowhere'] }))).rejects.toThrow(new LoadBalancerProblem('there is no subnet "subnet-nowhere"'));
    await expect(balancers.ensure(spec({ scheme: 'internal' }))).rejects.toThrow('no subnet is tagged kubernetes.io/role/internal-elb=1: tag some, or name them by annotation');
  }, 60_000);
});
