/** Puts the parts of a control plane together: the only place that knows them all. */
import { defaultPlugins } from '#apiserver/admission/default-plugins.ts';
import { clientCertificates } from '#apiserver/authn/client-certificate.ts';
import { serviceAccountTokens } from '#apiserver/authn/service-accounts.ts';
import { secretTokens, tokenKeys } from '#apiserver/authn/service-account-tokens.ts';
import { firstOf } from '#apiserver/authn/union.ts';
import { nodeAuthorizer } from '#apiserver/authz/node.ts';
import { bootstrapRbac } from '#apiserver/authz/rbac-bootstrap.ts';
import { rbacAuthorizer } from '#apiserver/authz/rbac/authorizer.ts';
import { openRbacState } from '#apiserver/authz/rbac/state.ts';
import { systemMasters } from '#apiserver/authz/system-masters.ts';
import { inOrder } from '#apiserver/authz/union.ts';
import { createLocalClient } from '#apiserver/local-client.ts';
import { processMetrics } from '#apiserver/metrics/process.ts';
import { Metrics } from '#apiserver/metrics/registry.ts';
import { type ApiServer, createApiServer } from '#apiserver/server.ts';
import { localMetrics } from '#apiserver/resource-metrics/server.ts';
import { reviewHandlers } from '#apiserver/virtual/reviews.ts';
import { tokenRequest } from '#apiserver/virtual/token-request.ts';
import { startControllers } from '#control/start.ts';
import { nodeAddressBalancers } from '#cloud/local/load-balancers.ts';
import { bootstrap } from '#controllers/bootstrap/controller.ts';
import { apiServerControllers, clusterControllers } from '#controllers/index.ts';
import { serviceLbController } from '#controllers/service-lb/controller.ts';
import { probeRemote } from '#apiserver/aggregation/forward.ts';
import { remoteDocument, remoteItems } from '#apiserver/aggregation/collection.ts';
import { backendOf, storedRemotes } from '#apiserver/aggregation/remotes.ts';
import { followDefinitions, storedDefinitions } from '#apiserver/custom/definitions.ts';
import { DynamicRegistry } from '#kinds/custom/registry.ts';
import { builtInKinds } from '#kinds/registry.ts';
import { systemClock as clock, systemIds as ids } from '#machinery/system.ts';
import { openMemoryQueue } from '#queue/memory/queue.ts';
import { SCHEDULER_RESOURCES } from '#scheduler/feed.ts';
import { startScheduler } from '#scheduler/scheduler.ts';
import { openEmbeddedStore } from '#store/embedded/store.ts';
import { readFileSync } from 'node:fs';
import { openAudit, tokenAuthenticators } from './access/access.ts';
import { CLUSTER_DOMAIN } from './cluster.ts';
import { openDoor } from './door/door.ts';
import { localVolumes } from './host-path-volumes.ts';
import { openidPaths } from './openid.ts';
import { certificateAuthority } from './pki/authority.ts';
import { directDialer } from './door/dialer.ts';
import type { ControlPlaneConfig } from './programs.ts';

/** A key that failed this often becomes a dead letter, with an Event to tell. */
const MAX_RECEIVES = 15;
const ISSUER = `https://kubernetes.default.svc.${CLUSTER_DOMAIN}`;

export type Log = (message: string, error?: unknown) => void;

