/** Rules of cdk-nag that this stack breaks, each where it breaks them and with its reason. Everything else must be clean. */
import { type Stack, Validations } from 'aws-cdk-lib';

const PACK = 'AwsSolutions::AwsSolutions';

interface Explained {
  /** Path within the stack. */
  readonly at: string;
  readonly rules: readonly string[];
  readonly reason: string;
}

const ARN = (service: string, what: string): string => `IAM5[Resource::arn:<AWS::Partition>:${service}:<AWS::Region>:<AWS::AccountId>:${what}]`;

export function explain(stack: Stack, name: string): void {
  const nodeQueues = ARN('sqs', `${name}-node-*`);
  const explained: readonly Explained[] = [
    { at: 'Undelivered', rules: ['SQS3'], reason: 'It is the dead-letter queue: of the table stream and of EventBridge, which are no queues' },
    { at: 'DispatcherRole', rules: [nodeQueues], reason: 'Queues of nodes come and go with them; the prefix is the installation’s own' },
    { at: 'ReconcilerRole', rules: [nodeQueues], reason: 'It makes and removes queues of nodes; the prefix is the installation’s own' },
    { at: 'DispatcherRole', rules: ['IAM5[Resource::*]'], reason: 'dynamodb:ListStreams knows no resources; the event source mapping asks for it' },
    { at: 'ReconcilerRole', rules: ['IAM5[Resource::*]'], reason: 'Describe actions of EC2 and Elastic Load Balancing know no resources' },
    {
      at: 'ReconcilerRole',
      rules: ['loadbalancer/net/k8s-*', 'targetgroup/k8s-*', 'listener/net/k8s-*'].map((what) => ARN('elasticloadbalancing', what)),
      reason: 'Load balancers of Services get their names at run time; a condition asks for the installation’s tag',
    },
    {
      at: 'ReconcilerRole',
      rules: [ARN('ec2', 'security-group/*'), ARN('ec2', 'vpc/*')],
      reason: 'Security groups get their ids at run time; a condition asks for the installation’s tag to change one',
    },
    { at: 'NodeRole', rules: [nodeQueues], reason: 'A condition ends it at the queue that carries the instance’s own id' },
    { at: 'NodeRole', rules: [ARN('ec2', 'instance/*')], reason: 'Conditions end it at the instance itself, and at one attribute' },
    { at: 'Rest', rules: ['APIG2'], reason: 'The API server validates: bodies are of hundreds of kinds, and some of types that are defined later' },
    {
      at: 'Rest',
      rules: ['IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]'],
      reason: 'The account’s own role for access logs; AWS keeps what it needs',
    },
    { at: 'Rest', rules: ['APIG6'], reason: 'Execution logs hold headers, and so tokens; access logs without them are on' },
    { at: 'Rest', rules: ['APIG3'], reason: 'A web ACL costs 5 $ a month idle; it is added where the API is to be fenced' },
    { at: 'Rest/Default', rules: ['APIG4', 'COG4'], reason: 'The API server authenticates and authorizes; an authorizer in front limits paths to 1,600 bytes' },
    { at: 'Network', rules: ['VPC7'], reason: 'Flow logs are charged by traffic; whoever needs them adds them' },
    { at: 'Nodes', rules: ['AS3'], reason: 'The cloud-events function hears of instances that go, by EventBridge' },
  ];
  for (const { at, rules, reason } of explained) {
    const construct = at.split('/').reduce((node, id) => node.node.findChild(id), stack as Parameters<typeof Validations.of>[0]);
    for (const rule of rules) Validations.of(construct).acknowledge({ id: `${PACK}-${rule}`, reason });
  }
}
