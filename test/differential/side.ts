/** One of the two API servers that are asked the same. */
import { Agent, request as send } from 'node:https';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

/** One question, the same for both. */
export interface Question {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

export interface Side {
  readonly name: string;
  ask(question: Question): Promise<Reply>;
  close(): void;
}

export interface Access {
  readonly host: string;
  readonly port: number;
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  /** A bearer token, where there is no certificate. */
  readonly token?: string;
}

const ANSWER_LIMIT_MS = 60_000;

export function sideOf(name: string, { host, port, token, ...tls }: Access): Side {
  // a server of the test's own on this machine whose certificate nobody signed is spoken to without checking it
  const agent = new Agent({ keepAlive: true, maxSockets: 4, ...tls, ...(tls.ca === undefined ? { rejectUnauthorized: false } : {}) });
  return {
    name,
    ask: ({ method, path, headers = {}, body }) =>
      new Promise((resolve, reject) => {
        const all: OutgoingHttpHeaders = {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
          ...headers,
        };
        const asked = send({ host, port, method, path, agent, headers: all }, (answer) => {
          const parts: Buffer[] = [];
          answer.on('data', (part: Buffer) => parts.push(part));
          answer.once('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, bytes: Buffer.concat(parts) }));
          answer.once('error', reject);
        });
        asked.setTimeout(ANSWER_LIMIT_MS, () => asked.destroy(new Error(`${name}: ${method} ${path.slice(0, 200)}: no answer in ${ANSWER_LIMIT_MS / 1000} s`)));
        asked.once('error', reject);
        asked.end(body);
      }),
    close: () => agent.destroy(),
  };
}
