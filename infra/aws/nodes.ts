/** Docker hosts: a launch template, a group that keeps their number, and a role that may touch what is a node's own. */
import { Fn, Stack, Tags } from 'aws-cdk-lib';
import { AutoScalingGroup, GroupMetrics, UpdatePolicy } from 'aws-cdk-lib/aws-autoscaling';
import {
  BlockDeviceVolume,
  EbsDeviceVolumeType,
  InstanceType,
  GatewayVpcEndpointAwsService,
  type IMachineImage,
  IpAddresses,
  type IVpc,
  InstanceArchitecture,
  LaunchTemplate,
  LaunchTemplateHttpTokens,
  MachineImage,
  AmazonLinuxCpuType,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  UserData,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { Effect, type IInstanceProfile, InstanceProfile, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { FunctionUrl } from 'aws-cdk-lib/aws-lambda';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';
import { NODE_TAG } from '#queue/sqs/node-queues.ts';
import { nodeQueuePrefix } from './queues.ts';
import type { Settings } from './settings.ts';
import { userDataLines } from './user-data.ts';

/** Room for images. GiB. */
const DISK_GIB = 30;
/** Apart from the pods' and services' ranges. */
const VPC_CIDR = '10.60.0.0/16';
const POD_CIDR = '10.244.0.0/16';
const SERVICE_CIDR = '10.96.0.0/16';
const CLUSTER_DNS = '10.96.0.10';

export interface NodesOptions {
  readonly settings: Settings;
  readonly table: Table;
  readonly agents: FunctionUrl;
  /** The folder with the agent's code. */
  readonly agentBundle: string;
}

export interface Nodes {
  readonly group: AutoScalingGroup;
  readonly role: Role;
  readonly vpcId: string;
  readonly securityGroupId: string;
}

function image({ image: id, instanceType, local }: Settings, region: string): IMachineImage {
  if (id !== undefined) return MachineImage.genericLinux({ [region]: id, 'us-east-1': id });
  if (local) return MachineImage.genericLinux({ 'us-east-1': 'ami-00000000000000000' });
  const arm = new InstanceType(instanceType).architecture === InstanceArchitecture.ARM_64;
  return MachineImage.latestAmazonLinux2023({ cpuType: arm ? AmazonLinuxCpuType.ARM_64 : AmazonLinuxCpuType.X86_64 });
}

export function createNodes(scope: Construct, { settings, table, agents, agentBundle }: NodesOptions): Nodes {
  const stack = Stack.of(scope);
  const { partition, region, account } = stack;
  // public subnets and no NAT gateway: an installation without nodes costs nothing
  const network = new Vpc(scope, 'Network', {
    ipAddresses: IpAddresses.cidr(VPC_CIDR),
    maxAzs: 2,
    natGateways: 0,
    subnetConfiguration: [{ name: 'public', subnetType: SubnetType.PUBLIC, cidrMask: 20 }],
    restrictDefaultSecurityGroup: false,
  });
  // the library's own types do not hold under exactOptionalPropertyTypes
  const vpc = network as IVpc;
  for (const subnet of vpc.publicSubnets) Tags.of(subnet).add('kubernetes.io/role/elb', '1');
  network.addGatewayEndpoint('DynamoDB', { service: GatewayVpcEndpointAwsService.DYNAMODB });

  const ports = new SecurityGroup(scope, 'NodePorts', { vpc, description: 'Nodes and pods of one installation among themselves', allowAllOutbound: true });
  ports.addIngressRule(Peer.ipv4(VPC_CIDR), Port.allTraffic(), 'nodes and pods among themselves, and health checks of load balancers');

  // the reconciler lets load balancers in, by this tag
  Tags.of(ports).add('paperplane', settings.name);

  const role = new Role(scope, 'NodeRole', { roleName: `${settings.name}-node`, assumedBy: new ServicePrincipal('ec2.amazonaws.com'), description: `nodes of ${settings.name}` });
  const agent = new Asset(scope, 'Agent', { path: agentBundle });
  role.addToPolicy(new PolicyStatement({ actions: ['s3:GetObject'], resources: [`arn:${partition}:s3:::${agent.s3BucketName}/${agent.s3ObjectKey}`] }));
  agents.grantInvokeUrl(role);
  // its own doorbell alone: the reconciler marks each queue with what IAM calls the session of its instance
  role.addToPolicy(
    new PolicyStatement({
      effect: Effect.ALLOW,
      actions: ['sqs:GetQueueUrl', 'sqs:ReceiveMessage', 'sqs:DeleteMessage'],
      resources: [`arn:${partition}:sqs:${region}:${account}:${nodeQueuePrefix(settings)}*`],
      conditions: { StringEquals: { [`aws:ResourceTag/${NODE_TAG}`]: '${aws:userid}' } },
    }),
  );
  // its own partition of the table alone: it reads which pods it must run, and writes its heartbeat and nothing else
  const own = { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['*/n/${aws:userid}'] }, Null: { 'dynamodb:LeadingKeys': 'false' } };
  role.addToPolicy(new PolicyStatement({ effect: Effect.ALLOW, actions: ['dynamodb:Query'], resources: [table.tableArn], conditions: own }));
  role.addToPolicy(
    new PolicyStatement({
      effect: Effect.ALLOW,
      actions: ['dynamodb:UpdateItem'],
      resources: [table.tableArn],
      conditions: { ...own, 'ForAllValues:StringEquals': { 'dynamodb:Attributes': ['pk', 'sk', 'renewed', 'beats'] }, StringEqualsIfExists: { 'dynamodb:ReturnValues': 'NONE' } },
    }),
  );
  // pods' addresses are routed by the instances: each switches the check of its own network card off
  role.addToPolicy(
    new PolicyStatement({
      effect: Effect.ALLOW,
      actions: ['ec2:ModifyInstanceAttribute'],
      resources: [`arn:${partition}:ec2:${region}:${account}:instance/*`],
      conditions: { StringEquals: { 'ec2:SourceInstanceARN': '${ec2:SourceInstanceARN}', 'ec2:Attribute': 'SourceDestCheck', 'aws:ResourceTag/paperplane': settings.name } },
    }),
  );

  const userData = UserData.forLinux();
  userData.addCommands(
    ...userDataLines({
      region,
      cluster: settings.defaultCluster,
      server: Fn.select(0, [agents.url]),
      agent: agent.s3ObjectUrl,
      arch: new InstanceType(settings.instanceType).architecture === InstanceArchitecture.ARM_64 ? 'arm64' : 'x64',
      clusterCIDR: POD_CIDR,
      serviceCIDR: SERVICE_CIDR,
      clusterDNS: CLUSTER_DNS,
    }),
  );
  const template = new LaunchTemplate(scope, 'NodeTemplate', {
    launchTemplateName: `${settings.name}-node`,
    machineImage: image(settings, region),
    instanceType: new InstanceType(settings.instanceType),
    instanceProfile: new InstanceProfile(scope, 'NodeProfile', { role }) as IInstanceProfile,
    securityGroup: ports,
    associatePublicIpAddress: true,
    // one hop: pods do not reach the instance's identity
    httpTokens: LaunchTemplateHttpTokens.REQUIRED,
    httpPutResponseHopLimit: 1,
    blockDevices: [{ deviceName: '/dev/xvda', volume: BlockDeviceVolume.ebs(DISK_GIB, { encrypted: true, volumeType: EbsDeviceVolumeType.GP3, deleteOnTermination: true }) }],
    userData,
  });
  const group = new AutoScalingGroup(scope, 'Nodes', {
    vpc,
    vpcSubnets: { subnetType: SubnetType.PUBLIC },
    launchTemplate: template,
    minCapacity: 0,
    maxCapacity: settings.maxNodes,
    // where nothing is said the group keeps the number that it has
    ...(settings.nodes > 0 ? { desiredCapacity: settings.nodes } : {}),
    groupMetrics: [GroupMetrics.all()],
    updatePolicy: UpdatePolicy.rollingUpdate({ maxBatchSize: 1, minInstancesInService: 0 }),
  });
  Tags.of(group).add('paperplane', settings.name, { applyToLaunchedInstances: true });
  Tags.of(group).add(`kubernetes.io/cluster/${settings.defaultCluster}`, 'owned', { applyToLaunchedInstances: true });
  return { group, role, vpcId: network.vpcId, securityGroupId: ports.securityGroupId };
}
