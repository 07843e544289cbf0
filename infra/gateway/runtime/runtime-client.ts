/** Answers to the Runtime API: whole, and as a stream whose failure goes in trailers. */
import { type ClientRequest, request } from 'node:http';
import { Writable } from 'node:stream';

export interface ErrorShape {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace: readonly string[];
}

export function post(url: string, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    request(url, { method: 'POST', agent: false, headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } }, (response) => {
      response.resume();
      response.on('end', resolve);
      response.on('error', reject);
    })
      .on('error', reject)
      .end(body);
  });
}

export interface RuntimeStream extends Writable {
  /** Resolves when the answer was taken, or its reader went away. */
  readonly settled: Promise<void>;
  fail(error: ErrorShape): void;
}

class ResponseStream extends Writable implements RuntimeStream {
  readonly settled: Promise<void>;
  beforeFirstWrite: ((write: (chunk: Uint8Array | string) => void) => void) | undefined;
  readonly #url: string;
  readonly #settle: () => void;
  #type = 'application/octet-stream';
  #sent: ClientRequest | undefined;

  constructor(url: string) {
    super();
    this.#url = url;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.settled = promise;
    this.#settle = resolve;
  }

  setContentType(type: string): void {
    this.#type = type;
  }

  #open(): ClientRequest {
    if (this.#sent !== undefined) return this.#sent;
    const sent = request(
      this.#url,
      {
        method: 'POST',
        agent: false,
        headers: {
          'content-type': this.#type,
          'lambda-runtime-function-response-mode': 'streaming',
          'transfer-encoding': 'chunked',
          trailer: 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body',
        },
      },
      (response) => {
        response.resume();
        response.on('end', this.#settle);
        response.on('error', this.#settle);
      },
    );
    sent.on('error', (error) => {
      this.#settle();
      this.destroy(error);
    });
    sent.on('close', () => {
      this.#settle();
      this.destroy();
    });
    this.#sent = sent;
    this.beforeFirstWrite?.((chunk) => void sent.write(chunk));
    return sent;
  }

  override _write(chunk: Buffer, _encoding: string, callback: (error?: Error | null) => void): void {
    const sent = this.#open();
    if (chunk.length === 0 || sent.write(chunk)) callback();
    else sent.once('drain', () => callback());
  }
  override _final(callback: (error?: Error | null) => void): void {
    this.#open().end(() => callback());
  }
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (this.#sent !== undefined && !this.#sent.writableFinished) this.#sent.destroy();
    this.#settle();
    callback(error);
  }
  fail(error: ErrorShape): void {
    const sent = this.#open();
    sent.addTrailers({ 'Lambda-Runtime-Function-Error-Type': error.errorType, 'Lambda-Runtime-Function-Error-Body': Buffer.from(JSON.stringify(error)).toString('base64') });
    sent.end();
  }
}

export function openResponse(url: string): RuntimeStream {
  const stream = new ResponseStream(url);
  stream.on('error', () => undefined);
  return stream;
}
