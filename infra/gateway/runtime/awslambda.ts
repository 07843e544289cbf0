/** The global `awslambda` of the managed runtime. */
import type { Writable } from 'node:stream';

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
const PRELUDE_TYPE = 'application/vnd.awslambda.http-integration-response';
const DELIMITER = Buffer.alloc(8);

export const isStreaming = (handler: unknown): boolean => (handler as Record<symbol, unknown>)[STREAMING] === 'response';

interface PreludeStream extends Writable {
  setContentType(type: string): void;
  beforeFirstWrite: ((write: (chunk: Uint8Array | string) => void) => void) | undefined;
}

export function installAwsLambda(): void {
  // plain and writable: the SDK keeps its own things in it
  Object.assign(globalThis, {
    awslambda: {
      streamifyResponse<T extends object>(handler: T): T {
        Object.defineProperty(handler, STREAMING, { value: 'response' });
        return handler;
      },
      HttpResponseStream: {
        from(stream: PreludeStream, prelude: object): PreludeStream {
          stream.setContentType(PRELUDE_TYPE);
          stream.beforeFirstWrite = (write) => {
            write(JSON.stringify(prelude));
            write(DELIMITER);
          };
          return stream;
        },
      },
    },
  });
}
