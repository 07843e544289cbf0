/** A request passed on to the server that an APIService names, with who asked (kube-aggregator `handler_proxy.go`). */
import type { Duplex } from 'node:stream';
import { methodNotRouted, unavailable } from '#machinery/status.ts';
import type { User } from '../authn/port.ts';
import { type Backend, connectBackend, hostOf } from '../backends/connect.ts';
import type { ApiRequest, ApiResponse } from '../door.ts';
import { type Exchange, reply, replyText } from '../http/reply.ts';
import { JSON_TYPE } from '../represent/media.ts';
import type { Services } from '../server.port.ts';
import { ask, type BackendAnswer, endToEnd, handOver, pass } from '../streams/backend.ts';
import { unreachable } from '../streams/dial.ts';
import type { Remote } from './remotes.ts';

/** Credentials are answered already, and nobody but this server says who asks. */
const NOT_FORWARDED = /^(?:authorization|impersonate-.*|x-remote-.*|host|connection|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade|content-length)$/;

/** As `net/url` escapes what may not stand in a header's name. */
const headerKey = (key: string): string => encodeURIComponent(key.toLowerCase()).replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/** What the other server knows of the user. */
export function userHeaders({ name, uid, groups, extra }: User): Record<string, string | readonly string[]> {
  const headers: Record<string, string | readonly string[]> = { 'x-remote-user': name };
  if (uid !== undefined && uid !== '') headers['x-remote-uid'] = uid;
  if (groups.length > 0) headers['x-remote-group'] = groups;
  for (const key in extra) headers[`x-remote-extra-${headerKey(key)}`] = extra[key]!;
  return headers;
}

function forwarded(backend: Backend, request: ApiRequest, user: User): Record<string, string | readonly string[]> {
  const headers: Record<string, string | readonly string[]> = {};
  for (const name in request.headers) if (!NOT_FORWARDED.test(name)) headers[name] = request.headers[name]!;
  Object.assign(headers, userHeaders(user), { host: hostOf(backend), 'x-forwarded-uri': request.path, 'x-forwarded-proto': 'https' });
  if (request.headers['host'] !== undefined) headers['x-forwarded-host'] = request.headers['host'];
  if (request.remoteAddress !== undefined) headers['x-forwarded-for'] = request.remoteAddress;
  if (request.body !== undefined) headers['content-length'] = String(request.body.byteLength);
  return headers;
}

async function asked(services: Services, backend: Backend, request: ApiRequest, headers: Record<string, string | readonly string[]>): Promise<BackendAnswer> {
  const connection = await connectBackend(services, backend, request.signal);
  const path = `${request.path}${request.query === '' ? '' : `?${request.query}`}`;
  return ask(connection, { method: request.method, path, headers, body: request.body }, request.signal);
}

export async function forward(services: Services, { backend, available }: Remote, request: ApiRequest, user: User, exchange: Exchange): Promise<ApiResponse> {
  if (!available) return replyText(exchange, 503, 'service unavailable\n');
  if (backend.local !== undefined) {
    if (request.method !== 'GET') throw methodNotRouted();
    const { status, body } = await backend.local(services, request.path, request.query);
    return reply(exchange, status, JSON_TYPE, JSON.stringify(body));
  }
  try {
    const answer = await asked(services, backend, request, forwarded(backend, request, user));
    if (answer.type === 'upgrade') {
      answer.socket.destroy();
      return replyText(exchange, 502, 'the server switched protocols unasked\n');
    }
    const { response } = answer;
    return { status: response.statusCode!, headers: { ...endToEnd(response.rawHeaders), 'audit-id': exchange.requestId }, body: pass(response) };
  } catch (error) {
    return replyText(exchange, 503, `error trying to reach service: ${(error as Error).message}\n`);
  }
}

/** A connection that its client wants to take over. @throws ApiError while nothing was written to it */
export async function forwardUpgrade(services: Services, { backend, available }: Remote, request: ApiRequest, user: User, socket: Duplex, head: Uint8Array): Promise<void> {
  if (!available) throw unavailable('service unavailable');
  const headers = { ...forwarded(backend, request, user), connection: 'Upgrade', upgrade: request.headers['upgrade'] ?? '' };
  const answer = await asked(services, backend, request, headers).catch((error: unknown) => {
    throw unreachable(error);
  });
  handOver(answer, socket, head);
}

/** As whom this server itself asks others. */
const AGGREGATOR: User = { name: 'system:kube-aggregator', groups: ['system:masters'] };

/** GET of a small document, for this server's own use. @throws Error with what a user may read */
export async function fetchFrom(
  services: Services,
  backend: Backend,
  path: string,
  accept: string,
  timeoutMs: number,
): Promise<{ readonly status: number; readonly type: string; readonly etag: string; readonly body: Buffer }> {
  if (backend.local !== undefined) {
    const [plain, query = ''] = path.split('?') as [string, string?];
    const { status, body } = await backend.local(services, plain, query);
    return { status, type: JSON_TYPE, etag: '', body: Buffer.from(JSON.stringify(body)) };
  }
  const signal = AbortSignal.timeout(timeoutMs);
  const connection = await connectBackend(services, backend, signal);
  try {
    const answer = await ask(connection, { method: 'GET', path, headers: { ...userHeaders(AGGREGATOR), host: hostOf(backend), accept }, body: undefined }, signal);
    if (answer.type === 'upgrade') throw new Error('the server switched protocols unasked');
    const { response } = answer;
    const parts: Buffer[] = [];
    for await (const part of response as AsyncIterable<Buffer>) parts.push(part);
    return { status: response.statusCode!, type: response.headers['content-type'] ?? '', etag: response.headers['etag'] ?? '', body: Buffer.concat(parts) };
  } finally {
    connection.destroy();
  }
}

/** As kube-aggregator's availability check. */
const PROBE_MS = 5_000;

/** Whether the server answers for its group and version. @throws Error with why not */
export async function probeRemote(services: Services, backend: Backend, group: string, version: string): Promise<void> {
  const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const url = `https://${hostOf(backend)}${path}`;
  let status: number;
  try {
    ({ status } = await fetchFrom(services, backend, path, 'application/json', PROBE_MS));
  } catch (error) {
    throw new Error(`failing or missing response from ${url}: Get ${JSON.stringify(url)}: ${(error as Error).message}`, { cause: error });
  }
  if (status < 200 || status > 299) throw new Error(`failing or missing response from ${url}: bad status from ${url}: ${status}`);
}
