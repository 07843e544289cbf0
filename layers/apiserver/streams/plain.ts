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

export function serveStream(services: Services, info: RequestInfo, user: User, exchange: Exchange): Promise<ApiResponse> | undefined {
  if (info.group !== '' || info.name === '') return undefined;
  if (info.subresource === 'proxy') return proxied(services, info, user, exchange);
  if (!isPodStream(info)) return undefined;
  if (info.subresource !== 'log') throw badRequest('Upgrade request required');
  if (info.verb !== 'get') throw methodNotAllowed({ group: '', resource: 'pods/log' }, info.verb);
  return podLog(services, info, exchange);
}

async function proxied(services: Services, info: RequestInfo, user: User, exchange: Exchange): Promise<ApiResponse> {
  const { warnings, annotations } = exchange;
  await admitConnect(services, info, user, exchange.request.query, { warn: (text) => void warnings.push(text), annotate: (key, value) => void (annotations[key] = value) });
  return proxy(services, info, user, exchange);
}
