/** The HTTP half of protocol upgrades: what is answered on the raw socket before another protocol begins. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';

/** Not a static import: in an ES module that costs 10 MiB (runtime/docker/client.ts). */
const { STATUS_CODES } = process.getBuiltinModule('node:http');

/** One message holds what a client wrote at once; kubectl writes 32 KiB, the Python client whatever it was given. */
const MAX_MESSAGE = 32 * 1024 * 1024;
/** Load balancers drop what is silent for a minute. */
export const PING_EVERY_MS = 25_000;

const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MAX_MESSAGE, handleProtocols: () => false });
/** Protocols whose name `ws` does not take for a token (a slash), or that were chosen already: put into the answer as they are. */
const chosen = new WeakMap<IncomingMessage, string>();
sockets.on('headers', (headers, request) => {
  const protocol = chosen.get(request);
  if (protocol !== undefined && protocol !== '') headers.push(`Sec-WebSocket-Protocol: ${protocol}`);
});

export function refuse(socket: Duplex, status: number, text: string, headers: Readonly<Record<string, string>> = {}): void {
  const body = Buffer.from(text, 'utf8');
  const lines = Object.entries({ ...headers, 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': String(body.length), Connection: 'close' }).map(
    ([k, v]) => `${k}: ${v}\r\n`,
  );
  socket.end(Buffer.concat([Buffer.from(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n`), body]));
}

export const isWebSocket = (request: IncomingMessage): boolean => (request.headers.upgrade ?? '').toLowerCase() === 'websocket';
export const isSpdy = (request: IncomingMessage): boolean => (request.headers.upgrade ?? '').toLowerCase() === 'spdy/3.1';

const offers = (value: string | string[] | undefined): readonly string[] =>
  (Array.isArray(value) ? value : [value ?? ''])
    .join(',')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

/**
 * Answers 101 with the first protocol of `supported` that the client offers ('' stands for a client that offers none), or refuses.
 * The WebSocket is paused where `ws` pauses nothing: attach listeners at once.
 */
export function acceptWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  supported: readonly string[],
): Promise<{ readonly ws: WebSocket; readonly protocol: string } | undefined> {
  const offered = offers(request.headers['sec-websocket-protocol']);
  const protocol = offered.length === 0 && supported.includes('') ? '' : offered.find((name) => supported.includes(name));
  if (protocol === undefined) {
    refuse(socket, 400, `none of the protocols [${offered.join(' ')}] is supported, only [${supported.filter((name) => name !== '').join(' ')}]`);
    return Promise.resolve(undefined);
  }
  chosen.set(request, protocol);
  delete request.headers['sec-websocket-protocol'];
  return new Promise((resolve) => {
    socket.once('close', () => resolve(undefined));
    sockets.handleUpgrade(request, socket, head, (ws) => {
      // A broken frame or connection: `close` follows.
      ws.on('error', () => undefined);
      const pings = setInterval(() => ws.ping(), PING_EVERY_MS);
      ws.on('close', () => clearInterval(pings));
      resolve({ ws, protocol });
    });
  });
}

/** Answers 101 for SPDY. The protocol is chosen by `X-Stream-Protocol-Version`; clients of Kubernetes 1.0 sent none. */
export function acceptSpdy(request: IncomingMessage, socket: Duplex, head: Buffer, supported: readonly string[]): string | undefined {
  const offered = offers(request.headers['x-stream-protocol-version']);
  const protocol = offered.length === 0 ? '' : offered.find((name) => supported.includes(name));
  if (protocol === undefined) {
    refuse(socket, 403, `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${supported.join(' ')}]`, {
      'X-Accepted-Stream-Protocol-Versions': supported.join(', '),
    });
    return undefined;
  }
  const line = protocol === '' ? '' : `X-Stream-Protocol-Version: ${protocol}\r\n`;
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n${line}\r\n`);
  if (head.length > 0) socket.unshift(head);
  return protocol;
}
