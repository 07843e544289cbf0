/** The functions: one bundle and one role each, and no more rights than its code uses. */
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { ITable, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, FilterCriteria, Function as LambdaFunction, type IFunction, Runtime, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { DynamoEventSource, SqsDlq, SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { HANDLER } from '#infra/bundle/bundle.ts';
import { CHANGE_ATTRIBUTE, CHANGE_TYPES } from '#store/dynamodb/table.ts';
import { CONSUMER_SECONDS, nodeQueuePrefix, type Queues } from './queues.ts';
import type { Settings } from './settings.ts';

export const FUNCTIONS = ['api', 'dispatcher', 'scheduler', 'reconciler', 'timer', 'cloud-events'] as const;
export type FunctionName = (typeof FUNCTIONS)[number];
/** Folders with each function's code, as infra/bundle makes them. */
export type Bundles = Readonly<Record<FunctionName, string>>;

/** Megabytes: processor time comes with memory. The scheduler keeps a picture of the whole cluster. */
const MEMORY: Readonly<Record<FunctionName, number>> = { api: 512, dispatcher: 512, scheduler: 1024, reconciler: 512, timer: 256, 'cloud-events': 256 };
/** A watch lasts as long as the function may. */
const SECONDS: Readonly<Record<FunctionName, number>> = {
  api: 900,
  dispatcher: CONSUMER_SECONDS,
  scheduler: CONSUMER_SECONDS,
  reconciler: CONSUMER_SECONDS,
  timer: CONSUMER_SECONDS,
  'cloud-events': CONSUMER_SECONDS,
};
/** Of an account's thousand: watches must not starve writes, nor controllers the API. */
const RESERVED: Partial<Readonly<Record<FunctionName, number>>> = { api: 500, reconciler: 50, scheduler: 10, dispatcher: 40 };

const READ = ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'];
const WRITE = ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem', 'dynamodb:ConditionCheckItem', 'dynamodb:BatchWriteItem'];

export interface FunctionsOptions {
  readonly settings: Settings;
  readonly table: Table;
  readonly queues: Queues;
  readonly bundles: Bundles;
  readonly timerRuleName: string;
}

export type Functions = Readonly<Record<FunctionName, LambdaFunction>>;

const allow = (actions: readonly string[], resources: readonly string[]): PolicyStatement =>
  new PolicyStatement({ effect: Effect.ALLOW, actions: [...actions], resources: [...resources] });

function create(scope: Construct, name: FunctionName, { settings, bundles }: FunctionsOptions, environment: Readonly<Record<string, string>>): LambdaFunction {
  const id = name.replace(/(^|-)(\w)/g, (_, __, letter: string) => letter.toUpperCase());
  const functionName = `${settings.name}-${name}`;
  const logGroup = new LogGroup(scope, `${id}Log`, { logGroupName: `/aws/lambda/${functionName}`, retention: RetentionDays.TWO_WEEKS, removalPolicy: RemovalPolicy.DESTROY });
  const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com'), description: `the ${name} function of ${settings.name}` });
  logGroup.grantWrite(role);
  const reserved = settings.reserveConcurrency && !settings.local ? RESERVED[name] : undefined;
  return new LambdaFunction(scope, id, {
    functionName,
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    code: Code.fromAsset(bundles[name]),
    handler: HANDLER,
    memorySize: MEMORY[name],
    timeout: Duration.seconds(SECONDS[name]),
    role,
    logGroup,
    environment: { NODE_OPTIONS: '--enable-source-maps', ...environment },
    ...(reserved === undefined ? {} : { reservedConcurrentExecutions: reserved }),
  });
}

export function createFunctions(scope: Construct, options: FunctionsOptions): Functions {
  const { settings, table, queues, timerRuleName } = options;
  const { partition, region, account } = Stack.of(scope);
  const nodeQueues = `arn:${partition}:sqs:${region}:${account}:${nodeQueuePrefix(settings)}*`;
  const timerRule = `arn:${partition}:events:${region}:${account}:rule/${timerRuleName}`;
  const environment = {
    PAPERPLANE_NAME: settings.name,
    PAPERPLANE_TABLE: table.tableName,
    PAPERPLANE_RECONCILE_QUEUE_URL: queues.reconcile.queueUrl,
    PAPERPLANE_SCHEDULE_QUEUE_URL: queues.schedule.queueUrl,
    PAPERPLANE_LATER_QUEUE_URL: queues.later.queueUrl,
    PAPERPLANE_NODE_QUEUE_PREFIX: nodeQueuePrefix(settings),
    PAPERPLANE_DEFAULT_CLUSTER: settings.defaultCluster,
    PAPERPLANE_ADMINISTRATORS: settings.administrators.join(','),
    PAPERPLANE_TIMER_RULE: timerRuleName,
  };
  const make = (name: FunctionName): LambdaFunction => create(scope, name, options, environment);
  const functions: Functions = {
    api: make('api'),
    dispatcher: make('dispatcher'),
    scheduler: make('scheduler'),
    reconciler: make('reconciler'),
    timer: make('timer'),
    'cloud-events': make('cloud-events'),
  };
  const rights = (name: FunctionName, actions: readonly string[], resources: readonly string[]): void => functions[name].addToRolePolicy(allow(actions, resources));

  for (const name of ['api', 'scheduler', 'reconciler', 'cloud-events'] as const) rights(name, [...READ, ...WRITE], [table.tableArn]);
  // reading a log may have to fill the holes that lost writers left in it, and moves the hint where to begin
  for (const name of ['dispatcher', 'timer'] as const) rights(name, [...READ, 'dynamodb:PutItem', 'dynamodb:UpdateItem'], [table.tableArn]);

  const sends: readonly (readonly [FunctionName, readonly string[]])[] = [
    ['api', [queues.reconcile.queueArn]],
    ['dispatcher', [queues.reconcile.queueArn, queues.schedule.queueArn, nodeQueues]],
    ['scheduler', [queues.later.queueArn]],
    ['reconciler', [queues.reconcile.queueArn, queues.later.queueArn]],
    ['timer', [queues.reconcile.queueArn, queues.schedule.queueArn]],
  ];
  for (const [name, arns] of sends) rights(name, ['sqs:SendMessage'], arns);
  rights('dispatcher', ['sqs:GetQueueUrl'], [nodeQueues]);
  // a node's queue comes and goes with it
  rights('reconciler', ['sqs:CreateQueue', 'sqs:TagQueue', 'sqs:GetQueueUrl', 'sqs:DeleteQueue'], [nodeQueues]);
  rights('reconciler', ['sqs:ChangeMessageVisibility'], [queues.reconcile.queueArn]);
  rights('reconciler', ['events:EnableRule'], [timerRule]);
  rights('timer', ['events:DisableRule'], [timerRule]);
  loadBalancers(functions.reconciler, settings);

  functions.dispatcher.addEventSource(
    new DynamoEventSource(table as ITable, {
      startingPosition: StartingPosition.TRIM_HORIZON,
      // in an emulator the local gateway delivers, with Lambda's rules
      enabled: !settings.local,
      batchSize: 100,
      parallelizationFactor: 10,
      bisectBatchOnError: true,
      retryAttempts: 5,
      maxRecordAge: Duration.minutes(10),
      onFailure: new SqsDlq(queues.undelivered),
      filters: [FilterCriteria.filter({ dynamodb: { NewImage: { [CHANGE_ATTRIBUTE]: { S: [...CHANGE_TYPES] } } } })],
    }),
  );
  functions.reconciler.addEventSource(new SqsEventSource(queues.reconcile, { enabled: !settings.local, batchSize: 10, reportBatchItemFailures: true }));
  functions.timer.addEventSource(new SqsEventSource(queues.later, { enabled: !settings.local, batchSize: 10, reportBatchItemFailures: true }));
  functions.scheduler.addEventSource(new SqsEventSource(queues.schedule, { enabled: !settings.local, batchSize: 10, reportBatchItemFailures: true }));
  return functions;
}

/** Network Load Balancers of Services: only those that carry the installation's tag may be changed. */
function loadBalancers(reconciler: IFunction, { name }: Settings): void {
  const { partition, region, account } = Stack.of(reconciler);
  const arn = (what: string): string => `arn:${partition}:elasticloadbalancing:${region}:${account}:${what}`;
  const ours = { StringEquals: { 'aws:ResourceTag/paperplane': name } };
  const made = { StringEquals: { 'aws:RequestTag/paperplane': name } };
  const elb = (actions: readonly string[]): string[] => actions.map((action) => `elasticloadbalancing:${action}`);
  const resources = [arn('loadbalancer/net/k8s-*'), arn('targetgroup/k8s-*'), arn('listener/net/k8s-*')];
  const statement = (actions: readonly string[], where: readonly string[], conditions?: Record<string, unknown>): void => {
    reconciler.addToRolePolicy(new PolicyStatement({ actions: [...actions], resources: [...where], ...(conditions === undefined ? {} : { conditions }) }));
  };
  // describing knows no resources
  statement(
    [
      ...elb([
        'DescribeLoadBalancers',
        'DescribeLoadBalancerAttributes',
        'DescribeTargetGroups',
        'DescribeTargetGroupAttributes',
        'DescribeTargetHealth',
        'DescribeListeners',
        'DescribeTags',
      ]),
      'ec2:DescribeInstances',
      'ec2:DescribeSubnets',
      'ec2:DescribeSecurityGroups',
    ],
    ['*'],
  );
  statement(elb(['CreateLoadBalancer', 'CreateTargetGroup', 'CreateListener']), resources, made);
  statement(
    elb([
      'ModifyLoadBalancerAttributes',
      'DeleteLoadBalancer',
      'SetSubnets',
      'SetSecurityGroups',
      'ModifyTargetGroup',
      'ModifyTargetGroupAttributes',
      'DeleteTargetGroup',
      'RegisterTargets',
      'DeregisterTargets',
      'ModifyListener',
      'DeleteListener',
      'AddTags',
      'RemoveTags',
    ]),
    resources,
    ours,
  );
  statement(elb(['AddTags']), resources, { StringEquals: { 'elasticloadbalancing:CreateAction': ['CreateLoadBalancer', 'CreateTargetGroup', 'CreateListener'] } });
  // a security group a service: who may reach its node ports
  const group = `arn:${partition}:ec2:${region}:${account}:security-group/*`;
  statement(['ec2:CreateSecurityGroup'], [group, `arn:${partition}:ec2:${region}:${account}:vpc/*`]);
  statement(['ec2:CreateTags'], [group], { StringEquals: { 'ec2:CreateAction': 'CreateSecurityGroup', 'aws:RequestTag/paperplane': name } });
  statement(['ec2:AuthorizeSecurityGroupIngress', 'ec2:RevokeSecurityGroupIngress', 'ec2:DeleteSecurityGroup'], [group], ours);
}
