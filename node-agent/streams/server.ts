/** The kubelet API on HTTPS (port 10250): what the API server calls for logs, exec, attach, port-forward and figures. */
import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { accessOf, apiServerOnly, callerOf } from './caller.ts';
import { flag, serveCommand } from './command.ts';
import { serveLogs, serveLogSocket } from './logs.ts';
import type { Access, Caller, KubeletServer, KubeletServerOptions } from './port.ts';
import { servePortForward } from './port-forward/serve.ts';
import { isWebSocket, refuse } from './upgrade.ts';

/** Dead peers (a host that vanished) are noticed by TCP; a minute, so that quiet streams cost nothing. */
const KEEP_ALIVE_MS = 60_000;
/** Longer than any client keeps an idle connection, so that never both ends think differently of it. */
const IDLE_CONNECTION_MS = 120_000;

type Verdict = { readonly allowed: true } | { readonly allowed: false; readonly status: 401 | 403; readonly text: string };

async function check(options: KubeletServerOptions, request: IncomingMessage, path: string): Promise<Verdict> {
  const caller: Caller | undefined = callerOf(request) ?? (await options.authenticate?.(request));
  if (caller === undefined) return { allowed: false, status: 401, text: 'Unauthorized' };
  const access: Access = accessOf(request.method ?? 'GET', path);
  if (await (options.authorize ?? apiServerOnly)(caller, access)) return { allowed: true };
  return { allowed: false, status: 403, text: `Forbidden (user=${caller.name}, verb=${access.verb}, resource=nodes, subresource=${access.subresource})` };
}

const json = (response: ServerResponse, value: object): void => void response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
const text = (response: ServerResponse, status: number, value: string, type = 'text/plain; charset=utf-8'): void =>
  void response.writeHead(status, { 'Content-Type': type }).end(value);
const podList = (items: readonly object[]): object => ({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items });
const PROMETHEUS = 'text/plain; version=0.0.4; charset=utf-8';

function parse(request: IncomingMessage): { readonly path: string; readonly parts: readonly string[]; readonly query: URLSearchParams } {
  const url = new URL(request.url ?? '/', 'https://node');
  return { path: url.pathname, parts: url.pathname.split('/').slice(1).map(decodeURIComponent), query: url.searchParams };
}

async function answer(options: KubeletServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { path, parts, query } = parse(request);
  const verdict = await check(options, request, path);
  if (!verdict.allowed) return text(response, verdict.status, verdict.text);
  const [verb, a, b, c] = parts;
  if (verb === 'healthz') {
    const problem = options.health?.();
    return text(response, problem === undefined ? 200 : 500, problem ?? 'ok');
  }
  if (verb === 'exec' || verb === 'attach' || verb === 'portForward') return text(response, 400, 'unable to upgrade: missing upgrade headers in request');
  if (request.method !== 'GET' && request.method !== 'HEAD') return text(response, 405, 'method not allowed');
  if (verb === 'containerLogs' && a !== undefined && b !== undefined && c !== undefined && parts.length === 4) return serveLogs(options, [a, b, c], query, response);
  if (path === '/pods' || path === '/pods/') return json(response, podList(await options.pods.list()));
  if (path === '/runningpods' || path === '/runningpods/') return json(response, podList(await options.pods.running()));
  const { stats } = options;
  if (path === '/stats/summary' && stats !== undefined) return json(response, await stats.summary({ onlyCpuAndMemory: flag(query, 'only_cpu_and_memory') }));
  if (path === '/metrics/resource' && stats !== undefined) return text(response, 200, await stats.resourceMetrics(), PROMETHEUS);
  if (path === '/metrics' && stats?.metrics !== undefined) return text(response, 200, await stats.metrics(), PROMETHEUS);
  return text(response, 404, '404 page not found');
}

async function upgrade(options: KubeletServerOptions, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  const { path, parts, query } = parse(request);
  const verdict = await check(options, request, path);
  if (!verdict.allowed) return refuse(socket, verdict.status, verdict.text);
  const [verb, namespace, pod, container] = parts;
  if ((verb === 'exec' || verb === 'attach') && parts.length === 4) return serveCommand(options, verb, [namespace!, pod!, container!], query, request, socket, head);
  if (verb === 'containerLogs' && parts.length === 4 && isWebSocket(request)) return serveLogSocket(options, [namespace!, pod!, container!], query, request, socket, head);
  if (verb === 'portForward' && parts.length === 3) return servePortForward(options, [namespace!, pod!], query, request, socket, head);
  return refuse(socket, 404, '404 page not found');
}

export async function startKubeletServer(options: KubeletServerOptions): Promise<KubeletServer> {
  const material = ({ cert, key, clientCA }: KubeletServerOptions['tls']) => ({ cert, key, ...(clientCA === undefined ? {} : { ca: clientCA }) });
  // A caller without a certificate gets an answer in HTTP rather than a broken handshake.
  const server = createServer({ ...material(options.tls), requestCert: true, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'], minVersion: 'TLSv1.2' });
  const sockets = new Set<Socket>();
  // Log streams last as long as their container.
  server.requestTimeout = 0;
  server.keepAliveTimeout = IDLE_CONNECTION_MS;
  server.on('connection', (socket: Socket) => {
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => undefined);
  server.on('request', (request, response) => {
    answer(options, request, response).catch((error: unknown) => {
      options.log?.(`${request.method} ${request.url?.split('?')[0]}`, error);
      if (response.headersSent) response.destroy();
      else text(response, 500, (error as Error).message);
    });
  });
  server.on('upgrade', (request, socket: Duplex, head) => {
    // A peer that resets its connection; the stream in question notices by itself.
    socket.on('error', () => undefined);
    upgrade(options, request, socket, head).catch((error: unknown) => {
      options.log?.(`${request.method} ${request.url?.split('?')[0]}`, error);
      socket.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.address, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    renew: (tls) => server.setSecureContext(material(tls)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
