/** The API server put together: from a request to its answer, whatever door it came through. */
import type { Duplex } from 'node:stream';
import type { KindRegistry } from '#kinds/kind.ts';
import { builtInKinds } from '#kinds/registry.ts';
import { DynamicRegistry } from '#kinds/custom/registry.ts';
import { schemaOfKind } from '#kinds/schema.ts';
import type { Clock, Ids, Random } from '#machinery/clock.ts';
import type { Store } from '#store/port.ts';
import type { AdmissionPlugin } from './admission/port.ts';
import type { Authenticator, User } from './authn/port.ts';
import type { Authorizer } from './authz/port.ts';
import { remoteDocuments } from './aggregation/documents.ts';
import { forward, forwardUpgrade } from './aggregation/forward.ts';
import { type Remote, storedRemotes } from './aggregation/remotes.ts';
import type { ClientCertificate } from './backends/connect.ts';
import { converter } from './custom/convert.ts';
import { storedDefinitions } from './custom/definitions.ts';
import { customServing } from './custom/serving.ts';
import { conversionWebhook } from './custom/webhook.ts';
import { DiscoveryIndex } from './discovery/index.ts';
import { openApiRoutes } from './discovery/openapi.ts';
import { discoveryRoutes } from './discovery/routes.ts';
import type { BuildInfo } from './discovery/version.ts';
import { versionDocument, KUBERNETES_VERSION } from './discovery/version.ts';
import type { ApiRequest, ApiResponse } from './door.ts';
import type { Auditor } from './audit/auditor.ts';
import { handle, type HandlerParts } from './http/handle.ts';
import { type HealthCheck, healthRoutes } from './http/health.ts';
import { RequestMetrics } from './http/metrics.ts';
import { type PathRoute, Paths } from './http/paths.ts';
import { type Exchange, reply, replyText } from './http/reply.ts';
import { serveResource } from './http/resource.ts';
import { VirtualIndex } from './http/virtual.ts';
import { Metrics } from './metrics/registry.ts';
import { JSON_TYPE, requireJson } from './represent/media.ts';
import type { RequestInfo } from './routing/request-info.ts';
import type { Services } from './server.port.ts';
import { serveStream } from './streams/plain.ts';
import { type Elsewhere, serveUpgrade } from './streams/upgrade.ts';
import type { NodeDialer } from './streams/port.ts';
import { bindings, podBinding } from './virtual/binding.ts';
import { podEviction } from './virtual/eviction.ts';
import type { VirtualHandler } from './virtual/port.ts';
import { WatchClock } from './watch/clocked.ts';

export interface ApiServerOptions {
  readonly store: Store;
  readonly registry: KindRegistry;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  /** In the order of the chain. */
  readonly admission: readonly AdmissionPlugin[];
  /** Besides those the server brings itself (bindings, evictions). */
  readonly virtuals?: readonly VirtualHandler[];
  readonly dialer?: NodeDialer;
  /** How this server shows itself to the servers behind APIServices, so that they believe it who asks. */
  readonly frontProxy?: ClientCertificate;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly random: Random;
  /** Series are added to it; absent: one of its own. */
  readonly metrics?: Metrics;
  readonly audit?: Auditor;
  readonly log: (message: string, error: unknown) => void;
  readonly build?: Partial<BuildInfo>;
  readonly health?: readonly HealthCheck[];
  /** Groups that this process serves as other servers would. */
  readonly localRemotes?: readonly Remote[];
  /** More paths beside the resources (OIDC documents). */
  readonly paths?: readonly PathRoute[];
}

export interface ApiServer {
  readonly metrics: Metrics;
  readonly services: Services;
  /** Never rejects: what goes wrong is a Status. */
  handle(request: ApiRequest): Promise<ApiResponse>;
  /** Takes over the connection of a request that asked for it (exec, attach, port-forward, proxied upgrades). */
  upgrade(request: ApiRequest, socket: Duplex, head: Uint8Array): Promise<void>;
}

function schemaOfBody({ group, version, kind }: { readonly group: string; readonly version: string; readonly kind: string }): ReturnType<Services['bodySchema']> {
  const schema = schemaOfKind(group, version, kind);
  if (schema === undefined) throw new Error(`no schema for ${group}/${version} ${kind}`);
  return schema;
}

const KIND_PATHS = /^\/(?:apis|openapi)(?:\/|$)/;

/** Whatever is not built in may have been defined, changed or taken away by somebody else a moment ago. */
function needsFreshKinds({ isResource, group, version, resource, path }: RequestInfo): boolean {
  return isResource ? builtInKinds().byResource(group, version, resource) === undefined && group !== '' : KIND_PATHS.test(path);
}

