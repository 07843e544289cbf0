import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, test } from 'vitest';
import { GATEWAY_RESPONSES } from '#infra/gateway/door/gateway-responses.ts';
import { monthlyCosts } from './cost.ts';
import { FUNCTIONS, type FunctionName } from './functions.ts';
import { BadSetting } from './settings.ts';
import { type Code, PaperplaneStack } from './stack.ts';
import { nodePackage } from './user-data.ts';

/** Any code will do: what is asserted is what surrounds it. */
function code(): Code {
  const folder = mkdtempSync(join(tmpdir(), 'paperplane-cdk-'));
  const one = (name: string): string => {
    mkdirSync(join(folder, name, 'function'), { recursive: true });
    writeFileSync(join(folder, name, 'function', 'index.mjs'), `// ${name}`);
    return join(folder, name);
  };
  return { functions: Object.fromEntries(FUNCTIONS.map((name) => [name, one(name)])) as Record<FunctionName, string>, agent: one('agent') };
}
const made = code();
function synthesize(context: Record<string, string> = {}): Template {
  return Template.fromStack(new PaperplaneStack(new App({ context }), made));
}
const template = synthesize();

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}
/** The statements of the role whose id begins so. */
function statementsOf(role: string): readonly Statement[] {
  const policies = Object.values(template.findResources('AWS::IAM::Policy')) as unknown as readonly {
    readonly Properties: { readonly Roles: readonly { readonly Ref: string }[]; readonly PolicyDocument: { readonly Statement: readonly Statement[] } };
  }[];
  return policies.filter(({ Properties }) => Properties.Roles.some(({ Ref }) => Ref.startsWith(role))).flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
}
const actionsOf = (role: string): string[] =>
  statementsOf(role)
    .flatMap(({ Action }) => Action)
    .sort();

