/**
 * Writes an API server's answer to Lambda's response stream. Resolves when the last byte is handed over or the client is gone, and nothing of
 * it runs any more: the environment may be frozen the moment after.
 */
import type { ApiResponse, StreamBody, StreamSink } from '#apiserver/door.ts';
import type { Clock } from '#machinery/clock.ts';
import type { Writable } from 'node:stream';
import { gzipSink } from './gzip-sink.ts';
import type { Prelude, ResponseStream } from './lambda.ts';

/** Gateways cut answers that are silent: after 5 minutes (regional), 30 s (edge, CloudFront's default). Well below the least. */
export const KEEP_ALIVE_MS = 20_000;
const NEWLINE = Buffer.from('\n');

/** How silence is filled: JSON takes white space between documents, gzip takes empty blocks, anything else takes nothing. */
export type KeepAlive = 'newline' | 'gzip' | 'none';

export interface AnswerOptions {
  readonly stream: ResponseStream;
  readonly clock: Clock;
  readonly keepAlive: KeepAlive;
  /** Milliseconds since the epoch at which a stream is ended so that the client sees a finished answer. */
  readonly endAt: number;
  readonly head: boolean;
  /** Function URLs know no multi-value headers. */
  readonly joinHeaders: boolean;
  /** The client is not there any more. */
  readonly gone: () => void;
}

function preludeOf({ status, headers }: ApiResponse, join: boolean, more: Readonly<Record<string, string>>): Prelude {
  const single: Record<string, string> = { ...more };
  const multi: Record<string, readonly string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string') single[name] = value;
    else if (join) single[name] = value.join(', ');
    else multi[name] = value;
  }
  return { statusCode: status, headers: single, ...(Object.keys(multi).length === 0 ? {} : { multiValueHeaders: multi }) };
}

/** Resolves once: written out, or broken off by the other side. */
function settled(out: Writable): Promise<void> {
  return new Promise((resolve) => {
    out.once('finish', resolve);
    out.once('close', resolve);
    out.once('error', () => resolve());
  });
}

const partsOf = (body: Exclude<ApiResponse['body'], StreamBody>): readonly Uint8Array[] =>
  typeof body === 'string' ? [Buffer.from(body)] : body instanceof Uint8Array ? [body] : body;

const isStream = (body: ApiResponse['body']): body is StreamBody => typeof body === 'object' && 'start' in body;

export async function answer(response: ApiResponse, options: AnswerOptions): Promise<void> {
  const { body } = response;
  const stream = isStream(body);
  const packed = stream && options.keepAlive === 'gzip';
  const out = awslambda.HttpResponseStream.from(options.stream, preludeOf(response, options.joinHeaders, packed ? { 'content-encoding': 'gzip', vary: 'Accept-Encoding' } : {}));
  const end = settled(out);
  out.on('error', options.gone);
  if (stream) pump(body, out, options, packed);
  else {
    // without a first write the prelude never leaves
    out.write(Buffer.alloc(0));
    if (!options.head) for (const part of partsOf(body)) out.write(part);
    out.end();
  }
  await end;
}

function pump(body: StreamBody, out: Writable, { clock, keepAlive, endAt, gone }: AnswerOptions, packed: boolean): void {
  /** What is to be stopped when the client is gone; the source among it. */
  const closers: (() => void)[] = [];
  const sources: (() => void)[] = [];
  let open = true;
  /** False once the source has ended or was told to stop: what it still says is not heard. */
  let heard = true;
  let cancelBeat = (): void => undefined;
  let cancelEnd = (): void => undefined;
  const stopSource = (): void => {
    heard = false;
    for (const stop of sources.splice(0)) stop();
  };
  const close = (): void => {
    if (!open) return;
    open = false;
    cancelBeat();
    cancelEnd();
    for (const closer of closers) closer();
    stopSource();
  };
  const raw: StreamSink = {
    write: (bytes) => (open ? out.write(bytes) : false),
    end: () => {
      if (!open) return;
      close();
      out.end();
    },
    abort: () => {
      if (!open) return;
      close();
      out.destroy();
    },
    onDrain: (callback) => void out.on('drain', callback),
    onClose: (callback) => void closers.push(callback),
  };
  const zip = packed ? gzipSink(raw) : undefined;
  const inner = zip ?? raw;
  const sink: StreamSink = {
    write(bytes) {
      if (!heard) return false;
      beat();
      return inner.write(bytes);
    },
    end() {
      if (!heard) return;
      heard = false;
      inner.end();
    },
    abort() {
      if (!heard) return;
      heard = false;
      inner.abort();
    },
    onDrain: (callback) => inner.onDrain(callback),
    onClose: (callback) => void sources.push(callback),
  };
  function beat(): void {
    cancelBeat();
    if (keepAlive === 'none') return;
    cancelBeat = clock.after(KEEP_ALIVE_MS, () => {
      if (zip === undefined) raw.write(NEWLINE);
      else zip.keepAlive();
      beat();
    });
  }
  out.once('close', () => {
    if (open) gone();
    close();
  });
  out.once('error', close);
  // headers leave with the first byte only
  if (keepAlive === 'newline') raw.write(NEWLINE);
  else if (zip === undefined) out.write(Buffer.alloc(0));
  beat();
  cancelEnd = clock.after(Math.max(0, endAt - clock.now()), () => {
    // the source stops, and the client sees the end of what was sent until now
    stopSource();
    inner.end();
  });
  body.start(sink);
}
