/** Who may connect: a security group for each load balancer, and the nodes' own group lets it in. */
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DeleteSecurityGroupCommand,
  DescribeSecurityGroupsCommand,
  type IpPermission,
  RevokeSecurityGroupIngressCommand,
  type SecurityGroup,
} from '@aws-sdk/client-ec2';
import type { LoadBalancerSpec } from '../../load-balancers/port.ts';
import { type Clients, orNone } from './calls.ts';

/** Kubernetes' range of node ports. */
const NODE_PORTS = { from: 30000, to: 32767 };

async function find({ ec2 }: Clients, name: string, vpc?: string): Promise<SecurityGroup | undefined> {
  const Filters = [{ Name: 'group-name', Values: [name] }, ...(vpc === undefined ? [] : [{ Name: 'vpc-id', Values: [vpc] }])];
  return (await ec2.send(new DescribeSecurityGroupsCommand({ Filters }))).SecurityGroups?.[0];
}

/** `tcp 443 10.0.0.0/8` for each opening. */
function wanted({ listeners, sourceRanges }: LoadBalancerSpec): Set<string> {
  const found = new Set<string>();
  for (const { port, protocol } of listeners) {
    const protocols = protocol === 'TCP_UDP' ? ['tcp', 'udp'] : [protocol === 'UDP' ? 'udp' : 'tcp'];
    for (const range of sourceRanges ?? ['0.0.0.0/0']) for (const one of protocols) found.add(`${one} ${port} ${range}`);
  }
  return found;
}

const actual = ({ IpPermissions = [] }: SecurityGroup): Set<string> =>
  new Set(IpPermissions.flatMap(({ IpProtocol, FromPort, IpRanges = [] }) => IpRanges.map(({ CidrIp }) => `${IpProtocol} ${FromPort} ${CidrIp}`)));

function permission(text: string): IpPermission {
  const [IpProtocol, port, CidrIp] = text.split(' ');
  return { IpProtocol: IpProtocol!, FromPort: Number(port), ToPort: Number(port), IpRanges: [{ CidrIp: CidrIp! }] };
}

/** The group's id, and whether anything was changed. `nodes`: the group of the instances, which is to let it in. */
export async function ensureSecurityGroup(
  clients: Clients,
  spec: LoadBalancerSpec,
  options: { readonly vpc: string; readonly tags: Readonly<Record<string, string>>; readonly nodes: string | undefined },
): Promise<{ readonly id: string; readonly changed: boolean }> {
  const { ec2 } = clients;
  const known = await find(clients, spec.name, options.vpc);
  let id = known?.GroupId;
  if (id === undefined) {
    const created = await ec2.send(
      new CreateSecurityGroupCommand({
        GroupName: spec.name,
        Description: `Load balancer of ${spec.tags['kubernetes.io/service-name'] ?? spec.name}`.replaceAll(/[^\w ./-]/g, '_'),
        VpcId: options.vpc,
        TagSpecifications: [{ ResourceType: 'security-group', Tags: Object.entries(options.tags).map(([Key, Value]) => ({ Key, Value })) }],
      }),
    );
    id = created.GroupId!;
  }
  const [open, has] = [wanted(spec), known === undefined ? new Set<string>() : actual(known)];
  const missing = Array.from(open.difference(has), permission);
  const surplus = Array.from(has.difference(open), permission);
  if (missing.length > 0) await orNone(ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: id, IpPermissions: missing })), 'InvalidPermission.Duplicate');
  if (surplus.length > 0) await orNone(ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId: id, IpPermissions: surplus })), 'InvalidPermission.NotFound');
  if (known === undefined && options.nodes !== undefined) {
    for (const IpProtocol of ['tcp', 'udp']) {
      await orNone(
        ec2.send(
          new AuthorizeSecurityGroupIngressCommand({
            GroupId: options.nodes,
            IpPermissions: [{ IpProtocol, FromPort: NODE_PORTS.from, ToPort: NODE_PORTS.to, UserIdGroupPairs: [{ GroupId: id, Description: spec.name }] }],
          }),
        ),
        'InvalidPermission.Duplicate',
      );
    }
  }
  return { id, changed: known === undefined || missing.length + surplus.length > 0 };
}

export async function removeSecurityGroup(clients: Clients, name: string, nodes: string | undefined): Promise<void> {
  const { ec2 } = clients;
  const known = await find(clients, name);
  if (known?.GroupId === undefined) return;
  if (nodes !== undefined) {
    for (const IpProtocol of ['tcp', 'udp']) {
      await orNone(
        ec2.send(
          new RevokeSecurityGroupIngressCommand({
            GroupId: nodes,
            IpPermissions: [{ IpProtocol, FromPort: NODE_PORTS.from, ToPort: NODE_PORTS.to, UserIdGroupPairs: [{ GroupId: known.GroupId }] }],
          }),
        ),
        'InvalidPermission.NotFound',
      );
    }
  }
  await orNone(ec2.send(new DeleteSecurityGroupCommand({ GroupId: known.GroupId })), 'InvalidGroup.NotFound', 'InvalidGroupId.NotFound');
}
