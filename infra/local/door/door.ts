/** The door of a local cluster: HTTPS (HTTP/1.1) on loopback and on the cluster's bridge, in front of the API server. */
import type { ApiRequest, ApiResponse, StreamBody, StreamSink } from '#apiserver/door.ts';
import type { ApiServer } from '#apiserver/server.ts';
import { tooLarge } from '#machinery/status.ts';
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';

/** As kube-apiserver's `--max-request-body-bytes`. */
const MAX_BODY_BYTES = 3 * 1024 * 1024;
/** A client that sends its headers or body slower than this is cut off (slow loris). */
const HEADERS_LIMIT_MS = 30_000;
const BODY_LIMIT_MS = 60_000;
/** How often connections are looked at for that; Node's own half minute would let them live twice as long. */
const LIMIT_CHECK_MS = 5_000;
/** Longer than Go's own 90 s of idle connections: the client closes first, and never writes into a closing one. */
const KEEP_ALIVE_MS = 120_000;
const MAX_HEADER_BYTES = 1024 * 1024;
/** Ten thousand watches and what else is open. */
const MAX_CONNECTIONS = 20_000;
const CLOSE_LIMIT_MS = 5_000;
/**
 * Bytes of a long answer that go out in one write. Larger ones save nothing; with smaller ones the way to the socket and back costs more than the
 * bytes do (64 KiB: half as much again of processor time).
 */
const PIECE_BYTES = 1 << 20;
/** Pieces kept for the next long answer: fresh ones cost page faults and garbage collections. */
const SPARE_PIECES = 4;
/** An answer this large goes out after its headers, not with them: in one write both would be copied into a buffer of their own. Bytes. */
const APART_BYTES = 64 << 10;
/** Larger pieces of a stream are framed for each client anew: those kept would hold memory. Bytes. */
const MAX_SHARED_BYTES = 64 << 10;

export interface DoorOptions {
  readonly addresses: readonly string[];
  readonly port: number;
  readonly certPem: string;
  readonly keyPem: string;
  /** Who signs client certificates. */
  readonly clientCaPem: string;
  readonly log: (message: string, error?: unknown) => void;
  /** Milliseconds that a client has for its headers, and for its whole request. */
  readonly limits?: { readonly headers: number; readonly request: number };
}

export type ServedApi = Pick<ApiServer, 'handle' | 'upgrade'>;

export interface Door {
  readonly port: number;
  close(): Promise<void>;
}

export class PortInUse extends Error {
  readonly code = 'PORT_IN_USE';
}

type Certificate = NonNullable<ApiRequest['clientCertificate']>;
/** A connection's certificate is read once: it cannot change under its requests. */
const certificates = new WeakMap<TLSSocket, Certificate | null>();

function certificateOf(socket: TLSSocket): Certificate | undefined {
  let known = certificates.get(socket);
  if (known === undefined) {
    known = null;
    if (socket.authorized) {
      const peer = socket.getPeerCertificate();
      const subject = peer?.subject as { CN?: string | string[]; O?: string | string[] } | undefined;
      const [commonName] = [subject?.CN ?? ''].flat();
      if (commonName !== undefined && commonName !== '') known = { commonName, organizations: [subject?.O ?? []].flat(), fingerprint: peer.fingerprint256 ?? '' };
    }
    certificates.set(socket, known);
  }
  return known ?? undefined;
}

/** Aborted when the client goes away before its answer has ended. Few requests ever ask for it, and to make and abort one takes longer than to read an object. */
function goneSignal(response: ServerResponse): () => AbortSignal {
  let abort: AbortController | undefined;
  response.on('close', () => {
    if (abort !== undefined || response.writableFinished) abort?.abort();
    else (abort = new AbortController()).abort();
  });
  return () => (abort ??= new AbortController()).signal;
}

function requestOf(incoming: IncomingMessage, body: Uint8Array | undefined, signal: () => AbortSignal): ApiRequest {
  const url = incoming.url ?? '/';
  const mark = url.indexOf('?');
  const certificate = certificateOf(incoming.socket as TLSSocket);
  return {
    method: incoming.method ?? 'GET',
    path: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? '' : url.slice(mark + 1),
    headers: incoming.headers as ApiRequest['headers'],
    body,
    get signal() {
      return signal();
    },
    ...(certificate === undefined ? {} : { clientCertificate: certificate }),
    ...(incoming.socket.remoteAddress === undefined ? {} : { remoteAddress: incoming.socket.remoteAddress }),
  };
}

