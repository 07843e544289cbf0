/** A request for a resource: which kind, which verb. */
import { methodNotRouted, noSuchResource } from '#machinery/status.ts';
import type { Kind } from '#kinds/kind.ts';
import type { User } from '../authn/port.ts';
import type { Call } from '../context.ts';
import type { DiscoveryIndex } from '../discovery/index.ts';
import type { ApiResponse } from '../door.ts';
import type { RequestInfo } from '../routing/request-info.ts';
import type { Services } from '../server.port.ts';
import type { WatchEnvironment } from '../verbs/watch.ts';
import { componentStatuses, componentStore } from './component-statuses.ts';
import { readList, readObject, readWatch } from './reads.ts';
import { type Exchange, replyText } from './reply.ts';
import { createVirtual, type VirtualIndex } from './virtual.ts';
import { writeCreate, writeDelete, writeDeleteCollection, writePatch, writeUpdate } from './writes.ts';

export interface ResourceEnvironment extends WatchEnvironment {
  readonly services: Services;
  readonly virtuals: VirtualIndex;
  readonly index: DiscoveryIndex;
  /** Logs and proxies, which answer over HTTP without an upgrade. */
  stream(info: RequestInfo, user: User, exchange: Exchange): Promise<ApiResponse> | undefined;
}

/** Methods that resources take; proxies pass on any. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** Whether the path says what the kind is: cluster-scoped kinds have no namespace in it, objects of others always have. */
function pathFits(kind: Kind, info: RequestInfo): boolean {
  if (!kind.namespaced) return info.namespace === '' || (kind.plural === 'namespaces' && kind.group === '');
  return info.namespace !== '' || info.verb === 'list' || info.verb === 'watch';
}

export async function serveResource(environment: ResourceEnvironment, info: RequestInfo, user: User, exchange: Exchange): Promise<ApiResponse> {
  const { services } = environment;
  const handler = environment.virtuals.find(info);
  const routed = METHODS.has(exchange.request.method) || info.subresource === 'proxy';
  if (handler !== undefined) {
    if (info.verb !== 'create') throw methodNotRouted();
    return createVirtual(services, handler, info, user, exchange);
  }
  const streamed = !routed ? undefined : environment.stream(info, user, exchange);
  if (streamed !== undefined) return streamed;
  const component = info.group === '' && info.version === 'v1' && info.resource === componentStatuses.plural;
  const kind = component ? (componentStatuses as unknown as Kind) : services.registry.byResource(info.group, info.version, info.resource);
  if (kind === undefined) {
    if (services.registry.virtual(info.group, info.version, info.resource) !== undefined) throw methodNotRouted();
    if (environment.index.version(info.group, info.version) === undefined) {
      if (environment.index.groups().some(({ group }) => group === info.group)) throw noSuchResource();
      return replyText(exchange, 404, '404 page not found\n');
    }
    throw noSuchResource();
  }
  if (!pathFits(kind, info)) {
    if (kind.namespaced && info.namespace === '' && info.name === '') throw methodNotRouted();
    throw noSuchResource();
  }
  if (!routed) throw methodNotRouted();
  if (kind.custom !== undefined) exchange.warnings.push(...kind.custom.warnings);
  if (kind.deprecation !== undefined) exchange.warnings.push(kind.deprecation);
  const call: Call = {
    parts: component ? { ...services.partsFor(kind), store: componentStore(services.store) } : services.partsFor(kind),
    kind,
    user,
    namespace: kind.namespaced ? info.namespace : '',
    name: info.name,
    subresource: info.subresource,
    warnings: exchange.warnings,
    annotations: exchange.annotations,
    requestId: exchange.requestId,
  };
  if (info.subresource === '') return serveMain(environment, info.verb, call, exchange);
  return serveSubresource(call, exchange, info);
}

function serveMain(environment: ResourceEnvironment, verb: string, call: Call, exchange: Exchange): Promise<ApiResponse> {
  const can = call.kind.verbs as readonly string[];
  if (!can.includes(verb)) throw methodNotRouted();
  switch (verb) {
    case 'get':
      return readObject(call, exchange);
    case 'list':
      return readList(call, exchange);
    case 'watch':
      return readWatch(call, exchange, environment);
    case 'create':
      if (call.name !== '') throw methodNotRouted();
      return writeCreate(call, exchange);
    case 'update':
      return writeUpdate(needName(call), exchange);
    case 'patch':
      return writePatch(needName(call), exchange);
    case 'delete':
      return writeDelete(call, exchange);
    case 'deletecollection':
      return writeDeleteCollection(call, exchange);
    default:
      throw methodNotRouted();
  }
}

function needName(call: Call): Call {
  if (call.name === '') throw methodNotRouted();
  return call;
}

function serveSubresource(call: Call, exchange: Exchange, info: RequestInfo): Promise<ApiResponse> {
  const { kind, subresource } = call;
  const isScale = subresource === 'scale' && kind.scale !== undefined;
  const door = kind.stored.find(({ name }) => name === subresource);
  if (!isScale && door === undefined) throw noSuchResource();
  if (door !== undefined && !(door.verbs as readonly string[]).includes(info.verb)) throw methodNotRouted();
  switch (info.verb) {
    case 'get':
      return readObject(call, exchange);
    case 'update':
      return writeUpdate(call, exchange);
    case 'patch':
      return writePatch(call, exchange);
    default:
      throw methodNotRouted();
  }
}
