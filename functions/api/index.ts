/** Entry of the api function. */
import { identifyAwsTokens, awsCallers, awsTokens } from '#apiserver/authn/aws/authenticator.ts';
import { awsAuth } from '#apiserver/authn/aws/mapping.ts';
import { askSts } from '#apiserver/authn/aws/sts.ts';
import { storedDefinitions } from '#apiserver/custom/definitions.ts';
import { DynamicRegistry } from '#kinds/custom/registry.ts';
import { builtInKinds } from '#kinds/registry.ts';
import { awsInstallation, awsSettings } from '../shared/aws.ts';
import { openCluster } from '../shared/cluster.ts';
import { clusterPool } from '../shared/clusters.ts';
import { environmentDialer } from '../shared/dialer.ts';
import { createApiHandler } from './handler.ts';
import { createInstallation, installationName } from './installation.ts';

/** Definitions of custom resources may be this old when a request is served. */
const DEFINITIONS_AGE_MS = 1_000;

const settings = awsSettings();
const installation = awsInstallation();
const { clusters, clock, ids, random, log } = installation;
const ask = askSts(settings.stsEndpoint);
const dialer = environmentDialer();

const open = clusterPool(clusters, clock, async (record) => {
  const store = await installation.openStore(record.id);
  const registry = new DynamicRegistry(builtInKinds(), storedDefinitions(store));
  await registry.refresh();
  const access = async () => [...record.access, ...(await awsAuth(store))];
  const authenticators = [awsTokens({ cluster: record.name, ask, access, clock }), ...(settings.nodeRole === undefined ? [] : [awsCallers({ nodeRole: settings.nodeRole })])];
  const cluster = await openCluster({ record, store, registry, authenticators, ...(dialer === undefined ? {} : { dialer }), clock, ids, random, log });
  let refreshed = clock.now();
  return {
    ...cluster,
    async wake() {
      await cluster.wake();
      if (clock.now() - refreshed < DEFINITIONS_AGE_MS) return;
      refreshed = clock.now();
      await registry.refresh();
    },
  };
});

export const handler = awslambda.streamifyResponse(
  createApiHandler({
    cluster: open,
    defaultCluster: settings.defaultCluster,
    installation: createInstallation({
      clusters,
      reconcile: installation.queues.reconcile,
      identify: identifyAwsTokens({ cluster: installationName(settings.name), ask, clock }),
      administrators: settings.administrators,
      clock,
      ids,
    }),
    clock,
    log,
  }),
);
