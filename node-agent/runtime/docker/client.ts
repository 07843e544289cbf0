/**
 * The Docker Engine API over its unix socket. An own client, because memory is the agent's tightest budget: with dockerode the
 * process is 20 MiB larger (85 against 63 MiB resident after 200 list calls), and what is needed of HTTP is this file.
 * `node:http` comes through getBuiltinModule: a static import of it in an ES module makes Node load its WebSocket client too (10 MiB).
 */
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { RuntimeRefused, RuntimeTimeout, RuntimeUnavailable } from '../errors.ts';

const http = process.getBuiltinModule('node:http');

/** The largest answer read into memory: a list of 10,000 containers is about 20 MB. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

export interface DockerCall {
  readonly method: 'GET' | 'POST' | 'DELETE' | 'HEAD';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  /** Sent as it is, in place of `body`. */
  readonly stream?: Readable | Uint8Array;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds for the whole answer (`json`), or until its head (`open`, `hijack`). */
  readonly deadline: number;
  readonly signal?: AbortSignal;
}

export interface DockerClient {
  /** The decoded body, or undefined where the answer has none. Rejects with RuntimeRefused for 400 and up. */
  json<T>(call: DockerCall): Promise<T>;
  /** An answer that streams. */
  open(call: DockerCall): Promise<IncomingMessage>;
  /** Turns the connection into a raw two-way stream (exec, attach). */
  hijack(call: DockerCall): Promise<{ readonly socket: Duplex; readonly head: Buffer }>;
  close(): void;
}

/** Sees every outcome, to tell a runtime that hangs or died from one that refuses. */
export type CallObserver = (outcome: 'answered' | 'timeout' | 'unavailable', verb: string) => void;

const target = (call: DockerCall): string => {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(call.query ?? {})) if (value !== undefined) query.set(name, String(value));
  const text = query.toString();
  return text === '' ? call.path : `${call.path}?${text}`;
};

async function read(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new RuntimeRefused(500, `the answer of Docker is larger than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function refusal(status: number, body: Buffer): RuntimeRefused {
  const text = body.toString('utf8');
  try {
    const parsed = JSON.parse(text) as { message?: string };
    if (typeof parsed.message === 'string') return new RuntimeRefused(status, parsed.message.trim());
  } catch {
    // Not JSON: a proxy or a very old engine; its text is all there is.
  }
  return new RuntimeRefused(status, text.trim() === '' ? `Docker answered ${status}` : text.trim());
}

/** `prefix` is asked at each call: empty until the version is negotiated, `/v1.41` after. */
export function openDockerClient(socketPath: string, prefix: () => string, observe: CallObserver = () => undefined): DockerClient {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 128, maxFreeSockets: 4, timeout: 60_000 });

  function begin(call: DockerCall, upgrade: boolean, onRequest: (request: ClientRequest) => void): Promise<{ answer: IncomingMessage; socket?: Duplex; head?: Buffer }> {
    const verb = `${call.method} ${call.path}`;
    return new Promise((resolve, reject) => {
      const payload = call.stream ?? (call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body)));
      const request = http.request({
        socketPath,
        method: call.method,
        path: `${prefix()}${target(call)}`,
        // A hijacked connection must not come from, or go back to, the pool.
        ...(upgrade ? { agent: false as const } : { agent }),
        headers: {
          host: 'docker',
          ...(upgrade ? { connection: 'Upgrade', upgrade: 'tcp' } : {}),
          ...(payload === undefined ? {} : { 'content-type': call.contentType ?? 'application/json' }),
          ...(payload instanceof Uint8Array ? { 'content-length': payload.byteLength } : {}),
          ...call.headers,
        },
        ...(call.signal === undefined ? {} : { signal: call.signal }),
      });
      onRequest(request);
      request.on('response', (answer) => resolve({ answer }));
      request.on('upgrade', (answer, socket, head) => resolve({ answer, socket, head }));
      request.on('error', (error: NodeJS.ErrnoException) => {
        if (error instanceof RuntimeTimeout) return reject(error);
        if (call.signal?.aborted === true) return reject(error);
        observe('unavailable', verb);
        reject(new RuntimeUnavailable(`cannot reach Docker at ${socketPath}: ${error.message}`, { cause: error }));
      });
      if (payload === undefined) request.end();
      else if (payload instanceof Uint8Array) request.end(payload);
      else payload.pipe(request);
    });
  }

  /** Runs `work` under the call's deadline; on expiry the request is destroyed with RuntimeTimeout. */
  async function bounded<T>(call: DockerCall, upgrade: boolean, work: (begun: { answer: IncomingMessage; socket?: Duplex; head?: Buffer }) => Promise<T>): Promise<T> {
    const verb = `${call.method} ${call.path}`;
    let request: ClientRequest | undefined;
    let expired: RuntimeTimeout | undefined;
    const timer = setTimeout(() => {
      expired = new RuntimeTimeout(verb, call.deadline);
      observe('timeout', verb);
      request?.destroy(expired);
    }, call.deadline);
    try {
      const result = await work(await begin(call, upgrade, (made) => (request = made)));
      observe('answered', verb);
      return result;
    } catch (error) {
      if (error instanceof RuntimeRefused) observe('answered', verb);
      throw expired ?? error;
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    json: <T>(call: DockerCall) =>
      bounded(call, false, async ({ answer }) => {
        const body = await read(answer);
        const status = answer.statusCode ?? 0;
        if (status >= 400) throw refusal(status, body);
        return (body.length === 0 ? undefined : JSON.parse(body.toString('utf8'))) as T;
      }),
    open: (call) =>
      bounded(call, false, async ({ answer }) => {
        const status = answer.statusCode ?? 0;
        if (status >= 400) throw refusal(status, await read(answer));
        return answer;
      }),
    hijack: (call) =>
      bounded(call, true, async ({ answer, socket, head }) => {
        if (socket === undefined) throw refusal(answer.statusCode ?? 500, await read(answer));
        return { socket, head: head ?? Buffer.alloc(0) };
      }),
    close: () => agent.destroy(),
  };
}
