/** An installation: everything that is deployed, put together. */
import { CfnOutput, Stack, Tags } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { createAlarms } from './alarms.ts';
import { costSummary } from './cost.ts';
import { createDoors } from './doors.ts';
import { createEvents, timerRuleName } from './events.ts';
import { explain } from './explained.ts';
import { type Bundles, createFunctions } from './functions.ts';
import { createNodes } from './nodes.ts';
import { createQueues } from './queues.ts';
import { type Settings, settingsOf } from './settings.ts';
import { createTable } from './table.ts';

/** Queues that an event source mapping polls. */
const MAPPED_QUEUES = 3;

export interface Code {
  readonly functions: Bundles;
  readonly agent: string;
}

export class PaperplaneStack extends Stack {
  readonly settings: Settings;

  constructor(scope: Construct, code: Code, settings: Settings = settingsOf(scope.node)) {
    super(scope, settings.name, { description: 'Paperplane: a Kubernetes control plane with no servers', stackName: settings.name });
    this.settings = settings;
    const table = createTable(this, settings);
    const queues = createQueues(this, settings);
    const functions = createFunctions(this, { settings, table, queues, bundles: code.functions, timerRuleName: timerRuleName(settings) });
    const { api, agents } = createDoors(this, settings, functions.api);
    createEvents(this, settings, functions, queues);
    createAlarms(this, settings, queues);
    const nodes = createNodes(this, { settings, table, agents, agentBundle: code.agent });
    functions.reconciler.addEnvironment('PAPERPLANE_VPC', nodes.vpcId);
    functions.reconciler.addEnvironment('PAPERPLANE_NODE_SECURITY_GROUP', nodes.securityGroupId);
    functions.api.addEnvironment('PAPERPLANE_NODE_ROLE', nodes.role.roleName);
    // who binds pods, renews leases or makes queues names a node's own things as IAM knows its session
    for (const name of ['api', 'scheduler', 'reconciler', 'cloud-events'] as const) functions[name].addEnvironment('PAPERPLANE_NODE_ROLE_ID', nodes.role.roleId);
    Tags.of(this).add('paperplane:installation', settings.name);

    const output = (id: string, value: string, description: string): void => void new CfnOutput(this, id, { value, description });
    output('ApiUrl', api.url, 'server of the kubeconfig');
    output('AgentUrl', agents.url, 'the door of the nodes');
    output('TableName', table.tableName, 'all state');
    output('NodeGroup', nodes.group.autoScalingGroupName, 'the Auto Scaling group of the nodes');
    output('Cost', costSummary(settings.instanceType, MAPPED_QUEUES), 'what it costs');
    explain(this, settings.name);
  }
}
