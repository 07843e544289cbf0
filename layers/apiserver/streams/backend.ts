/** HTTP/1.1 over a connection that a dialer made: one request, its answer or its upgrade. */
import { type IncomingMessage, request as httpRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import type { StreamBody } from '../door.ts';

export interface BackendRequest {
  readonly method: string;
  /** With the query, escaped as it goes on the wire. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Uint8Array | undefined;
}

export type BackendAnswer =
  | { readonly type: 'response'; readonly response: IncomingMessage }
  | { readonly type: 'upgrade'; readonly response: IncomingMessage; readonly socket: Duplex; readonly head: Buffer };

/** The connection is used once. Rejects when it breaks before an answer begins. */
export function ask(connection: Duplex, { method, path, headers, body }: BackendRequest, signal: AbortSignal): Promise<BackendAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ method, path, headers: headers as Record<string, string | string[]>, createConnection: () => connection as Socket, signal });
    request.on('response', (response) => resolve({ type: 'response', response }));
    request.on('upgrade', (response, socket, head) => resolve({ type: 'upgrade', response, socket, head }));
    request.on('error', (error) => {
      connection.destroy();
      reject(error);
    });
    request.end(body);
  });
}

/** Of what a backend complains, so much is read. Bytes. */
const COMPLAINT_LIMIT = 50_000;

export async function textOf(response: IncomingMessage, limit = COMPLAINT_LIMIT): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    parts.push(part);
    if ((size += part.length) >= limit) break;
  }
  response.destroy();
  return Buffer.concat(parts).subarray(0, limit).toString('utf8');
}

/** Joins two connections until both ends are done; what one side finished the other side hears of. */
export function join(a: Duplex, b: Duplex): void {
  const drop = (): void => {
    a.destroy();
    b.destroy();
  };
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    from.on('error', drop);
    from.on('close', () => {
      // what was read is still to be written
      if (!to.writableEnded) to.end();
    });
    from.pipe(to);
  }
}

/** What a backend said to an upgrade, and from there on whatever the two say to each other. */
export function handOver(answer: BackendAnswer, socket: Duplex, head: Uint8Array): void {
  socket.write(headBytes(answer.response));
  if (answer.type === 'response') {
    answer.response.pipe(socket);
    return;
  }
  if (answer.head.byteLength > 0) socket.write(answer.head);
  if (head.byteLength > 0) answer.socket.write(head);
  join(socket, answer.socket);
}

const HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** The headers of an answer without those that belong to one connection. */
export function endToEnd(raw: readonly string[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at]!.toLowerCase();
    if (HOP.has(name)) continue;
    const had = headers[name];
    headers[name] = had === undefined ? raw[at + 1]! : [...(Array.isArray(had) ? had : [had]), raw[at + 1]!];
  }
  return headers;
}

/** The head of an answer as bytes, for a connection that was taken over. */
export function headBytes(response: IncomingMessage): Buffer {
  let text = `HTTP/1.1 ${response.statusCode} ${response.statusMessage}\r\n`;
  for (let at = 0; at + 1 < response.rawHeaders.length; at += 2) text += `${response.rawHeaders[at]}: ${response.rawHeaders[at + 1]}\r\n`;
  return Buffer.from(`${text}\r\n`, 'latin1');
}

/** A backend's answer as the body of ours: it is read as fast as the client takes it. */
export function pass(response: IncomingMessage): StreamBody {
  return {
    start(sink) {
      response.on('data', (bytes: Buffer) => {
        if (!sink.write(bytes)) response.pause();
      });
      sink.onDrain(() => response.resume());
      sink.onClose(() => response.destroy());
      response.on('end', () => sink.end());
      response.on('error', () => sink.abort());
      response.on('aborted', () => sink.abort());
    },
  };
}
