/** Lambda's response stream in memory: what a handler writes, with the prelude taken apart, and when. */
import { Writable } from 'node:stream';
import { gunzipSync, constants } from 'node:zlib';
import type { AwsLambda, LambdaContext, Prelude, ResponseStream, StreamingHandler } from '../shared/lambda.ts';

/** Prelude and body are divided by so many NUL bytes. */
const DELIMITER = Buffer.alloc(8);

/** What the managed runtime puts in place before a handler is loaded. */
export function installAwsLambda(): void {
  const shim: AwsLambda = {
    streamifyResponse: (handler) => handler,
    HttpResponseStream: {
      from(stream, prelude) {
        stream.setContentType('application/vnd.awslambda.http-integration-response');
        const write = stream.write.bind(stream) as (chunk: unknown) => boolean;
        let begun = false;
        stream.write = ((chunk: Uint8Array | string, ...rest: []) => {
          if (!begun) {
            begun = true;
            write(JSON.stringify(prelude));
            write(DELIMITER);
          }
          return chunk.length === 0 ? true : (write as (...all: unknown[]) => boolean)(chunk, ...rest);
        }) as typeof stream.write;
        return stream;
      },
    },
  };
  globalThis.awslambda = shim;
}

export class Captured extends Writable implements ResponseStream {
  readonly chunks: Buffer[] = [];
  contentType = '';
  readonly #waiters: { test: (text: string) => boolean; done: () => void }[] = [];

  setContentType(type: string): void {
    this.contentType = type;
  }
  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this.chunks.push(Buffer.from(chunk));
    const { text } = this;
    for (const waiter of this.#waiters) if (waiter.test(text)) waiter.done();
    callback();
  }
  get #all(): Buffer {
    return Buffer.concat(this.chunks);
  }
  get prelude(): Prelude {
    return JSON.parse(this.#all.subarray(0, this.#all.indexOf(DELIMITER)).toString()) as Prelude;
  }
  get body(): Buffer {
    const at = this.#all.indexOf(DELIMITER);
    return at < 0 ? Buffer.alloc(0) : this.#all.subarray(at + DELIMITER.length);
  }
  /** What a client reads, inflated as far as it came where it is packed. */
  get text(): string {
    if (!this.#all.includes(DELIMITER)) return '';
    return this.prelude.headers?.['content-encoding'] === 'gzip' ? gunzipSync(this.body, { finishFlush: constants.Z_SYNC_FLUSH }).toString() : this.body.toString();
  }
  until(test: (text: string) => boolean): Promise<void> {
    return test(this.text) ? Promise.resolve() : new Promise((done) => this.#waiters.push({ test, done }));
  }
}

export const contextFor = (remainingMs: number, now: () => number = Date.now): LambdaContext => {
  const end = now() + remainingMs;
  return { awsRequestId: 'request-1', functionName: 'api', getRemainingTimeInMillis: () => end - now() };
};

/** A REST API's event, as API Gateway makes it of a raw URL. */
export function restEvent(method: string, url: string, body?: string | Uint8Array, headers: Readonly<Record<string, string | readonly string[]>> = {}): object {
  const at = url.indexOf('?');
  const query: Record<string, string[]> = {};
  if (at >= 0) for (const [name, value] of new URLSearchParams(url.slice(at + 1))) (query[name] ??= []).push(value);
  const multi = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat()]));
  return {
    resource: '/{proxy+}',
    httpMethod: method,
    path: at < 0 ? url : url.slice(0, at),
    headers: Object.fromEntries(Object.entries(multi).map(([name, values]) => [name, values.at(-1)])),
    multiValueHeaders: multi,
    queryStringParameters: Object.fromEntries(Object.entries(query).map(([name, values]) => [name, values.at(-1)])),
    multiValueQueryStringParameters: at < 0 ? null : query,
    body: body === undefined ? null : Buffer.from(body).toString('base64'),
    isBase64Encoded: body !== undefined,
    requestContext: { requestId: 'r', identity: { sourceIp: '192.0.2.1' } },
  };
}

export interface Invocation {
  readonly stream: Captured;
  readonly done: Promise<void>;
}

export function invoke(handler: StreamingHandler, event: object, context: LambdaContext = contextFor(900_000)): Invocation {
  const stream = new Captured();
  return { stream, done: handler(event, stream, context) };
}
