/** `/containerLogs/{namespace}/{pod}/{container}`: as chunked text, or as the messages of a WebSocket. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Writable, type Duplex } from 'node:stream';
import { closeSocket } from './command-websocket.ts';
import { flag } from './command.ts';
import type { ContainerTarget, KubeletServerOptions } from './port.ts';
import { acceptWebSocket, refuse } from './upgrade.ts';

const LOG_PROTOCOLS = ['binary.k8s.io', 'base64.binary.k8s.io', ''];
const RFC3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

interface LogQuery {
  readonly follow: boolean;
  readonly previous: boolean;
  readonly timestamps: boolean;
  readonly tailLines?: number;
  readonly since?: string;
  readonly limitBytes?: number;
  readonly stream: 'All' | 'Stdout' | 'Stderr';
}

class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

function natural(query: URLSearchParams, name: string, least: number): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value)) throw new Refused(400, `unable to decode the request: ${name}: ${JSON.stringify(text)} is not a number`);
  if (value < least) throw new Refused(422, `PodLogOptions is invalid: ${name}: Invalid value: ${value}: must be greater than or equal to ${least}`);
  return value;
}

function logQuery(query: URLSearchParams, now: number): LogQuery {
  const tailLines = natural(query, 'tailLines', 0);
  const limitBytes = natural(query, 'limitBytes', 1);
  const sinceSeconds = natural(query, 'sinceSeconds', 1);
  const sinceTime = query.get('sinceTime') ?? '';
  if (sinceTime !== '' && (!RFC3339.test(sinceTime) || Number.isNaN(Date.parse(sinceTime))))
    throw new Refused(400, `unable to decode the request: sinceTime: ${JSON.stringify(sinceTime)} is not RFC 3339`);
  if (sinceTime !== '' && sinceSeconds !== undefined) throw new Refused(422, 'PodLogOptions is invalid: at most one of `sinceTime` or `sinceSeconds` may be specified');
  const since = sinceTime !== '' ? sinceTime : sinceSeconds === undefined ? undefined : new Date(now - sinceSeconds * 1000).toISOString();
  const stream = query.get('stream') ?? 'All';
  if (stream !== 'All' && stream !== 'Stdout' && stream !== 'Stderr' && stream !== '')
    throw new Refused(422, `PodLogOptions is invalid: stream: Unsupported value: ${JSON.stringify(stream)}`);
  if (stream !== '' && stream !== 'All' && tailLines !== undefined)
    throw new Refused(422, 'PodLogOptions is invalid: `tailLines` and specific `stream` are mutually exclusive for now');
  return {
    follow: flag(query, 'follow'),
    previous: flag(query, 'previous'),
    timestamps: flag(query, 'timestamps'),
    stream: stream === '' ? 'All' : stream,
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(since === undefined ? {} : { since }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
  };
}

/** The container whose log is meant, in the kubelet's words where there is none. */
function logContainer(target: ContainerTarget, pod: string, container: string, previous: boolean): string {
  const names = `container ${JSON.stringify(container)} in pod ${JSON.stringify(pod)}`;
  if (previous) {
    if (target.previousId === undefined) throw new Refused(400, `previous terminated ${names} not found`);
    return target.previousId;
  }
  if (target.id !== undefined) return target.id;
  if (target.previousId !== undefined) return target.previousId;
  switch (target.waitingReason) {
    case undefined:
      throw new Refused(400, `${names} is waiting to start - no logs yet`);
    case 'ErrImagePull':
      throw new Refused(400, `${names} is waiting to start: image can't be pulled`);
    case 'ImagePullBackOff':
      throw new Refused(400, `${names} is waiting to start: trying and failing to pull image`);
    default:
      throw new Refused(400, `${names} is waiting to start: ${target.waitingReason}`);
  }
}

async function find(options: KubeletServerOptions, [namespace, pod, container]: readonly [string, string, string], previous: boolean): Promise<string> {
  if ((await options.pods.pod(namespace, pod)) === undefined) throw new Refused(404, `pod does not exist`);
  const target = await options.pods.container(namespace, pod, container);
  if (target === undefined) throw new Refused(404, `container ${JSON.stringify(container)} not found in pod ${JSON.stringify(pod)}`);
  return logContainer(target, pod, container, previous);
}

/** Copies the log into `write` until its end, its limit, or the reader's end. */
async function copy(
  options: KubeletServerOptions,
  id: string,
  query: LogQuery,
  write: (chunk: Buffer, callback: (error?: Error | null) => void) => void,
  gone: AbortSignal,
): Promise<void> {
  const enough = new AbortController();
  let left = query.limitBytes ?? Number.POSITIVE_INFINITY;
  const sink = (wanted: boolean): Writable =>
    new Writable({
      write(chunk: Buffer, _encoding, callback) {
        if (!wanted || left <= 0) return callback();
        const piece = chunk.length > left ? chunk.subarray(0, left) : chunk;
        left -= piece.length;
        write(piece, (error) => {
          if (left <= 0) enough.abort();
          callback(error);
        });
      },
    }).on('error', () => enough.abort());
  const stdout = sink(query.stream !== 'Stderr');
  const stderr = sink(query.stream !== 'Stdout');
  const { follow, timestamps, tailLines, since } = query;
  try {
    await options.runtime.logs(id, {
      follow,
      timestamps,
      ...(tailLines === undefined ? {} : { tailLines }),
      ...(since === undefined ? {} : { since }),
      stdout,
      stderr,
      signal: AbortSignal.any([gone, enough.signal]),
    });
  } catch (error) {
    if (!enough.signal.aborted && !gone.aborted) throw error;
  }
  // What the engine handed over but a slow reader has not taken yet.
  await Promise.all(
    [stdout, stderr].map((output) => new Promise<void>((resolve) => (output.destroyed || output.writableFinished ? resolve() : output.once('close', resolve).end()))),
  );
}

const refusal = (error: unknown): Refused => (error instanceof Refused ? error : new Refused(500, (error as Error).message));

export async function serveLogs(options: KubeletServerOptions, names: readonly [string, string, string], query: URLSearchParams, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  try {
    const wanted = logQuery(query, Date.now());
    const id = await find(options, names, wanted.previous);
    response.setHeader('Content-Type', 'text/plain; charset=utf-8');
    if (wanted.follow) response.flushHeaders();
    await copy(options, id, wanted, (chunk, callback) => response.write(chunk, callback), gone.signal);
    response.end();
  } catch (error) {
    const { status, message } = refusal(error);
    if (response.headersSent) response.destroy();
    else response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(message);
  }
}

export async function serveLogSocket(
  options: KubeletServerOptions,
  names: readonly [string, string, string],
  query: URLSearchParams,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  let wanted: LogQuery;
  let id: string;
  try {
    wanted = logQuery(query, Date.now());
    id = await find(options, names, wanted.previous);
  } catch (error) {
    return refuse(socket, refusal(error).status, refusal(error).message);
  }
  const accepted = await acceptWebSocket(request, socket, head, LOG_PROTOCOLS);
  if (accepted === undefined) return;
  const { ws, protocol } = accepted;
  const gone = new AbortController();
  ws.on('close', () => gone.abort());
  const base64 = protocol.startsWith('base64');
  try {
    await copy(options, id, wanted, (chunk, callback) => ws.send(base64 ? chunk.toString('base64') : chunk, { binary: !base64 }, callback), gone.signal);
  } catch (error) {
    options.log?.(`log of ${names.join('/')} ended early`, error);
  }
  await closeSocket(ws);
}
