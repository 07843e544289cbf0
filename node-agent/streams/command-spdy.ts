/** exec and attach over SPDY/3.1: the client opens one stream for each of stdin, stdout, stderr, error and resize. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Status } from '#machinery/status.ts';
import type { CommandOptions, CommandSession } from './port.ts';
import { terminalSizes } from './sizes.ts';
import { spdyConnection, type SpdyStream } from './spdy/connection.ts';
import { acceptSpdy, PING_EVERY_MS } from './upgrade.ts';

const PROTOCOLS = ['v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io'];
/** What the kubelet waits for a client's streams. */
const STREAMS_WITHIN_MS = 30_000;
/** For the client to hang up first, having read the outcome. */
const LINGER_MS = 5_000;

function ended(stream: SpdyStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableFinished) return resolve();
    stream.once('finish', resolve).once('close', resolve);
  });
}

export async function spdyCommand(request: IncomingMessage, socket: Duplex, head: Buffer, options: CommandOptions): Promise<CommandSession | undefined> {
  const protocol = acceptSpdy(request, socket, head, PROTOCOLS);
  if (protocol === undefined) return undefined;
  const version = Number(/^v(\d)\./.exec(protocol)?.[1] ?? 1);
  const gone = new AbortController();
  const wanted = new Set(['error', ...(options.stdin ? ['stdin'] : []), ...(options.stdout ? ['stdout'] : []), ...(options.stderr && !options.tty ? ['stderr'] : [])]);
  if (options.tty && version >= 3) wanted.add('resize');
  const streams = new Map<string, SpdyStream>();
  const complete = Promise.withResolvers<boolean>();

  const connection = spdyConnection(socket, 'server', (stream) => {
    const type = stream.headers.get('streamtype') ?? '';
    if (!wanted.has(type) || streams.has(type)) return void stream.destroy();
    streams.set(type, stream);
    if (streams.size === wanted.size) complete.resolve(true);
  });
  const timer = setTimeout(() => complete.resolve(false), STREAMS_WITHIN_MS);
  const pings = setInterval(() => connection.ping(), PING_EVERY_MS);
  connection.onClose(() => {
    clearInterval(pings);
    complete.resolve(false);
    gone.abort(new Error('the client went away'));
  });
  const all = await complete.promise;
  clearTimeout(timer);
  if (!all) {
    connection.destroy();
    return undefined;
  }

  const sizes = streams.has('resize') ? terminalSizes() : undefined;
  streams
    .get('resize')
    ?.on('data', (chunk: Buffer) => sizes?.write(chunk.toString('utf8')))
    .on('close', () => sizes?.end());
  const stdin = streams.get('stdin');
  for (const name of ['error', 'stdout', 'stderr']) streams.get(name)?.resume();

  return {
    stdin,
    stdout: streams.get('stdout'),
    stderr: streams.get('stderr'),
    resize: sizes,
    signal: gone.signal,
    async finish(outcome: Status) {
      sizes?.end();
      // Not before: our end of it tells the client that nothing reads its input any more, and it stops sending.
      stdin?.resume().end();
      const outputs = ['stdout', 'stderr'].flatMap((name) => streams.get(name) ?? []);
      for (const output of outputs) output.end();
      await Promise.all(outputs.map(ended));
      const error = streams.get('error')!;
      if (version >= 4) error.end(JSON.stringify(outcome));
      else error.end(outcome.status === 'Success' ? '' : (outcome.message ?? ''));
      await ended(error);
      connection.close();
      const linger = setTimeout(() => connection.destroy(), LINGER_MS);
      await connection.closed;
      clearTimeout(linger);
    },
  };
}
