/** Target groups: one for each listener, named after what cannot be changed in place (node port and protocol). */
import { createHash } from 'node:crypto';
import {
  CreateTargetGroupCommand,
  DeregisterTargetsCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ModifyTargetGroupAttributesCommand,
  ModifyTargetGroupCommand,
  RegisterTargetsCommand,
  type TargetGroup,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { HealthCheck, Listener, LoadBalancerSpec } from '../../load-balancers/port.ts';
import { type Clients, orNone } from './calls.ts';

export interface EnsuredGroup {
  readonly arn: string;
  readonly changed: boolean;
}

export function targetGroupName({ name }: LoadBalancerSpec, { nodePort, targetProtocol }: Listener): string {
  const hash = createHash('sha256').update(`${name}\n${nodePort}\n${targetProtocol}`).digest('hex').slice(0, 10);
  return `${name.slice(0, 21).replace(/-+$/, '')}-${hash}`;
}

const healthOf = ({ protocol, port, path, intervalSeconds, timeoutSeconds, healthyThreshold, unhealthyThreshold, successCodes }: HealthCheck) => ({
  HealthCheckProtocol: protocol,
  HealthCheckPort: port,
  ...(path === undefined ? {} : { HealthCheckPath: path }),
  ...(intervalSeconds === undefined ? {} : { HealthCheckIntervalSeconds: intervalSeconds }),
  ...(timeoutSeconds === undefined ? {} : { HealthCheckTimeoutSeconds: timeoutSeconds }),
  ...(healthyThreshold === undefined ? {} : { HealthyThresholdCount: healthyThreshold }),
  ...(unhealthyThreshold === undefined ? {} : { UnhealthyThresholdCount: unhealthyThreshold }),
  ...(successCodes === undefined ? {} : { Matcher: { HttpCode: successCodes } }),
});

function healthDiffers(group: TargetGroup, check: HealthCheck): boolean {
  const wanted = healthOf(check) as Readonly<Record<string, unknown>>;
  const has = group as unknown as Readonly<Record<string, unknown>>;
  return Object.entries(wanted).some(([key, value]) => (key === 'Matcher' ? group.Matcher?.HttpCode !== check.successCodes : has[key] !== value));
}

async function syncTargets({ elb }: Clients, arn: string, { targets }: LoadBalancerSpec): Promise<boolean> {
  const { TargetHealthDescriptions = [] } = await elb.send(new DescribeTargetHealthCommand({ TargetGroupArn: arn }));
  const has = new Set(TargetHealthDescriptions.filter(({ TargetHealth }) => TargetHealth?.State !== 'draining').map(({ Target }) => Target!.Id!));
  const wanted = new Set(targets.flatMap(({ instanceId }) => (instanceId === undefined ? [] : [instanceId])));
  const missing = Array.from(wanted.difference(has), (Id) => ({ Id }));
  const surplus = Array.from(has.difference(wanted), (Id) => ({ Id }));
  if (missing.length > 0) await elb.send(new RegisterTargetsCommand({ TargetGroupArn: arn, Targets: missing }));
  // an instance that is gone already cannot be taken out any more
  if (surplus.length > 0) await orNone(elb.send(new DeregisterTargetsCommand({ TargetGroupArn: arn, Targets: surplus })), 'InvalidTargetException', 'InvalidTarget');
  return missing.length + surplus.length > 0;
}

async function syncAttributes({ elb }: Clients, arn: string, wanted: Readonly<Record<string, string>>): Promise<boolean> {
  if (Object.keys(wanted).length === 0) return false;
  const { Attributes = [] } = await elb.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn: arn }));
  const has = new Map(Attributes.map(({ Key, Value }) => [Key, Value]));
  const differing = Object.entries(wanted).filter(([key, value]) => has.get(key) !== value);
  if (differing.length === 0) return false;
  await elb.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn: arn, Attributes: differing.map(([Key, Value]) => ({ Key, Value })) }));
  return true;
}

export async function ensureTargetGroup(
  clients: Clients,
  spec: LoadBalancerSpec,
  listener: Listener,
  vpc: string,
  tags: readonly { Key: string; Value: string }[],
): Promise<EnsuredGroup> {
  const { elb } = clients;
  const Name = targetGroupName(spec, listener);
  const found = await orNone(elb.send(new DescribeTargetGroupsCommand({ Names: [Name] })), 'TargetGroupNotFoundException', 'TargetGroupNotFound');
  let group = found?.TargetGroups?.[0];
  let changed = false;
  if (group === undefined) {
    const created = await elb.send(
      new CreateTargetGroupCommand({
        Name,
        Protocol: listener.targetProtocol,
        Port: listener.nodePort,
        VpcId: vpc,
        TargetType: 'instance',
        Tags: [...tags],
        ...healthOf(spec.healthCheck),
      }),
    );
    group = created.TargetGroups![0]!;
    changed = true;
  } else if (healthDiffers(group, spec.healthCheck)) {
    await elb.send(new ModifyTargetGroupCommand({ TargetGroupArn: group.TargetGroupArn!, ...healthOf(spec.healthCheck) }));
    changed = true;
  }
  const arn = group.TargetGroupArn!;
  const attributes = await syncAttributes(clients, arn, spec.targetGroupAttributes);
  const targets = await syncTargets(clients, arn, spec);
  return { arn, changed: changed || attributes || targets };
}
