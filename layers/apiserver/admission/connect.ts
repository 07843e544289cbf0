/** Admission of connections: exec, attach, port-forward, and proxies of pods, services and nodes (operation CONNECT). */
import type { KubeObject } from '#machinery/object.ts';
import type { User } from '../authn/port.ts';
import { flag, parseQuery, type Query } from '../routing/query.ts';
import type { RequestInfo } from '../routing/request-info.ts';
import type { Services } from '../server.port.ts';
import { Reinvocation } from './extension/reinvocation.ts';
import { mutate } from './chain.ts';
import type { AdmissionAttributes, AdmissionServices } from './port.ts';

const streams = (query: Query): object => Object.fromEntries((['stdin', 'stdout', 'stderr', 'tty'] as const).filter((name) => flag(query, name)).map((name) => [name, true]));

/** The options of a connection as the object that is admitted. */
function optionsOf({ resource, subresource, rest }: RequestInfo, query: Query): KubeObject | undefined {
  const kind = (name: string, fields: object): KubeObject => ({ kind: name, apiVersion: 'v1', metadata: {}, ...fields });
  const container = query.get('container');
  const named = container === null || container === '' ? {} : { container };
  switch (subresource) {
    case 'exec':
      return kind('PodExecOptions', { ...streams(query), ...named, command: query.getAll('command') });
    case 'attach':
      return kind('PodAttachOptions', { ...streams(query), ...named });
    case 'portforward':
      return kind('PodPortForwardOptions', { ports: query.getAll('ports').flatMap((ports) => ports.split(',').map(Number)) });
    case 'proxy':
      return kind(resource === 'pods' ? 'PodProxyOptions' : resource === 'services' ? 'ServiceProxyOptions' : 'NodeProxyOptions', { path: rest });
    default:
      return undefined;
  }
}

export interface Notes {
  warn(text: string): void;
  annotate(key: string, value: string): void;
}

/** @throws ApiError for a connection that is refused */
export async function admitConnect(services: Services, info: RequestInfo, user: User, search: string, { warn, annotate }: Notes): Promise<void> {
  const object = optionsOf(info, parseQuery(search));
  if (object === undefined) return;
  const { metadata: _, ...sent } = object;
  const attributes: AdmissionAttributes = {
    operation: 'CONNECT',
    kind: undefined,
    group: info.group,
    version: info.version,
    resource: info.resource,
    subresource: info.subresource,
    namespace: info.namespace,
    name: info.name,
    object: sent as KubeObject,
    oldObject: undefined,
    options: {},
    user,
    dryRun: false,
    warn,
    annotate,
    reinvocation: new Reinvocation(),
    // nothing is stored here
    addWrites() {},
  };
  const shared: AdmissionServices = { store: services.store, context: { clock: services.clock, ids: services.ids } };
  const plugins = services.admission.filter((plugin) => plugin.handles(attributes));
  await mutate(plugins, attributes, shared);
  for (const plugin of plugins) await plugin.validate?.(attributes, shared);
}
