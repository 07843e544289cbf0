/**
 * What every door (node:https, a Lambda function) hands the API server, and takes back. Plain shapes and not the web's
 * `Request` and `Response`: those cost more per call than reading a stored object does, and say the same.
 */
export interface ApiRequest {
  readonly method: string;
  /** The path as it was sent, percent-encoding kept, without the query. */
  readonly path: string;
  /** Without the question mark; empty where there is none. */
  readonly query: string;
  /** Names in lower case; repeated headers joined by comma. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The whole body; the door has already refused one over 3 MiB. */
  readonly body: Uint8Array | undefined;
  /** The verified client certificate's subject, where the door saw one. */
  readonly clientCertificate?: { readonly commonName: string; readonly organizations: readonly string[]; readonly fingerprint: string };
  /** The AWS identity that the door verified by its signature (IAM-authenticated doors); never taken from a header. */
  readonly awsCaller?: { readonly arn: string; readonly account: string; readonly userId: string };
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
  readonly remoteAddress?: string;
}

export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** Whole, in parts already at hand, or as a stream. A stream's `return()` is called when the client goes away. */
  readonly body: Uint8Array | string | readonly Uint8Array[] | StreamBody;
}

/** A long answer. The door calls `start` once; the body writes until it ends the sink, and stops when the sink closed. */
export interface StreamBody {
  start(sink: StreamSink): void;
}

export interface StreamSink {
  /** Takes bytes; false when the client is slow and the writer should wait for `drained`. */
  write(bytes: Uint8Array): boolean;
  end(): void;
  /** Ends so that the client sees a broken answer: what follows could not be made. */
  abort(): void;
  onDrain(callback: () => void): void;
  onClose(callback: () => void): void;
}
