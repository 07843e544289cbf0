/** The proxy subresources of pods, services and nodes: any method, any path, upgrades too. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { User } from '../authn/port.ts';
import type { ApiRequest, ApiResponse } from '../door.ts';
import { type Exchange, headersOf } from '../http/reply.ts';
import type { RequestInfo } from '../routing/request-info.ts';
import type { Services } from '../server.port.ts';
import { ask, type BackendAnswer, endToEnd, handOver, pass } from './backend.ts';
import { unreachable } from './dial.ts';
import { type ProxyTarget, proxyTarget } from './proxy-target.ts';
import { rewriteHtml, rewriteLocation } from './rewrite.ts';

/** Pages longer than this are passed on as they are. Bytes. */
const HTML_LIMIT = 4 * 1024 * 1024;
/** Credentials are the API server's affair; what impersonation says is answered already. */
const NOT_FORWARDED =
  /^(?:authorization|impersonate-.*|x-remote-.*|host|connection|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade|content-length|x-forwarded-.*)$/;

function forwarded(request: ApiRequest, target: ProxyTarget, upgrade: boolean): Record<string, string> {
  const headers: Record<string, string> = { host: target.host };
  for (const name in request.headers) if (!NOT_FORWARDED.test(name)) headers[name] = request.headers[name]!;
  headers['x-forwarded-uri'] = request.path;
  headers['x-forwarded-proto'] = 'https';
  if (request.headers['host'] !== undefined) headers['x-forwarded-host'] = request.headers['host'];
  if (request.remoteAddress !== undefined) headers['x-forwarded-for'] = request.remoteAddress;
  if (request.body !== undefined) headers['content-length'] = String(request.body.byteLength);
  if (upgrade) {
    headers['connection'] = 'Upgrade';
    headers['upgrade'] = request.headers['upgrade'] ?? '';
  }
  return headers;
}

async function backend(services: Services, info: RequestInfo, request: ApiRequest, upgrade: boolean): Promise<{ target: ProxyTarget; answer: BackendAnswer }> {
  const target = await proxyTarget(services, info);
  const connection = await target.connect(request.signal);
  const path = `${info.rest === '' ? '/' : info.rest}${request.query === '' ? '' : `?${request.query}`}`;
  try {
    const answer = await ask(connection, { method: request.method, path, headers: forwarded(request, target, upgrade), body: request.body }, request.signal);
    return { target, answer };
  } catch (error) {
    throw unreachable(error);
  }
}

const prefixOf = (request: ApiRequest, info: RequestInfo): string => request.path.slice(0, request.path.length - info.rest.length);

async function whole(response: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of response as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts);
}

export async function proxy(services: Services, info: RequestInfo, _user: User, exchange: Exchange): Promise<ApiResponse> {
  const { request } = exchange;
  // relative links of a page need the slash behind it
  if (info.rest === '' && (request.method === 'GET' || request.method === 'HEAD')) {
    // whatever is not there is told first
    await proxyTarget(services, info);
    const headers = headersOf(exchange, 'text/plain');
    headers['location'] = `${request.path}/${request.query === '' ? '' : `?${request.query}`}`;
    return { status: 301, headers, body: '' };
  }
  const { target, answer } = await backend(services, info, request, false);
  if (answer.type === 'upgrade') {
    answer.socket.destroy();
    throw unreachable(new Error('the backend switched protocols unasked'));
  }
  const { response } = answer;
  const prefix = prefixOf(request, info);
  const headers: Record<string, string | string[]> = { ...endToEnd(response.rawHeaders), 'audit-id': exchange.requestId };
  if (typeof headers['location'] === 'string') headers['location'] = rewriteLocation(headers['location'], prefix, target.host);
  const length = Number(headers['content-length'] ?? 0);
  const isHtml =
    /^text\/html\b/i.test(String(headers['content-type'] ?? '')) && headers['content-encoding'] === undefined && length <= HTML_LIMIT && headers['content-length'] !== undefined;
  if (isHtml && request.method !== 'HEAD') {
    const page = rewriteHtml((await whole(response)).toString('utf8'), prefix);
    delete headers['content-length'];
    return { status: response.statusCode!, headers, body: page };
  }
  return { status: response.statusCode!, headers, body: pass(response) };
}

/** A proxied WebSocket, or whatever else the backend upgrades to. */
export async function proxyUpgrade(services: Services, info: RequestInfo, request: ApiRequest, socket: Duplex, head: Uint8Array): Promise<void> {
  const { answer } = await backend(services, info, request, true);
  handOver(answer, socket, head);
}
