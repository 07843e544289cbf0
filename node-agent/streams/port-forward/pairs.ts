/** Port-forward over SPDY: each connection is a pair of streams, one for data and one for what went wrong, joined by their request id. */
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { spdyConnection, type SpdyStream } from '../spdy/connection.ts';
import { PING_EVERY_MS } from '../upgrade.ts';
import type { PodDialer } from './dialer.ts';

/** What the kubelet waits for the second stream of a pair. */
const PAIR_WITHIN_MS = 30_000;

export type Describe = (port: number, error: Error) => string;

interface Pair {
  data?: SpdyStream;
  error?: SpdyStream;
  timer: NodeJS.Timeout;
}

/** Kubernetes 1.0's clients sent no request id; their data stream comes right after their error stream. */
const requestId = (stream: SpdyStream, type: string): string => stream.headers.get('requestid') ?? String(type === 'error' ? stream.id : stream.id - 2);

export function portOf(text: string | undefined): number | undefined {
  const port = Number(text);
  return text !== undefined && /^\d{1,5}$/.test(text) && port >= 1 && port <= 65535 ? port : undefined;
}

/** Copies both ways until both ends are done, passing half-closes on; an end that breaks takes the other along. */
export const join = async (a: Duplex, b: Duplex): Promise<void> => void (await Promise.allSettled([pipeline(a, b), pipeline(b, a)]));

async function forward(pair: { readonly data: SpdyStream; readonly error: SpdyStream }, dialer: PodDialer, describe: Describe): Promise<void> {
  const { data, error } = pair;
  error.resume();
  const port = portOf(data.headers.get('port'))!;
  try {
    const target = await dialer.connect(port);
    target.allowHalfOpen = true;
    target.setNoDelay(true);
    await join(data, target);
  } catch (failure) {
    if (!error.destroyed) error.write(describe(port, failure as Error));
    data.destroy();
  }
  if (!error.destroyed) error.end();
}

/** Resolves when the client has left. */
export async function spdyForward(transport: Duplex, dialer: PodDialer, describe: Describe): Promise<void> {
  const pairs = new Map<string, Pair>();
  const drop = (id: string): void => {
    const pair = pairs.get(id);
    pairs.delete(id);
    clearTimeout(pair?.timer);
    pair?.data?.destroy();
    pair?.error?.destroy();
  };
  const connection = spdyConnection(transport, 'server', (stream) => {
    const type = stream.headers.get('streamtype');
    if ((type !== 'data' && type !== 'error') || portOf(stream.headers.get('port')) === undefined) return void stream.destroy();
    const id = requestId(stream, type);
    let pair = pairs.get(id);
    if (pair === undefined) {
      pair = { timer: setTimeout(() => drop(id), PAIR_WITHIN_MS) };
      pairs.set(id, pair);
    }
    if (pair[type] !== undefined) return void stream.destroy();
    pair[type] = stream;
    const { data, error } = pair;
    if (data === undefined || error === undefined) return;
    clearTimeout(pair.timer);
    pairs.delete(id);
    void forward({ data, error }, dialer, describe);
  });
  const pings = setInterval(() => connection.ping(), PING_EVERY_MS);
  await connection.closed;
  clearInterval(pings);
  for (const id of pairs.keys()) drop(id);
}
