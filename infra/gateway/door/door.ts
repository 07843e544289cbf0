/**
 * API Gateway in front of a function: HTTP in, events out, streamed answers back, with the limits of the real one. TLS where a certificate is
 * given. As behind CloudFront there is no stage in the path.
 */
import { randomUUID } from 'node:crypto';
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import { goesToGatewayNode } from './behaviours.ts';
import { EventTooLarge, type Lambda, Throttled } from '../lambda/service.ts';
import { type IamIdentity, restEventOf, urlEventOf } from './event.ts';
import { gatewayResponse, statusBody } from './gateway-responses.ts';
import { type Prelude, readPrelude } from './prelude.ts';

/** API Gateway's limit of a request; Lambda's of an event (6 MB, base64 and all) comes first for most. Bytes. */
const BODY_LIMIT = 10 * 1024 * 1024;
/** The sum of the headers of a request. Bytes. */
const HEADERS_LIMIT = 10_240;
/** Streams of a regional API that are silent this long are cut. */
const IDLE_LIMIT_MS = 5 * 60_000;
/** What a stream may carry. Bytes. */
const STREAM_LIMIT = 200 * 1024 * 1024;
/** Headers that belong to one connection: the gateway sets its own. */
const HOP: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'upgrade']);

export interface GatewayNode {
  request(incoming: IncomingMessage, response: ServerResponse): void;
  upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): void;
}

export interface DoorOptions {
  readonly lambda: Lambda;
  readonly functionName: string;
  readonly kind: 'rest' | 'url';
  readonly address: string;
  readonly port: number;
  readonly tls?: { readonly certPem: string; readonly keyPem: string };
  /** Who signed a request; needed for an IAM-authenticated function URL. Rejects or answers undefined for one that did not. */
  readonly identify?: (incoming: IncomingMessage, body: Buffer | undefined) => Promise<IamIdentity | undefined>;
  /** Gets what CloudFront's behaviours hand to a gateway node, where there is one. */
  readonly gatewayNode?: GatewayNode;
  /** Hears of every request that goes to the function. */
  readonly heard?: (incoming: IncomingMessage) => void;
  /** Limits of time, for tests. */
  readonly idleLimitMs?: number;
  readonly log: (message: string, error?: unknown) => void;
}

export interface Door {
  readonly port: number;
  close(): Promise<void>;
}

class BodyTooLarge extends Error {}

async function readBody(incoming: IncomingMessage): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of incoming as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > BODY_LIMIT) throw new BodyTooLarge();
    parts.push(part);
  }
  return size === 0 ? undefined : Buffer.concat(parts);
}

function refuse(response: ServerResponse, type: string): void {
  if (response.headersSent) return void response.destroy();
  const answer = gatewayResponse(type);
  const body = statusBody(answer);
  response.writeHead(answer.statusCode, {
    'content-type': 'application/json',
    'x-amzn-errortype': type,
    'content-length': Buffer.byteLength(body),
    ...(answer.retryAfterSeconds === undefined ? {} : { 'retry-after': String(answer.retryAfterSeconds) }),
  });
  response.end(body);
}

function writeHead(response: ServerResponse, { statusCode, headers = {}, multiValueHeaders = {} }: Prelude, requestId: string): void {
  const all: Record<string, string | string[]> = { 'x-amzn-requestid': requestId };
  for (const [name, value] of Object.entries(headers)) if (!HOP.has(name.toLowerCase())) all[name.toLowerCase()] = String(value);
  for (const [name, values] of Object.entries(multiValueHeaders)) if (!HOP.has(name.toLowerCase())) all[name.toLowerCase()] = values.map(String);
  response.writeHead(statusCode, all);
  response.flushHeaders();
}

