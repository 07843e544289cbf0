/** exec, attach, port-forward, and logs over a WebSocket: authorized here, spoken by the agent, bytes piped in between. */
import type { Duplex } from 'node:stream';
import { badRequest, internalError } from '#machinery/status.ts';
import type { ApiRequest } from '../door.ts';
import { parseQuery, type Query } from '../routing/query.ts';
import type { RequestInfo } from '../routing/request-info.ts';
import type { Services } from '../server.port.ts';
import { execPath, logsPath, portForwardPath } from './agent-path.ts';
import { ask, headBytes, join, textOf } from './backend.ts';
import { dialNode } from './dial.ts';
import { complaint } from './logs.ts';
import { containerOf, nodeOf, type Pod, readStored } from './target.ts';

export type PodStream = 'exec' | 'attach' | 'portforward' | 'log';

export const isPodStream = ({ group, resource, subresource }: RequestInfo): boolean =>
  group === '' && resource === 'pods' && (subresource === 'exec' || subresource === 'attach' || subresource === 'portforward' || subresource === 'log');

function pathFor(stream: PodStream, { namespace, name }: RequestInfo, pod: Pod, query: Query): string {
  switch (stream) {
    case 'exec':
    case 'attach':
      return execPath(stream, namespace, name, containerOf(pod, query.get('container') ?? ''), query);
    case 'portforward':
      return portForwardPath(namespace, name, query);
    case 'log':
      return logsPath(namespace, name, containerOf(pod, query.get('container') ?? ''), query);
  }
}

/** The headers that the two ends agree their protocol by. */
const AGREED = /^(?:sec-websocket-.*|x-stream-protocol-version|user-agent)$/;

export async function upgradePodStream(services: Services, info: RequestInfo, request: ApiRequest, socket: Duplex, head: Uint8Array): Promise<void> {
  const stream = info.subresource as PodStream;
  const pod = await readStored<Pod>(services, 'pods', info.namespace, info.name);
  if (stream !== 'log' && (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') && stream !== 'attach')
    throw badRequest(`cannot ${stream} in a completed pod; current phase is ${pod.status.phase}`);
  const path = pathFor(stream, info, pod, parseQuery(request.query));
  const node = await nodeOf(services, pod);
  const connection = await dialNode(services, node, request.signal);
  const headers: Record<string, string> = { host: String(node.metadata.name), connection: 'Upgrade', upgrade: request.headers['upgrade'] ?? '' };
  for (const name in request.headers) if (AGREED.test(name)) headers[name] = request.headers[name]!;
  const answer = await ask(connection, { method: request.method, path, headers, body: undefined }, request.signal).catch((error: Error) => {
    throw internalError(error.message, error);
  });
  if (answer.type === 'response') throw complaint(answer.response.statusCode!, await textOf(answer.response), info.name);
  socket.write(headBytes(answer.response));
  if (answer.head.byteLength > 0) socket.write(answer.head);
  if (head.byteLength > 0) answer.socket.write(head);
  join(socket, answer.socket);
}
