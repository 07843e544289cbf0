/**
 * What Lambda's managed Node.js runtime does, in a process of its own: loads a bundle, asks the Runtime API for one event after the other, and
 * sends back what the handler answers, whole or as a stream. Nothing here knows what the bundle is. Usage: main.ts (all by environment).
 */
import { request } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Writable } from 'node:stream';
import { installAwsLambda, isStreaming } from './awslambda.ts';
import { post, type RuntimeStream, openResponse, type ErrorShape } from './runtime-client.ts';

interface Invocation {
  readonly id: string;
  readonly deadline: number;
  readonly arn: string;
  readonly traceId: string;
  readonly event: unknown;
}
type Handler = (event: unknown, second: unknown, third?: unknown) => unknown;

const api = `http://${process.env['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime`;

const shapeOf = (error: unknown): ErrorShape =>
  error instanceof Error
    ? { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') }
    : { errorType: typeof error, errorMessage: String(error), trace: [] };

function next(): Promise<Invocation> {
  return new Promise((resolve, reject) => {
    request(`${api}/invocation/next`, { method: 'GET', agent: false }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        const { headers } = response;
        resolve({
          id: String(headers['lambda-runtime-aws-request-id']),
          deadline: Number(headers['lambda-runtime-deadline-ms']),
          arn: String(headers['lambda-runtime-invoked-function-arn']),
          traceId: String(headers['lambda-runtime-trace-id'] ?? ''),
          event: JSON.parse(Buffer.concat(parts).toString()) as unknown,
        });
      });
    })
      .on('error', reject)
      .end();
  });
}

async function load(): Promise<Handler> {
  const [file, name] = (process.env['_HANDLER'] ?? '').split(/\.(?=[^.]*$)/) as [string, string];
  const loaded = (await import(pathToFileURL(join(process.env['LAMBDA_TASK_ROOT']!, `${file}.mjs`)).href)) as Record<string, unknown>;
  if (typeof loaded[name] !== 'function') throw new TypeError(`${file}.${name} is undefined or not exported`);
  return loaded[name] as Handler;
}

async function run(handler: Handler, { id, deadline, arn, event }: Invocation): Promise<void> {
  const context = {
    awsRequestId: id,
    invokedFunctionArn: arn,
    functionName: process.env['AWS_LAMBDA_FUNCTION_NAME'],
    functionVersion: '$LATEST',
    memoryLimitInMB: process.env['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'],
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
  if (!isStreaming(handler)) {
    try {
      const result = await handler(event, context);
      await post(`${api}/invocation/${id}/response`, JSON.stringify(result === undefined ? null : result));
    } catch (error) {
      await post(`${api}/invocation/${id}/error`, JSON.stringify(shapeOf(error)));
    }
    return;
  }
  const stream: RuntimeStream = openResponse(`${api}/invocation/${id}/response`);
  try {
    await handler(event, stream as Writable, context);
    if (!stream.writableEnded) stream.end();
    await stream.settled;
  } catch (error) {
    stream.fail(shapeOf(error));
    await stream.settled;
  }
}

installAwsLambda();
try {
  const handler = await load();
  for (;;) await run(handler, await next());
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  await post(`${api}/init/error`, JSON.stringify(shapeOf(error))).catch(() => undefined);
  process.exit(1);
}
