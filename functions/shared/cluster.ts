/** The API server of one cluster inside a function: the parts of every place of running, over the state that functions share. */
import { defaultPlugins } from '#apiserver/admission/default-plugins.ts';
import { bootstrapTokens } from '#apiserver/authn/bootstrap-tokens.ts';
import { bearerToken } from '#apiserver/authn/bearer.ts';
import type { Authenticator } from '#apiserver/authn/port.ts';
import { serviceAccountTokens } from '#apiserver/authn/service-accounts.ts';
import { secretTokens, tokenKeys } from '#apiserver/authn/service-account-tokens.ts';
import { firstOf } from '#apiserver/authn/union.ts';
import { nodeAuthorizer } from '#apiserver/authz/node.ts';
import { rbacAuthorizer } from '#apiserver/authz/rbac/authorizer.ts';
import { openRbacState } from '#apiserver/authz/rbac/state.ts';
import { systemMasters } from '#apiserver/authz/system-masters.ts';
import { inOrder } from '#apiserver/authz/union.ts';
import { createLocalClient } from '#apiserver/local-client.ts';
import { type ApiServer, createApiServer } from '#apiserver/server.ts';
import type { NodeDialer } from '#apiserver/streams/port.ts';
import { reviewHandlers } from '#apiserver/virtual/reviews.ts';
import { tokenRequest } from '#apiserver/virtual/token-request.ts';
import type { ClusterRecord } from '#cloud/clusters/port.ts';
import type { Client } from '#control/client.ts';
import type { KindRegistry } from '#kinds/kind.ts';
import type { Clock, Ids, Random } from '#machinery/clock.ts';
import { unauthorized } from '#machinery/status.ts';
import type { Store } from '#store/port.ts';
import type { Log } from './log.ts';
import { openidPaths } from '#infra/local/openid.ts';
import { pulledStore } from './pulled-store.ts';

export const CLUSTER_DOMAIN = 'cluster.local';
const ISSUER = `https://kubernetes.default.svc.${CLUSTER_DOMAIN}`;
const NODE_PORTS = [30000, 32767] as const;
/** A lost node's pods move after this, as in the local place of running. */
const TOLERATION_SECONDS = 20;
/** Roles and bindings, webhooks and policies may be this old when a request is judged: what an informer of kube-apiserver lags behind. */
const RBAC_AGE_MS = 1_000;

export interface ClusterParts {
  readonly record: ClusterRecord;
  readonly store: Store;
  readonly registry: KindRegistry;
  /** Besides service account tokens, asked first. */
  readonly authenticators: readonly Authenticator[];
  readonly dialer?: NodeDialer;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly random: Random;
  readonly log: Log;
}

export interface Cluster {
  readonly server: ApiServer;
  /** For controllers: the verbs without HTTP. */
  readonly client: Client;
  /** Makes the token of a service account that is kept in a Secret. */
  readonly secretToken: ReturnType<typeof secretTokens>;
  /** To be awaited at the beginning of each request: what the environment remembers is brought up to now, or is not older than this. */
  wake(maxAgeMs?: number): Promise<void>;
}

/** A token that nobody knows is no anonymous request: the client should hear that its login is over. */
const unknownTokens: Authenticator = {
  authenticate: async (request) => {
    if (bearerToken(request) !== undefined) throw unauthorized();
    return undefined;
  },
};

export async function openCluster({ record, store, registry, authenticators, dialer, clock, ids, random, log }: ClusterParts): Promise<Cluster> {
  const followed = pulledStore(store, clock);
  const rbac = await openRbacState(followed);
  let caughtUp = clock.now();
  const keys = tokenKeys(record.serviceAccountKey, ISSUER);
  const audiences = [ISSUER];
  const tokens = serviceAccountTokens(keys, store, clock, audiences);
  const authorizer = inOrder([systemMasters, nodeAuthorizer(store, () => clock.now()), rbacAuthorizer(rbac)]);
  const others = firstOf([...authenticators, bootstrapTokens(store, clock)]);
  let admissionServices: ApiServer['services'] | undefined;
  const server: ApiServer = createApiServer({
    store,
    registry,
    admission: defaultPlugins({
      serviceCIDR: record.serviceCIDR,
      nodePorts: NODE_PORTS,
      defaultTolerationSeconds: TOLERATION_SECONDS,
      random,
      rbac,
      // webhooks and policies are followed as roles are: an environment that was frozen must not judge by those of before
      services: () => (admissionServices ??= { ...server.services, store: followed }),
    }),
    authenticator: firstOf([others, tokens, unknownTokens]),
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
    ...(dialer === undefined ? {} : { dialer }),
    clock,
    ids,
    random,
    log: (message, error) => log(message, error, { cluster: record.name }),
    paths: openidPaths(keys, ISSUER),
  });
  return {
    server,
    client: createLocalClient(server.services),
    secretToken: secretTokens(keys, audiences, clock, ids),
    async wake(maxAgeMs = RBAC_AGE_MS) {
      const now = clock.now();
      if (now - caughtUp < maxAgeMs) return;
      await followed.catchUp();
      caughtUp = now;
    },
  };
}