describe('the stack', () => {
  test('has one table with a stream of new images, a time to live and recovery', () => {
    template.resourceCountIs('AWS::DynamoDB::Table', 1);
    template.hasResourceProperties('AWS::DynamoDB::Table', {
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      StreamSpecification: { StreamViewType: 'NEW_IMAGE' },
      TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      DeletionProtectionEnabled: true,
    });
    template.hasResource('AWS::DynamoDB::Table', { DeletionPolicy: 'Retain' });
    synthesize({ removeState: 'true' }).hasResource('AWS::DynamoDB::Table', { DeletionPolicy: 'Delete' });
  });

  test('runs each function on arm64 with the current runtime', () => {
    const functions = Object.values(template.findResources('AWS::Lambda::Function')) as unknown as readonly { readonly Properties: Record<string, unknown> }[];
    const ours = functions.filter(({ Properties }) => String(Properties['FunctionName']).startsWith('paperplane-'));
    expect(ours.map(({ Properties }) => Properties['FunctionName']).sort()).toEqual(FUNCTIONS.map((name) => `paperplane-${name}`).sort());
    for (const { Properties } of ours) expect(Properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'], Handler: 'function/index.handler' });
  });

  test('streams the API for a quarter of an hour, on every path, with Status objects for the gateway’s own answers', () => {
    template.hasResourceProperties('AWS::ApiGateway::RestApi', { BinaryMediaTypes: ['*/*'] });
    const methods = Object.values(template.findResources('AWS::ApiGateway::Method')) as unknown as readonly {
      readonly Properties: { readonly HttpMethod: string; readonly Integration: Record<string, unknown> };
    }[];
    expect(methods).toHaveLength(2);
    for (const { Properties } of methods) {
      expect(Properties.HttpMethod).toBe('ANY');
      expect(Properties.Integration).toMatchObject({ Type: 'AWS_PROXY', ResponseTransferMode: 'STREAM', TimeoutInMillis: 900_000 });
      expect(JSON.stringify(Properties.Integration['Uri'])).toContain('response-streaming-invocations');
    }
    template.resourceCountIs('AWS::ApiGateway::GatewayResponse', GATEWAY_RESPONSES.length);
    template.hasResourceProperties('AWS::ApiGateway::GatewayResponse', {
      ResponseType: 'THROTTLED',
      StatusCode: '429',
      ResponseParameters: { 'gatewayresponse.header.Retry-After': "'1'" },
      ResponseTemplates: { 'application/json': Match.stringLikeRegexp('"reason":"TooManyRequests"') },
    });
    template.hasResourceProperties('AWS::Lambda::Url', { AuthType: 'AWS_IAM', InvokeMode: 'RESPONSE_STREAM' });
  });

  test('feeds one dispatcher with changes only, bounded, halving what fails', () => {
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: 5,
      MaximumRecordAgeInSeconds: 600,
      ParallelizationFactor: 10,
      DestinationConfig: { OnFailure: Match.anyValue() },
      FilterCriteria: { Filters: [{ Pattern: '{"dynamodb":{"NewImage":{"type":{"S":["created","updated","removed"]}}}}' }] },
    });
    for (const queue of ['Reconcile', 'Schedule', 'Later']) {
      template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
        EventSourceArn: Match.objectLike({ 'Fn::GetAtt': [Match.stringLikeRegexp(`^${queue}`), 'Arn'] }),
        FunctionResponseTypes: ['ReportBatchItemFailures'],
      });
    }
  });

  test('keeps a key in one place by FIFO groups, and messages for later in a queue that can delay', () => {
    for (const name of ['reconcile', 'schedule']) {
      template.hasResourceProperties('AWS::SQS::Queue', {
        QueueName: `paperplane-${name}.fifo`,
        FifoQueue: true,
        FifoThroughputLimit: 'perMessageGroupId',
        RedrivePolicy: { maxReceiveCount: 12, deadLetterTargetArn: Match.anyValue() },
      });
    }
    template.hasResourceProperties('AWS::SQS::Queue', { QueueName: 'paperplane-later', RedrivePolicy: Match.anyValue() });
  });

  test('starts no timer without nodes, and hears of instances that go', () => {
    template.hasResourceProperties('AWS::Events::Rule', { Name: 'paperplane-timer', State: 'DISABLED' });
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: { source: ['aws.ec2'], 'detail-type': ['EC2 Instance State-change Notification'], detail: { state: ['shutting-down', 'terminated', 'stopping', 'stopped'] } },
    });
  });

  test('has a group of Docker hosts that begins with none', () => {
    template.hasResourceProperties('AWS::AutoScaling::AutoScalingGroup', { MinSize: '0', DesiredCapacity: Match.absent(), MaxSize: '10' });
    synthesize({ nodes: '3' }).hasResourceProperties('AWS::AutoScaling::AutoScalingGroup', { DesiredCapacity: '3' });
    template.hasResourceProperties('AWS::EC2::LaunchTemplate', {
      LaunchTemplateData: {
        InstanceType: 't4g.small',
        MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
        BlockDeviceMappings: [{ Ebs: { Encrypted: true, VolumeType: 'gp3' } }],
      },
    });
    const userData = JSON.stringify(template.findResources('AWS::EC2::LaunchTemplate'));
    for (const text of [
      'dnf install -y docker',
      nodePackage('arm64').integrity.slice(7),
      'paperplane-agent.service',
      'RestartSec=2',
      '--aws-config /etc/paperplane/agent.json',
      '--no-source-dest-check',
    ])
      expect(userData).toContain(text);
    template.resourceCountIs('AWS::EC2::NatGateway', 0);
  });

  test('refuses settings that make no sense', () => {
    expect(() => synthesize({ name: 'Not A Name' })).toThrow(BadSetting);
    expect(() => synthesize({ nodes: '-1' })).toThrow(BadSetting);
    expect(() => synthesize({ administrators: 'me' })).toThrow(BadSetting);
  });

  test('without streaming for emulators', () => {
    const local = synthesize({ local: 'true' });
    const methods = JSON.stringify(local.findResources('AWS::ApiGateway::Method'));
    expect(methods).not.toContain('STREAM');
    local.hasResourceProperties('AWS::Lambda::Url', { InvokeMode: 'BUFFERED' });
  });

  test('says what it costs', () => {
    const costs = new Map(monthlyCosts('t4g.small', 3).map(({ what, dollars }) => [what, dollars]));
    expect(costs.get('idle')).toBe(0);
    expect(3 * costs.get('per node, control plane')!).toBeLessThan(2);
    template.hasOutput('Cost', { Value: Match.stringLikeRegexp('idle: 0.00 \\$ a month.*per node.*per load balancer: ') });
  });
});

