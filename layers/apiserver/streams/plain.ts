/** Streaming subresources asked for without an upgrade. */
import { badRequest, methodNotAllowed } from '#machinery/status.ts';
import { admitConnect } from '../admission/connect.ts';
import type { User } from '../authn/port.ts';
import type { ApiResponse } from '../door.ts';
import type { Exchange } from '../http/reply.ts';
import type { RequestInfo } from '../routing/request-info.ts';
import type { Services } from '../server.port.ts';
import { podLog } from './logs.ts';
import { isPodStream } from './pod-stream.ts';
import { proxy } from './proxy.ts';
import { readStored } from './target.ts';

export function serveStream(services: Services, info: RequestInfo, user: User, exchange: Exchange): Promise<ApiResponse> | undefined {
  if (info.group !== '' || info.name === '') return undefined;
  if (info.subresource === 'proxy') return proxied(services, info, user, exchange);
  if (!isPodStream(info)) return undefined;
  if (info.subresource !== 'log') return unasked(services, info);
  if (info.verb !== 'get') throw methodNotAllowed({ group: '', resource: 'pods/log' }, info.verb);
  return podLog(services, info, exchange);
}

/** A pod that is not there is told before the upgrade that was not asked for. @throws ApiError 404, 400 */
async function unasked(services: Services, { namespace, name }: RequestInfo): Promise<never> {
  await readStored(services, 'pods', namespace, name);
  throw badRequest('Upgrade request required');
}

async function proxied(services: Services, info: RequestInfo, user: User, exchange: Exchange): Promise<ApiResponse> {
  const { warnings, annotations } = exchange;
  await admitConnect(services, info, user, exchange.request.query, { warn: (text) => void warnings.push(text), annotate: (key, value) => void (annotations[key] = value) });
  return proxy(services, info, user, exchange);
}