class BodyTooLarge extends Error {}

function readBody(incoming: IncomingMessage): Promise<Uint8Array | undefined> | undefined {
  const length = incoming.headers['content-length'];
  if (length === undefined && incoming.headers['transfer-encoding'] === undefined) return undefined;
  if (length === '0') return undefined;
  if (length !== undefined && Number(length) > MAX_BODY_BYTES) return Promise.reject(new BodyTooLarge());
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    incoming.on('data', (part: Buffer) => {
      size += part.length;
      if (size > MAX_BODY_BYTES) {
        incoming.pause();
        reject(new BodyTooLarge());
      } else parts.push(part);
    });
    incoming.on('end', () => resolve(parts.length === 1 ? parts[0] : Buffer.concat(parts, size)));
    incoming.on('error', reject);
    incoming.on('aborted', () => reject(new Error('the client went away')));
  });
}

/** The last frames of streams. One change goes to all its watchers, as the same bytes, one after the other: it is framed once. */
const FRAMES = 16;
const frames: { bytes: Uint8Array; framed: Buffer }[] = [];
let nextFrame = 0;

/** A chunk of HTTP/1.1. */
function framed(bytes: Uint8Array): Buffer {
  for (const frame of frames) if (frame.bytes === bytes) return frame.framed;
  const chunk = Buffer.concat([Buffer.from(`${bytes.byteLength.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
  if (bytes.byteLength <= MAX_SHARED_BYTES) frames[nextFrame++ % FRAMES] = { bytes, framed: chunk };
  return chunk;
}

/**
 * Chunks go straight to the socket. `response.write` makes three writes of each, ties and unties them in a later turn and has them copied together for
 * each client: with 500 watchers that was half of an event's processor time.
 */
function stream(body: StreamBody, response: ServerResponse): void {
  response.flushHeaders();
  const { socket } = response;
  // an answer without chunks (HTTP/1.0, HEAD), or one that waits behind another on its connection
  const out = socket !== null && response.chunkedEncoding ? socket : response;
  const sink: StreamSink = {
    write(bytes) {
      if (out === response) return response.write(bytes);
      // an empty chunk would be the end
      return bytes.byteLength === 0 || response.destroyed || socket!.write(framed(bytes));
    },
    end: () => void response.end(),
    abort: () => void response.destroy(),
    onDrain(callback) {
      out.on('drain', callback);
      response.once('close', () => out.off('drain', callback));
    },
    onClose: (callback) => void response.on('close', callback),
  };
  body.start(sink);
}

const spare: Buffer[] = [];

/** Many parts, often thousands of small ones, piece by piece as the client takes them: the answer is never held as a whole. */
function sendParts(parts: readonly Uint8Array[], response: ServerResponse): void {
  const piece = spare.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES);
  let next = 0;
  /** Bytes of the next part that have gone already. */
  let gone = 0;
  const more = (error?: Error | null): void => {
    let filled = 0;
    while (next < parts.length && filled < PIECE_BYTES) {
      const part = parts[next]!;
      const left = part.byteLength - gone;
      const fits = Math.min(left, PIECE_BYTES - filled);
      piece.set(fits === part.byteLength ? part : part.subarray(gone, gone + fits), filled);
      filled += fits;
      gone = fits === left ? 0 : gone + fits;
      if (fits === left) next++;
    }
    // the callback comes when the bytes have left the piece; after an error some may still be under way, and the piece goes with them
    if (error instanceof Error || response.destroyed) return;
    if (filled > 0) return void response.write(filled === PIECE_BYTES ? piece : piece.subarray(0, filled), more);
    if (spare.length < SPARE_PIECES) spare.push(piece);
    response.end();
  };
  more();
}

type Headers = Record<string, string | number | string[]>;

function send(answer: ApiResponse, response: ServerResponse, method: string): void {
  const { body } = answer;
  if (typeof body === 'string' || body instanceof Uint8Array) {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    response.writeHead(answer.status, { ...(answer.headers as Headers), 'content-length': bytes.byteLength });
    if (method !== 'HEAD' && bytes.byteLength >= APART_BYTES) response.flushHeaders();
    response.end(method === 'HEAD' ? undefined : bytes);
  } else if (Array.isArray(body)) {
    const parts = body as readonly Uint8Array[];
    response.writeHead(answer.status, { ...(answer.headers as Headers), 'content-length': parts.reduce((sum, part) => sum + part.byteLength, 0) });
    if (method === 'HEAD') return void response.end();
    response.flushHeaders();
    sendParts(parts, response);
  } else {
    response.writeHead(answer.status, answer.headers as Headers);
    stream(body as StreamBody, response);
  }
}

async function serve(server: ServedApi, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const signal = goneSignal(response);
  const reading = readBody(incoming);
  let body: Uint8Array | undefined;
  try {
    body = reading === undefined ? undefined : await reading;
  } catch (error) {
    if (!(error instanceof BodyTooLarge)) return void response.destroy();
    const status = JSON.stringify(tooLarge(`Request entity too large: limit is ${MAX_BODY_BYTES}`).status);
    response.writeHead(413, { 'content-type': 'application/json', connection: 'close', 'content-length': Buffer.byteLength(status) });
    response.end(status);
    return;
  }
  send(await server.handle(requestOf(incoming, body, signal)), response, incoming.method ?? 'GET');
}

function listen(server: Server, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(error.code === 'EADDRINUSE' ? new PortInUse(`port ${port} of ${address} is in use`) : error));
    server.listen({ port, host: address, backlog: 4096 }, resolve);
  });
}

/** What cannot be read as a request gets a line that says so; a connection that has asked nothing gets none: its client would take it for the answer to its next request. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex & { readonly bytesRead?: number }): void {
  const late = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  if (!socket.writable || (late && socket.bytesRead === 0) || (!late && error.code?.startsWith('HPE_') !== true)) socket.destroy();
  else socket.end(`HTTP/1.1 ${late ? '408 Request Timeout' : '400 Bad Request'}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

export interface Listeners {
  request(incoming: IncomingMessage, response: ServerResponse): void;
  upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** What a server of HTTP does with requests and upgraded connections, so that the API server answers them. */
export function listenersOf(api: ServedApi, log: DoorOptions['log']): Listeners {
  return {
    request(incoming, response) {
      serve(api, incoming, response).catch((error: unknown) => {
        log('a request ended in an error that the API server did not catch', error);
        response.destroy();
      });
    },
    upgrade(incoming, socket, head) {
      const abort = new AbortController();
      socket.on('close', () => abort.abort());
      socket.on('error', () => {});
      const request = requestOf(incoming, undefined, () => abort.signal);
      api.upgrade(request, socket, head).catch((error: unknown) => {
        log('an upgraded connection failed', error);
        socket.destroy();
      });
    },
  };
}

/** @throws PortInUse */
export async function openDoor(api: ServedApi, options: DoorOptions): Promise<Door> {
  const sockets = new Set<Duplex>();
  const limits = options.limits ?? { headers: HEADERS_LIMIT_MS, request: BODY_LIMIT_MS };
  const listeners = listenersOf(api, options.log);
  const servers = options.addresses.map(() => {
    const server = createServer(
      {
        cert: options.certPem,
        key: options.keyPem,
        ca: options.clientCaPem,
        requestCert: true,
        // a client without a certificate may still have a token
        rejectUnauthorized: false,
        ALPNProtocols: ['http/1.1'],
        keepAliveTimeout: KEEP_ALIVE_MS,
        headersTimeout: limits.headers,
        requestTimeout: limits.request,
        connectionsCheckingInterval: Math.min(LIMIT_CHECK_MS, limits.headers),
        maxHeaderSize: MAX_HEADER_BYTES,
        noDelay: true,
      },
      listeners.request,
    );
    server.maxConnections = MAX_CONNECTIONS;
    server.on('secureConnection', (socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    server.on('tlsClientError', () => {});
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuseUnreadable(error, socket));
    server.on('upgrade', listeners.upgrade);
    return server;
  });
  await Promise.all(servers.map((server, index) => listen(server, options.port, options.addresses[index]!)));
  for (const server of servers) server.on('error', (error) => options.log('the door', error));
  return {
    port: options.port,
    async close() {
      const closed = Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
      for (const server of servers) server.closeIdleConnections();
      // watches never end by themselves
      const cut = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, CLOSE_LIMIT_MS / 10);
      await closed;
      clearTimeout(cut);
    },
  };
}
