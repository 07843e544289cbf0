/** Entry of the reconciler function: the only one that speaks to EC2 and Elastic Load Balancing. */
import { openClients } from '#cloud/aws/load-balancers/calls.ts';
import { awsLoadBalancers } from '#cloud/aws/load-balancers/engine.ts';
import { awsRule } from '#cloud/aws/rules.ts';
import { serviceLbController } from '#controllers/service-lb/controller.ts';
import { awsInstallation, awsSettings } from '../shared/aws.ts';
import { timerSwitch } from '../shared/controllers.ts';
import { openWorlds } from '../shared/worlds.ts';
import { createReconciler } from './handler.ts';

const settings = awsSettings();
const installation = awsInstallation();
const balancers = awsLoadBalancers({
  clients: openClients(),
  installation: settings.name,
  ...(process.env['PAPERPLANE_VPC'] ? { vpc: process.env['PAPERPLANE_VPC'] } : {}),
  ...(process.env['PAPERPLANE_NODE_SECURITY_GROUP'] ? { nodeSecurityGroup: process.env['PAPERPLANE_NODE_SECURITY_GROUP'] } : {}),
});
const rule = settings.timerRule === undefined ? undefined : awsRule(settings.timerRule);

export const handler = createReconciler({
  installation,
  worlds: openWorlds(installation, (record) => ({
    moreControllers: [serviceLbController({ balancers, cluster: record.name }), ...(rule === undefined ? [] : [timerSwitch(rule)])],
  })),
});
