/** The part of Lambda's runtime that the functions lean on. */
import type { Writable } from 'node:stream';

export interface LambdaContext {
  readonly awsRequestId: string;
  readonly functionName: string;
  getRemainingTimeInMillis(): number;
}

/** What goes out before the body: as JSON, ended by eight NUL bytes. */
export interface Prelude {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>;
  readonly cookies?: readonly string[];
}

export interface ResponseStream extends Writable {
  setContentType(type: string): void;
}

export type StreamingHandler = (event: unknown, stream: ResponseStream, context: LambdaContext) => Promise<void>;

/** The global of the managed Node.js runtimes. */
export interface AwsLambda {
  streamifyResponse(handler: StreamingHandler): unknown;
  readonly HttpResponseStream: { from(stream: ResponseStream, prelude: Prelude): Writable };
}

declare global {
  var awslambda: AwsLambda;
}
