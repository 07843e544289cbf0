/** `pods/log`: the agent's answer passed through. */
import { ApiError, badRequest, internalError } from '#machinery/status.ts';
import type { ApiResponse } from '../door.ts';
import { type Exchange, headersOf, reply } from '../http/reply.ts';
import { parseQuery } from '../routing/query.ts';
import type { RequestInfo } from '../routing/request-info.ts';
import type { Services } from '../server.port.ts';
import { logsPath } from './agent-path.ts';
import { ask, pass, textOf } from './backend.ts';
import { dialNode } from './dial.ts';
import { containerOf, nodeOf, type Pod, readStored } from './target.ts';

export async function podLog(services: Services, { namespace, name }: RequestInfo, exchange: Exchange): Promise<ApiResponse> {
  const query = parseQuery(exchange.request.query);
  const pod = await readStored<Pod>(services, 'pods', namespace, name);
  const container = containerOf(pod, query.get('container') ?? '');
  const path = logsPath(namespace, name, container, query);
  // nothing can have been said yet
  if (!pod.spec.nodeName) return reply(exchange, 204, 'text/plain', '');
  const node = await nodeOf(services, pod);
  const { signal } = exchange.request;
  const connection = await dialNode(services, node, signal);
  const answer = await ask(connection, { method: 'GET', path, headers: { host: String(node.metadata.name) }, body: undefined }, signal).catch((error: Error) => {
    throw internalError(error.message, error);
  });
  if (answer.type === 'upgrade') throw internalError('the agent upgraded a plain request');
  const { response } = answer;
  if (response.statusCode! >= 200 && response.statusCode! <= 206) return { status: 200, headers: headersOf(exchange, 'text/plain'), body: pass(response) };
  throw complaint(response.statusCode!, await textOf(response), name);
}

/** An agent's refusal as Kubernetes hands it on. */
export function complaint(code: number, text: string, name: string): ApiError {
  switch (code) {
    case 400:
      return badRequest(text);
    case 500:
      return internalError(text);
    case 404:
      return new ApiError({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: `the server could not find the requested resource ( pods/log ${name})`,
        reason: 'NotFound',
        details: { name, kind: 'pods/log', causes: [{ reason: 'UnexpectedServerResponse', message: text }] },
        code: 404,
      });
    default:
      return new ApiError({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: `the agent of the node answered ${code}: ${text}`,
        reason: code === 403 ? 'Forbidden' : code === 503 ? 'ServiceUnavailable' : 'InternalError',
        details: { name, kind: 'pods/log' },
        code,
      });
  }
}