describe('rights', () => {
  test('of functions that only read the log cannot change objects', () => {
    for (const role of ['DispatcherRole', 'TimerRole']) {
      expect(actionsOf(role)).not.toContain('dynamodb:DeleteItem');
      expect(actionsOf(role).filter((action) => action.startsWith('elasticloadbalancing'))).toEqual([]);
    }
  });

  test('to EC2 and load balancers has the reconciler alone', () => {
    for (const role of ['ApiRole', 'DispatcherRole', 'SchedulerRole', 'TimerRole', 'CloudEventsRole'])
      expect(actionsOf(role).filter((action) => /^(ec2|elasticloadbalancing):/.test(action))).toEqual([]);
    expect(actionsOf('ReconcilerRole')).toContain('elasticloadbalancing:CreateLoadBalancer');
  });

  test('never reach everything, but where AWS knows no resources', () => {
    for (const role of ['ApiRole', 'DispatcherRole', 'SchedulerRole', 'ReconcilerRole', 'TimerRole', 'CloudEventsRole', 'NodeRole']) {
      for (const { Action, Resource } of statementsOf(role)) {
        const actions = [Action].flat();
        expect(actions.filter((action) => action.includes('*'))).toEqual([]);
        if (Resource === '*') expect(actions.every((action) => /^(?:ec2|elasticloadbalancing):Describe|^dynamodb:ListStreams$/.test(action))).toBe(true);
      }
    }
  });

  test('of a node end at its own queue and its own partition', () => {
    const statements = statementsOf('NodeRole');
    const of = (service: string) => statements.filter(({ Action }) => [Action].flat().some((action) => action.startsWith(`${service}:`)));
    const own = { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['*/n/${aws:userid}'] }, Null: { 'dynamodb:LeadingKeys': 'false' } };
    expect(of('dynamodb').map(({ Action, Condition }) => [Action, Condition])).toEqual([
      ['dynamodb:Query', own],
      [
        'dynamodb:UpdateItem',
        { ...own, 'ForAllValues:StringEquals': { 'dynamodb:Attributes': ['pk', 'sk', 'renewed', 'beats'] }, StringEqualsIfExists: { 'dynamodb:ReturnValues': 'NONE' } },
      ],
    ]);
    expect(of('sqs').map(({ Action, Condition }) => [Action, Condition])).toEqual([
      [['sqs:GetQueueUrl', 'sqs:ReceiveMessage', 'sqs:DeleteMessage'], { StringEquals: { 'aws:ResourceTag/paperplane:instance': '${aws:userid}' } }],
    ]);
    // queues are made by who may not take from them, and the other way round
    for (const role of ['NodeRole', 'ApiRole', 'DispatcherRole', 'CloudEventsRole']) expect(actionsOf(role)).not.toContain('sqs:CreateQueue');
    for (const action of ['sqs:CreateQueue', 'sqs:TagQueue', 'sqs:DeleteQueue']) expect(actionsOf('ReconcilerRole')).toContain(action);
  });

  test('by which functions name what is a node’s own as IAM does', () => {
    for (const name of ['api', 'scheduler', 'reconciler', 'cloud-events'])
      template.hasResourceProperties('AWS::Lambda::Function', {
        FunctionName: `paperplane-${name}`,
        Environment: { Variables: Match.objectLike({ PAPERPLANE_NODE_ROLE_ID: { 'Fn::GetAtt': [Match.stringLikeRegexp('^NodeRole'), 'RoleId'] } }) },
      });
  });
});

test('cdk-nag finds nothing that is not explained', () => {
  const app = new App();
  const stack = new PaperplaneStack(app, made);
  const checks = new AwsSolutionsChecks(app);
  Validations.of(app).addPlugins(checks);
  const written: string[] = [];
  const write = process.stderr.write.bind(process.stderr);
  process.stderr.write = ((text: string) => written.push(text) > 0) as typeof process.stderr.write;
  try {
    app.synth();
  } catch (error) {
    written.push(String(error));
  } finally {
    process.stderr.write = write;
  }
  expect(stack.stackName).toBe('paperplane');
  expect(written.join('')).toBe('');
}, 60_000);

test('the template is as it was', () => {
  const json = JSON.stringify(template.toJSON(), null, 1)
    // the hash of what is deployed, and of what a deployment of the API depends on
    .replaceAll(/[0-9a-f]{64}/g, 'HASH')
    .replaceAll(/(RestDeployment[0-9A-F]{8})[0-9a-f]{32}/g, '$1HASH');
  expect(json).toMatchSnapshot();
}, 60_000);