/** Hands the body on as it comes; resolves when it ended or was cut. */
function pass(body: Readable, response: ServerResponse, idleLimitMs: number, failed: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    let size = 0;
    let idle: NodeJS.Timeout | undefined;
    const cut = (): void => {
      clearTimeout(idle);
      body.destroy();
      response.destroy();
      resolve();
    };
    const beat = (): void => {
      clearTimeout(idle);
      idle = setTimeout(cut, idleLimitMs);
    };
    beat();
    body.on('data', (chunk: Buffer) => {
      beat();
      if ((size += chunk.length) > STREAM_LIMIT) return cut();
      if (!response.write(chunk)) body.pause();
    });
    response.on('drain', () => body.resume());
    body.once('end', () => {
      clearTimeout(idle);
      // a failure after the prelude can only be told by an answer that breaks off
      if (failed()) response.destroy();
      else response.end();
      resolve();
    });
    body.once('error', cut);
    body.once('close', () => {
      if (!body.readableEnded) cut();
    });
    response.once('close', () => {
      if (!response.writableFinished) cut();
    });
    body.resume();
  });
}

async function serve(options: DoorOptions, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const startedAt = Date.now();
  const requestId = randomUUID();
  let headerBytes = 0;
  for (const text of incoming.rawHeaders) headerBytes += text.length;
  if (headerBytes > HEADERS_LIMIT) return refuse(response, 'DEFAULT_4XX');
  const body = await readBody(incoming);
  const identity = await options.identify?.(incoming, body).catch(() => undefined);
  if (options.identify !== undefined && identity === undefined) return refuse(response, 'ACCESS_DENIED');
  const event = options.kind === 'rest' ? restEventOf(incoming, body, requestId, startedAt) : urlEventOf(incoming, body, requestId, startedAt, identity);
  const { answer } = await options.lambda.invoke(options.functionName, event);
  switch (answer.type) {
    case 'error':
      options.log(`${options.functionName} ${requestId}: ${answer.error.errorType}: ${answer.error.errorMessage}`);
      return refuse(response, answer.error.errorType === 'Sandbox.Timedout' ? 'INTEGRATION_TIMEOUT' : 'INTEGRATION_FAILURE');
    case 'whole': {
      const whole = JSON.parse(answer.body.toString()) as Prelude & { readonly body?: string; readonly isBase64Encoded?: boolean };
      if (!Number.isInteger(whole?.statusCode)) return refuse(response, 'INTEGRATION_FAILURE');
      writeHead(response, whole, requestId);
      response.end(incoming.method === 'HEAD' ? undefined : Buffer.from(whole.body ?? '', whole.isBase64Encoded === true ? 'base64' : 'utf8'));
      return;
    }
    case 'stream': {
      const prelude = await readPrelude(answer.body);
      writeHead(response, prelude, requestId);
      await pass(answer.body, response, options.idleLimitMs ?? IDLE_LIMIT_MS, () => answer.failure() !== undefined);
    }
  }
}

function typeOf(error: unknown): string {
  if (error instanceof BodyTooLarge || error instanceof EventTooLarge) return 'REQUEST_TOO_LARGE';
  if (error instanceof Throttled) return 'THROTTLED';
  return 'INTEGRATION_FAILURE';
}

export async function openDoor(options: DoorOptions): Promise<Door> {
  const sockets = new Set<Duplex>();
  const listener = (incoming: IncomingMessage, response: ServerResponse): void => {
    if (options.gatewayNode !== undefined && goesToGatewayNode(incoming)) return options.gatewayNode.request(incoming, response);
    options.heard?.(incoming);
    serve(options, incoming, response).catch((error: unknown) => {
      options.log(`${incoming.method} ${incoming.url}`, error);
      refuse(response, typeof error === 'object' ? typeOf(error) : 'DEFAULT_5XX');
    });
  };
  const server: Server =
    options.tls === undefined ? createHttpServer(listener) : createHttpsServer({ cert: options.tls.certPem, key: options.tls.keyPem, ALPNProtocols: ['http/1.1'] }, listener);
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => undefined);
    if (options.gatewayNode !== undefined) return options.gatewayNode.upgrade(incoming, socket, head);
    const body = statusBody({ type: '', statusCode: 501, reason: 'NotImplemented', message: 'exec, attach and port-forward need a gateway node, and this installation has none' });
    socket.end(`HTTP/1.1 501 Not Implemented\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.address, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
