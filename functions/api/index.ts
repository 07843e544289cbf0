/** Entry of the api function. */
import { identifyAwsTokens } from '#apiserver/authn/aws/authenticator.ts';
import { askSts } from '#apiserver/authn/aws/sts.ts';
import { apiClusters } from '../shared/api-clusters.ts';
import { awsInstallation, awsSettings } from '../shared/aws.ts';
import { environmentDialer } from '../shared/dialer.ts';
import { createApiHandler } from './handler.ts';
import { createInstallation, installationName } from './installation.ts';
import { nodePlace } from './node-place.ts';

const settings = awsSettings();
const installation = awsInstallation();
const { clusters, clock, ids, log } = installation;
const ask = askSts(settings.stsEndpoint);

const cluster = apiClusters({ installation, ask, nodeRole: settings.nodeRole, dialer: environmentDialer() });

const placeOf = nodePlace({ installation, nodeRole: settings.nodeRole });
const administration = createInstallation({
  clusters,
  reconcile: installation.queues.reconcile,
  identify: identifyAwsTokens({ cluster: installationName(settings.name), ask, clock }),
  administrators: settings.administrators,
  clock,
  ids,
});

export const handler = awslambda.streamifyResponse(
  createApiHandler({
    cluster,
    defaultCluster: settings.defaultCluster,
    installation: async (request) => (await placeOf(request)) ?? administration(request),
    clock,
    log,
  }),
);