export async function runControlPlane(config: ControlPlaneConfig, log: Log): Promise<{ stop(): Promise<void> }> {
  const random = Math.random;
  const store = await openEmbeddedStore({ directory: config.storeDirectory, cluster: config.cluster, clock, onError: (error) => log('store', error) });
  const registry = new DynamicRegistry(builtInKinds(), storedDefinitions(store));
  const unfollow = await followDefinitions(
    store,
    () => registry.refresh(),
    (error) => log('definitions of custom resources', error),
  );
  const metrics = new Metrics();
  processMetrics(metrics);
  const caPem = readFileSync(config.caFile, 'utf8');

  const keys = tokenKeys(readFileSync(config.serviceAccountKeyFile, 'utf8'), ISSUER);
  const audiences = [ISSUER];
  const tokens = serviceAccountTokens(keys, store, clock, audiences);
  const others = firstOf(await tokenAuthenticators(config.access ?? {}, store, clock));
  const audit = openAudit(config.access ?? {}, config.auditLog, clock, (error) => log('the audit log', error));
  const rbac = await openRbacState(store);
  const authorizer = inOrder([systemMasters, nodeAuthorizer(store, () => clock.now()), rbacAuthorizer(rbac)]);
  const frontProxy = { certPem: readFileSync(config.frontProxy.certFile, 'utf8'), keyPem: readFileSync(config.frontProxy.keyFile, 'utf8') };
  const localRemotes = [localMetrics()];
  let ready = false;
  const server: ApiServer = createApiServer({
    store,
    registry,
    admission: defaultPlugins({
      serviceCIDR: config.serviceCIDR,
      nodePorts: config.nodePorts,
      defaultTolerationSeconds: config.defaultTolerationSeconds,
      random,
      rbac,
      services: () => server.services,
    }),
    authenticator: firstOf([clientCertificates(), tokens, others]),
    authorizer,
    virtuals: [
      tokenRequest(keys, audiences),
      ...reviewHandlers({
        authorizer,
        rbac,
        tokens,
        apiAudiences: audiences,
        otherTokens: (token) =>
          others.authenticate({ method: 'GET', path: '/', query: '', headers: { authorization: `Bearer ${token}` }, body: undefined, signal: AbortSignal.abort() }),
      }),
    ],
    frontProxy,
    dialer: directDialer({ caPem, certPem: readFileSync(config.kubeletClient.certFile, 'utf8'), keyPem: readFileSync(config.kubeletClient.keyFile, 'utf8') }),
    clock,
    ids,
    random,
    metrics,
    ...(audit === undefined ? {} : { audit: audit.auditor }),
    log: (message, error) => log(message, error),
    paths: openidPaths(keys, ISSUER),
    localRemotes,
    health: [
      {
        name: 'bootstrap',
        live: false,
        check() {
          if (!ready) throw new Error('the bootstrap objects are not there yet');
        },
      },
    ],
  });
  const door = await openDoor(server, {
    addresses: config.listen,
    port: config.port,
    certPem: readFileSync(config.serving.certFile, 'utf8'),
    keyPem: readFileSync(config.serving.keyFile, 'utf8'),
    clientCaPem: caPem,
    log: (message, error) => log(message, error),
  });

  const client = createLocalClient(server.services);
  const system = client.as('system:apiserver', ['system:masters']);
  const bootstrapOptions = {
    apiAddress: config.apiAddress,
    apiPort: config.port,
    serviceCidr: config.serviceCIDR,
    clientCa: caPem,
    requestHeaderCa: readFileSync(config.frontProxy.caFile, 'utf8'),
  };
  await bootstrap(bootstrapOptions, system);
  await bootstrapRbac(system);
  const remotes = storedRemotes(store, frontProxy, localRemotes);
  const queue = openMemoryQueue({ clock, maxReceives: MAX_RECEIVES, onDead: ({ body, receives }) => log(`gave up on ${body} after ${receives} tries`) });
  const control = startControllers({
    store,
    queue,
    client,
    clock,
    ids,
    random,
    registry,
    maxReceives: MAX_RECEIVES,
    alsoKeep: [...SCHEDULER_RESOURCES],
    onError: (what, error) => log(what, error),
    controllers: [
      ...(config.without.includes('controllers') ? [] : [serviceLbController({ balancers: nodeAddressBalancers(), cluster: config.cluster })]),
      ...(config.without.includes('controllers') ? apiServerControllers : clusterControllers)({
        registry,
        caBundle: caPem,
        clusterCidr: config.podCIDR,
        bootstrap: bootstrapOptions,
        hostPathVolumes: localVolumes(config.volumesDirectory),
        authority: certificateAuthority(caPem, readFileSync(config.caKeyFile, 'utf8')),
        secretToken: secretTokens(keys, audiences, clock, ids),
        podMetrics: (namespace, labelSelector) => remoteItems(server.services, remotes, { group: 'metrics.k8s.io', version: 'v1beta1', plural: 'pods', namespace, labelSelector }),
        metricsApi: (question) => remoteDocument(server.services, remotes, question),
        probeApiService: (object) => probeRemote(server.services, backendOf(object, frontProxy)!, object.spec?.group ?? '', object.spec?.version ?? ''),
      }),
    ],
  });
  await control.ready;
  const scheduler = config.without.includes('scheduler')
    ? undefined
    : startScheduler({ cache: control.cache, client, events: control.events, clock, random, onError: (what, error) => log(what, error) });
  ready = true;
  return {
    async stop() {
      await door.close();
      await scheduler?.stop();
      await control.stop();
      await queue.close();
      rbac.close();
      unfollow();
      await audit?.close();
      await store.close();
    },
  };
}
