/** Create-only resources and subresources: decode, admission over what was decoded, the handler. */
import { forbiddenRequest, noSuchResource } from '#machinery/status.ts';
import { mutate } from '../admission/chain.ts';
import { Reinvocation } from '../admission/extension/reinvocation.ts';
import type { AdmissionAttributes, AdmissionServices } from '../admission/port.ts';
import type { User } from '../authn/port.ts';
import type { ApiResponse } from '../door.ts';
import { encodeObject, typeOf } from '../represent/encode.ts';
import { negotiate } from '../represent/media.ts';
import { parseQuery, writeOptions } from '../routing/query.ts';
import type { RequestInfo } from '../routing/request-info.ts';
import type { Services } from '../server.port.ts';
import type { VirtualHandler, VirtualRequest } from '../virtual/port.ts';
import { decodeBody } from '../write/decode.ts';
import { prettied } from './reads.ts';
import { type Exchange, reply } from './reply.ts';

export class VirtualIndex {
  readonly #handlers = new Map<string, VirtualHandler>();

  constructor(handlers: readonly VirtualHandler[]) {
    for (const handler of handlers) this.#handlers.set(`${handler.group}/${handler.version}/${handler.resource}/${handler.subresource}`, handler);
  }

  find({ group, version, resource, subresource }: RequestInfo): VirtualHandler | undefined {
    return this.#handlers.get(`${group}/${version}/${resource}/${subresource}`);
  }

  all(): Iterable<VirtualHandler> {
    return this.#handlers.values();
  }
}

export async function createVirtual(services: Services, handler: VirtualHandler, info: RequestInfo, user: User, exchange: Exchange): Promise<ApiResponse> {
  if (handler.namespaced !== (info.namespace !== '')) throw noSuchResource();
  if (handler.subresource !== '' && info.name === '') throw noSuchResource();
  const { headers, body } = exchange.request;
  const form = negotiate(headers['accept'], 'plain', true);
  const query = parseQuery(exchange.request.query);
  const options = writeOptions(query, headers['user-agent'], 'CreateOptions');
  const schema = services.registry.virtual(handler.body.group, handler.body.version, handler.resource)?.schema ?? services.bodySchema(handler.body);
  const object = decodeBody(body, headers['content-type'], { ...handler.body, schema }, options.fieldValidation, exchange.warnings);
  if (handler.subresource !== '' && !object.metadata.name) object.metadata.name = info.name;
  if (handler.namespaced) {
    if (!object.metadata.namespace) object.metadata.namespace = info.namespace;
    else if (object.metadata.namespace !== info.namespace)
      throw forbiddenRequest({ group: info.group, resource: info.resource }, info.name, 'the namespace of the provided object does not match the namespace sent on the request');
  }
  const warn = (text: string): void => void exchange.warnings.push(text);
  const annotate = (key: string, value: string): void => void (exchange.annotations[key] = value);
  const request: VirtualRequest = { object, namespace: info.namespace, name: info.name, user, dryRun: options.dryRun, requestId: exchange.requestId, services, warn, annotate };
  await admitVirtual(services, info, request);
  const { object: result, code } = await handler.create(request);
  const shown = prettied(form, exchange, query);
  return reply(exchange, code ?? 201, typeOf(shown), encodeObject(result, shown));
}

type Target = Pick<RequestInfo, 'group' | 'version' | 'resource' | 'subresource' | 'namespace' | 'name'>;

/** Admission over the body of a create that stores nothing. */
export async function admitVirtual(services: Services, { group, version, resource, subresource, namespace, name }: Target, request: VirtualRequest): Promise<void> {
  const attributes: AdmissionAttributes = {
    operation: 'CREATE',
    kind: undefined,
    group,
    version,
    resource,
    subresource,
    namespace,
    name,
    object: request.object,
    oldObject: undefined,
    options: {},
    user: request.user,
    dryRun: request.dryRun,
    warn: request.warn,
    ...(request.annotate === undefined ? {} : { annotate: request.annotate }),
    reinvocation: new Reinvocation(),
    // nothing is stored here: what must move together is the handler's
    addWrites() {},
  };
  const shared: AdmissionServices = { store: services.store, context: { clock: services.clock, ids: services.ids } };
  const plugins = services.admission.filter((plugin) => plugin.handles(attributes));
  await mutate(plugins, attributes, shared);
  for (const plugin of plugins) await plugin.validate?.(attributes, shared);
}
