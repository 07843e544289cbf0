/** The port on AWS: a Network Load Balancer with instances as targets. Each step looks before it acts, so that any of them may be the last one of a lost worker. */
import {
  AddTagsCommand,
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  DeleteListenerCommand,
  DeleteLoadBalancerCommand,
  DeleteTargetGroupCommand,
  DescribeListenersCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeLoadBalancersCommand,
  DescribeTagsCommand,
  DescribeTargetGroupsCommand,
  type Listener as AwsListener,
  type LoadBalancer,
  ModifyListenerCommand,
  ModifyLoadBalancerAttributesCommand,
  RemoveTagsCommand,
  SetSubnetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Ensured, Listener, LoadBalancers, LoadBalancerSpec } from '../../load-balancers/port.ts';
import { asProblem, type Clients, orNone } from './calls.ts';
import { ensureSecurityGroup, removeSecurityGroup } from './security-group.ts';
import { findPlace, type Place } from './subnets.ts';
import { ensureTargetGroup } from './target-groups.ts';

export interface AwsLoadBalancersOptions {
  readonly clients: Clients;
  /** The installation: on everything that is made, and what rights end at. */
  readonly installation: string;
  /** The VPC and the security group of the nodes; absent: subnets are looked for everywhere, and nobody's group is changed. */
  readonly vpc?: string;
  readonly nodeSecurityGroup?: string;
}

const tagList = (tags: Readonly<Record<string, string>>): { Key: string; Value: string }[] => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
const same = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((one, at) => one === b[at]);