/** `/apis/metrics.k8s.io/v1beta1/...` and `/openapi/v3/apis/metrics.k8s.io/v1beta1` belong to whoever serves that group and version. */
function versionOfPath(path: string): readonly [group: string, version: string] {
  const [, group = '', version = ''] = /^(?:\/openapi\/v3)?\/apis\/([^/]+)\/([^/]+)/.exec(path) ?? [];
  return [group, version];
}

export function createApiServer(options: ApiServerOptions): ApiServer {
  const metrics = options.metrics ?? new Metrics();
  const virtuals = [podBinding, bindings, podEviction, ...(options.virtuals ?? [])];
  const registry = options.registry instanceof DynamicRegistry ? options.registry : new DynamicRegistry(options.registry, storedDefinitions(options.store));
  const custom = customServing(registry, converter(conversionWebhook(() => services)));
  const services: Services = {
    store: options.store,
    registry,
    partsFor: (kind) => custom.partsFor(services, kind),
    admission: options.admission,
    authenticator: options.authenticator,
    authorizer: options.authorizer,
    virtuals,
    dialer: options.dialer,
    clock: options.clock,
    ids: options.ids,
    random: options.random,
    metrics,
    audit: options.audit,
    log: options.log,
    bodySchema: schemaOfBody,
  };
  const watches = new WatchClock(options.clock);
  const openWatches = metrics.gauge('apiserver_registered_watchers', 'Watches that are open.');
  metrics.collect(() => openWatches.set(watches.size));
  const index = new DiscoveryIndex(registry);
  const remotes = storedRemotes(options.store, options.frontProxy, options.localRemotes);
  const documents = remoteDocuments(() => services, remotes, options.clock);
  const environment = {
    services,
    index,
    virtuals: new VirtualIndex(virtuals),
    clock: watches,
    random: options.random,
    stream: (info: RequestInfo, user: User, exchange: Exchange) => serveStream(services, info, user, exchange),
  };
  const version = JSON.stringify(versionDocument({ gitVersion: `${KUBERNETES_VERSION}+paperplane`, gitCommit: '', buildDate: '1970-01-01T00:00:00Z', ...options.build }));
  const paths: Paths = new Paths([
    {
      path: '/version',
      methods: ['GET'],
      handle: (exchange) => {
        requireJson(exchange.request.headers['accept']);
        return reply(exchange, 200, JSON_TYPE, version);
      },
    },
    { path: '/metrics', handle: (exchange) => replyText(exchange, 200, metrics.text()) },
    { path: '/', handle: (exchange) => reply(exchange, 200, JSON_TYPE, JSON.stringify({ paths: paths.list() })) },
    ...discoveryRoutes(index),
    ...openApiRoutes(registry, documents, () => options.clock.now()),
    ...healthRoutes([
      { name: 'ping', live: true, check: () => undefined },
      // by the name that monitors know
      { name: 'etcd', live: false, check: async () => void (await options.store.frontier('namespaces')) },
      ...(options.health ?? []),
    ]),
    ...(options.paths ?? []),
  ]);
  const requestMetrics = new RequestMetrics(metrics);
  const parts: HandlerParts = {
    services,
    metrics: requestMetrics,
    serve(info, user: User, exchange) {
      const answer = (): Promise<ApiResponse> | ApiResponse => (info.isResource ? serveResource(environment, info, user, exchange) : paths.serve(info, user, exchange));
      if (!needsFreshKinds(info)) return answer();
      return Promise.all([registry.refresh(), remotes.refresh()]).then(async () => {
        const [group, version] = info.isResource ? [info.group, info.version] : versionOfPath(info.path);
        const remote = version === '' ? undefined : remotes.find(group, version);
        if (remote !== undefined) return forward(services, remote, exchange.request, user, exchange);
        if (!info.isResource && info.path.startsWith('/apis')) index.setRemotes(await documents.versions());
        return answer();
      });
    },
  };
  return {
    metrics,
    services,
    handle: (request) => handle(parts, request),
    upgrade(request, socket, head) {
      const elsewhere: Elsewhere = async (info) => {
        if (!info.isResource || !needsFreshKinds(info)) return undefined;
        await remotes.refresh();
        const remote = remotes.find(info.group, info.version);
        return remote === undefined ? undefined : (user) => forwardUpgrade(services, remote, request, user, socket, head);
      };
      return serveUpgrade(services, requestMetrics, elsewhere, request, socket, head);
    },
  };
}
