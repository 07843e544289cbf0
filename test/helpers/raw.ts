/** The API server spoken to in plain HTTP, for what no kubectl would send. */
import { Agent, request as send } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { connect, type TLSSocket } from 'node:tls';
import type { Status } from '#machinery/status.ts';
import { connection } from '../../cli/api/kubeconfig.ts';

const CALL_LIMIT_MS = 60_000;

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  /** The body as a Status or an object; throws where it is no JSON. */
  json<T = Status>(): T;
}

export interface RawApi {
  readonly host: string;
  readonly port: number;
  call(method: string, path: string, body?: string | Uint8Array, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** An answer that streams, its head already there. */
  open(path: string): Promise<IncomingMessage>;
  /** A bare TLS connection as the administrator, for bytes that are no request. */
  socket(options?: { readonly allowHalfOpen?: boolean }): Promise<TLSSocket>;
  close(): void;
}

/** `anonymous`: without the administrator's certificate. */
export function rawApi(kubeconfig: string, options: { readonly anonymous?: boolean } = {}): RawApi {
  const { server, ca, cert, key } = connection({ kubeconfig });
  const { hostname: host, port: portText } = new URL(server);
  const port = Number(portText);
  const tls = options.anonymous === true ? { ca } : { ca, cert, key };
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity, ...tls });
  const begin = (method: string, path: string, body: string | Uint8Array | undefined, headers: Readonly<Record<string, string>>): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const bytes = body === undefined ? undefined : Buffer.from(body);
      const made = send(
        { host, port, method, path, agent, headers: { ...(bytes === undefined || 'transfer-encoding' in headers ? {} : { 'content-length': String(bytes.length) }), ...headers } },
        resolve,
      );
      made.setTimeout(CALL_LIMIT_MS, () => made.destroy(new Error(`${method} ${path.slice(0, 100)}: no answer in ${CALL_LIMIT_MS / 1000} s`)));
      made.on('error', reject);
      made.end(bytes);
    });
  return {
    host,
    port,
    async call(method, path, body, headers = {}) {
      const answer = await begin(method, path, body, { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers });
      const parts: Buffer[] = [];
      for await (const part of answer as AsyncIterable<Buffer>) parts.push(part);
      const text = Buffer.concat(parts).toString();
      return { status: answer.statusCode ?? 0, headers: answer.headers, text, json: <T>() => JSON.parse(text) as T };
    },
    open: (path) => begin('GET', path, undefined, {}),
    socket: (options = {}) =>
      new Promise((resolve, reject) => {
        const socket = connect({ host, port, ...tls, ...options, ALPNProtocols: ['http/1.1'] }, () => {
          socket.off('error', reject);
          socket.on('error', () => {});
          resolve(socket);
        });
        socket.once('error', reject);
      }),
    close: () => agent.destroy(),
  };
}