export function awsLoadBalancers({ clients, installation, vpc, nodeSecurityGroup }: AwsLoadBalancersOptions): LoadBalancers {
  const { elb } = clients;

  async function find(name: string): Promise<LoadBalancer | undefined> {
    return (await orNone(elb.send(new DescribeLoadBalancersCommand({ Names: [name] })), 'LoadBalancerNotFoundException', 'LoadBalancerNotFound'))?.LoadBalancers?.[0];
  }
  const listenersOf = async (arn: string): Promise<readonly AwsListener[]> => (await elb.send(new DescribeListenersCommand({ LoadBalancerArn: arn }))).Listeners ?? [];
  const groupsOf = async (arn: string): Promise<readonly string[]> =>
    ((await orNone(elb.send(new DescribeTargetGroupsCommand({ LoadBalancerArn: arn })), 'TargetGroupNotFoundException', 'TargetGroupNotFound'))?.TargetGroups ?? []).map(
      ({ TargetGroupArn }) => TargetGroupArn!,
    );

  async function create(spec: LoadBalancerSpec, place: Place, securityGroup: string, tags: Readonly<Record<string, string>>): Promise<LoadBalancer> {
    const { LoadBalancers: made = [] } = await elb.send(
      new CreateLoadBalancerCommand({
        Name: spec.name,
        Type: 'network',
        Scheme: spec.scheme,
        Subnets: [...place.subnets],
        SecurityGroups: [securityGroup],
        IpAddressType: 'ipv4',
        Tags: tagList(tags),
      }),
    );
    return made[0]!;
  }

  async function syncAttributes(arn: string, wanted: Readonly<Record<string, string>>): Promise<boolean> {
    // what is no longer asked for goes back to what it was
    const all: Readonly<Record<string, string>> = { 'load_balancing.cross_zone.enabled': 'false', ...wanted };
    const { Attributes = [] } = await elb.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn: arn }));
    const has = new Map(Attributes.map(({ Key, Value }) => [Key, Value]));
    const differing = Object.entries(all).filter(([key, value]) => (has.get(key) ?? 'false') !== value);
    if (differing.length === 0) return false;
    await elb.send(new ModifyLoadBalancerAttributesCommand({ LoadBalancerArn: arn, Attributes: differing.map(([Key, Value]) => ({ Key, Value })) }));
    return true;
  }

  async function syncTags(arn: string, wanted: Readonly<Record<string, string>>): Promise<boolean> {
    const { TagDescriptions = [] } = await elb.send(new DescribeTagsCommand({ ResourceArns: [arn] }));
    const has = new Map((TagDescriptions[0]?.Tags ?? []).map(({ Key, Value }) => [Key!, Value!]));
    const missing = Object.entries(wanted).filter(([key, value]) => has.get(key) !== value);
    const surplus = Array.from(has.keys()).filter((key) => wanted[key] === undefined && !key.startsWith('aws:'));
    if (missing.length > 0) await elb.send(new AddTagsCommand({ ResourceArns: [arn], Tags: missing.map(([Key, Value]) => ({ Key, Value })) }));
    if (surplus.length > 0) await elb.send(new RemoveTagsCommand({ ResourceArns: [arn], TagKeys: surplus }));
    return missing.length + surplus.length > 0;
  }

  const listenerInput = ({ port, protocol, certificateArn, sslPolicy }: Listener, group: string) => ({
    Port: port,
    Protocol: protocol,
    DefaultActions: [{ Type: 'forward' as const, TargetGroupArn: group }],
    ...(certificateArn === undefined ? {} : { Certificates: [{ CertificateArn: certificateArn }] }),
    ...(sslPolicy === undefined ? {} : { SslPolicy: sslPolicy }),
  });

  function listenerDiffers(has: AwsListener, { protocol, certificateArn, sslPolicy }: Listener, group: string): boolean {
    return (
      has.Protocol !== protocol ||
      has.DefaultActions?.[0]?.TargetGroupArn !== group ||
      (certificateArn !== undefined && has.Certificates?.[0]?.CertificateArn !== certificateArn) ||
      (sslPolicy !== undefined && has.SslPolicy !== sslPolicy)
    );
  }

  async function syncListeners(arn: string, spec: LoadBalancerSpec, vpcId: string, tags: Readonly<Record<string, string>>): Promise<boolean> {
    const before = await groupsOf(arn);
    const known = new Map((await listenersOf(arn)).map((one) => [one.Port!, one]));
    const used = new Set<string>();
    let changed = false;
    for (const listener of spec.listeners) {
      const group = await ensureTargetGroup(clients, spec, listener, vpcId, tagList(tags));
      used.add(group.arn);
      changed ||= group.changed;
      const has = known.get(listener.port);
      known.delete(listener.port);
      if (has === undefined) {
        await elb.send(new CreateListenerCommand({ LoadBalancerArn: arn, ...listenerInput(listener, group.arn), Tags: tagList(tags) }));
        changed = true;
      } else if (listenerDiffers(has, listener, group.arn)) {
        await elb.send(new ModifyListenerCommand({ ListenerArn: has.ListenerArn!, ...listenerInput(listener, group.arn) }));
        changed = true;
      }
    }
    for (const { ListenerArn } of known.values()) {
      await elb.send(new DeleteListenerCommand({ ListenerArn: ListenerArn! }));
      changed = true;
    }
    // those that no listener leads to any more
    for (const group of before) if (!used.has(group)) await elb.send(new DeleteTargetGroupCommand({ TargetGroupArn: group }));
    return changed;
  }

  async function removeBalancer(balancer: LoadBalancer): Promise<void> {
    const arn = balancer.LoadBalancerArn!;
    const groups = await groupsOf(arn);
    // the balancer last: while it is there, what belongs to it can be found
    for (const { ListenerArn } of await listenersOf(arn)) await elb.send(new DeleteListenerCommand({ ListenerArn: ListenerArn! }));
    for (const group of groups) await elb.send(new DeleteTargetGroupCommand({ TargetGroupArn: group }));
    await elb.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: arn }));
  }

  async function ensure(spec: LoadBalancerSpec): Promise<Ensured> {
    const place = await findPlace(clients, vpc, spec);
    const tags = { ...spec.tags, paperplane: installation };
    const group = await ensureSecurityGroup(clients, spec, { vpc: place.vpc, tags, nodes: nodeSecurityGroup });
    let balancer = await find(spec.name);
    let changed = group.changed;
    // a scheme cannot be changed in place
    if (balancer !== undefined && balancer.Scheme !== spec.scheme) {
      await removeBalancer(balancer);
      balancer = undefined;
    }
    if (balancer === undefined) {
      balancer = await create(spec, place, group.id, tags);
      changed = true;
    } else {
      const has = (balancer.AvailabilityZones ?? []).map(({ SubnetId }) => SubnetId!).sort();
      if (!same(has, place.subnets)) {
        await elb.send(new SetSubnetsCommand({ LoadBalancerArn: balancer.LoadBalancerArn!, Subnets: [...place.subnets] }));
        changed = true;
      }
    }
    const arn = balancer.LoadBalancerArn!;
    const attributes = await syncAttributes(arn, spec.attributes);
    const tagged = await syncTags(arn, tags);
    const listeners = await syncListeners(arn, spec, place.vpc, tags);
    return { ingress: [{ hostname: balancer.DNSName! }], changed: changed || attributes || tagged || listeners };
  }

  return {
    ensure: (spec) => asProblem(() => ensure(spec)),
    remove: (name) =>
      asProblem(async () => {
        const balancer = await find(name);
        if (balancer !== undefined) await removeBalancer(balancer);
        await removeSecurityGroup(clients, name, nodeSecurityGroup);
      }),
  };
}
